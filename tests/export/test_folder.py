"""An export replaces an earlier export, and no other files."""

import json
import os
import shutil

import pytest
from commands import call
from filelock import FileLock

from export.__main__ import main
from export.folder import replacing


def make_export(folder, text="old"):
    """A folder as an export leaves it, in every format."""
    files = {
        "pose.json": json.dumps({"skeleton": {}}),
        "formats.json": json.dumps({"formats": {}}),
        **dict.fromkeys(("saved_model.pb", "fingerprint.pb", "variables/variables.index", "frozen.pb"), text),
        **dict.fromkeys(("variables/variables.data-00000-of-00001", "assets.extra/pose.json"), text),
        **dict.fromkeys(("model.tflite", "model-int8-static.tflite", "model.onnx", "openvino/model.xml"), text),
        "openvino/model.bin": text,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "assets").mkdir()
    return folder


def replace(folder):
    with replacing(folder) as new:
        (new / "model.onnx").write_text("new")


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "files",
    [
        {"thesis.txt": "x"},
        {"pose.json": '{"skeleton": {}}', "formats.json": '{"formats": {}}', "thesis.txt": "x"},
        {"pose.json": '{"skeleton": {}}', "formats.json": '{"formats": {}}', "variables/thesis.txt": "x"},
        {"pose.json": '{"skeleton": {}}', "formats.json": '{"formats": {}}', "assets/vocabulary.txt": "x"},
        # A SavedModel, a pose.json and a formats.json that no export wrote.
        {"saved_model.pb": "x", "variables/variables.index": "x"},
        {"pose.json": '{"people": []}', "formats.json": '{"formats": {}}'},
        {"pose.json": '{"skeleton": {}}', "formats.json": '["mp4", "mkv"]'},
        {"pose.json": '{"skeleton": {}}', "formats.json": "\xff"},
    ],
)
def test_a_folder_with_anything_else_exits_with_2_and_is_not_changed(files, run, tmp_path):
    for name, content in files.items():
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    before = tree(tmp_path)
    done = call(main, run, "--to", "litert", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"{tmp_path / 'out'} holds what no export wrote (" in done.stderr and "give another --out" in done.stderr
    assert tree(tmp_path) == before


def test_a_file_as_out_exits_with_2(run, tmp_path):
    (tmp_path / "out").write_text("x")
    done = call(main, run, "--out", tmp_path / "out")
    assert (done.returncode, (tmp_path / "out").read_text()) == (2, "x")
    assert "out is a file; give another --out" in done.stderr


def test_an_export_and_an_empty_folder_are_replaced_and_their_neighbors_are_not_changed(tmp_path):
    mine = {"export.old/k": "k", "export.partial/p": "p", ".export.exporting-abc/thesis.txt": "t"}
    for name, content in mine.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content)
    before = tree(tmp_path)
    replace(make_export(tmp_path / "export"))
    assert tree(tmp_path) == {**before, "export": None, "export/model.onnx": b"new"}
    (tmp_path / "export" / "model.onnx").unlink()
    replace(tmp_path / "export")
    assert (tmp_path / "export" / "model.onnx").read_text() == "new"
    # Other users may read the export, which the mode of a temporary folder would not allow.
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "export").stat().st_mode & 0o777 == 0o777 & ~umask


def test_files_that_appear_in_the_meantime_stay(tmp_path):
    folder = make_export(tmp_path / "export")
    with pytest.raises(ValueError, match=r"holds what no export wrote \(late.txt\)"), replacing(folder) as new:
        (new / "model.onnx").write_text("new")
        (folder / "late.txt").write_text("late")
    assert (folder / "late.txt").read_text() == "late" and (folder / "model.onnx").read_text() == "old"
    assert os.listdir(tmp_path) == ["export"]


def test_an_export_behind_a_link_is_replaced_in_place(tmp_path):
    make_export(tmp_path / "disk" / "export")
    (tmp_path / "export").symlink_to(tmp_path / "disk" / "export")
    replace(tmp_path / "export")
    assert (tmp_path / "export").is_symlink()
    assert (tmp_path / "disk" / "export" / "model.onnx").read_text() == "new"


def test_what_a_killed_export_left_is_removed_by_the_next_but_not_a_running_ones(tmp_path):
    killed, running = tmp_path / ".export.exporting-killed", tmp_path / ".export.exporting-running"
    for place in (killed, running):
        make_export(place / "new")
        (place / "panopose-export.lock").touch()
    with FileLock(running / "panopose-export.lock"):
        replace(tmp_path / "export")
    assert not killed.exists() and (running / "new" / "model.onnx").is_file()


def test_an_export_that_was_killed_between_its_two_renames_comes_back(tmp_path):
    killed = tmp_path / ".export.exporting-killed"
    make_export(killed / "old")
    (killed / "panopose-export.lock").touch()
    with pytest.raises(RuntimeError), replacing(tmp_path / "export"):
        raise RuntimeError
    assert (tmp_path / "export" / "model.onnx").read_text() == "old" and os.listdir(tmp_path) == ["export"]


def test_a_rename_that_fails_leaves_the_old_export(tmp_path):
    folder = make_export(tmp_path / "export")
    with pytest.raises(FileNotFoundError), replacing(folder) as new:
        shutil.rmtree(new)
    assert (folder / "model.onnx").read_text() == "old" and os.listdir(tmp_path) == ["export"]
