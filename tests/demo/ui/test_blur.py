"""Blurred faces."""

import json

import cv2
import numpy as np
import pytest

from demo.tracking.people import TrackedPerson
from demo.ui.blur import blur_faces, face_circle
from pose import COCO17, LSP14, PANOPTIC19

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (200, 300, 3), np.uint8)


def person(skeleton, places, score=0.9):
    """Joints at the given places; all others between the hips."""
    xy = np.full((skeleton.num_joints, 2), (150.0, 120.0))
    for name, place in places.items():
        xy[skeleton.index(name)] = place
    scores = np.full(skeleton.num_joints, score)
    return TrackedPerson(1, xy, scores, scores >= 0.1)


BODY = {"left_shoulder": (170, 70), "right_shoulder": (130, 70), "left_hip": (160, 120), "right_hip": (140, 120)}
FACE = {"nose": (150, 50), "left_eye": (154, 46), "right_eye": (146, 46), "left_ear": (158, 49), "right_ear": (142, 49)}


@pytest.mark.parametrize("skeleton", [COCO17, PANOPTIC19])
def test_face_circle_by_hand(skeleton):
    center, radius = face_circle(person(skeleton, BODY | FACE), skeleton)
    np.testing.assert_allclose(center, (150, 48))
    # The shoulders are 40 px apart, the trunk is 50 px long.
    assert radius == pytest.approx(max(0.55 * 40, 0.40 * 50, 1.3 * np.hypot(8, 1)))


def test_face_circle_without_face_joints_by_hand():
    places = BODY | {"neck": (150, 66), "head_top": (150, 26)}
    center, radius = face_circle(person(LSP14, places), LSP14)
    np.testing.assert_allclose(center, (150, 46))
    assert radius == pytest.approx(0.65 * 40)


def tells(picture, blurred):
    """The share of the image's detail that is left."""
    fine = [np.float64(p) - cv2.blur(p, (5, 5)) for p in (picture, blurred)]
    return float((fine[0] * fine[1]).sum() / (fine[0] ** 2).sum())


def test_the_face_is_unrecognizable_and_the_rest_unchanged():
    blurred = blur_faces(PICTURE, (person(COCO17, BODY | FACE),), COCO17)
    rows, columns = np.mgrid[:200, :300]
    inside = np.hypot(columns - 150, rows - 48) <= 21
    assert tells(PICTURE[38:58, 140:160], blurred[38:58, 140:160]) < 0.1
    assert (blurred[inside] != PICTURE[inside]).mean() > 0.9
    outside = np.hypot(columns - 150, rows - 48) > 23
    np.testing.assert_array_equal(blurred[outside], PICTURE[outside])


@pytest.mark.parametrize("offset", [(0, -60), (-160, 0), (160, 130), (5000, 0)])
def test_a_face_at_the_edge_or_outside_the_frame(offset):
    moved = {name: tuple(np.add(place, offset)) for name, place in (BODY | FACE).items()}
    blurred = blur_faces(PICTURE, (person(COCO17, moved),), COCO17)
    assert blurred.shape == PICTURE.shape and (blurred == PICTURE).mean() > 0.7


@pytest.mark.parametrize(
    "people",
    [
        (),
        (person(COCO17, BODY | FACE), person(COCO17, BODY | FACE, score=0.05)),
        (person(COCO17, BODY | FACE | dict.fromkeys(FACE, (np.nan, np.nan))),),
    ],
)
def test_with_an_unlocated_face_the_whole_frame_is_blurred(people):
    assert tells(PICTURE, blur_faces(PICTURE, people, COCO17)) < 0.1


def test_faces_of_a_real_clip_lie_under_the_blur(shared_data):
    """With the clip's own golden joints, every joint of the face is well inside."""
    for frame in json.loads((shared_data / "clips" / "pose_1.json").read_text()):
        xy = np.array([(frame[name]["x"], frame[name]["y"]) for name in COCO17.joints])
        one = TrackedPerson(1, xy, np.ones(17), np.ones(17, bool))
        center, radius = face_circle(one, COCO17)
        assert (np.linalg.norm(xy[:5] - center, axis=1) < 0.8 * radius).all()
        assert radius < 0.25 * np.ptp(xy[:, 1])
