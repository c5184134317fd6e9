"""When an exported file fails its check, and what the export does then."""

import json
import os
import runpy
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from commands import call

from artefact import alone
from export import check
from export.__main__ import Options, export, main
from export.check import measure
from export.keras_answers import encode_jpegs, model_answers
from export.trained_run import load_run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def answering(moved_run, tmp_path, monkeypatch):
    """(change) -> the measurement of a file whose answers are Keras's, modified by `change`."""
    model, _ = load_run(moved_run)
    pictures = np.resize(np.load(moved_run / "samples.npy"), (16, 64, 64, 3))
    (tmp_path / "pose.json").write_text('{"a": 1}')

    def measured(change, name="onnx"):
        def run(name, file, inputs, threads, jpegs):
            found = {name: value.copy() for name, value in model_answers(model, inputs).items()}
            found |= {"description": np.array('{"a": 1}'), "runtime": np.array("made up"), "latency_ms": np.array(1.0)}
            if jpegs:
                decoded = encode_jpegs(pictures)[1]
                found |= {
                    f"jpeg_{name}": value.copy() for name, value in model_answers(model, {"pictures": decoded}).items()
                }
            change(found)
            return found

        monkeypatch.setattr(check, "run_alone", run)
        return measure(model, tmp_path, name, {"pictures": pictures}, {"joints_xy_px": 0.5, "scores": 0.02}, 1)

    return measured


def moved(name, index, by):
    def change(found):
        found[name][index] += by

    return change


def ones(name):
    def change(found):
        found[name][:] = 1

    return change


def test_one_joint_in_a_hundred_may_be_anywhere_and_two_may_not(answering):
    assert answering(lambda found: None).passed
    # Of 16 x 14 joints, 2 are less than a hundredth and 3 are more.
    for wrong, passed in ((2, True), (3, False)):
        measured = answering(moved("joints_xy_px", (slice(0, wrong), 3), 7.0))
        joints, scores = measured.differences["joints_xy_px"], measured.differences["scores"]
        assert joints.greatest == pytest.approx(7 * 2**0.5, rel=1e-3)
        assert (joints.passed, scores.passed, measured.passed) == (passed, True, passed)


def test_half_of_the_joints_off_by_a_pixel_fails(answering):
    measured = answering(moved("joints_xy_px", (slice(0, 7), slice(None), 0), 1.0))
    assert measured.differences["joints_xy_px"].most == pytest.approx(1, rel=1e-3) and not measured.passed


@pytest.mark.parametrize(
    ("form", "name"), [("onnx", "scores"), ("saved-model", "scores"), ("saved-model", "jpeg_scores")]
)
def test_scores_that_are_all_1_fail(answering, form, name):
    measured = answering(ones(name), form)
    joints, scores = measured.differences["joints_xy_px"], measured.differences["scores"]
    assert joints.passed and not scores.passed and not measured.passed
    assert measured.to_json()["passed"] is False


def test_jpegs_whose_joints_are_elsewhere_fail(answering):
    assert answering(lambda found: None, "saved-model").passed
    assert not answering(moved("jpeg_joints_xy_px", slice(None), 3.0), "saved-model").passed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.pop("scores"), "must answer finite scores of shape .*, it answers none"),
        (moved("joints_xy_px", (0, 0, 0), np.nan), "finite joints_xy_px of shape .* finite: False"),
        (moved("scores", (0, 0), np.inf), "finite scores of shape"),
        (lambda found: found.update(scores=found["scores"][:, :3]), r"shape \(\d+, 14\), it answers \(\d+, 3\)"),
        (lambda found: found.update(description=np.array('{"a": 2}')), "has another description than pose.json"),
    ],
)
def test_answers_that_are_none_fail(answering, change, message):
    with pytest.raises(RuntimeError, match=message):
        answering(change)


def test_a_format_that_crashes_or_cannot_be_written_fails_alone(moved_run, tmp_path, monkeypatch):
    real, run = check._ALONE, subprocess.run
    killed = alone_with(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")

    def dying(command, **options):
        # The process itself is real, and dies like one killed by the system.
        dies = any(word.endswith("frozen.pb") for word in command)
        return run([str(killed) if dies and word == str(real) else word for word in command], **options)

    monkeypatch.setattr("export.check.THREADS", (1,))
    monkeypatch.setattr("export.check.subprocess.run", dying)
    monkeypatch.setattr("export.write.write_litert_fp16", failing_writer)
    out = tmp_path / "place" / "export"
    done = call(main, moved_run, "--to", "frozen", "litert", "litert-fp16", "--out", out)
    assert done.returncode == 1
    assert "litert-fp16  FAILED: could not be written (ImportError: no such runtime)" in done.stdout
    assert "frozen       FAILED: does not run by itself (signal 9: it printed nothing)" in done.stdout
    assert done.stderr == "error: failed, see above: litert-fp16, frozen\n"
    entries = json.loads((out / "formats.json").read_text())["formats"]
    assert {name: entry["passed"] for name, entry in entries.items()} == {
        "litert": True,
        "litert-fp16": False,
        "frozen": False,
    }
    assert entries["frozen"]["failed"].startswith("does not run by itself")
    # The format that could not be written has left no files.
    assert sorted(os.listdir(out)) == ["formats.json", "frozen.pb", "model.tflite", "pose.json"]
    assert os.listdir(out.parent) == ["export"]


def failing_writer(graph, task, description, file):
    file.write_bytes(b"half")
    raise ImportError("no such runtime\nas the second line says")


def alone_with(folder, body):
    """A copy of alone.py, with a runtime of its own."""
    (folder / "engine.py").write_text(
        f"import os, signal\nclass Engine:\n    def __init__(self, file, threads):\n        {body}\n"
    )
    script = folder / "crashing.py"
    script.write_text(
        textwrap.dedent(f"""
        import importlib.util, os, signal, sys
        from pathlib import Path
        spec = importlib.util.spec_from_file_location("alone", {str(ROOT / "artefact" / "alone.py")!r})
        alone = importlib.util.module_from_spec(spec)
        sys.modules["alone"] = alone
        spec.loader.exec_module(alone)
        alone.main(Path({str(folder / "engine.py")!r}), {{}}, sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]))
        """)
    )
    return script


def test_if_nothing_can_be_written_the_old_export_stays(run, tmp_path, monkeypatch):
    out = tmp_path / "export"
    assert export(Options(run, ("frozen",), out)) == 0
    monkeypatch.setattr("export.write.write_litert", failing_writer)
    done = call(main, run, "--to", "litert", "--out", out)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "nothing was exported" in done.stderr and "ImportError: no such runtime" in done.stderr
    assert (out / "frozen.pb").is_file() and os.listdir(tmp_path) == ["export"]


def test_an_import_of_ours_fails_where_a_file_runs_alone(tmp_path, monkeypatch):
    # Our modules can be found, as with an editable install.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert subprocess.run([sys.executable, "-c", "import models"], cwd=tmp_path, check=False).returncode == 0
    monkeypatch.setattr("export.check._ALONE", alone_with(tmp_path, "import models"))
    with pytest.raises(RuntimeError, match="models is a module of PanoPose"):
        check.run_alone("litert", tmp_path / "x", {"pictures": np.zeros((1, 4, 4, 3), np.uint8)}, 1, [])


def test_a_module_of_ours_is_found_by_its_name_and_by_its_place(monkeypatch):
    assert "export.check" in alone.ours_imported()
    module = type(sys)("harmless")
    module.__file__ = str(ROOT / "pose" / "crop.py")
    monkeypatch.setitem(sys.modules, "harmless", module)
    assert "harmless" in alone.ours_imported() and "numpy" not in alone.ours_imported()


def test_modules_of_ours_fail_the_run_at_its_end(tmp_path, monkeypatch):
    engine = tmp_path / "engine.py"
    engine.write_text(
        textwrap.dedent("""
        class Engine:
            carried, version = "{}", "made up"
            def __init__(self, file, threads):
                pass
            def run(self, inputs):
                return {"scores": inputs["pictures"][:, 0, :2, 0]}
        """)
    )
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    np.savez(tmp_path / "inputs.npz", pictures=np.zeros((2, 4, 4, 3), np.uint8))
    with pytest.raises(ImportError, match="modules of PanoPose were imported to run the file: .*pose"):
        alone.main(engine, {}, "file", tmp_path, 1)
    assert not (tmp_path / "outputs.npz").exists()


def test_the_packages_of_the_repository_and_of_a_wheel_are_ours(tmp_path):
    assert {"panopose", "machine", "models", "evaluate", "demo"} <= alone.OURS
    assert not {"tests", "tools", "benchmarks", "docs"} & alone.OURS
    # As in site-packages, beside another project's `evaluate`.
    for package in ("panopose", "panopose/artefact", "evaluate"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    installed = tmp_path / "panopose" / "artefact" / "alone.py"
    shutil.copy(ROOT / "artefact" / "alone.py", installed)
    assert runpy.run_path(str(installed))["OURS"] == {"panopose"}


def test_samples_that_cannot_be_used_raise(run, tmp_path):
    for name in ("run.json", "best.keras"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    for content, message in (
        (b"", "cannot be read"),
        (None, r"must hold uint8 pictures of 64 x 64 px, got uint8 \(0, "),
    ):
        if content is None:
            np.save(tmp_path / "samples.npy", np.zeros((0, 64, 64, 3), np.uint8))
        else:
            (tmp_path / "samples.npy").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            export(Options(tmp_path, ("litert",), tmp_path / "out"))
    assert not (tmp_path / "out").exists()
