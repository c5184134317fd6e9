"""Squares of pictures that touch nobody."""

import json

import cv2
import numpy as np

from benchmarks.accuracy.background import squares

RED, GRAY = (255, 0, 0), (90, 90, 90)


def write_coco(folder, boxes):
    """A grey picture of 320 x 240 whose people are red, as files of COCO."""
    picture = np.full((240, 320, 3), GRAY, np.uint8)
    for x, y, width, height in boxes:
        picture[y : y + height, x : x + width] = RED
    cv2.imwrite(str(folder / "a.png"), picture[..., ::-1])
    labels = {
        "images": [{"id": 7, "file_name": "a.png"}, {"id": 8, "file_name": "absent.png"}],
        "annotations": [{"image_id": 7, "bbox": list(box)} for box in boxes],
    }
    (folder / "people.json").write_text(json.dumps(labels))
    return folder, folder / "people.json"


def test_squares_touch_no_person(tmp_path):
    found = list(squares(*write_coco(tmp_path, [(10, 20, 40, 150), (280, 0, 30, 60)]), 32, seed=0))
    # Most squares of 120 px and more touch somebody, some do not; the cut averages, so that one red pixel would show.
    assert 3 < len(found) < 30
    for picture in found:
        assert picture.shape == (32, 32, 3)
        np.testing.assert_allclose(picture, np.broadcast_to(GRAY, picture.shape), atol=1)


def test_no_square_beside_a_person_who_fills_the_picture(tmp_path):
    assert not list(squares(*write_coco(tmp_path, [(60, 0, 200, 240)]), 32, seed=0))
