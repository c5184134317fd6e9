import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from limits import OutOfTimeError, megabytes, seconds
from mutations import damaged_bytes, damaged_json

from records import BadInput
from records.tfrecord import read_records
from tools.fuzz.attempt import Fault, Target, attempt
from tools.fuzz.targets import TARGETS

# How often each is tried: what reads in a process of its own, or through TensorFlow, is slow.
TRIES = {"coco": 500, "coco-frames": 500, "label-studio": 500, "lsp": 6, "mpii": 6, "mpii-frames": 6}
TRIES |= {"shard": 60, "shard-frames": 60, "manifest": 150, "manifest-frames": 150}
USUAL_TRIES = 200
WORDS = {
    "cvat": [b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&lt;", b"1e999", b"nan", b'id="99999999999999999999"'],
    "bvh": b"JOINT OFFSET CHANNELS { } End Frames: Time: 1e999 nan 99999999999".split(),
    "tar": [b"\x80" + b"\0" * 10 + b"\x7f", b"\xff" * 12, b"00000000777\0", b"L", b"x", b"ustar  \0", b"../../"],
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """name -> (folder, foreign file, valid contents), made once."""
    made = {}

    def of(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name) / "sequence"
            folder.mkdir()
            made[name] = (folder, *TARGETS[name].prepare(folder))
        return made[name]

    return of


@pytest.mark.parametrize("name", TARGETS)
def test_valid_files_are_read(prepared, name):
    folder, path, valid = prepared(name)
    for data in valid:
        assert attempt(TARGETS[name], folder, path, data) is None


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("panoptic-calibration", 2),
        ("lsp", 2),
        ("coco", 3),
        ("coco-frames", 2),
        ("cvat", 3),
        ("label-studio", 3),
        ("mpii", 2),
        ("mpii-frames", 2),
        ("h36m-cameras", 1),
    ],
)
def test_the_valid_people_become_records(prepared, name, people):
    folder, path, valid = prepared(name)
    attempt(TARGETS[name], folder, path, valid[0])
    assert sum(len(list(read_records(part))) for part in (folder / ".parts").glob("*.tfrecord")) == people


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_are_read_or_raise(prepared, name):
    folder, path, valid = prepared(name)
    kinds = [damaged_bytes(data, WORDS.get(name, ())) for data in valid]
    if path.suffix == ".json":
        kinds += [damaged_json(data) for data in valid] * 3

    @settings(
        max_examples=TRIES.get(name, USUAL_TRIES),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.one_of(kinds))
    def check(data):
        with seconds(20):
            attempt(TARGETS[name], folder, path, data)

    check()


def reads(function) -> Target:
    return Target(lambda folder: (folder / "file", [b""]), lambda folder: function(folder / "file"))


def refuse(kind, message):
    def read(path):
        raise kind(*message(path))

    return read


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (refuse(BadInput, lambda path: (path.name, "is broken")), Fault),
        (refuse(ValueError, lambda path: (f"{path}: " + "x" * 3000,)), Fault),
        (refuse(KeyError, lambda path: ("bodies",)), KeyError),
        (lambda path: json.loads(path.read_text("latin-1")), json.JSONDecodeError),
        (lambda path: path.read_text(), UnicodeDecodeError),
        (lambda path: np.float32(np.float64(1e300)), RuntimeWarning),
    ],
)
def test_other_errors_are_faults(tmp_path, read, kind):
    with pytest.raises(kind):
        attempt(reads(read), tmp_path, tmp_path / "file", b"\xff")


def test_an_error_that_names_the_file_is_no_fault(tmp_path):
    read = refuse(BadInput, lambda path: (str(path), "is broken"))
    assert attempt(reads(read), tmp_path, tmp_path / "file", b"") == f"{tmp_path}/file: is broken"


def test_limits_hold():
    with pytest.raises(OutOfTimeError), seconds(0.05):
        while True:
            pass
    with pytest.raises(MemoryError), megabytes(64):
        bytearray(1 << 30)
    assert len(bytearray(1 << 28)) == 1 << 28
