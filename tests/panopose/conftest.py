"""A predictable model of 14 joints: it finds a magenta rectangle."""

import pytest
from browser_parts import GRAY, painted, write_fake_export
from rectangles import PERSON, squares_by_default  # noqa: F401 - a fixture of all tests here

import panopose


@pytest.fixture(scope="session")
def export(tmp_path_factory):
    """The model's export folder, in a run's."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    run = tmp_path_factory.mktemp("runs") / "fake"
    folder = write_fake_export(run / "export")
    (run / "run.json").write_text("{}")
    return folder


@pytest.fixture(scope="session")
def model(export):
    # `crowd` sees no person in a rectangle.
    return panopose.load(export, finder="squares", runtime="onnx", threads=1)


@pytest.fixture
def image():
    """One person on gray."""
    return painted(GRAY, PERSON)
