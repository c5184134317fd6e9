"""The window, with SDL's dummy driver."""

import subprocess
import sys
import time

import numpy as np
import pytest

from demo.errors import DisplayError
from demo.ui.window import Key, Window

pygame = pytest.importorskip("pygame")
BLUE, BLACK = (0, 0, 255), (0, 0, 0)


@pytest.fixture
def dummy_screen(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def test_an_image_keeps_its_aspect_ratio(dummy_screen):
    with Window("test", (100, 200)) as window:
        window.show(np.full((100, 200, 3), BLUE, np.uint8))
        screen = pygame.display.get_surface()
        assert screen.get_size() == (200, 100)
        assert screen.get_at((0, 0))[:3] == screen.get_at((199, 99))[:3] == BLUE
        # A square in a window twice as wide stands in its middle.
        window.show(np.full((50, 50, 3), BLUE, np.uint8))
        assert [screen.get_at((x, 50))[:3] for x in (48, 51, 148, 151)] == [BLACK, BLUE, BLUE, BLACK]


def test_an_image_larger_than_the_screen_is_scaled_down(dummy_screen):
    with Window("test", (4000, 3000)) as window:
        width, height = pygame.display.get_surface().get_size()
        desktop = pygame.display.get_desktop_sizes()[0]
        window.show(np.zeros((4000, 3000, 3), np.uint8))
    assert height == round(0.9 * desktop[1]) and width / height == pytest.approx(3 / 4, abs=0.01)


@pytest.mark.parametrize(
    "event, asked",
    [
        ({"type": "KEYDOWN", "key": "K_q"}, {Key.QUIT}),
        ({"type": "KEYDOWN", "key": "K_ESCAPE"}, {Key.QUIT}),
        ({"type": "KEYDOWN", "key": "K_s"}, {Key.SNAPSHOT}),
        ({"type": "KEYDOWN", "key": "K_w"}, set()),
        ({"type": "QUIT"}, {Key.QUIT}),
    ],
)
def test_keys(dummy_screen, event, asked):
    with Window("test", (100, 200)) as window:
        assert not window.keys()
        keys = {"key": getattr(pygame, event["key"])} if "key" in event else {}
        pygame.event.post(pygame.event.Event(getattr(pygame, event["type"]), **keys))
        begin_s = time.perf_counter()
        assert window.keys(0.1) == asked
        assert (time.perf_counter() - begin_s < 0.05) == (Key.QUIT in asked)
        assert not window.keys()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_without_a_display_raises_with_a_remedy(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DisplayError, match="--no-window --output out.mp4") as error:
        Window("test", (100, 200))
    assert error.value.exit_code == 4


def test_pygame_is_imported_only_for_a_window():
    code = "import sys, demo.webcam; print('pygame' in sys.modules, 'tensorflow' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]
