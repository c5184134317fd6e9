"""The window, by pygame (SDL 2): OpenCV's own needs desktop libraries that servers lack."""

from __future__ import annotations

import os
import time
from enum import Enum

import numpy as np

from demo.errors import DisplayError

_REMEDY = "run without one: --no-window --output out.mp4"
# SDL's drivers without a visible window.
_BLIND_DRIVERS = ("dummy", "offscreen", "evdev")
_SCREEN_SHARE = 0.9


class Key(Enum):
    """Keys of the window."""

    QUIT = "q, Esc, or closing the window"
    SNAPSHOT = "s"


def _pygame():
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    # Otherwise SDL loads Mesa's OpenGL, whose LLVM crashes with TensorFlow's (segmentation fault, whichever is loaded
    # first). Copying an image to the screen needs no OpenGL.
    os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
    try:
        import pygame
    except ImportError as error:
        raise DisplayError(f"a window needs pygame: pip install pygame-ce, or {_REMEDY}") from error
    return pygame


class Window:
    """A resizable window that shows images, as a context manager; images keep their aspect ratio.

    Args:
        title: of the window.
        size: (height, width) in px of the images to come. A window never starts larger than the screen.

    Raises:
        DisplayError: there is no display, or pygame is not installed.
    """

    def __init__(self, title: str, size: tuple[int, int]) -> None:
        self._pygame = pygame = _pygame()
        chosen = os.environ.get("SDL_VIDEODRIVER")
        try:
            pygame.display.init()
            driver = pygame.display.get_driver()
            if driver in _BLIND_DRIVERS and not chosen:
                raise DisplayError(f"there is no display to open a window on; {_REMEDY}")
            screen_width, screen_height = pygame.display.get_desktop_sizes()[0]
            height, width = size
            scale = min(1.0, _SCREEN_SHARE * screen_width / width, _SCREEN_SHARE * screen_height / height)
            pygame.display.set_caption(title)
            window_size = (max(round(width * scale), 1), max(round(height * scale), 1))
            self._screen = pygame.display.set_mode(window_size, pygame.RESIZABLE)
        except pygame.error as error:
            pygame.display.quit()
            raise DisplayError(f"no window can be opened ({error}); {_REMEDY}") from error
        except DisplayError:
            pygame.display.quit()
            raise

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pygame.display.quit()

    def show(self, picture: np.ndarray) -> None:
        """Shows an image, uint8 RGB (H, W, 3), as large as the window allows."""
        pygame = self._pygame
        height, width = picture.shape[:2]
        surface = pygame.image.frombuffer(np.ascontiguousarray(picture), (width, height), "RGB")
        screen_width, screen_height = self._screen.get_size()
        scale = min(screen_width / width, screen_height / height)
        shown = (max(round(width * scale), 1), max(round(height * scale), 1))
        if shown != (width, height):
            surface = pygame.transform.smoothscale(surface, shown)
        self._screen.fill((0, 0, 0))
        self._screen.blit(surface, ((screen_width - shown[0]) // 2, (screen_height - shown[1]) // 2))
        pygame.display.flip()

    def keys(self, seconds: float = 0.0) -> frozenset[Key]:
        """Keys pressed since the last call and in the next `seconds`; returns at once after QUIT."""
        end_s = time.perf_counter() + seconds
        asked = self._poll()
        while Key.QUIT not in asked and (left_s := end_s - time.perf_counter()) > 0:
            time.sleep(min(left_s, 0.02))
            asked |= self._poll()
        return asked

    def _poll(self) -> frozenset[Key]:
        pygame = self._pygame
        asked = set()
        for event in pygame.event.get():
            key = event.key if event.type == pygame.KEYDOWN else None
            if event.type == pygame.QUIT or key in (pygame.K_q, pygame.K_ESCAPE):
                asked.add(Key.QUIT)
            elif key == pygame.K_s:
                asked.add(Key.SNAPSHOT)
        return frozenset(asked)
