"""Kinds of people by their labels, harder pictures, and what is counted of a model's answers."""

import json

import cv2
import numpy as np
import pytest

from benchmarks.accuracy.kinds.classes import (
    ALTERATIONS,
    Alteration,
    classes,
    covered,
    gained,
    patched,
    shrunk,
    smeared,
)
from benchmarks.accuracy.kinds.measure import ask, figures, swapped
from benchmarks.accuracy.kinds.people import People, cut_people, from_bonn, from_clips, from_coco
from benchmarks.accuracy.kinds.worst import worst, write_worst
from pose import COCO17, LSP14, Skeleton
from records import BadInput, Person

SIZE = 64
AS_IT_IS = Alteration("as it is")
# Of a person of 2 x 4 units who faces the camera, upright: (x, y), y downwards.
_UPRIGHT = {
    **{"left_shoulder": (0.5, 0), "right_shoulder": (-0.5, 0), "left_hip": (0.4, 1), "right_hip": (-0.4, 1)},
    **{"left_elbow": (1, 0.5), "right_elbow": (-1, 0.5), "left_wrist": (1, 1), "right_wrist": (-1, 1)},
    **{"left_knee": (0.4, 2), "right_knee": (-0.4, 2), "left_ankle": (0.4, 3), "right_ankle": (-0.4, 3)},
    **{"neck": (0, -0.2), "head_top": (0, -1)},
}
TORSO_PX = 10 * np.hypot(0.9, 1)


def standing(*, turn_deg=0.0, back=False):
    """Joints (14, 2) in px: 10 px a unit, about the middle of the picture."""
    xy = np.array([_UPRIGHT[joint] for joint in LSP14.joints]) * ((-1 if back else 1), 1) - (0, 1)
    angle = np.radians(turn_deg)
    return xy @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) * 10 + (SIZE - 1) / 2


def people_at(joints_px, pictures=None, skeleton: Skeleton = LSP14):
    count = len(joints_px)
    labels = {
        "joints_xy_px": np.array(joints_px, np.float32),
        "visible": np.full((count, skeleton.num_joints), 2),
        "torso_px": np.full(count, TORSO_PX),
        "area_px": np.full(count, 800.0),
    }
    pictures = np.full((count, SIZE, SIZE, 3), 90, np.uint8) if pictures is None else pictures
    keys = [str(k) for k in range(count)]
    return People("made", skeleton, pictures, labels, np.arange(1.0, count + 1), keys)


class Model:
    """Answers joints in px of its own picture, and scores, one row after the other."""

    skeleton, follow = LSP14, {"found_score": 0.5, "joint_score": 0.2, "lost_score": 0.3}

    def __init__(self, joints_px, scores=0.75, size=SIZE, joints=14):
        self.size, self.asked, self.joints_px = size, [], joints_px
        self.scores = np.broadcast_to(scores, (len(joints_px), joints))

    def predict(self, pictures):
        row = len(self.asked)
        self.asked.append(pictures[0])
        return self.joints_px[row][None], self.scores[row][None]


def test_facing_follows_from_the_order_of_shoulders_and_hips():
    twisted = standing()
    hips = [LSP14.index("left_hip"), LSP14.index("right_hip")]
    twisted[hips] = twisted[hips[::-1]]
    poses = [standing(turn_deg=10), standing(back=True), standing(turn_deg=90), standing(turn_deg=180), twisted]
    poses.append(standing(turn_deg=-45))
    people = people_at(poses)
    people.labels["visible"][0, LSP14.index("left_wrist")] = 1
    people.labels["visible"][1, LSP14.index("right_ankle")] = 0
    found = {title: np.flatnonzero(members).tolist() for title, members in classes(people).items()}
    assert found["facing the camera"] == [0, 5]
    assert found["facing away"] == [1]
    assert found["sideways or twisted"] == [4]
    assert found["upright, within 30 deg"] == [0, 1, 4]
    assert found["leaning, 30 to 60 deg"] == [5]
    assert found["lying, 60 to 120 deg"] == [2]
    assert found["upside down, 120 deg on"] == [3]
    assert (found["joints hidden"], found["joints not labelled"]) == ([0], [1])


def test_a_person_without_a_hip_is_of_no_direction():
    people = people_at([standing()])
    people.labels["visible"][0, LSP14.index("left_hip")] = 0
    found = classes(people)
    assert not any(found[title].any() for title in found if "deg" in title or "facing" in title)


def test_the_darkest_and_the_smallest_are_a_tenth_of_many_people():
    pictures = np.repeat(np.arange(250, dtype=np.uint8)[:, None, None, None], 4, axis=1).repeat(4, axis=2).repeat(3, 3)
    found = classes(people_at([standing()] * 250, pictures))
    assert np.flatnonzero(found["darkest 10%"]).tolist() == list(range(25))
    assert np.flatnonzero(found["smallest 10%"]).tolist() == list(range(25))
    assert np.flatnonzero(found["brightest 10%"]).tolist() == list(range(225, 250))


def test_a_perfect_answer_stays_perfect_however_the_picture_is_turned_and_cut():
    # A bright spot stands for a joint: the model finds it in whatever it is shown, at another size.
    spot = np.array([20.0, 40.0])
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    cv2.circle(picture, tuple(spot.astype(int)), 3, (255, 255, 255), -1)

    class Finder(Model):
        def predict(self, pictures):
            light = pictures[0, ..., 0].astype(float)
            rows, columns = np.indices(light.shape)
            middle = np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
            return np.tile(middle, (1, 14, 1)), np.full((1, 14), 0.9)

    people = people_at([np.tile(spot, (14, 1))], picture[None])
    for changes in ({}, {"turn_deg": 45}, {"turn_deg": 90}, {"turn_deg": 180}, {"margin": 1.5}, {"margin": 0.8}):
        answers = ask(Finder([], size=96, scores=np.zeros((0, 14))), people, Alteration("", **changes))
        np.testing.assert_allclose(answers.joints_px[0], np.tile(spot, (14, 1)), atol=0.3)
        assert figures(people, answers, np.array([True]))["PCK@0.1"] == 1


def test_joints_outside_the_crop_do_not_count():
    corner = standing()
    corner[LSP14.index("left_wrist")] = (2, 2)
    people = people_at([corner])
    wrist = LSP14.index("left_wrist")
    whole = ask(Model([corner]), people, AS_IT_IS)
    assert whole.labels["visible"][0, wrist] == 2
    for alteration in (Alteration("", turn_deg=45), Alteration("", margin=0.9)):
        assert ask(Model([corner]), people, alteration).labels["visible"][0, wrist] == 0
    # The head never counts: not all models have it.
    assert whole.labels["visible"][0, LSP14.index("head_top")] == 0


def test_figures_by_hand():
    truth = [standing(), standing(), standing()]
    wrong, mirrored = standing(), standing()[LSP14.flip_order]
    # Two of the twelve joints of the second are 0.15 torsos off; all of the third are the other side's.
    wrong[[0, 5], 1] += 0.15 * TORSO_PX
    people = people_at(truth)
    scores = np.array([[0.9], [0.6], [0.3]])
    answers = ask(Model([standing(), wrong, mirrored], scores), people, AS_IT_IS)
    found = figures(people, answers, np.ones(3, bool))
    assert found["n"] == 3
    assert found["PCK@0.2"] == pytest.approx(2 / 3)
    assert found["PCK@0.1"] == pytest.approx((12 + 10) / 36)
    assert found["swapped"] == 1 and swapped(answers, LSP14.flip_order).sum() == 12
    assert found["score"] == pytest.approx(0.6)
    # Within 0.05 of 64 px: two joints of the second lie within 2.02 px, so all of it does.
    assert found["near"] == pytest.approx(2 / 3)
    assert found["found"] == pytest.approx(2 / 3)
    assert figures(people, answers, np.array([True, False, False]))["PCK@0.1"] == 1


def test_the_face_counts_by_itself():
    # COCO's labels, and a model of its joints whose nose is wrong for one of two.
    truth = np.zeros((2, 17, 2)) + np.linspace(10, 50, 17)[:, None]
    found = truth.copy()
    found[1, COCO17.index("nose")] += 30
    people = people_at(list(truth), skeleton=COCO17)
    model = Model(list(found), joints=17)
    model.skeleton = COCO17
    row = figures(people, ask(model, people, AS_IT_IS), np.ones(2, bool))
    assert row["face"] == pytest.approx(9 / 10) and np.isnan(row["feet"]) and row["PCK@0.2"] == 1
    assert np.isnan(figures(people, ask(Model([standing()] * 2), people, AS_IT_IS), np.ones(2, bool))["face"])


def test_someone_without_a_torso_is_not_counted():
    people = people_at([standing(), standing()])
    people.labels["torso_px"][1] = 0
    answers = ask(Model([standing(), standing() + 30]), people, AS_IT_IS)
    found = figures(people, answers, np.ones(2, bool))
    assert (found["n"], found["PCK@0.2"]) == (1, 1)
    assert worst(answers, np.ones(2, bool), 5) == [0]


def test_alterations_by_hand():
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    for alteration in ALTERATIONS:
        assert alteration.change(picture).shape == picture.shape
        assert alteration.change(picture).dtype == np.uint8
    assert gained(np.full((2, 2, 3), 200, np.uint8), 0.25).tolist() == np.full((2, 2, 3), 50).tolist()
    assert gained(np.full((2, 2, 3), 200, np.uint8), 2).max() == 255
    stripes = np.zeros((SIZE, SIZE, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.ptp(shrunk(stripes, SIZE // 2)) == 0
    edge = np.where(np.arange(SIZE)[None, :, None] < 32, 0, 240).repeat(SIZE, 0).repeat(3, 2).astype(np.uint8)
    assert len(np.unique(smeared(edge, 1 / 8))) == 9
    changed = (patched(picture, 1, 0.25) != picture).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert changed.sum() == len(rows) * len(columns) == (SIZE // 4) ** 2
    assert 2 * 16**2 < (patched(picture, 4, 0.25) != picture).any(axis=2).sum() <= 4 * 16**2
    hidden = covered(picture, 0.25)
    assert (hidden[48:] == 127).all() and (hidden[:48] == picture[:48]).all()
    assert len({alteration.title for alteration in ALTERATIONS}) == len(ALTERATIONS)


def test_the_sheet_of_the_worst_shows_the_worst_first(tmp_path):
    people = people_at([standing()] * 3)
    answers = ask(Model([standing(), standing() + 6, standing() + 3]), people, AS_IT_IS)
    assert worst(answers, np.array([True, True, True]), 2) == [1, 2]
    assert worst(answers, np.array([True, False, True]), 2) == [2, 0]
    write_worst(tmp_path / "a/worst.jpg", people, answers, AS_IT_IS, [1, 2])
    assert cv2.imread(str(tmp_path / "a/worst.jpg")).shape == (264, 1044, 3)


def test_people_are_cut_by_their_boxes_and_broken_ones_skipped():
    xy_px = np.tile([30.0, 20.0], (17, 1))
    xy_px[5], xy_px[12] = (20, 10), (20, 40)
    visible = np.where(np.arange(17) == 3, 0, 2)
    person = Person(np.zeros((90, 80, 3), np.uint8), np.array([10.0, 5.0, 20.0, 40.0]), xy_px, visible, "d", "s")
    people = cut_people("two", [BadInput("one", "broken"), person], COCO17, SIZE, 1.25)
    assert len(people.keys) == 1
    # 50 px of the frame become 64 px.
    assert people.side_px == pytest.approx([50])
    assert people.labels["torso_px"] == pytest.approx([30 * 64 / 50])
    assert people.labels["visible"][0].tolist() == visible.tolist()
    with pytest.raises(ValueError, match="empty holds no labelled person"):
        cut_people("empty", [], COCO17, SIZE, 1.25)


def test_golden_joints_lie_in_the_crops_of_the_real_clips(shared_data):
    walk, squats = from_clips(shared_data / "clips", SIZE, 1.25)
    assert (walk.title, len(walk.keys), squats.title, len(squats.keys)) == ("pose_1.mp4", 120, "pose_squats.mp4", 65)
    for people in (walk, squats):
        assert (people.labels["visible"] == 2).all()
        limbs = people.labels["joints_xy_px"][:, list(COCO17.main_joints)]
        # The box about them, padded by a quarter, fills four fifths of the crop.
        assert 0.6 < np.median(np.ptp(limbs, axis=1).max(axis=1)) / SIZE < 0.81


def test_people_of_the_real_coco_pictures(shared_data):
    people = from_coco(shared_data / "coco_mini", SIZE, 1.25)
    assert len(people.keys) == 64
    assert (people.labels["area_px"] > 0).all() and people.labels["area_px"].max() < SIZE**2
    assert classes(people)["facing the camera"].sum() > classes(people)["facing away"].sum() > 0


def test_people_of_labelled_frames_are_cut_by_their_joints_and_those_with_few_left_out(tmp_path):
    # Neck and head, then the arms: eight joints about (50, 30), and another person with three alone.
    joints = [[8, 50, 20, 1], [9, 50, 10, 1], *([number, 40 + 2 * number - 20, 30, 0] for number in range(10, 16))]
    labels = {"clip": {"split": "test", "frames": [{"0": joints, "1": joints[:3]}, {"0": joints}]}}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    (tmp_path / "clip").mkdir()
    for number, level in enumerate((60, 120), start=1):
        cv2.imwrite(str(tmp_path / "clip" / f"{number:05}.jpg"), np.full((80, 100, 3), level, np.uint8))
    people = from_bonn(tmp_path, SIZE, 1.25)
    assert people.pictures.shape == (2, SIZE, SIZE, 3) and people.skeleton == LSP14
    np.testing.assert_allclose(people.pictures[:, SIZE // 2, SIZE // 2, 0], [60, 120], atol=2)
    seen = people.labels["visible"][0]
    assert seen[LSP14.index("head_top")] == 2 and seen[LSP14.index("left_wrist")] == 1 and seen[0] == 0
    neck, head = (people.labels["joints_xy_px"][0, LSP14.index(name)] for name in ("neck", "head_top"))
    assert neck[0] == pytest.approx(head[0]) and neck[1] - head[1] == pytest.approx(10 * SIZE / people.side_px[0])
