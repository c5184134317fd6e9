"""Recordings as tables and files."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO

from demo.errors import OutputError
from demo.offline.recording import PersonTrack
from demo.offline.write import angles_of, iter_records, to_coco, to_frame, write
from pose import LSP14

HEAD, NECK, HIP, KNEE = (LSP14.index(name) for name in ("head_top", "neck", "left_hip", "left_knee"))


def standing(x):
    """(14, 2): all joints in a column at x, 10 px apart."""
    return np.column_stack([np.full(14, float(x)), 10.0 * np.arange(14)])


@pytest.fixture
def recording(make_recording):
    """Person 2 in frames 1 to 3 of 4, with a filled neck in frame 2 and no head in frame 3; person 0 in frame 2."""
    made = make_recording({2: (1, [standing(50), standing(60), standing(70)], None), 0: (2, [standing(200)], None)}, 4)
    track = made.people[2]
    filled = track.filled.copy()
    filled[1, NECK] = True
    track.scores[1, NECK], track.xy_px[2, HEAD], track.scores[2, HEAD] = 0, np.nan, 0
    people = made.people | {2: PersonTrack(track.start, track.xy_px, track.scores, filled)}
    return replace(made, people=people)


def test_a_wide_table_has_a_row_for_each_person_in_a_frame(recording):
    table = to_frame(recording)
    assert list(table)[:7] == ["frame", "time_s", "person", *(f"box_{n}_px" for n in ("x", "y", "width", "height"))]
    assert table["frame"].tolist() == [1, 2, 2, 3] and table["person"].tolist() == [2, 0, 2, 2]
    np.testing.assert_allclose(table["time_s"], np.array([1, 2, 2, 3]) / 30)
    # Around the joints that have a place: the head, lowest of the column, is missing in the last.
    assert table["box_x_px"].tolist() == [50, 200, 60, 70] and table["box_height_px"].tolist() == [130, 130, 130, 120]
    assert table.loc[2, ["neck_x_px", "neck_y_px", "neck_score"]].tolist() == [60, 120, 0]
    assert table.loc[3, ["head_top_x_px", "head_top_y_px"]].isna().all() and table.loc[3, "head_top_score"] == 0


def test_a_long_table_leaves_missing_joints_out(recording):
    table = to_frame(recording, form="long")
    assert list(table) == ["frame", "time_s", "person", "joint", "x_px", "y_px", "score"]
    assert len(table) == 4 * 14 - 1 and table["joint"].iloc[0] == "right_ankle"
    last = table[(table["frame"] == 3) & (table["joint"] == "neck")]
    assert last[["person", "x_px", "y_px"]].values.tolist() == [[2, 70, 120]]


def test_joints_of_low_score_are_in_the_table_but_not_in_the_box(make_recording):
    scores = np.full((1, 14), 0.9)
    scores[0, HEAD] = 0.1
    table = to_frame(make_recording({0: (0, [standing(50)], scores)}, 1))
    assert table["head_top_y_px"].tolist() == [130] and table["box_height_px"].tolist() == [120]
    unsure = to_frame(make_recording({0: (0, [standing(50)], np.full((1, 14), 0.1))}, 1))
    assert unsure["box_x_px"].isna().all() and unsure["neck_x_px"].tolist() == [50]


@pytest.fixture
def bending(make_recording):
    """A left knee at a right angle to a level thigh in the second of three frames; the first is missing."""
    xy = np.full((3, 14, 2), np.nan)
    joints = {"left_shoulder": (100, 0), "right_shoulder": (100, 0), "left_hip": (100, 100), "right_hip": (100, 100)}
    joints |= {"left_knee": (150, 100), "left_ankle": (150, 150)}
    for name, place in joints.items():
        xy[1:, LSP14.index(name)] = place
    xy[2, LSP14.index("left_ankle")] = (200, 100)
    return make_recording({5: (2, xy[1:], None), 6: (0, xy[1:2] * (-1, 1), None)}, 4)


def test_angles_are_further_columns(bending):
    table = to_frame(bending, angles=angles_of(bending))
    assert len([name for name in table if name.endswith("_deg")]) == 11
    assert table["person"].tolist() == [6, 5, 5]
    np.testing.assert_allclose(table["left_knee_flexion_deg"], [90, 90, 0], atol=1e-4)
    np.testing.assert_allclose(table["left_hip_flexion_deg"], [90, 90, 90], atol=1e-4)
    assert table["right_knee_flexion_deg"].isna().all()


def test_custom_angles_alone_and_a_given_facing(bending):
    sit = {"sit": ("left_shoulder", "left_hip", "left_knee")}
    table = to_frame(bending, angles=angles_of(bending, sit, named=False))
    assert [name for name in table if name.endswith("_deg")] == ["sit_deg"]
    np.testing.assert_allclose(table["sit_deg"], 90, atol=1e-4)
    left = to_frame(bending, angles=angles_of(bending, facing=-1.0))["left_hip_flexion_deg"]
    np.testing.assert_allclose(left, [90, -90, -90], atol=1e-4)


def test_joints_of_low_score_have_no_angles(make_recording):
    scores = np.full((1, 14), 0.9)
    scores[0, KNEE] = 0.1
    recording = make_recording({0: (0, [standing(50)], scores)}, 1)
    angles = angles_of(recording)[0]
    assert np.isnan(angles["left_knee_flexion"]).all() and np.isfinite(angles["right_knee_flexion"]).all()


def test_angles_do_not_fit_a_long_table(bending):
    with pytest.raises(ValueError, match="angles belong to people, and a long table has a row for each joint"):
        to_frame(bending, form="long", angles=angles_of(bending))


def test_coco_by_hand(recording):
    content = to_coco(recording, "walk.mp4")
    assert content["videos"] == [{"id": 1, "file_name": "walk.mp4"}] and len(content["images"]) == 4
    assert content["images"][2] == {
        "id": 3,
        "file_name": "frame_000002.jpg",
        "width": 320,
        "height": 240,
        "video_id": 1,
        "frame_id": 2,
        "time_s": 0.066667,
    }
    assert [(a["id"], a["image_id"], a["track_id"]) for a in content["annotations"]] == [
        (1, 2, 2),
        (2, 3, 0),
        (3, 3, 2),
        (4, 4, 2),
    ]
    filled, headless = content["annotations"][2:]
    assert filled["keypoints"][3 * NECK : 3 * NECK + 3] == [60, 120, 1] and filled["keypoints"][2] == 2
    assert headless["keypoints"][3 * HEAD : 3 * HEAD + 3] == [0, 0, 0] and headless["num_keypoints"] == 13
    # Of the measured joints alone.
    assert filled["score"] == 0.9 and filled["keypoint_scores"][NECK] == 0
    assert content["categories"][0]["keypoints"] == list(LSP14.joints)


def test_pycocotools_reads_it(recording, tmp_path):
    write(recording, tmp_path / "out.json", video="walk.mp4")
    coco = COCO(str(tmp_path / "out.json"))
    assert len(coco.getImgIds()) == 4 and len(coco.getAnnIds(imgIds=[3])) == 2
    assert coco.loadCats(coco.getCatIds())[0]["name"] == "person"
    assert coco.loadRes(coco.dataset["annotations"]).getAnnIds() == [1, 2, 3, 4]


def test_lines_of_json_are_those_of_the_webcam_demo(recording, bending, tmp_path):
    write(recording, tmp_path / "out.jsonl", video="walk.mp4")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["frame"] for line in lines] == [0, 1, 2, 3] and lines[0]["people"] == []
    assert lines[1] | {"people": []} == {
        "frame": 1,
        "time_s": 0.033333,
        "size": [240, 320],
        "skeleton": "lsp14",
        "people": [],
    }
    (person,) = lines[3]["people"]
    assert person["id"] == 2 and person["joints_px"][HEAD] == [None, None] and person["box_px"] == [70, 0, 0, 120]
    (record,) = [record for record in iter_records(bending, angles=angles_of(bending)) if record["frame"] == 2]
    angles = record["people"][0]["angles_deg"]
    assert angles["left_knee_flexion"] == 90.0 and angles["right_knee_flexion"] is None
    assert to_coco(bending, "x", angles=angles_of(bending))["annotations"][1]["angles_deg"] == angles


def test_files_of_every_ending_hold_the_same(recording, tmp_path):
    for ending in ("csv", "parquet", "json", "jsonl"):
        write(recording, tmp_path / f"out.{ending}", video="walk.mp4")
    expected = to_frame(recording)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), expected)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out.csv"), expected, check_dtype=False, atol=1e-4)
    necks = [a["keypoints"][3 * NECK] for a in json.loads((tmp_path / "out.json").read_text())["annotations"]]
    assert necks == expected["neck_x_px"].tolist()


def test_nobody_makes_empty_files(make_recording, tmp_path):
    nobody = make_recording({}, 2)
    for ending in ("csv", "parquet", "json", "jsonl"):
        write(nobody, tmp_path / f"out.{ending}", video="walk.mp4", angles=angles_of(nobody))
    assert len(pd.read_csv(tmp_path / "out.csv")) == 0 and "neck_x_px" in pd.read_csv(tmp_path / "out.csv")
    assert json.loads((tmp_path / "out.json").read_text())["annotations"] == []
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("ending", [".csv", ".json", ".jsonl"])
def test_a_full_disk_raises_and_leaves_nothing(make_recording, tmp_path, room, ending):
    recording = make_recording({0: (0, [standing(k) for k in range(300)], None)}, 300)
    with room(10_000), pytest.raises(OutputError, match="--out .* cannot be written: File too large"):
        write(recording, tmp_path / f"out{ending}", video="walk.mp4")
    assert not list(tmp_path.iterdir())
