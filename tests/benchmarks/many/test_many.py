"""The table of all that finds everybody: its figures, its mosaics, and the command with stub systems."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest
from people import write_shard_set

from benchmarks.many import __main__ as command
from benchmarks.many import measure, published
from benchmarks.many.labels import Singles, make_mosaics, read_images, read_singles
from benchmarks.many.system import System
from pose import COCO17, LSP14
from pose.people import People

WIDTH, HEIGHT = 200, 160
FACE = 5
STANDING = np.array(
    [(50, 20), (53, 17), (47, 17), (56, 19), (44, 19), (62, 40), (38, 40), (68, 60), (32, 60), (70, 80), (30, 80)]
    + [(58, 80), (42, 80), (58, 105), (42, 105), (58, 130), (42, 130)],
    float,
)


@pytest.fixture
def truth(tmp_path):
    """Two images: one of two people, one of whom has seven visible and three hidden joints, and one of nobody."""
    half_hidden = np.array([2] * 7 + [1] * 3 + [0] * 7)
    people = [(1, STANDING, np.full(17, 2)), (1, STANDING + (90, 0), half_hidden)]
    annotations = [
        {
            "id": k,
            "image_id": image,
            "category_id": 1,
            "keypoints": np.column_stack([xy, visible]).ravel().tolist(),
            "num_keypoints": int((visible > 0).sum()),
            "bbox": [0, 0, 60, 130],
            "area": 6000.0,
            "iscrowd": 0,
        }
        for k, (image, xy, visible) in enumerate(people)
    ]
    images = [{"id": k, "file_name": f"{k}.png", "width": WIDTH, "height": HEIGHT} for k in (1, 2)]
    kinds = [{"id": 1, "name": "person", "keypoints": list(COCO17.joints), "skeleton": []}]
    content = {"images": images, "annotations": annotations, "categories": kinds}
    (tmp_path / "labels.json").write_text(json.dumps(content))
    (tmp_path / "images").mkdir()
    for k in (1, 2):
        # Red tells the images apart.
        picture = np.full((HEIGHT, WIDTH, 3), (0, 0, 50 * k), np.uint8)
        cv2.imwrite(str(tmp_path / "images" / f"{k}.png"), picture)
    return tmp_path / "labels.json", tmp_path / "images"


def people_at(*places, scores=None):
    xy = np.stack([STANDING + place for place in places]) if places else np.zeros((0, 17, 2))
    return People(xy, np.full(xy.shape[:2], 0.9), np.array(scores or [0.9] * len(places), float))


def of_skeleton(people, skeleton):
    chosen = [COCO17.index(joint) for joint in COCO17.joints if joint in skeleton.joints]
    xy = np.zeros((len(people.scores), skeleton.num_joints, 2))
    xy[:, [skeleton.index(COCO17.joints[k]) for k in chosen]] = people.joints_xy_px[:, chosen]
    return People(xy, np.ones(xy.shape[:2]), people.person_scores)


def test_images_are_read_in_rgb_with_their_labels(truth):
    images = read_images(*truth)
    assert [picture[0, 0].tolist() for picture in images.pictures] == [[50, 0, 0], [100, 0, 0]]
    assert [frame.num_people for frame in images.frames] == [2, 0]
    assert len(read_images(*truth, limit=1).frames) == 1
    (truth[1] / "2.png").unlink()
    with pytest.raises(ValueError, match=r"has no 2\.png, which .*labels\.json labels; give their folder"):
        read_images(*truth)


def test_people_of_eight_joints_are_counted_visible_and_labeled(truth):
    images = read_images(*truth)
    everybody = [people_at((0, 0), (90, 0)), people_at()]
    figures = measure.measure(everybody, COCO17, images)
    assert (figures.visible_people, figures.labeled_people) == (1, 2)
    assert (figures.found, figures.found_labeled, figures.false) == (1, 1, 0)
    assert figures.all_joints.ap == figures.main_joints.ap == figures.all_joints.ar == pytest.approx(1)
    first = measure.measure([people_at((0, 0)), people_at()], COCO17, images)
    assert (first.found, first.found_labeled, first.false) == (1, 0.5, 0)
    # Precision is 1 up to half of the people, at 51 of COCO's 101 recalls.
    assert first.main_joints.ap == pytest.approx(51 / 101) and first.main_joints.ar == pytest.approx(0.5)
    second = measure.measure([people_at((90, 0)), people_at()], COCO17, images)
    assert (second.found, second.found_labeled) == (0, 0.5)


def test_only_arms_and_legs_tell_whether_someone_is_found(truth):
    images = read_images(*truth)
    found = people_at((0, 0))
    found.joints_xy_px[0, :FACE] += 1000
    figures = measure.measure([found, people_at()], COCO17, images)
    assert (figures.found, figures.false) == (1, 0)
    # With the face wrong, 12 of 17 joints are right: OKS 0.71 passes 5 of COCO's 10 thresholds.
    assert figures.all_joints.ar == pytest.approx(0.5 * 0.5) and figures.main_joints.ar == pytest.approx(0.5)


def test_false_people_are_counted_and_left_out_by_their_scores(truth):
    images = read_images(*truth)
    unsure = [people_at((0, 0), (0, 400), scores=[0.9, 0.2]), people_at((0, 0), (50, 0), scores=[0.1, 0.3])]
    figures = measure.measure(unsure, COCO17, images)
    assert (figures.found, figures.false, figures.found_strict) == (1, 1.5, 1)
    sure = [people_at((0, 0), (0, 400), scores=[0.1, 0.8]), people_at((0, 0), scores=[0.7])]
    figures = measure.measure(sure, COCO17, images)
    assert (figures.found, figures.false, figures.found_strict) == (1, 1, 0)


def test_a_system_without_faces_is_measured_on_arms_and_legs(truth):
    images = read_images(*truth)
    found = [of_skeleton(people_at((0, 0), (90, 0)), LSP14), People.empty(14)]
    figures = measure.measure(found, LSP14, images)
    assert figures.all_joints is None
    assert (figures.main_joints.ap, figures.found, figures.false) == (pytest.approx(1), 1, 0)


def test_nobody_found_is_no_error(truth):
    figures = measure.measure([people_at(), people_at()], COCO17, read_images(*truth))
    assert (figures.main_joints.ap, figures.found, figures.found_strict, figures.false) == (0, 0, 0, 0)


def test_the_least_time_of_the_rounds_counts(monkeypatch):
    now_s, waits_s = [0.0], {"slow": [9, 3, 1, 2], "fast": [8, 0.5, 0.5, 0.25]}
    calls = {"slow": 0, "fast": 0}
    monkeypatch.setattr(measure.time, "perf_counter", lambda: now_s[0])
    monkeypatch.setattr(measure.time, "process_time", lambda: 2 * now_s[0])

    def system(name):
        def find(picture):
            now_s[0] += waits_s[name][calls[name] % 4]
            calls[name] += 1
            return people_at((float(picture[0, 0, 0]), 0))

        return System(name, COCO17, find)

    pictures = [np.full((4, 4, 3), k, np.uint8) for k in range(3)]
    turns = measure.find_in_turns([system("slow"), system("fast")], pictures, 1, 3)
    assert (turns.ms.tolist(), turns.processor_ms.tolist()) == ([[1000], [250]], [[2000], [500]])
    # To warm up, three rounds with the timed image, and once each with the others.
    assert calls == {"slow": 6, "fast": 6}
    assert [people.joints_xy_px[0, 0, 0] for people in turns.found[0]] == [50, 51, 52]


@pytest.mark.parametrize(("people", "side"), [(1, 720), (2, 480), (5, 320), (30, 144)])
def test_joints_stay_on_their_pixels_in_mosaics(people, side):
    size, count = 90, 30
    joints = np.random.default_rng(0).integers(10, 80, (count, 14, 2)).astype(float)
    pictures = np.full((count, size, size, 3), 60, np.uint8)
    for picture, xy in zip(pictures, joints, strict=True):
        x, y = xy[0].astype(int)
        picture[y - 1 : y + 2, x - 1 : x + 2] = 255
    singles = Singles(LSP14, pictures, joints, np.full((count, 14), 2))
    first, again = make_mosaics(singles, people, 2, 3), make_mosaics(singles, people, 2, 3)
    for image, frame, same in zip(first.pictures, first.frames, again.pictures, strict=True):
        assert image.shape == (720, 960, 3) and (image == same).all()
        assert (image > 0).all(axis=-1).sum() == people * side**2
        x, y = np.round(frame.joints_xy_px[:, 0]).astype(int).T
        assert frame.num_people == people and (image[y, x] > 230).all()
        assert (frame.areas_px > 0).all() and (frame.visible == 2).all()
    assert (first.pictures[0] != first.pictures[1]).any()


def test_singles_are_people_of_a_split_with_all_their_joints(tmp_path):
    write_shard_set(tmp_path / "people", train=1, val=1, test=6, size=64)
    singles = read_singles(tmp_path / "people", "test", 5)
    assert singles.pictures.shape == (5, 64, 64, 3) and singles.joints_xy_px.shape == (5, 14, 2)
    with pytest.raises(ValueError, match=r"has 6 people with all joints, 7 needed"):
        read_singles(tmp_path / "people", "test", 7)


def test_the_command_writes_both_tables(truth, tmp_path, monkeypatch, capsys):
    annotations, images = truth
    write_shard_set(tmp_path / "people", train=1, val=1, test=4, size=64)
    crowd = System("all", COCO17, lambda picture: people_at((0, 0)) if picture[0, 0, 0] == 50 else people_at())
    limbs = System("limbs", LSP14, lambda picture: of_skeleton(people_at((0, 0)), LSP14))
    monkeypatch.setattr(command, "enter", lambda options, scratch: [crowd, limbs])
    monkeypatch.setattr(command, "pin", lambda count: None)
    arguments = ["--annotations", str(annotations), "--images", str(images), "--out", str(tmp_path / "out")]
    arguments += ["--people", str(tmp_path / "people"), "--counts", "1", "2", "--mosaics", "1", "--mosaic-people", "2"]
    assert command.main([*arguments, "--rounds", "1"]) == 0
    people = pd.read_csv(tmp_path / "out" / "people.csv").set_index("system")
    assert people.loc["all", "AP, all joints"] == 50.5 and pd.isna(people.loc["limbs", "AP, all joints"])
    assert people["found of 1 with 8 visible joints, %"].tolist() == [100, 100]
    assert people["found of 2 with 8 labeled joints, %"].tolist() == [50, 50]
    assert people["false in an image"].tolist() == [0, 0.5]
    growth = pd.read_csv(tmp_path / "out" / "people_growth.csv")
    assert growth["of people in the image"].tolist() == ["people found", "ms", "processor ms"] * 2
    assert growth.columns.tolist()[2:] == ["1", "2"]
    printed = capsys.readouterr().out
    assert "| all | 50.5 |" in printed and "2 images of" in printed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--finder", "fast"], "--finder 'fast' is a model of one person; give one that sees everybody"),
        (["--finder", "nowhere"], "nowhere"),
        (["--package", "."], "has no movenet-multipose, posenet; give the package of"),
        (["--counts", "0"], "must be 1 or more"),
    ],
)
def test_wrong_options_are_one_line(truth, wrong, message, capsys):
    annotations, images = truth
    assert command.main(["--annotations", str(annotations), "--images", str(images), *wrong]) == 2
    assert message in capsys.readouterr().err


def test_a_file_that_is_no_graph_is_refused(tmp_path):
    (tmp_path / "net.pb").write_bytes(b"no graph at all")
    with pytest.raises(ValueError, match="is no frozen graph; give openpose_mobilenet_v2_small.pb"):
        published.from_openpose(tmp_path / "net.pb", tmp_path, 1)


def test_multipose_answers_shares_of_the_padded_image():
    # A picture twice as wide as high: 64 black rows above and below the 128 of 256.
    crop = published.whole_image(np.zeros((100, 200, 3), np.uint8), 256)
    answer = np.zeros((6, 56), np.float32)
    answer[2, :3], answer[2, 55] = (0.5, 0.25, 0.7), 0.6
    people = published.multipose_people(answer, crop)
    assert people.person_scores.tolist() == [pytest.approx(0.6)]
    np.testing.assert_allclose(people.joints_xy_px[0, 0], (0.25 * 200 - 0.5, 0.5 * 200 - 50 - 0.5), atol=1e-4)
    assert people.scores[0, 0] == pytest.approx(0.7)
