"""Which file an annotation's name means."""

from pathlib import Path, PurePosixPath

import pytest

from data_prep.coco.layout import find_picture, inner_path, shared_folders


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x.jpg", "x.jpg"),
        ("b/x.jpg", "x.jpg"),
        ("a/b/x.jpg", "x.jpg"),
        # The longest beginning that the folder ends in is dropped, and no other.
        ("b/a/b/x.jpg", "x.jpg"),
        ("a/x.jpg", "a/x.jpg"),
        ("b/b/x.jpg", "b/x.jpg"),
    ],
)
def test_a_name_may_begin_with_the_folders_own(name, expected):
    assert inner_path(Path("/data/b/a/b"), PurePosixPath(name)) == PurePosixPath(expected)


def test_the_folders_that_all_names_share_are_counted():
    assert shared_folders(["a/b/1.jpg", "a/b/c/2.jpg", "a\\b\\3.jpg"]) == 2
    assert shared_folders(["a/b/1.jpg", "ab/b/2.jpg"]) == 0
    assert shared_folders(["1.jpg", "2.jpg"]) == 0


def test_urls_are_found_by_their_names(tmp_path):
    names = ["https://host/set/a/1 b.jpg?size=1/2&x", "https://host/set/b/2.jpg?q=a/b"]
    for name in ("a/1 b.jpg", "b/2.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    shared = shared_folders(names)
    assert shared == 3
    found = [find_picture(tmp_path, name.replace(" ", "%20"), shared) for name in names]
    assert found == [tmp_path / "a/1 b.jpg", tmp_path / "b/2.jpg"]
