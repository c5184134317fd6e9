"""Exports that are older than their run."""

import json

import pytest

from artefact.origin import ORIGIN, origin_of
from demo.errors import ModelError
from demo.runtimes.exports import find_export


def test_a_run_stands_for_its_export(tmp_path):
    run = tmp_path / "mine"
    run.mkdir()
    (run / "run.json").write_text("{}")
    with pytest.raises(ModelError, match=rf"the run '{run}' has no export yet: `python -m export {run}` makes it"):
        find_export(run, tmp_path)
    (run / "export").mkdir()
    (run / "export/model.onnx").touch()
    assert find_export(run, tmp_path) == run / "export"


def test_an_outdated_export_is_used_with_a_notice(tmp_path, capsys):
    export = tmp_path / "runs" / "mine" / "export"
    export.mkdir(parents=True)
    (export / "model.onnx").touch()
    (export.parent / "best.keras").write_text("first")
    (export / "pose.json").write_text(json.dumps({ORIGIN: origin_of(export.parent / "best.keras")}))
    for model in (None, export, export / "model.onnx"):
        assert find_export(model, tmp_path / "runs") == (model or export)
    assert capsys.readouterr().err == ""
    (export.parent / "best.keras").write_text("second")
    for model in (None, export, export / "model.onnx"):
        assert find_export(model, tmp_path / "runs") == (model or export)
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert f"older than the run's best.keras; `python -m export {export.parent}` makes it anew" in told
