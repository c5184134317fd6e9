import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tyro
from commands import call

from export.__main__ import Options, export, main
from export.check import measure, run_alone
from export.keras_answers import encode_jpegs, model_answers
from export.trained_run import load_run
from pose import LSP14, Skeleton
from records import dataset

ROOT = Path(__file__).parents[2]


def test_the_saved_model_answers_as_the_model_does_without_our_code(exported, moved_run, shards):
    model, _ = load_run(moved_run)
    pictures, _ = next(dataset(shards, "test", batch_size=4).as_numpy_iterator())
    # The records' pipeline shrinks the model's images here; the artefact does so by itself.
    half, _ = next(dataset(shards, "test", batch_size=4, input_size=32).as_numpy_iterator())
    expected = (np.asarray(model(half)["joints_xy_px"]) + 0.5) * 2 - 0.5
    assert np.ptp(expected, axis=0).max() > 1  # joints do depend on the image
    jpegs, decoded = encode_jpegs(pictures)
    outputs = run_alone("saved-model", exported, {"pictures": pictures}, 1, jpegs)
    assert np.abs(outputs["joints_xy_px"] - expected).max() < 0.1
    np.testing.assert_allclose(outputs["scores"], model(half)["scores"], atol=1e-4)
    assert (
        np.abs(outputs["jpeg_joints_xy_px"] - model_answers(model, {"pictures": decoded})["joints_xy_px"]).max() < 0.5
    )
    assert outputs["latency_ms"] > 0
    description = json.loads(outputs["description"].item())
    assert Skeleton.from_description(description["skeleton"]) == LSP14
    assert (description["size"], description["padding"]) == (64, 1.25)
    for path in ("pose.json", "assets.extra/pose.json"):
        assert json.loads((exported / path).read_text()) == description


def test_weights_are_stored_once(exported, moved_run):
    model, _ = load_run(moved_run)
    stored = (exported / "variables/variables.data-00000-of-00001").stat().st_size
    # The rest is the graph of Python objects, which is not negligible beside so small a net.
    assert 4 * model.count_params() < stored < 1.5 * 4 * model.count_params()


def test_a_jpeg_of_another_size_raises(exported):
    small = cv2.imencode(".jpg", np.zeros((32, 32, 3), np.uint8))[1].tobytes()
    with pytest.raises(RuntimeError, match="exit code 1: .*a picture must be 64 x 64 px with 3 channels"):
        run_alone("saved-model", exported, {"pictures": np.zeros((1, 64, 64, 3), np.uint8)}, 1, [small])


def test_an_artefact_with_other_answers_fails(exported, run):
    other, _ = load_run(run)
    samples = {"pictures": np.load(run / "samples.npy")}
    measured = measure(other, exported, "litert", samples, {"joints_xy_px": 0.5, "scores": 2}, 1)
    joints = measured.differences["joints_xy_px"]
    assert joints.greatest > 0.5 and not joints.passed and not measured.passed


def test_exporting_again_replaces_the_artefact(run, tmp_path):
    out = tmp_path / "export"
    export(Options(run, to=("frozen",), out=out))
    export(Options(run, to=("litert",), out=out))
    assert sorted(path.name for path in out.iterdir()) == ["formats.json", "model.tflite", "pose.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_wrong_runs_raise_and_exit_with_2(run, tmp_path):
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
    done = call(main, tmp_path / "broken")
    assert done.returncode == 2
    assert "broken cannot be read" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"to": ()}, "to must name a format, got none"),
        ({"tolerance_px": 0.0}, "tolerance_px must be above 0, got 0.0"),
        ({"reduced_tolerance_px": -1.0}, "reduced_tolerance_px must be above 0, got -1.0"),
        ({"tolerance_score": 0.0}, "tolerance_score must be above 0, got 0.0; scores lie between 0 and 1"),
    ],
)
def test_wrong_options_raise(wrong, message):
    with pytest.raises(ValueError, match=message):
        Options(Path("run"), **wrong)


def test_formats_are_chosen_on_the_command_line():
    assert tyro.cli(Options, args=["runs/x"]).to == ("all",)
    assert tyro.cli(Options, args=["runs/x", "--to", "saved-model", "onnx"]).to == ("saved-model", "onnx")
