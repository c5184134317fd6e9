"""A sample of mutants: single changes of the code that the named tests must detect."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGES = ("machine", "artefact", "pose", "records", "evaluate", "weights", "demo", "body", "dome", "data_prep")
# The file, the code, its replacement, and the tests.
MUTANTS = [
    ("pose/camera.py", "p2 * (r2 + 2 * x * x)", "p1 * (r2 + 2 * x * x)", "tests/pose/test_camera.py"),
    ("pose/camera.py", "k1, k2, p1, p2, k3 = self", "k1, k2, k3, p1, p2 = self", "tests/pose/test_camera.py"),
    ("pose/crop.py", "scale * (size - 1) / 2", "scale * size / 2", "tests/pose/test_crop.py"),
    ("pose/crop.py", "x + width / 2", "x + width", "tests/pose/test_crop.py"),
    (
        "evaluate/pose_2d/metrics.py",
        "distances <= threshold * normaliser",
        "distances < normaliser",
        "tests/evaluate/pose_2d/test_metrics.py",
    ),
    (
        "evaluate/pose_2d/calibration.py",
        "(kept * bins).astype(int)",
        "(kept * bins + 0.5).astype(int)",
        "tests/evaluate/pose_2d/test_calibration.py",
    ),
    ("evaluate/pose_2d/metrics.py", "(2 * sigmas) ** 2", "sigmas**2", "tests/evaluate/pose_2d/test_metrics.py"),
    ("records/augment.py", "own[:, 0] < options.flip", "own[:, 0] > options.flip", "tests/records/test_augment.py"),
    ("pose/fields.py", "(xy >= -0.5) & (xy < size - 0.5)", "(xy >= -9.5) & (xy < size)", "tests/pose/test_fields.py"),
    ("pose/fields.py", "@ value @ turn.swapaxes(1, 2)", "@ value", "tests/pose/test_fields.py"),
    ("demo/tracking/one_euro.py", "self.beta = beta", "self.beta = 0.0", "tests/demo/tracking/test_one_euro.py"),
    (
        "data_prep/panoptic/kinect_sync.py",
        "_COLOR_LATE_MS = 1, 6.25",
        "_COLOR_LATE_MS = 0, 6.25",
        "tests/data_prep/panoptic/test_kinect_data.py",
    ),
    (
        "data_prep/panoptic/kinect_sync.py",
        "self.color - _COLOR",
        "self.color + _COLOR",
        "tests/data_prep/panoptic/test_kinect_data.py",
    ),
    ("pose/camera.py", "7 * k3, 5 * k2, 3 * k1", "6 * k3, 4 * k2, 2 * k1", "tests/pose/test_camera.py"),
    (
        "data_prep/panoptic/selection.py",
        "known & camera.in_front(joints) & camera",
        "known & camera",
        "tests/data_prep/panoptic/test_reader.py",
    ),
    (
        "data_prep/panoptic/poses.py",
        "(-size // tarfile.BLOCKSIZE)",
        "(-size // tarfile.BLOCKSIZE - (size % 512 == 0))",
        "tests/data_prep/panoptic/test_reader.py",
    ),
    ("machine/choices.py", "known and timings.least(name) >", "timings.least(name) <", "tests/machine/test_choices.py"),
    ("machine/processor.py", "min(affine, math.ceil(quota))", "affine", "tests/machine/test_processor.py"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    for name in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(("file", "before", "after", "tests"), MUTANTS, ids=[f"{m[0]}: {m[2]}" for m in MUTANTS])
def test_a_mutant_is_killed(copy, file, before, after, tests):
    path = copy / file
    original = path.read_text()
    assert original.count(before) == 1
    path.write_text(original.replace(before, after))
    try:
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", tests]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    finally:
        path.write_text(original)
    # 1 means that tests failed; any other code that they could not run.
    assert done.returncode == 1, done.stdout + done.stderr
