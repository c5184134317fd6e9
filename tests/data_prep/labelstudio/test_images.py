"""Addresses of images in Label Studio's tasks, and the files that they mean."""

import json

import cv2
import numpy as np
import pytest

from data_prep.labelstudio.images import find_uploads, image_name
from data_prep.labelstudio.reader import LabelStudio


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


def test_uploaded_and_local_images_become_people(tmp_path):
    addresses = ["/data/upload/3/0a1b2c3d-a_b.png", "/data/local-files/?d=images/c%20d/e.png"]
    tasks = []
    for number, (address, name) in enumerate(zip(addresses, ["a b.png", "c d/e.png"], strict=True), start=1):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", np.full((40, 80, 3), number, np.uint8))[1].tobytes())
        points = [("a", 10, 20), ("b", 90, 80)]
        result = [
            {
                "id": label,
                "original_width": 80,
                "original_height": 40,
                "value": {"x": x, "y": y, "keypointlabels": [label]},
            }
            for label, x, y in points
        ]
        tasks.append({"id": number, "data": {"image": address}, "annotations": [{"result": result}]})
    (tmp_path / "project.json").write_text(json.dumps(tasks))
    reader = LabelStudio(tmp_path, min_keypoints=1, min_box_px=1)
    assert reader.skeleton.joints == ("a", "b")
    people = list(reader.people())
    assert [int(person.load_picture()[0, 0, 0]) for person in people] == [1, 2]
    for person in people:
        np.testing.assert_array_equal(person.joints_xy_px, [[7.5, 7.5], [71.5, 31.5]])
