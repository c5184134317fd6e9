"""Which models `panopose.load` finds."""

import json
import shutil

import pytest
from browser_parts import PADDING

import panopose
from artefact.origin import ORIGIN


@pytest.mark.parametrize("place", ["export", "run", "file"])
def test_a_run_an_export_and_a_file_are_models(export, place):
    path = {"export": export, "run": str(export.parent), "file": export / "model.onnx"}[place]
    model = panopose.load(path, runtime="onnx", threads=1)
    assert (model.name, model.skeleton.name, model.runtime, model.threads) == (str(path), "lsp14", "onnx", 1)
    assert repr(model) == f"<panopose.Model {path}: 14 joints of lsp14, runtime='onnx', threads=1>"


@pytest.mark.parametrize(("name", "num_joints"), [("fast", 14), ("fast17", 17), ("accurate", 14)])
def test_the_models_that_ship_are_found_by_name(name, num_joints):
    pytest.importorskip("onnxruntime")
    model = panopose.load(name, runtime="onnx", threads=1)
    assert model.name == name and model.skeleton.num_joints == num_joints


def test_a_run_without_an_export_names_the_command(export, tmp_path):
    shutil.copy(export.parent / "run.json", tmp_path)
    with pytest.raises(ValueError, match=rf"the run '{tmp_path}' has no export yet: `python -m export {tmp_path}`"):
        panopose.load(tmp_path)


def test_an_export_older_than_its_run_is_named_in_a_warning(export, tmp_path):
    run = shutil.copytree(export.parent, tmp_path / "run")
    description = json.loads((run / "export/pose.json").read_text())
    (run / "export/pose.json").write_text(json.dumps(description | {ORIGIN: {"bytes": 1, "sha256": ""}}))
    (run / "best.keras").write_text("newer")
    with pytest.warns(UserWarning, match=r"is older than the run's best.keras; `python -m export .*run` makes it anew"):
        model = panopose.load(run, runtime="onnx", threads=1)
    assert model.skeleton.num_joints == 14


def test_what_is_no_model_raises_with_the_names_of_those_that_are(export, tmp_path):
    task = json.loads((export / "pose.json").read_text()) | {"task": "depth", "inputs": {}, "outputs": {}}
    assert task["padding"] == PADDING
    for path, options, message in (
        ("fsat", {}, r"the model 'fsat' does not exist; did you mean fast\?"),
        ("yolo", {}, "the model 'yolo' does not exist .*that is here: accurate, crowd, depth, fast, fast17, lift"),
        (tmp_path, {}, "holds no SavedModel nor any other artefact"),
        (export, {"runtime": "onyx"}, "runtime must be one of saved-model, .*, got 'onyx'; leave it out"),
        (export, {"threads": 0}, "threads must be 1 or more, got 0"),
        (export, {"runtime": "litert", "threads": 1}, r"holds no model.tflite; write it with `python -m export RUN"),
    ):
        with pytest.raises(ValueError, match=message):
            panopose.load(path, **options)
