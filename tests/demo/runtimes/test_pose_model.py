"""One small net in every format, and the choice of its runtime."""

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import keras
import numpy as np
import pytest

import artefact.model
import demo.runtimes.pose_model
from artefact.formats import FORMATS, WRITTEN, fingerprint, formats_in
from demo.errors import ModelError
from demo.runtimes import choice
from demo.runtimes.choice import Choice, best
from demo.runtimes.exports import find_export
from demo.runtimes.pose_model import PoseModel, candidates, fastest, load
from export.write import write_formats
from machine import choices
from pose import LSP14

ROOT = Path(__file__).parents[3]
SIZE = 64
NOTES = {
    "model": "small",
    "skeleton": LSP14.describe(),
    "record_size": SIZE,
    "input_size": 32,
    "padding": 1.3,
    "score": "none",
    "score_radius": 0.05,
}


def pictures(count, seed=1):
    """Smooth random images (count, SIZE, SIZE, 3)."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (count, 4, 4, 3))
    return np.asarray(keras.ops.image.resize(coarse, (SIZE, SIZE), interpolation="bilinear")).astype(np.uint8)


@pytest.fixture(scope="module")
def small_net():
    """A net from images of 32 px to scores and joints that vary by some pixels between images."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 3), dtype="uint8", name="pictures")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    x = keras.layers.Conv2D(8, 5, strides=4, activation="relu")(x)
    x = keras.layers.Flatten()(x)
    joints = keras.layers.Dense(28, kernel_initializer=keras.initializers.RandomNormal(stddev=0.3))(x)
    joints = keras.layers.Reshape((14, 2))(keras.layers.Rescaling(1.0, offset=16.0)(joints))
    scores = keras.layers.Dense(14, activation="sigmoid")(x)
    return keras.Model(inputs, {"joints_xy_px": joints, "scores": scores})


@pytest.fixture(scope="module")
def every_format(small_net, tmp_path_factory):
    """An export folder with each format that can be written here."""
    folder = tmp_path_factory.mktemp("runs") / "small" / "export"
    names = [name for name, form in WRITTEN.items() if not form.missing]
    write_formats(small_net, NOTES, names, folder, calibration={"pictures": pictures(16, seed=3)})
    return folder


@pytest.fixture
def folder(every_format, tmp_path):
    """A copy of the export folder."""
    return Path(shutil.copytree(every_format, tmp_path / "copy" / "export"))


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(choices, "user_cache_path", lambda name: tmp_path / "cache" / name)


@pytest.fixture
def measured(monkeypatch):
    """Sets the measured times: by format, ms for each number of threads. Returns the list of measured formats."""

    def set_up(milliseconds, others=0.0):
        asked = []

        def measure(path, counts, batches):
            asked.extend(counts)
            times = {
                (name, count, batches[0]): [ms] * 4
                for name in counts
                for count, ms in milliseconds.get(name, {}).items()
            }
            reasons = {name: "it crashed" for name in counts if name not in milliseconds}
            return choices.Timings(times, others), reasons

        monkeypatch.setattr(choice, "_measure", measure)
        monkeypatch.setattr(demo.runtimes.pose_model, "installed", lambda name: True)
        return asked

    return set_up


def need(name, folder):
    if name not in formats_in(folder) or not demo.runtimes.pose_model.installed(name):
        pytest.skip(f"{FORMATS[name].package} is not installed")


def open_or_skip(path, name):
    try:
        return PoseModel(path, name)
    except ModelError as error:
        if "does not compute in bfloat16" not in str(error):
            raise
        pytest.skip("this processor does not compute in bfloat16")


@pytest.mark.parametrize("name", FORMATS)
def test_every_runtime_predicts_as_the_keras_model(every_format, small_net, name):
    need(name, every_format)
    model = open_or_skip(every_format, name)
    assert (model.skeleton, model.size, model.padding, model.runtime) == (LSP14, SIZE, 1.3, name)
    batch = pictures(5)
    half = np.asarray(keras.ops.round(keras.ops.image.resize(batch.astype(np.float32), (32, 32), antialias=False)))
    outputs = small_net(half)
    expected = (np.asarray(outputs["joints_xy_px"]) + 0.5) * 2 - 0.5
    assert np.ptp(expected, axis=0).max() > 5  # joints do depend on the picture
    joints, scores = model.predict(batch)
    assert (joints.shape, scores.shape, joints.dtype, scores.dtype) == ((5, 14, 2), (5, 14), np.float32, np.float32)
    coarse = name in ("litert-int8", "litert-int8-static", "openvino-bf16")
    np.testing.assert_allclose(joints, expected, atol=2.0 if coarse else 0.05)
    np.testing.assert_allclose(scores, np.asarray(outputs["scores"]), atol=0.05 if coarse else 1e-3)
    # An answer is the caller's: the next one does not change it.
    before = joints.copy()
    assert model.predict(pictures(1, seed=2))[0].shape == (1, 14, 2)
    np.testing.assert_array_equal(joints, before)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "saved-model"])
def test_a_single_file_is_an_artefact(every_format, tmp_path, name):
    need(name, every_format)
    file = every_format / FORMATS[name].file
    for part in file.parent.glob(f"{file.stem}.*"):
        shutil.copy(part, tmp_path / part.name.replace("model", "renamed"))
    copy = tmp_path / file.name.replace("model", "renamed")
    assert open_or_skip(copy, name).skeleton == LSP14
    assert FORMATS[candidates(copy)[0]].package == FORMATS[name].package


def test_images_of_another_shape_raise(every_format):
    model = PoseModel(every_format)
    for wrong in (np.zeros((1, 32, 32, 3), np.uint8), pictures(1)[0], pictures(1) / 255, pictures(1)[:0]):
        with pytest.raises(ValueError, match=r"must be uint8 \(B, 64, 64, 3\) with B of 1 or more, got"):
            model.predict(wrong)


def test_the_fastest_or_nearly_as_fast_on_fewer_threads_is_chosen():
    one, two, four = Choice("onnx", 1, 1, 6.0), Choice("openvino", 2, 1, 5.4), Choice("openvino", 4, 1, 5.0)
    assert best([one, two, four]) == two
    assert best([one, Choice("openvino", 2, 1, 5.6), four]) == four
    assert best([one, Choice("onnx", 1, 1, 5.3), four]) == Choice("onnx", 1, 1, 5.3)


def test_the_choice_is_measured_once_printed_and_cached(folder, measured, capsys):
    asked = measured({"onnx": {1: 3.0, 2: 2.0}, "openvino": {1: 2.5}})
    assert fastest(folder) == Choice("onnx", 2, 1, 2.0)
    told = capsys.readouterr().err
    assert "once" in told and "onnx, 2 threads, 2.0 ms a picture" in told and "litert does not run here: it cra" in told
    assert asked and not {"litert-fp16", "frozen", "saved-model"} & set(asked)
    count = len(asked)
    assert fastest(folder) == Choice("onnx", 2, 1, 2.0)
    assert len(asked) == count and capsys.readouterr().err == ""


@pytest.mark.parametrize("change", ["model", "version", "processor", "cache", "threads", "asked", "busy", "age"])
def test_a_change_of_model_threads_or_library_is_measured_again(folder, measured, monkeypatch, tmp_path, change):
    asked = measured({"onnx": {1: 3.0, 2: 2.0}, "openvino": {1: 2.5}}, others=0.9 if change == "busy" else 0.0)
    fastest(folder)
    count, threads = len(asked), None
    if change == "model":
        content = bytearray((folder / "frozen.pb").read_bytes())
        content[: len(content) // 2] = bytes(len(content) // 2)
        (folder / "frozen.pb").write_bytes(content)
    elif change == "version":
        monkeypatch.setattr(choice, "versions", lambda names: {"onnxruntime": "99"})
    elif change == "processor":
        monkeypatch.setattr(choices, "processor_key", lambda: "another")
    elif change == "cache":
        next((tmp_path / "cache").rglob("*.json")).write_text('{"runtime": ')
    elif change == "age":
        monkeypatch.setattr(choices, "_VALID", timedelta(0))
    elif change == "threads":
        threads = 1
    fastest(folder, threads=threads, measure_again=change == "asked")
    assert len(asked) == 2 * count


def test_an_unsure_choice_is_printed_and_measured_three_times_at_most(folder, measured, capsys):
    asked = measured({"onnx": {1: 3.0, 2: 2.0}}, others=0.9)
    fastest(folder)
    assert "as other programs are at work; the next start measures again" in capsys.readouterr().err
    count = len(asked)
    for _ in range(4):
        fastest(folder)
    assert len(asked) == 3 * count


def test_an_unwritable_cache_is_ignored(folder, measured, tmp_path):
    measured({"onnx": {1: 3.0}})
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert fastest(folder) == Choice("onnx", 1, 1, 3.0)


def test_a_format_over_its_limit_or_unchecked_is_not_chosen(folder, measured):
    asked = measured({name: {1: 1.0} for name in FORMATS})
    passed = {"litert": True, "litert-int8": False, "onnx": True}
    notes = {"formats": {name: {"passed": value} for name, value in passed.items()}}
    (folder / "formats.json").write_text(json.dumps(notes))
    fastest(folder)
    assert asked == ["litert", "onnx"]
    (folder / "formats.json").write_text(json.dumps({"formats": {"onnx": {"passed": False}}}))
    with pytest.raises(ModelError, match="every format is off by more than its limit"):
        fastest(folder)
    (folder / "formats.json").write_text("{}")
    with pytest.raises(ModelError, match="formats.json' cannot be read .* export the model again"):
        fastest(folder)


def test_nothing_is_measured_without_a_choice(folder, measured):
    asked = measured({})
    assert fastest(folder, runtime="onnx", threads=2) == Choice("onnx", 2)
    assert fastest(folder, runtime="saved-model") == Choice("saved-model", None)
    for name in ("model.onnx", "openvino/model.xml"):
        (folder / name).unlink(missing_ok=True)
    for file in folder.glob("*.tflite"):
        file.unlink()
    # The frozen graph before the SavedModel: the same, without variables to look up.
    assert fastest(folder) == Choice("frozen", None)
    assert asked == []


def test_a_real_measurement_skips_formats_that_do_not_run(folder, capsys):
    need("onnx", folder)
    need("litert", folder)
    (folder / "model.onnx").write_bytes(b"rubbish")
    (folder / "formats.json").write_text(json.dumps({"formats": {n: {"passed": True} for n in ("onnx", "litert")}}))
    model = load(folder, threads=1)
    assert (model.runtime, model.threads) == ("litert", 1)
    told = capsys.readouterr().err
    assert "onnx does not run here: " in told and "model.onnx' cannot be loaded as an ONNX model" in told
    assert "litert, 1 thread, " in told


def test_no_format_that_runs_raises_with_the_reasons(folder, measured):
    measured({})
    with pytest.raises(
        ModelError, match=r"export' cannot be run: litert: it crashed; .*onnx: it crashed; openvino: it crashed"
    ):
        load(folder)


def test_invalid_models_and_arguments_raise(folder, tmp_path, monkeypatch):
    (tmp_path / "damaged.onnx").write_bytes(b"rubbish")
    (tmp_path / "damaged.tflite").write_bytes(b"rubbish")
    for name, file in (("onnx", "damaged.onnx"), ("litert", "damaged.tflite")):
        need(name, folder)
        with pytest.raises(ModelError, match=f"{file}' cannot be loaded as "):
            load(tmp_path / file, threads=1)
    for path, options, kind, message in (
        (folder, {"runtime": "onyx"}, ValueError, "runtime must be one of saved-model, .*, got 'onyx'"),
        (folder, {"threads": 0}, ValueError, "threads must be 1 or more, got 0"),
        (tmp_path, {}, ModelError, "holds no SavedModel nor any other artefact"),
        (tmp_path / "none.onnx", {}, ModelError, "none.onnx' does not exist"),
        (ROOT / "setup.py", {}, ModelError, "setup.py' is no artefact"),
        (tmp_path / "damaged.onnx", {"runtime": "litert"}, ModelError, "python -m export RUN --to litert"),
    ):
        with pytest.raises(kind, match=message):
            load(path, **options)
    for place in (demo.runtimes.pose_model, artefact.model):
        monkeypatch.setattr(place, "installed", lambda name: False)
    with pytest.raises(ModelError, match="pip install ai-edge-litert or onnxruntime or openvino or tensorflow"):
        load(folder)
    with pytest.raises(ModelError, match="a LiteRT model needs ai-edge-litert: pip install ai-edge-litert"):
        load(folder, runtime="litert", threads=1)


def test_a_file_without_a_description_uses_the_folders(folder):
    need("onnx", folder)
    onnx = pytest.importorskip("onnx")
    file = folder / "model.onnx"
    model = onnx.load(str(file))
    del model.metadata_props[:]
    onnx.save(model, str(file))
    assert PoseModel(file, "onnx").skeleton == LSP14
    (folder / "pose.json").unlink()
    with pytest.raises(ModelError, match="does not say what its joints are; put the export's pose.json beside it"):
        PoseModel(file, "onnx")


def test_the_newest_export_is_found_whatever_its_format(tmp_path):
    for age, file in (
        (50, "a/export/saved_model.pb"),
        (10, "b/export/openvino/model.xml"),
        (30, "c/export/model.onnx"),
    ):
        path = tmp_path / file
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (1e9 - age, 1e9 - age))
    assert find_export(None, tmp_path) == tmp_path / "b/export"
    assert find_export(tmp_path / "c/export", tmp_path) == tmp_path / "c/export"
    with pytest.raises(ModelError, match="holds no SavedModel.*; export a trained model .*, or name one .*fast"):
        find_export(tmp_path / "a", tmp_path)


def test_the_shipped_model_is_found_by_name(tmp_path, monkeypatch):
    shipped = find_export(Path("fast"), tmp_path)
    assert (shipped / "pose.json").is_file() and find_export(None, tmp_path) == shipped
    # Something of that name that lies here is meant rather.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fast").mkdir()
    with pytest.raises(ModelError, match="holds no SavedModel"):
        find_export(Path("fast"), tmp_path)


def test_the_fingerprint_depends_on_the_content(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "elsewhere" / "export"))
    assert fingerprint(copy) == fingerprint(folder)
    file = copy / "frozen.pb"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert fingerprint(copy) != fingerprint(folder)


def test_tensorflow_is_not_imported_beside_a_lighter_runtime(every_format):
    need("onnx", every_format)
    code = (
        "import sys, pathlib; from demo.runtimes.pose_model import load\n"
        "load(pathlib.Path(sys.argv[1]), runtime='onnx', threads=1).warm_up(1, 3)\n"
        "print([name for name in ('tensorflow', 'keras', 'openvino') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(every_format)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
