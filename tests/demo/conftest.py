"""A predictable model: it finds a magenta rectangle and places the joints at fixed shares of it."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from rectangles import squares_by_default  # noqa: F401 - a fixture of all tests here
from upright import upright_body

from pose import PANOPTIC19
from pose.tasks import MAX_CENTERS, POSE_2D, POSE_BODY, POSES_2D_CENTERS, Task

# Not the 224 and 1.25 of real exports, so that code which does not read them from the artefact fails.
SIZE, PADDING = 96, 1.4
MAGENTA = (255, 0, 255)
# Joint places as shares of the rectangle's width and height, from its center; together they span it.
_PLACES = {
    "neck": (0, -0.3),
    "nose": (0, -0.5),
    "body_center": (0, 0.1),
    "shoulder": (0.3, -0.3),
    "elbow": (0.4, -0.1),
    "wrist": (0.5, 0.1),
    "hip": (0.2, 0.1),
    "knee": (0.2, 0.3),
    "ankle": (0.2, 0.5),
    "eye": (0.05, -0.5),
    "ear": (0.1, -0.48),
}


def joint_places() -> np.ndarray:
    """(J, 2); the left side is at the viewer's right."""
    places = []
    for joint in PANOPTIC19.joints:
        x, y = _PLACES[joint.removeprefix("left_").removeprefix("right_")]
        places.append((-x if joint.startswith("right_") else x, y))
    return np.array(places, np.float32)


def _see(pictures):
    """The person in each image of TensorFlow: joints (B, J, 2) and scores (B, J)."""
    import tensorflow as tf

    red, green, blue = tf.unstack(tf.cast(pictures, tf.float32), axis=-1)
    mask = tf.cast((red > 128) & (blue > 128) & (green < 100), tf.float32)
    area = tf.reduce_sum(mask, [1, 2])
    places = tf.range(SIZE, dtype=tf.float32)
    centers, extents = [], []
    for axis in (2, 1):  # along x, then y
        weights = tf.reduce_sum(mask, 3 - axis) / tf.maximum(area, 1.0)[:, None]
        mean = tf.reduce_sum(weights * places, 1)
        variance = tf.reduce_sum(weights * (places - mean[:, None]) ** 2, 1)
        centers.append(mean)
        # A uniform rectangle has the variance extent ** 2 / 12.
        extents.append(tf.sqrt(12.0 * variance))
    center, extent = tf.stack(centers, -1)[:, None], tf.stack(extents, -1)[:, None]
    joints = center + tf.constant(joint_places()) * extent
    # Small people have low scores, people cut off by the crop lower ones, crops without a person the lowest.
    border = tf.reduce_max(mask[:, 0], 1) + tf.reduce_max(mask[:, -1], 1)
    border += tf.reduce_max(mask[:, :, 0], 1) + tf.reduce_max(mask[:, :, -1], 1)
    score = 0.95 * tf.minimum(1.0, extents[1] / (0.4 * SIZE)) * tf.where(border > 0, 0.5, 1.0)
    score = tf.where(area < 20, 0.05, score)
    return joints, tf.repeat(score[:, None], PANOPTIC19.num_joints, 1)


def _see_everybody(pictures):
    """A person in each half of each image: the answers of `POSES_2D_CENTERS`."""
    import tensorflow as tf

    columns = tf.range(SIZE)[None, None, :, None]
    halves = [_see(tf.where(columns < SIZE // 2, pictures, tf.zeros_like(pictures)))]
    halves.append(_see(tf.where(columns < SIZE // 2, tf.zeros_like(pictures), pictures)))
    padding = [[0, 0], [0, MAX_CENTERS - 2]]
    joints, scores = (tf.stack(values, 1) for values in zip(*halves, strict=True))
    persons = tf.where(scores[..., 0] > 0.06, scores[..., 0], 0.0)
    return {
        "joints_xy_px": tf.pad(joints, [*padding, [0, 0], [0, 0]]),
        "scores": tf.pad(scores, [*padding, [0, 0]]),
        "person_scores": tf.pad(persons, padding),
    }


def _see_body(pictures):
    """A body as high as the rectangle, and in its middle: answers of `POSE_BODY`."""
    import tensorflow as tf

    rotations, shape, top, bottom = upright_body()
    joints, _ = _see(pictures)
    # Nose and ankles are at the rectangle's ends.
    ends = tf.stack([tf.reduce_min(joints, 1), tf.reduce_max(joints, 1)], 1)
    middle, height = tf.reduce_mean(ends, 1), ends[:, 1, 1] - ends[:, 0, 1]
    scale = tf.maximum(height * 2 / SIZE, 0.01) / (bottom - top)
    x, y = tf.unstack(((middle + 0.5) * 2 / SIZE - 1) / scale[:, None], axis=1)
    count = tf.shape(pictures)[0]
    return {
        "camera": tf.stack([scale, x, y - (top + bottom) / 2], 1),
        "rotations": tf.tile(tf.constant(rotations)[None], [count, 1, 1, 1]),
        "shape_values": tf.tile(tf.constant(shape)[None], [count, 1]),
        "joints_xy_px": joints,
        "joints_xyz_mm": tf.zeros([count, PANOPTIC19.num_joints, 3]),
    }


def _build_fake(folder: Path, task: Task) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    class Fake(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, SIZE, SIZE, 3], tf.uint8, name="pictures")])
        def serve(self, pictures: tf.Tensor) -> dict[str, tf.Tensor]:
            if task is POSE_2D:
                return dict(zip(("joints_xy_px", "scores"), _see(pictures), strict=True))
            if task is POSE_BODY:
                return _see_body(pictures)
            return _see_everybody(pictures)

        @tf.function(input_signature=[])
        def describe(self) -> dict[str, tf.Tensor]:
            return {"json": tf.constant(json.dumps(description))}

    description = {"skeleton": PANOPTIC19.describe(), "size": SIZE, "padding": PADDING}
    if task is not POSE_2D:
        description |= task.describe()
    fake = Fake()
    signatures = {"serving_default": fake.serve, "describe": fake.describe}
    tf.saved_model.save(fake, str(folder), signatures=signatures)
    if task is not POSE_2D:
        (folder / "pose.json").write_text(json.dumps(description))


@pytest.fixture(scope="session")
def fake_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the fake model, exported."""
    folder = tmp_path_factory.mktemp("runs") / "fake" / "export"
    _build_fake(folder, POSE_2D)
    return folder


@pytest.fixture(scope="session")
def fake_crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a fake model, exported, that sees a person in each half of an image."""
    folder = tmp_path_factory.mktemp("runs") / "crowd" / "export"
    _build_fake(folder, POSES_2D_CENTERS)
    return folder


@pytest.fixture(scope="session")
def fake_bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a fake model, exported, that finds a body in a rectangle."""
    folder = tmp_path_factory.mktemp("runs") / "bodies" / "export"
    _build_fake(folder, POSE_BODY)
    return folder


@pytest.fixture(scope="session")
def fake_model(fake_export: Path):
    """The fake model, loaded as the demo loads it."""
    from demo.runtimes.pose_model import PoseModel

    return PoseModel(fake_export)


@pytest.fixture(scope="session")
def paint() -> Callable[..., np.ndarray]:
    """Draws a frame: `paint((height, width), (x, y, person_height) or None)`; x, y is the person's center."""

    def draw(size: tuple[int, int], person: tuple[float, float, float] | None) -> np.ndarray:
        picture = np.full((*size, 3), 90, np.uint8)
        if person is not None:
            x, y, height = person
            low = round(x - height / 4), round(y - height / 2)
            high = round(x + height / 4), round(y + height / 2)
            cv2.rectangle(picture, low, high, MAGENTA, -1)
        return picture

    return draw


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restricts the fake model to the largest rectangle; it would take two for one person."""
    from demo.runtimes.pose_model import PoseModel

    predict = PoseModel.predict

    def largest(pictures: np.ndarray) -> np.ndarray:
        for picture in pictures:
            mask = (picture[..., 0] > 128) & (picture[..., 1] < 100)
            count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
            if count > 1:
                picture[labels != 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())] = 90
        return pictures

    monkeypatch.setattr(PoseModel, "predict", lambda self, pictures: predict(self, largest(pictures.copy())))


@pytest.fixture(scope="session")
def write_video() -> Callable[..., Path]:
    """Writes RGB pictures to a video file: `write_video(path, pictures, fps=30)`."""

    def write(path: Path, pictures: Sequence[np.ndarray], fps: float = 30) -> Path:
        codec = "MJPG" if path.suffix == ".avi" else "mp4v"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, pictures[0].shape[1::-1])
        for picture in pictures:
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        writer.release()
        return path

    return write


@pytest.fixture
def room() -> Callable[[int], AbstractContextManager[None]]:
    """Limits the size of this process's files in bytes, to simulate a full disk."""

    @contextmanager
    def of(size: int) -> Iterator[None]:
        # Only during the block: the tests' output may go to a file as well.
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return of


@pytest.fixture(scope="session")
def read_video() -> Callable[[Path], tuple[list[np.ndarray], float]]:
    """Reads a video file back: RGB pictures and frames per second."""

    def read(path: Path) -> tuple[list[np.ndarray], float]:
        capture = cv2.VideoCapture(str(path))
        pictures = []
        while (frame := capture.read())[0]:
            pictures.append(cv2.cvtColor(frame[1], cv2.COLOR_BGR2RGB))
        return pictures, capture.get(cv2.CAP_PROP_FPS)

    return read
