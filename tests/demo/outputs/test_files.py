"""Checks of output paths, and output files."""

import os
from pathlib import Path

import pytest

from demo.errors import ArgumentError, OutputError
from demo.outputs.files import Output, check_outputs


def test_invalid_paths_raise(tmp_path):
    (tmp_path / "folder.mp4").mkdir()
    for path, message in (
        (tmp_path / "nowhere" / "out.mp4", "--output .* there is no folder .*nowhere.*; make it first"),
        (tmp_path / "folder.mp4", "--output .* cannot be written: choose another name or folder"),
        (Path("/dev/null"), "--output '/dev/null' cannot be written"),
        (Path("/" + 300 * "a") / "out.mp4", "there is no folder"),
    ):
        with pytest.raises(OutputError, match=message) as error:
            check_outputs({"--output": path}, {})
        assert error.value.exit_code == 2
    check_outputs({"--output": Path("out.mp4"), "--jsonl": tmp_path / "people.jsonl"}, {"the source": "0"})


def test_two_outputs_that_are_one_file_raise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "a.mkv").touch()
    (tmp_path / "b.mkv").symlink_to("a.mkv")
    os.link("a.mkv", "c.mkv")
    for first, second in (
        ("x.mkv", "x.mkv"),
        ("x.mkv", "./folder/../x.mkv"),
        ("x.mkv", tmp_path / "x.mkv"),
        ("link/x.mkv", "folder/x.mkv"),
        ("x.mkv", "X.MKV"),
        ("b.mkv", "a.mkv"),
        ("c.mkv", "a.mkv"),
    ):
        with pytest.raises(ArgumentError, match="--output .* and --jsonl .* are one file; choose two names"):
            check_outputs({"--output": Path(first), "--jsonl": Path(second)}, {})
    check_outputs({"--output": Path("x.mkv"), "--jsonl": Path("folder/x.mkv")}, {})


def test_an_output_that_is_an_input_raises(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mp4").touch()
    (tmp_path / "link.mp4").symlink_to("a.mp4")
    for output, source in (
        ("a.mp4", "a.mp4"),
        ("link.mp4", "a.mp4"),
        ("a.mp4", "link.mp4"),
        ("./a.mp4", tmp_path / "a.mp4"),
    ):
        with pytest.raises(ArgumentError, match="--output .* is the source itself; choose another name"):
            check_outputs({"--output": Path(output)}, {"the source": source})


def test_neighboring_files_are_kept(tmp_path):
    names = (f".a.{os.getpid()}-0.partial.mp4", f"a.mp4.{os.getpid()}-0.partial", "a.partial.mp4", "a.mp4.partial")
    neighbors = {tmp_path / name: name for name in names}
    for path, text in neighbors.items():
        path.write_text(text)
    for end in (Output.finish, Output.discard):
        output = Output("--output", tmp_path / "a.mp4")
        output.file.write(b"whole")
        end(output)
    assert (tmp_path / "a.mp4").read_bytes() == b"whole"
    assert {path: path.read_text() for path in neighbors} == neighbors
    assert len(list(tmp_path.iterdir())) == 5
