"""What `import panopose` offers, and what it costs."""

import inspect
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import panopose

ROOT = Path(panopose.__file__).parents[1]
HEAVY = ("numpy", "cv2", "av", "pandas", "matplotlib", "tensorflow", "keras", "onnxruntime", "ai_edge_litert", "tyro")
NAMES = ["Frame", "Joint", "Model", "Person", "Recording", "__version__", "load", "to_coco", "to_frame"]


def imported_by(code):
    """Those of HEAVY that a program imports."""
    code += f"\nimport sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.split()


def test_the_import_alone_imports_nothing_heavy():
    assert imported_by("import panopose; dir(panopose); panopose.__version__") == []


def test_a_model_in_a_light_runtime_does_without_tensorflow(export, tmp_path):
    code = f"""
import panopose, numpy as np
model = panopose.load({str(export)!r}, runtime="onnx", threads=1)
people = model(np.zeros((96, 96, 3), np.uint8), boxes=[[0, 0, 96, 96]])
model.draw(np.zeros((96, 96, 3), np.uint8), people)
"""
    assert sorted(imported_by(code)) == ["av", "cv2", "numpy", "onnxruntime"]


def test_the_public_names_are_few_and_documented():
    assert dir(panopose) == panopose.__all__ == NAMES
    for name in NAMES:
        thing = getattr(panopose, name)
        assert name == "__version__" or inspect.getdoc(thing)
    for name, method in inspect.getmembers(panopose.Model, inspect.isfunction):
        if not name.startswith("_") or name == "__call__":
            assert all(part in inspect.getdoc(method) for part in ("Args:", "Raises:")), name
    assert (ROOT / "panopose/py.typed").is_file()


def test_names_are_imported_from_modules_that_a_wheel_leaves_in_their_place():
    lazy = [name for name in NAMES if name != "__version__"]
    assert sorted(panopose._MODULES) == lazy
    assert {path.rpartition(".")[0] for path in panopose._MODULES.values()} == {"panopose"}


def test_a_name_that_is_not_there_raises():
    with pytest.raises(AttributeError, match="no attribute 'laod'; it has Frame, Joint, .*load"):
        panopose.laod  # noqa: B018


def test_the_version_is_that_of_the_installed_package():
    assert panopose.__version__ == version("panopose")
