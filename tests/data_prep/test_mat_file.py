"""MATLAB files are read in a child process, so that damaged ones crash only that."""

import numpy as np
import pytest
import scipy.io

from data_prep import mat_file
from data_prep.mat_file import read_mat


@pytest.fixture
def path(tmp_path):
    content = {"joints": np.arange(6.0).reshape(1, 2, 3), "person": {"name": "a", "box": np.ones((1, 1))}, "other": 1}
    scipy.io.savemat(tmp_path / "a.mat", content)
    return tmp_path / "a.mat"


def test_one_variable_is_read_with_its_axes(path):
    joints = read_mat(path, "joints")
    assert joints.shape == (1, 2, 3) and joints.ravel().tolist() == [0, 1, 2, 3, 4, 5]
    struct = read_mat(str(path), "person")
    assert struct.shape == (1, 1) and struct[0, 0].box.shape == (1, 1)


def test_axes_of_length_one_are_dropped_on_request(path):
    assert read_mat(path, "joints", squeeze=True).shape == (2, 3)
    struct = read_mat(path, "person", squeeze=True)
    assert (struct.name, struct.box, struct._fieldnames) == ("a", 1, ["name", "box"])


def test_what_cannot_be_read_is_named(path, tmp_path):
    with pytest.raises(
        ValueError, match="a.mat cannot be read as a MATLAB file with a variable `none`: KeyError: 'none'$"
    ):
        read_mat(path, "none")
    with pytest.raises(FileNotFoundError, match="b.mat"):
        read_mat(tmp_path / "b.mat", "joints")
    path.write_bytes(b"no matrix")
    with pytest.raises(ValueError, match=r"a.mat cannot be read as a MATLAB file with a variable `joints`: \w+Error: "):
        read_mat(path, "joints")


def test_long_messages_are_cut(path):
    with pytest.raises(ValueError) as raised:
        read_mat(path, "x" * 2000)
    why = str(raised.value).partition("`: ")[2]
    assert len(why) == 500 and why.startswith("KeyError: 'xxx")


def test_a_child_that_dies_is_told(path, monkeypatch):
    monkeypatch.setattr(mat_file, "_READ", "import os, sys; sys.stdout.write('cut'); sys.stdout.flush(); os._exit(9)")
    with pytest.raises(ValueError, match="it crashes the process that reads it"):
        read_mat(path, "joints")
    monkeypatch.setattr(mat_file, "_READ", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(ValueError, match="it crashes the process that reads it"):
        read_mat(path, "joints")


def test_the_childs_memory_is_limited_to_four_gibibytes(path, monkeypatch):
    pytest.importorskip("resource")
    # 32 MB of zeros, a few kilobytes on the disk.
    scipy.io.savemat(path, {"joints": np.zeros(4_000_000)}, do_compression=True)
    assert read_mat(path, "joints").nbytes == 32_000_000
    monkeypatch.setattr(mat_file, "_MOST_BYTES", 1 << 20)
    with pytest.raises(ValueError, match="a.mat cannot be read as a MATLAB file with a variable `joints`: "):
        read_mat(path, "joints")
    monkeypatch.undo()
    monkeypatch.setattr(mat_file, "_READ", "import pickle, sys; pickle.dump((sys.argv[3], ''), sys.stdout.buffer)")
    assert read_mat(path, "joints") == str(4 * 1024**3)
