"""Whole images of Panoptic sequences: everybody in them, also nobody, and where people are not labeled."""

from dataclasses import replace

import numpy as np
import pytest
from panoptic_sequence import body, camera_entry, write_calibration, write_frame, write_jpeg, write_video

from data_prep.conversion.convert import Conversion, convert
from data_prep.conversion.splits import SplitRule
from data_prep.panoptic.reader import Panoptic
from data_prep.reader import Unlabeled
from records import BadInput, Person, dataset

OPTIONS = Conversion(kind="frames", size=96, workers=1, split=SplitRule(val=0, test=0))
FIELDS = ("joints_xy_px", "visible", "box_px", "person", "unlabeled", "camera", "frame", "key")


@pytest.fixture
def sequence(tmp_path):
    """Frame 0 of two people, 1 of nobody, 2 of one person who is half out of the image and one far outside."""
    folder = tmp_path / "seq"
    write_calibration(folder, [camera_entry("00_00"), camera_entry("00_01")])
    # Of the 19 joints at x = 36 + 3 j to 54 + ... px, those to the left of -0.5 px are outside.
    bodies = [[body(4), body(9, x_cm=40)], [], [body(9, x_cm=-150), body(7, x_cm=900)]]
    for frame, listed in enumerate(bodies):
        write_frame(folder, frame, listed)
        write_jpeg(folder, "00_00", frame)
    write_video(folder, "00_01", 3)
    return folder


def read(reader, folder, options=OPTIONS):
    convert(reader, folder, options)
    (batch,) = dataset(folder, "train", batch_size=99, kind="frames", fields=FIELDS).as_numpy_iterator()
    return batch[1]


def test_every_frame_of_every_camera_is_a_record(sequence, tmp_path):
    labels = read(Panoptic(sequence, min_visible_joints=1, min_box_px=1), tmp_path / "out")
    assert labels["key"].tolist() == [
        f"panoptic/seq/{camera}/{frame}".encode() for camera in ("00_00", "00_01") for frame in range(3)
    ]
    assert labels["person"].tolist() == [[4, 9], [-1, -1], [9, -1]] * 2
    # The images of 96 x 64 px are in the middle of the square; joint 0 at x = 48 - 100 * 27 / 300, y = 32 - 6 + 16.
    np.testing.assert_allclose(labels["joints_xy_px"][0, 0, 0], [39, 42], atol=1e-3)
    assert not labels["unlabeled"].any()
    # Joint j at x = 48 + 100 (-150 - 27 + 3 j) / 300 px is in the image from joint 11 on.
    assert np.flatnonzero(labels["visible"][2, 0]).tolist() == list(range(11, 19))


def test_people_who_are_left_out_are_where_nobody_is_labeled(sequence, tmp_path):
    labels = read(Panoptic(sequence, min_visible_joints=9, min_box_px=1), tmp_path / "out")
    assert labels["person"].tolist() == [[4, 9], [-1, -1], [-1, -1]] * 2
    mask = labels["unlabeled"][2]
    # All joints lie at x -11 to 7 and y 26 to 38 px; a tenth of 18 px is added around, and the image is 16 px lower.
    y, x = np.nonzero(mask)
    assert (x.min(), y.min()) == (0, 40) and abs(x.max() - 8.8) < 1 and abs(y.max() - 55.8) < 1
    assert not labels["unlabeled"][[0, 1]].any()


def test_records_of_people_are_as_ever(sequence):
    reader = Panoptic(sequence, min_visible_joints=9, min_box_px=1)
    items = [item for unit in reader.units() for item in unit.people()]
    assert not [item for item in items if isinstance(item, Unlabeled)]
    assert [item.person for item in items if isinstance(item, Person)] == [4, 9] * 2
    frames = [item for unit in reader.for_frames().units() for item in unit.people()]
    assert [item.person for item in frames if isinstance(item, Person)] == [4, 9] * 2
    assert len([item for item in frames if isinstance(item, Unlabeled)]) == 8


def test_a_missing_image_without_people_is_reported(sequence, tmp_path):
    (sequence / "hdImgs/00_00/00_00_00000001.jpg").unlink()
    manifest = convert(Panoptic(sequence, min_box_px=1, cameras=("0",)), tmp_path / "out", OPTIONS)
    assert [bad["why"] for bad in manifest.skipped] == ["has poses, but is missing"]
    assert manifest.counts["train"] == 2


def test_frames_of_several_workers_are_the_same(sequence, tmp_path):
    for workers in (1, 2):
        convert(Panoptic(sequence, min_box_px=1), tmp_path / f"{workers}", replace(OPTIONS, workers=workers))
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / f"{n}").iterdir()} for n in (1, 2))
    assert one == two and len(one) == 3


@pytest.mark.parametrize("option", [{"max_people": 3}, {"min_pose_change_mm": 50.0}])
def test_options_that_choose_people_raise(sequence, tmp_path, option):
    with pytest.raises(ValueError, match="choose people, and frames have all of theirs; choose frames with --stride"):
        convert(Panoptic(sequence, **option), tmp_path / "out", OPTIONS)
    assert not (tmp_path / "out").exists()


def test_a_frame_whose_image_is_broken_is_counted_once(sequence, tmp_path):
    path = sequence / "hdImgs/00_00/00_00_00000000.jpg"
    path.write_bytes(path.read_bytes()[:-100])
    items = [item for unit in Panoptic(sequence, min_box_px=1).for_frames().units() for item in unit.people()]
    assert not [item for item in items if isinstance(item, BadInput)]
    manifest = convert(Panoptic(sequence, min_box_px=1), tmp_path / "out", OPTIONS)
    assert [bad["what"] for bad in manifest.skipped] == [str(path)]
