"""Situations from public bug reports, each a folder of small inputs beside the project's real data.

A case's command is run on a copy, as in its README, whose expected result is checked here.
"""

import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import call

from data_prep.command import main as data_prep
from pose import LSP14, MPII16
from records import read_manifest
from records.features import read_features
from records.tfrecord import read_records

pytestmark = pytest.mark.slow

ALL = ("--val", "0", "--test", "0")
#: People of the COCO cases whose labels come out as the file has them, and options that the README leaves open.
COCO_PEOPLE = {
    "bbox_zero": 2,
    "cvat_layout": 2,
    "few_keypoints_passed_by_silently": 1,
    "file_name_backslash": 2,
    "file_name_url_encoded": 2,
    "file_name_with_folder": 2,
    "json_with_bom": 2,
    "keypoint_names_with_spaces": 2,
    "keypoints_in_other_order": 2,
    "motion_photo_jpeg": 2,
    "no_area": 2,
    "no_bbox": 2,
    "no_width_height": 2,
    "other_category_17_keypoints": 1,
    "own_four_keypoints": 2,
    "unlabelled_keypoint_nan": 2,
}
PANOPTIC_PEOPLE = {
    "panoptic_empty_hdImgs_beside_video": 5,
    "panoptic_mpi15_only": 5,
    "panoptic_one_of_two_without_poses": 5,
    "panoptic_png_frames": 5,
    "panoptic_png_frames_beside_video": 5,
}


@pytest.fixture(scope="module")
def cases(shared_data):
    folder = shared_data.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases: {folder} is not there")
    return folder


@pytest.fixture
def take(cases, tmp_path):
    """Copies a case."""
    return lambda name: Path(shutil.copytree(cases / name, tmp_path / "case" / name))


def read(out: Path) -> list[dict]:
    """The records of a shard set, each with its split and its joints in the frame, float (J, 2)."""
    manifest, found = read_manifest(out), []
    for split, shards in manifest.shards.items():
        for shard in shards:
            for record in read_records(out / shard.name):
                features = read_features(record, manifest.skeleton.num_joints)
                matrix = features["crop/to_frame"]
                frame_px = features["joints/xy_px"] @ matrix[:, :2].T + matrix[:, 2]
                found.append(features | {"split": split, "frame_px": frame_px})
    return found


def converted(case: Path, out: Path, *options: object, reader: str = "coco") -> tuple[list[dict], str]:
    done = call(data_prep, reader, "--root", case, "--out", out, "--workers", 1, *options)
    assert done.returncode == 0, done.stderr
    return read(out), done.stdout + done.stderr


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]+", "_", name.lower())


def labeled_keypoints(case: Path) -> dict[int, dict[str, list[float]]]:
    """The keypoints of each person of a COCO file, by annotation id and joint."""
    (path,) = case.glob("annotations/*.json")
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    names = {kind["id"]: [_plain(name) for name in kind["keypoints"]] for kind in content["categories"]}
    return {
        entry["id"]: dict(
            zip(names[entry["category_id"]], np.reshape(entry["keypoints"], (-1, 3)).tolist(), strict=True)
        )
        for entry in content["annotations"]
    }


def test_every_case_is_run(cases):
    text = Path(__file__).read_text()
    missing = [folder.name for folder in cases.iterdir() if folder.is_dir() and f'"{folder.name}"' not in text]
    assert not missing


@pytest.mark.parametrize("name", COCO_PEOPLE)
def test_labels_stay_as_in_the_file(take, tmp_path, name):
    case = take(name)
    options = ("--subset", "default") if name == "cvat_layout" else ()
    people, printed = converted(case, tmp_path / "out", *ALL, *options)
    assert len(people) == COCO_PEOPLE[name]
    truth, joints = labeled_keypoints(case), read_manifest(tmp_path / "out").skeleton.joints
    for person in people:
        keypoints = truth[int(person["source/person"])]
        for joint, xy_px, visible in zip(joints, person["frame_px"], person["joints/visible"], strict=True):
            *there_px, labeled_as = keypoints.get(joint, (0, 0, 0))
            assert visible == labeled_as
            if visible:
                np.testing.assert_allclose(xy_px, there_px, atol=0.01)
    if name == "few_keypoints_passed_by_silently":
        assert re.search(r"\b1\b.*fewer than 6 keypoints \(--min-keypoints\)", printed)
    if name == "other_category_17_keypoints":
        assert re.search(r"\b1\b.*dog", printed)
    if name in ("no_area", "own_four_keypoints"):
        # With four joints the area is unknown unless the file gives it.
        assert all(person["person/area_px"] == 0 for person in people) == (name == "no_area")


@pytest.mark.parametrize("name", ["exif180_labels_on_stored_pixels", "exif90_labels_on_stored_pixels"])
def test_labels_on_stored_pixels_fit_the_image(take, tmp_path, name):
    case = take(name)
    people, printed = converted(case, tmp_path / "out", *ALL)
    assert len(people) == 2
    if name.startswith("exif180"):
        # The file does not say whether its labels are for the pixels as they are stored.
        assert "EXIF orientation" in printed and "--orientation" in printed
        people, _ = converted(case, tmp_path / "stored", *ALL, "--orientation", "stored")
    for person in people:
        (path,) = case.glob(f"train2017/*{int(person['source/sequence'])}.jpg")
        stored = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        crop = cv2.imdecode(np.frombuffer(person["image/jpeg"], np.uint8), cv2.IMREAD_COLOR)
        matrix = person["crop/to_frame"].astype(np.float64)
        warp = {"dsize": crop.shape[1::-1], "flags": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP}
        there = cv2.warpAffine(stored, matrix, **warp)
        inside = cv2.warpAffine(np.ones(stored.shape[:2], np.float32), matrix, **warp)
        assert np.abs(there.astype(int) - crop)[inside > 0.999].mean() < 6


def test_two_images_with_one_id_exit_with_2(take, tmp_path):
    done = call(data_prep, "coco", "--root", take("duplicate_image_ids"), "--out", tmp_path / "out", *ALL)
    assert done.returncode == 2 and "0001.jpg" in done.stderr and "0002.jpg" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_corrected_labels_for_old_shards_exit_with_2(take, tmp_path):
    case, out = take("labels_corrected_same_out"), tmp_path / "out"
    converted(case, out, *ALL)
    shutil.copy(case / "corrected.json", case / "annotations/person_keypoints_train2017.json")
    done = call(data_prep, "coco", "--root", case, "--out", out, "--workers", 1, *ALL)
    assert done.returncode == 2 and str(out) in done.stderr and "other inputs" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_frames_of_a_video_stay_on_one_side(take, tmp_path):
    case = take("video_frames_split")
    options = ("--val", ".5", "--test", "0", "--min-box-px", 8)
    people, _ = converted(case, tmp_path / "out", *options, "--group-by", "folder")
    sides = {(person["source/sequence"], person["split"]) for person in people}
    assert len(people) == 20 and len(sides) == 2
    done = call(data_prep, "coco", "--root", case, "--out", tmp_path / "other", "--workers", 1, *options)
    assert "--group-by folder" in done.stdout + done.stderr


@pytest.mark.parametrize("name", PANOPTIC_PEOPLE)
def test_panoptic_is_read_as_it_is_found(take, tmp_path, name):
    people, printed = converted(take(name), tmp_path / "out", *ALL, reader="panoptic")
    assert len(people) == PANOPTIC_PEOPLE[name]
    visible = np.array([person["joints/visible"] for person in people])
    if name == "panoptic_mpi15_only":
        # The studio's 15 joints are MPII's 16 but for the upper neck.
        assert visible.any(0).sum() == 15 and not visible[:, MPII16.index("upper_neck")].any()
    if name == "panoptic_one_of_two_without_poses":
        assert "s2" in printed and "--sequences" in printed


SMALL = ("--depth", 10, "--width", 16, "--precision", "float32", "--normalization", "fused", "--xla", "off")


def _records(take, name: str, out: Path, *options: object) -> Path:
    converted(take(name), out, "--size", 64, "--val", "0", "--test", "0", "--val-sequences", "1", "2", *options)
    return out


def _train(records: Path, run: Path, *options: object):
    from train.resnet import main

    return call(main, "--records", records, "--run", run, *SMALL, "--input-size", 64, "--log", *options)


def test_training_on_upper_bodies_keeps_a_best_epoch(take, tmp_path):
    records, run = _records(take, "upper_body_training", tmp_path / "out"), tmp_path / "run"
    done = _train(records, run, "--batch-size", 4, "--epochs", 2)
    assert done.returncode == 0, done.stderr
    assert "val_error" in done.stdout and (run / "best.keras").is_file()


def test_a_damaged_train_shard_is_one_line(take, tmp_path):
    records = _records(take, "damaged_train_shard", tmp_path / "out")
    (shard,) = records.glob("train-*")
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 255
    shard.write_bytes(content)
    done = _train(records, tmp_path / "run", "--batch-size", 4, "--epochs", 1)
    assert done.returncode == 2 and shard.name in done.stderr and "Traceback" not in done.stderr


def test_weights_that_blow_up_are_one_line(take, tmp_path):
    assert take("weights_blow_up_at_epoch_end").is_dir()
    records = _records(take, "damaged_train_shard", tmp_path / "out")
    done = _train(records, tmp_path / "run", "--batch-size", 3, "--epochs", 2, "--learning-rate", "1e30")
    assert done.returncode != 0 and "Axis limits" not in done.stderr and "Traceback" not in done.stderr
    assert re.search("learning.rate", done.stderr)
    assert not (tmp_path / "run/best.keras").exists()


def test_a_tiny_set_can_be_trained_on(take, tmp_path):
    people, _ = converted(take("tiny_set_without_val"), tmp_path / "out")
    assert {person["split"] for person in people} >= {"train", "val"}
    done = _train(tmp_path / "out", tmp_path / "run", "--batch-size", 4, "--epochs", 1)
    assert done.returncode == 0, done.stderr


def test_a_missing_backend_is_one_line(cases, tmp_path):
    import importlib.util
    import os
    import subprocess
    import sys

    assert (cases / "jax_missing").is_dir()
    if importlib.util.find_spec("jax"):
        pytest.skip("JAX is installed")
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-m", "train.resnet", "--records", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2 and "pip install jax" in done.stderr and len(done.stderr.strip().splitlines()) == 1


MODEL = ("--model", "fast", "--runtime", "litert-fp16", "--threads", 1)


def watch(source: Path, out: Path, *options: object, code: int = 0) -> tuple[list[dict], str]:
    """The frames that the demo reads from a video, and its output."""
    from demo.webcam import main

    done = call(main, "--no-window", *MODEL, "--source", source, "--jsonl", out, *options)
    assert done.returncode == code, done.stderr
    frames = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    return frames, done.stdout + done.stderr


def tabulate(source: Path, out: Path, *options: object, code: int = 0):
    import pandas as pd

    from demo.batch.__main__ import main

    done = call(main, source, *MODEL, "--out", out, *options)
    assert done.returncode == code, done.stderr
    return (pd.read_csv(out) if out.exists() else None), done.stdout + done.stderr


def _times(path: Path) -> np.ndarray:
    import av

    with av.open(str(path)) as container:
        times = np.array([frame.time for frame in container.decode(video=0)])
    return times - times[0]


@pytest.mark.parametrize(("file", "frames"), [("interlaced.mp4", 120), ("psf.mp4", 120), ("mpeg2_25i.mpg", 26)])
def test_interlaced_video(take, tmp_path, file, frames):
    found, _ = watch(take("demo_interlaced") / file, tmp_path / "out.jsonl")
    assert len(found) == frames
    assert sum(bool(frame["people"]) for frame in found) > 0.9 * frames
    table, _ = tabulate(tmp_path / "case/demo_interlaced" / file, tmp_path / "out.csv")
    assert table["frame"].nunique() > 0.9 * frames


@pytest.mark.parametrize("file", ["vfr.mp4", "vfr.webm", "chromium_mediarecorder.webm"])
def test_frames_keep_their_own_times(take, tmp_path, file):
    source = take("demo_vfr_time") / file
    times = _times(source)
    frames, _ = watch(source, tmp_path / "out.jsonl", "--output", tmp_path / "out.mp4")
    np.testing.assert_allclose([frame["time_s"] for frame in frames], times, atol=2e-3)
    written = _times(tmp_path / "out.mp4")
    assert abs(written[-1] - times[-1]) < 0.02 * times[-1] + 0.05
    table, _ = tabulate(source, tmp_path / "out.csv")
    np.testing.assert_allclose(table["time_s"], times[table["frame"]], atol=2e-3)


@pytest.mark.parametrize("file", ["hflip.mp4", "selfie_portrait.mp4"])
def test_display_matrices_are_applied(take, tmp_path, file):
    case = take("demo_flip_matrix")
    upright, _ = watch(case / "upright.mp4", tmp_path / "upright.jsonl")
    frames, _ = watch(case / file, tmp_path / "out.jsonl")
    errors = []
    for before, after in zip(upright, frames, strict=True):
        assert after["size"] == [480, 270]
        if before["people"] and after["people"]:
            there, here = (np.array(frame["people"][0]["joints_px"]) for frame in (before, after))
            errors.append(np.linalg.norm(there - here, axis=1))
    assert len(errors) > 10 and np.median(errors) < 5


def test_frames_are_counted_from_the_first(take, tmp_path):
    frames, printed = watch(take("demo_announced_frames") / "offset.mkv", tmp_path / "out.jsonl")
    assert len(frames) == 120 and frames[0]["time_s"] == 0
    assert "120 frames" in printed and "3120" not in printed


def test_two_outputs_of_one_name_exit_with_2(take, tmp_path):
    out = tmp_path / "x.mkv"
    _, printed = watch(take("demo_same_output") / "base.mp4", out, "--output", out, code=2)
    assert "x.mkv" in printed and not out.exists()


def test_a_full_disk_is_an_error(take, tmp_path):
    import subprocess

    small = tmp_path / "small"
    small.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", small], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("no small file system can be mounted")
    try:
        _, printed = watch(
            take("demo_disk_full") / "base.mp4", tmp_path / "out.jsonl", "--output", small / "o.mp4", code=2
        )
        assert "o.mp4" in printed and not (small / "o.mp4").exists()
    finally:
        subprocess.run(["umount", small], check=True)


def test_half_a_jpeg_is_not_read(take, tmp_path):
    table, printed = tabulate(take("demo_truncated_jpeg") / "pictures", tmp_path / "out.csv")
    assert set(table["picture"]) == {"01_jpg.jpg"}
    assert "43_truncated.jpg" in printed and re.search(r"\b1 .*could not be read", printed)


@pytest.mark.parametrize("name", ["demo_batch_two_people", "demo_still_people"])
def test_no_skeleton_lies_across_two_people(take, tmp_path, name):
    case = take(name)
    folder = case / "pictures" if (case / "pictures").is_dir() else case
    table, _ = tabulate(folder, tmp_path / "out.csv", "--people", 2)
    people = table[table["picture"] == "two.jpg"]
    assert len(people) == 2
    left, right = people.sort_values("box_x_px").to_dict("records")
    assert left["box_x_px"] + left["box_width_px"] < right["box_x_px"]


def test_small_people_keep_their_arms(take, tmp_path):
    import pandas as pd

    case = take("demo_small_person")
    boxes = pd.read_csv(case / "true_boxes.csv")
    truth, _ = tabulate(case / "far.mp4", tmp_path / "true.csv", "--boxes", case / "true_boxes.csv")
    frames, _ = watch(case / "far.mp4", tmp_path / "out.jsonl")
    names = LSP14.joints
    shares = []
    for frame in frames:
        (right,) = truth[truth["frame"] == frame["frame"]].to_dict("records")
        true_px = np.array([[right[f"{joint}_x_px"], right[f"{joint}_y_px"]] for joint in names])
        near_px = 0.1 * boxes["height_px"].iloc[frame["frame"]]
        found = [np.array(person["joints_px"]) for person in frame["people"]]
        shares += [np.mean(np.linalg.norm(person_px - true_px, axis=1) < near_px) for person_px in found]
    assert len(shares) > 0.65 * len(frames) and np.mean(shares) > 0.95


def test_people_who_cross_are_both_followed_before_and_after(take, tmp_path):
    case = take("demo_crossing")
    frames, _ = watch(case / "crossing.mp4", tmp_path / "out.jsonl", "--people", 2)
    centers = np.array(json.loads((case / "centres.json").read_text()))
    for number in (60, len(frames) - 1):
        boxes = [person["box_px"] for person in frames[number]["people"]]
        found = sorted(x + width / 2 for x, _, width, _ in boxes)
        np.testing.assert_allclose(found, sorted(centers[number]), atol=60)
