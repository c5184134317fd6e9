import pytest

from demo.errors import ArgumentError, OutputError
from demo.outputs.new_folder import NewFolder, check_new_folder


def test_a_folder_has_its_name_when_it_is_finished(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    with NewFolder("--copies", folder) as made:
        (made.partial / "a.txt").write_text("a")
        assert list(folder.iterdir()) == []
        made.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["made"] and (folder / "a.txt").read_text() == "a"


def test_a_folder_that_is_not_finished_is_removed(tmp_path):
    with pytest.raises(KeyboardInterrupt), NewFolder("--copies", tmp_path / "made") as made:
        (made.partial / "a.txt").write_text("a")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_filled_meanwhile_is_left_alone(tmp_path):
    with NewFolder("--copies", tmp_path / "made") as made:
        (tmp_path / "made").mkdir()
        (tmp_path / "made/mine.txt").write_text("mine")
        with pytest.raises(OutputError, match="--copies '.*made' cannot be written: Directory not empty"):
            made.finish()
    assert [path.name for path in tmp_path.rglob("*")] == ["made", "mine.txt"]


def test_a_folder_is_checked_before_the_work_begins(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    check_new_folder("--draw", tmp_path / "new", tmp_path / "full")
    with pytest.raises(ArgumentError, match="--draw '.*/full/inner' lies in '.*/full', which is read"):
        check_new_folder("--draw", tmp_path / "full/inner", tmp_path / "full")
    with pytest.raises(OutputError, match="--draw '.*/full' must be a new folder or an empty one"):
        check_new_folder("--draw", tmp_path / "full", tmp_path / "source")
    with pytest.raises(OutputError, match="--draw '.*/no/x' cannot be made: make the folder that it lies in"):
        check_new_folder("--draw", tmp_path / "no/x", tmp_path / "source")
