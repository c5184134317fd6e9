"""Which file an annotation's name means."""

from pathlib import Path, PurePosixPath

import pytest

from data_prep.coco.layout import find_export, find_files, find_picture, inner_path, shared_folders


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


@pytest.mark.parametrize("folder", ["default", "images/default", "images"])
def test_images_lie_in_a_folder_of_the_subset_or_of_all(tmp_path, folder):
    """A task exported by CVAT has the last."""
    file = tmp_path / "annotations/person_keypoints_default.json"
    for path in (file.parent, tmp_path / folder):
        path.mkdir(parents=True)
    file.touch()
    assert find_files(tmp_path, "default", None, None) == (file, tmp_path / folder)


def test_an_export_is_the_only_file_of_its_kind(tmp_path):
    (tmp_path / "x.json").touch()
    assert find_export(tmp_path, "*.json", None, None) == (tmp_path / "x.json", tmp_path)
    (tmp_path / "images").mkdir()
    assert find_export(tmp_path, "*.json", None, None) == (tmp_path / "x.json", tmp_path / "images")
    (tmp_path / "other").mkdir()
    (tmp_path / "y.json").touch()
    found = find_export(tmp_path, "*.json", Path("y.json"), Path("other"))
    assert found == (tmp_path / "y.json", tmp_path / "other")
    with pytest.raises(ValueError, match=r"has 2 files \*.json \(x.json, y.json\); name one with --annotations FILE"):
        find_export(tmp_path, "*.json", None, None)
    with pytest.raises(ValueError, match=r"there is no file \*.xml in .*; unpack the export there, or name the file"):
        find_export(tmp_path, "*.xml", None, None)
    with pytest.raises(ValueError, match="there is no z.json and no .*z.json; unpack"):
        find_export(tmp_path, "*.json", Path("z.json"), None)
    with pytest.raises(
        ValueError, match="there is no folder of pictures gone and no .*gone; name it with --images FOLDER"
    ):
        find_export(tmp_path, "*.json", Path("x.json"), Path("gone"))


def test_files_as_they_are_given_come_before_those_in_the_root(tmp_path, monkeypatch):
    root = tmp_path / "root"
    (root / "pictures").mkdir(parents=True)
    (tmp_path / "pictures").mkdir()
    for folder in (tmp_path, root):
        (folder / "x.json").touch()
    monkeypatch.chdir(tmp_path)
    assert find_export(root, "*.json", Path("x.json"), Path("pictures")) == (Path("x.json"), Path("pictures"))


def test_five_of_several_exports_are_listed(tmp_path):
    for name in "abcdef":
        (tmp_path / f"{name}.xml").touch()
    with pytest.raises(ValueError, match=r"has 6 files \*.xml .a.xml, b.xml, c.xml, d.xml, e.xml.; name one with"):
        find_export(tmp_path, "*.xml", None, None)
    assert find_export(tmp_path, "*.xml", Path("b.xml"), None) == (tmp_path / "b.xml", tmp_path)
