"""A small shard set and a small model in a run folder, as the writer and training make them."""

import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest

from pose import LSP14, Crop
from records import Person, ShardSetWriter, encode_example

SIZE = 64


def _write_records(folder, splits, *, skeleton=LSP14, size=SIZE, sequence="s", area_px=None):
    """Writes people given as (joints (J, 2) in px of the crop, visible (J,)) for each split."""
    writer = ShardSetWriter(folder, skeleton=skeleton, size=size, source={"padding": 1.25}, split_rule={})
    random = np.random.default_rng(0)
    whole = Crop(np.array([[1.0, 0, 0], [0, 1, 0]]), size)
    for split, people in splits.items():
        for i, (xy, visible) in enumerate(people):
            picture = random.integers(0, 256, (size, size, 3)).astype(np.uint8)
            box = np.array([0, 0, size, size])
            person = Person(
                picture, box, np.asarray(xy), np.asarray(visible), "made", sequence, frame=i, area_px=area_px
            )
            writer.add(split, encode_example(person, whole, skeleton))
    writer.finish()
    return folder


def _random_people(count, *, seed, joints=LSP14.num_joints, size=SIZE):
    """People whose joints are all labeled and lie anywhere in the crop."""
    random = np.random.default_rng(seed)
    return [(random.uniform(4, size - 5, (joints, 2)), np.full(joints, 2)) for _ in range(count)]


def _constant_model(xy, scores, *, size):
    """A Keras model that answers the same joints (J, 2) and scores (J,) for every image."""
    inputs = keras.Input((size, size, 3), dtype="uint8")
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(inputs))
    xy, scores = np.asarray(xy, np.float32), np.asarray(scores, np.float32)

    def dense(values):
        bias = keras.initializers.Constant(values)
        return keras.layers.Dense(len(values), kernel_initializer="zeros", bias_initializer=bias)(pooled)

    joints = keras.layers.Reshape((len(xy), 2))(dense(xy.ravel()))
    return keras.Model(inputs, {"joints_xy_px": joints, "scores": dense(scores)})


def _write_run(folder, model, *, skeleton=LSP14, size):
    """Writes a run folder as training leaves it."""
    folder.mkdir(parents=True)
    model.save(folder / "best.keras")
    notes = {"skeleton": skeleton.describe(), "input_size": size, "config": {"score_radius": 0.05}}
    (folder / "run.json").write_text(json.dumps(notes))
    return folder


@pytest.fixture(scope="session")
def write_records():
    """(folder, {split: [(joints, visible)]}) -> the folder, now a shard set."""
    return _write_records


@pytest.fixture(scope="session")
def random_people():
    """(count, seed=...) -> [(joints, visible)]."""
    return _random_people


@pytest.fixture(scope="session")
def constant_model():
    """(joints, scores, size=...) -> a Keras model."""
    return _constant_model


@pytest.fixture(scope="session")
def write_run():
    """(folder, model, size=...) -> the folder, now a training run."""
    return _write_run


@pytest.fixture(scope="session")
def records(tmp_path_factory):
    """Six people to train on and five to test on, none to validate on."""
    splits = {"train": _random_people(6, seed=1), "test": _random_people(5, seed=2)}
    return _write_records(tmp_path_factory.mktemp("records"), splits, sequence="<b>one & two</b>")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A model for images of 32 px, half the records' size, that answers the middle of the image."""
    joints = LSP14.num_joints
    model = _constant_model(np.full((joints, 2), 15.5), np.full(joints, 0.25), size=32)
    return _write_run(tmp_path_factory.mktemp("runs") / "tiny", model, size=32)
