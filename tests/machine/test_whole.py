import pytest

from machine.whole import whole


def test_a_file_gets_its_name_at_the_end(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with whole(path) as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".json"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["last.weights.h5", "a.json", "bare"])
def test_the_temporary_name_has_all_suffixes(tmp_path, name):
    with whole(tmp_path / name) as temporary:
        assert temporary.name.startswith(".") and temporary.name.endswith(f".partial.{name}")
        temporary.write_text("")


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="broken"), whole(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("broken")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_raises(tmp_path):
    with pytest.raises(FileNotFoundError), whole(tmp_path / "a.json"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_taken_is_left_alone(tmp_path):
    path = tmp_path / "a.json"
    with whole(path) as first:
        first.write_text("first")
        with whole(path) as second:
            second.write_text("second")
        assert first.read_text() == "first" and path.read_text() == "second"
    assert path.read_text() == "first" and list(tmp_path.iterdir()) == [path]
