"""Silhouettes of walkers: who is the same, what changes, which side is seen, and what a stopped run leaves."""

import cv2
import numpy as np
import pytest

from dome import Walkers
from dome.silhouettes import draw_silhouette

SMALL = {"people": 2, "walks": 1, "clothes": 1, "views": (0, 90), "frames": 2}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    out = tmp_path_factory.mktemp("walkers")
    Walkers(out, **SMALL, workers=1).write()
    return out


def images(folder):
    paths = sorted(folder.rglob("*.png"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_layout_is_casia_bs(drawn):
    names = [f"{who}/{walk}/{view}/{frame}.png" for who in ("001", "002") for walk in ("cl-01", "nm-01")
             for view in ("000", "090") for frame in ("001", "002")]  # fmt: skip
    assert list(images(drawn)) == names


def test_a_person_is_drawn_whole_and_upright(drawn):
    for path in sorted(drawn.rglob("*.png")):
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert mask.shape == (192, 144) and set(np.unique(mask)) == {0, 255}
        rows, columns = (np.flatnonzero((mask > 0).any(axis=axis)) for axis in (1, 0))
        assert rows[0] > 0 and rows[-1] < 191 and columns[0] > 0 and columns[-1] < 143
        assert 1.4 < len(rows) / len(columns) and len(rows) > 80


def test_people_frames_clothes_and_sides_differ(drawn):
    assert len(set(images(drawn).values())) == 16


def test_the_result_does_not_depend_on_the_workers_and_a_stopped_run_goes_on(drawn, tmp_path):
    # What a killed run leaves: a finished person, and another in the middle.
    Walkers(tmp_path, **SMALL | {"people": 1}, workers=1).write()
    (tmp_path / ".002.unfinished/nm-01/000").mkdir(parents=True)
    (tmp_path / ".002.unfinished/nm-01/000/007.png").write_bytes(b"half")
    Walkers(tmp_path, **SMALL, workers=2).write()
    assert images(tmp_path) == images(drawn)
    Walkers(tmp_path, **SMALL | {"first": 2, "people": 1}, workers=1).write()
    assert images(tmp_path) == images(drawn)


def test_views_are_from_the_front_the_left_and_behind():
    # A nose before the face, and a hand to the person's left, who faces +z in a world where y points down.
    triangle = np.array([[0, -1500, 0], [0, -1450, 0], [0, -1475, 20]], float)
    faces = np.array([[0, 1, 2], [0, 2, 1]])
    body = np.array([[-80, -1600, 0], [80, -1600, 0], [0, -200, 0], [0, -1600, 80], [0, -1600, -80]], float)
    everything = np.array([[0, 1, 2], [0, 2, 1], [3, 4, 2], [3, 2, 4]])
    for view, place, left in (
        (0, (-600, 0), False),
        (180, (-600, 0), True),
        (90, (0, 600), True),
        (270, (0, 600), False),
    ):
        thing = triangle * 4 - triangle.mean(axis=0) * 3 + (place[0], 0, place[1])
        mask = draw_silhouette(np.concatenate([body, thing]), np.concatenate([everything, faces + 5]), view)
        columns = np.flatnonzero(mask.any(axis=0))
        assert (72 - columns[0] > columns[-1] - 72) == left, view


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"people": 0}, "people must be 1 or more, got 0"),
        ({"views": (0, 0)}, "views must be different degrees"),
        ({"views": (400,)}, "views must be different degrees"),
        ({"fps": 0.0}, "fps must be above 0"),
    ],
)
def test_wrong_options_raise(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        Walkers(tmp_path, **options)
