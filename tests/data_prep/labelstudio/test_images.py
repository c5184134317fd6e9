"""Addresses of images in Label Studio's tasks, and the files that they mean."""

import pytest

from data_prep.labelstudio.images import find_uploads, image_name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/data/upload/1/0a1b2c3d-a_b.jpg", "data/upload/1/0a1b2c3d-a_b.jpg"),
        ("/data/local-files/?d=walk/a%20b%20%C3%A9.jpg", "walk/a b é.jpg"),
        ("/data/local-files/?d=walk/a b é.jpg", "walk/a b é.jpg"),
        ("/data/local-files/?d=/walk/1%2B1.jpg", "walk/1+1.jpg"),
        ("http://localhost:8080/data/local-files/?d=a.jpg", "a.jpg"),
        ("https://host.org:8/a/b%20c.JPG?token=x.y#part", "a/b c.JPG"),
        ("s3://bucket/walk/a b.png", "walk/a b.png"),
        ("walk/a.webp", "walk/a.webp"),
        ("C:\\walk\\a.jpg", "C:\\walk\\a.jpg"),
        ("https://[host/a.jpg", "https://[host/a.jpg"),
        ("hello", None),
        ("", None),
    ],
)
def test_the_name_in_an_address(address, name):
    assert image_name({"text": "hello", "n": 5, "picture": address}) == name


def test_the_usual_keys_come_first():
    assert image_name({"mask": "m.png", "image": "i.png"}) == "i.png"
    assert image_name({"mask": "m.png", "image": "none"}) == "m.png"


@pytest.fixture
def images(tmp_path):
    """A folder with images: `images(name, ...)`."""

    def folder(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return folder


def test_an_uploaded_image_is_found_by_the_name_it_had(images):
    folder = images("sub/a b é (2).jpg", "c.jpg", "d/c.jpg", "0a1b2c3d-e.jpg", "e.jpg")
    names = [
        "data/upload/1/0a1b2c3d-a_b_é_2.jpg",
        "data/upload/1/0a1b2c3d-c.jpg",
        "data/upload/1/0a1b2c3d-e.jpg",
        "other/c.jpg",
    ]
    # Two files were c.jpg; the folder may also be that of the uploads.
    assert list(find_uploads(names, folder)) == ["sub/a b é (2).jpg", names[1], "0a1b2c3d-e.jpg", names[3]]


def test_nothing_is_searched_without_uploads(tmp_path):
    assert list(find_uploads(["a.jpg"], tmp_path / "gone")) == ["a.jpg"]
