import json
import subprocess
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from people import write_shard_set

from export.__main__ import Options, check, load_run, main
from export.check import encode_jpegs, greatest_distance_px, model_joints, reload_and_run
from pose import LSP14, Skeleton
from records import dataset
from train.densenet import DenseNetConfig, train_densenet

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard_set(folder, train=8, val=6, test=4, size=64)
    return folder


@pytest.fixture(scope="module")
def run(shards, tmp_path_factory):
    """A run whose net sees pictures of half the records' size, so that the export has to resize."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    return train_densenet(
        DenseNetConfig(
            records=shards,
            run=folder,
            epochs=1,
            batch_size=4,
            input_size=32,
            blocks=(1, 1),
            growth_rate=4,
            tensorboard=False,
        )
    )


@pytest.fixture(scope="module")
def moved_run(run, tmp_path_factory):
    """The same run with weights large enough that joints depend on the picture."""
    folder = tmp_path_factory.mktemp("runs") / "moved"
    folder.mkdir()
    model = keras.models.load_model(run / "best.keras")
    rng = np.random.default_rng(0)
    net = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    for name in ("coordinates_dense", "score_logits"):
        layer = net.get_layer(name)
        layer.set_weights([rng.normal(0, 1, weights.shape) for weights in layer.get_weights()])
    model.save(folder / "best.keras")
    for name in ("run.json", "samples.npy"):
        (folder / name).write_bytes((run / name).read_bytes())
    return folder


def test_the_artefact_answers_as_the_model_does_without_our_code(moved_run, shards, tmp_path, capsys):
    assert main(Options(moved_run, out=tmp_path / "export")) == 0
    assert "reloaded without our code: joints within 0.0" in capsys.readouterr().out
    model, _ = load_run(moved_run)
    pictures, _ = next(dataset(shards, "test", batch_size=4).as_numpy_iterator())
    # The records' own pipeline shrinks the pictures for the model here, and the artefact does it by itself.
    half, _ = next(dataset(shards, "test", batch_size=4, input_size=32).as_numpy_iterator())
    expected = (np.asarray(model(half)["joints_xy_px"]) + 0.5) * 2 - 0.5
    assert np.ptp(expected, axis=0).max() > 1  # joints do depend on the picture
    jpegs, decoded = encode_jpegs(pictures)
    outputs = reload_and_run(tmp_path / "export", pictures, jpegs)
    assert greatest_distance_px(outputs["serving_default/joints_xy_px"], expected) < 0.1
    np.testing.assert_allclose(outputs["serving_default/scores"], model(half)["scores"], atol=1e-4)
    assert greatest_distance_px(outputs["jpeg/joints_xy_px"], model_joints(model, decoded)) < 0.5
    description = json.loads(outputs["describe/json"].item())
    assert Skeleton.from_description(description["skeleton"]) == LSP14
    assert (description["size"], description["padding"]) == (64, 1.25)
    assert json.loads((tmp_path / "export/assets.extra/pose.json").read_text()) == description


def test_a_jpeg_of_another_size_is_told(run, tmp_path):
    main(Options(run, out=tmp_path / "export"))
    small = cv2.imencode(".jpg", np.zeros((32, 32, 3), np.uint8))[1].tobytes()
    with pytest.raises(RuntimeError, match="a picture must be 64 x 64 px with 3 channels"):
        reload_and_run(tmp_path / "export", np.zeros((1, 64, 64, 3), np.uint8), [small])


def test_an_artefact_that_answers_otherwise_fails(run, moved_run, tmp_path):
    main(Options(run, out=tmp_path / "export"))
    other, _ = load_run(moved_run)
    error_px, _ = check(other, tmp_path / "export", np.load(run / "samples.npy"))
    assert error_px > 0.1


def test_exporting_again_replaces_the_artefact(run, tmp_path):
    out = tmp_path / "export"
    main(Options(run, out=out))
    (out / "stale").write_text("")
    main(Options(run, out=out))
    assert not (out / "stale").exists() and (out / "saved_model.pb").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export"]


def test_wrong_runs_are_told_in_one_line(run, tmp_path):
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun/run.json").write_text("{}")
    (tmp_path / "broken").mkdir()
    for name in ("run.json", "samples.npy"):
        (tmp_path / "broken" / name).write_bytes((run / name).read_bytes())
    (tmp_path / "broken/best.keras").write_bytes(b"no model")
    for name, message in (
        ("none", "none has no run.json; give a folder made by"),
        ("begun", "begun has no best.keras; train for at least one epoch"),
    ):
        with pytest.raises(ValueError, match=message):
            load_run(tmp_path / name)
    command = [sys.executable, "-m", "export", str(tmp_path / "broken")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "broken cannot be read" in done.stderr and "Traceback" not in done.stderr
