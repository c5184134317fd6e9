"""Joints in space as columns of tables and in lines of JSON, of images and of videos."""

import numpy as np
import pandas as pd
import pytest
from commands import call
from waving import moving

from demo.batch.__main__ import main as batch
from demo.errors import ArgumentError
from demo.lifting.lifter import Lifter
from demo.lifting.rows import lifted_rows
from demo.offline.lift import lifted_tracks
from demo.offline.recording import PersonTrack, Recording
from demo.offline.write import iter_records, to_frame
from demo.outputs.table import Table, TableRow
from demo.video.__main__ import Options
from pose import LSP14, PANOPTIC19, convert_joints
from pose.space.lifting import usual_camera
from weights import run_of

SIZE = (480, 640)


@pytest.fixture(scope="module")
def lifter():
    return Lifter(run_of("lift") / "export", LSP14)


def image_of(frames):
    """A person who waves, 3.5 m before the camera, as a model of 14 joints sees them."""
    xy_px = usual_camera(SIZE).project(moving(frames).astype(np.float64) + (0, 0, 3500))
    return convert_joints(xy_px, np.full(xy_px.shape[:2], 0.9), PANOPTIC19, LSP14)


def recording_of(frames):
    xy_px, scores = image_of(frames)
    track = PersonTrack(2, xy_px.astype(np.float32), scores.astype(np.float32), np.zeros(scores.shape, bool))
    return Recording(LSP14, np.arange(frames + 2) / 30, SIZE, 0.2, {1: track})


def test_a_videos_table_has_the_joints_in_space(lifter):
    recording = recording_of(20)
    space = lifted_tracks(recording, lifter)
    table = to_frame(recording, space=space)
    assert len(table) == 20 and table.attrs["skeleton"] == LSP14.describe()
    # The right ankle is below the head and to the image's left; all of the person is some 3.5 m away.
    assert (table["right_ankle_y_mm"] > table["nose_y_mm"] + 1000).all()
    assert (table["right_ankle_x_mm"] < table["left_ankle_x_mm"]).all()
    assert 2800 < table["body_center_z_mm"].mean() < 4200
    np.testing.assert_allclose(
        table["left_wrist_y_mm"], space.people[1][:, PANOPTIC19.index("left_wrist"), 1], rtol=1e-5
    )
    lines = list(iter_records(recording, space=space))
    assert lines[0]["people"] == [] and lines[0]["space_skeleton"] == "panoptic19"
    assert np.shape(lines[2]["people"][0]["space_mm"]) == (19, 3)


def test_an_images_table_has_the_joints_in_space(lifter):
    xy_px, scores = image_of(1)
    rows = [TableRow("a.jpg", None, 0, np.zeros(4), xy_px[0], scores[0])]
    lifted = lifted_rows(rows, lifter, 0.2, SIZE)
    table = Table(LSP14, "picture", PANOPTIC19)
    table.add(lifted)
    frame = table.frame()
    assert frame["left_knee_z_mm"][0] == pytest.approx(lifted[0].xyz_mm[PANOPTIC19.index("left_knee"), 2], rel=1e-5)
    # Nobody, and a person of whom nothing is known.
    assert len(Table(LSP14, "picture", PANOPTIC19).frame().columns) == len(frame.columns)
    (unknown,) = lifted_rows([TableRow("b.jpg", None, 0, np.zeros(4), xy_px[0], 0 * scores[0])], lifter, 0.2, SIZE)
    assert np.isnan(unknown.xyz_mm).all()


@pytest.mark.parametrize("options", [{"out": "a.json"}, {"out": "a.csv", "table": "long"}])
def test_space_needs_a_wide_table(options, tmp_path):
    options = {**options, "out": tmp_path / options["out"]}
    with pytest.raises(ArgumentError, match="--space is for a wide table or .jsonl"):
        Options(source=tmp_path / "walk.mp4", space=True, **options)


def test_batch_writes_the_columns(shared_data, tmp_path):
    done = call(batch, shared_data / "clips" / "pose.jpg", "--out", tmp_path / "a.csv", "--people", "1", "--space")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "a.csv")
    assert {"nose_x_mm", "left_ankle_z_mm", "left_ankle_x_px"} <= {*table.columns}
    done = call(batch, shared_data / "clips", "--coco", tmp_path / "a.json", "--space")
    assert done.returncode == 2 and "give --out FILE too" in done.stderr
