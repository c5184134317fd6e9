"""`python -m demo.label` with the fake model."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from video_files import write_clip

from demo.errors import ArgumentError
from demo.label.__main__ import Options, main, run
from demo.label.cvat_file import labels_text
from demo.label.predictions import LabeledImage, Person, least_certain
from demo.outputs.table import TableRow
from demo.runtimes.pose_model import PoseModel
from pose import PANOPTIC19, Skeleton

NECK, NOSE, ANKLE = (PANOPTIC19.index(joint) for joint in ("neck", "nose", "left_ankle"))
# By picture: x, y and height of the person, and the red of its rectangle, which the scores follow.
PEOPLE = {"a b.png": ((160, 120, 160), 250), "deeper/é.png": ((200, 100, 120), 150), "c.png": ((100, 130, 180), 200)}


@pytest.fixture
def folder(tmp_path, paint):
    pictures = tmp_path / "pictures"
    for name, (person, red) in PEOPLE.items():
        picture = paint((240, 320), person)
        picture[..., 0][picture[..., 0] == 255] = red
        write(pictures / name, picture)
    write(pictures / "nobody.png", paint((240, 320), None))
    (pictures / "broken.jpg").write_bytes(b"no picture")
    return pictures


def write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, picture[..., ::-1])[1].tobytes())


@pytest.fixture
def scores_by_red(monkeypatch):
    """Multiplies the scores by the share of the brightest red in a crop, and makes the neck's 0."""
    predict = PoseModel.predict

    def scored(self, pictures):
        joints, scores = predict(self, pictures)
        red = [picture[..., 0][picture[..., 1] < 50].max(initial=0) / 250 for picture in pictures]
        scores = scores * np.array(red, np.float32)[:, None]
        scores[:, NECK] = 0
        return joints, scores

    monkeypatch.setattr(PoseModel, "predict", scored)


@pytest.fixture
def options(fake_export, tmp_path):
    """Makes options that need no measurement."""
    return lambda source, **more: Options(
        source, **{"model": fake_export, "batch": 2, "out": tmp_path / "out.json"} | more
    )


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_folder_as_coco(folder, options, tmp_path, scores_by_red, capsys):
    run(options(folder))
    content = read(tmp_path / "out.json")
    assert [(image["id"], image["file_name"]) for image in content["images"]] == [
        (1, "deeper/é.png"),
        (2, "c.png"),
        (3, "a b.png"),
        (4, "nobody.png"),
    ]
    assert {(image["width"], image["height"]) for image in content["images"]} == {(320, 240)}
    (category,) = content["categories"]
    assert category["name"] == "person" and category["keypoints"] == list(PANOPTIC19.joints)
    assert category["skeleton"][0] == [1, 2] and len(category["skeleton"]) == len(PANOPTIC19.limbs)
    assert [person["image_id"] for person in content["annotations"]] == [1, 2, 3]
    for person, name in zip(content["annotations"], ("deeper/é.png", "c.png", "a b.png"), strict=True):
        keypoints, (x, y, height) = np.reshape(person["keypoints"], (19, 3)), PEOPLE[name][0]
        assert keypoints[NECK].tolist() == [0, 0, 0] and person["num_keypoints"] == 18
        assert set(np.delete(keypoints[:, 2], NECK)) == {2}
        np.testing.assert_allclose(keypoints[NOSE, :2], (x, y - height / 2), atol=4)
        np.testing.assert_allclose(keypoints[ANKLE, :2], (x + 0.1 * height, y + height / 2), atol=4)
        np.testing.assert_allclose(person["bbox"], (x - height / 4, y - height / 2, height / 2, height), atol=4)
    scores = [person["score"] for person in content["annotations"]]
    assert scores == sorted(scores) and scores[0] == pytest.approx(0.95 * 150 / 250, abs=0.01)
    printed = capsys.readouterr().out
    assert "4 pictures, of which 4 with 3 people" in printed and "1 could not be read: broken.jpg" in printed
    assert "in 1 of 4 pictures nobody was found: nobody.png" in printed
    assert "confidence of the people: 0.57 (the first) to 0.95" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "pictures"]


@pytest.mark.parametrize(("more", "kept"), [({"keep": 2}, 2), ({"share": 0.6}, 3), ({"keep": 9}, 4)])
def test_the_least_certain_are_kept_and_copied(folder, options, tmp_path, scores_by_red, more, kept):
    copies = tmp_path / "copies"
    run(options(folder, copies=copies, **more))
    names = [image["file_name"] for image in read(tmp_path / "out.json")["images"]]
    assert names == ["deeper/é.png", "c.png", "a b.png", "nobody.png"][:kept]
    found = sorted(path.relative_to(copies).as_posix() for path in copies.rglob("*.*"))
    assert found == sorted(names)
    assert all((copies / name).read_bytes() == (folder / name).read_bytes() for name in names)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copies", "out.json", "pictures"]


def test_joints_below_the_score_are_not_labeled(folder, options, tmp_path, scores_by_red):
    run(options(folder, joint_score=0.7))
    counts = [person["num_keypoints"] for person in read(tmp_path / "out.json")["annotations"]]
    assert counts == [0, 18, 18]
    run(options(folder, min_score=0.7, out=tmp_path / "fewer.json"))
    assert len(read(tmp_path / "fewer.json")["annotations"]) == 2


def test_a_folder_for_label_studio(folder, options, tmp_path, scores_by_red):
    run(options(folder, to="labelstudio"))
    tasks = read(tmp_path / "out.json")
    assert [task["data"]["image"] for task in tasks] == [
        "/data/local-files/?d=pictures/deeper/%C3%A9.png",
        "/data/local-files/?d=pictures/c.png",
        "/data/local-files/?d=pictures/a%20b.png",
        "/data/local-files/?d=pictures/nobody.png",
    ]
    assert [len(task["predictions"]) for task in tasks] == [1, 1, 1, 0]
    box, nose = tasks[2]["predictions"][0]["result"][:2]
    assert box["value"]["rectanglelabels"] == ["person"] and nose["parentID"] == box["id"]
    assert nose["value"]["keypointlabels"] == ["nose"] and nose["original_width"] == 320
    np.testing.assert_allclose(
        (nose["value"]["x"], nose["value"]["y"]), (100 * 160.5 / 320, 100 * 40.5 / 240), atol=1.5
    )
    config = ElementTree.parse(tmp_path / "out-config.xml").getroot()
    assert [label.get("value") for label in config.iterfind("KeyPointLabels/Label")] == list(PANOPTIC19.joints)
    controls = {tag.get("name") for tag in config} - {"image"}
    assert {region["from_name"] for region in (box, nose)} | {"visibility"} == controls
    run(options(folder, to="labelstudio", url="https://host/x/", out=tmp_path / "web.json"))
    assert read(tmp_path / "web.json")[2]["data"]["image"] == "https://host/x/a%20b.png"


def test_a_folder_for_cvat(folder, options, tmp_path, scores_by_red):
    run(options(folder, to="cvat", out=tmp_path / "out.xml"))
    root = ElementTree.parse(tmp_path / "out.xml").getroot()
    images = root.findall("image")
    assert [image.get("name") for image in images] == ["deeper/é.png", "c.png", "a b.png", "nobody.png"]
    # CVAT takes the number of an image of an unknown name for that of a frame.
    assert min(int(image.get("id")) for image in images) >= 10_000_000
    points = {point.get("label"): point for point in images[2].iterfind("skeleton/points")}
    assert list(points) == list(PANOPTIC19.joints) and points["neck"].get("outside") == "1"
    x, y = map(float, points["nose"].get("points").split(","))
    np.testing.assert_allclose((x, y), (160.5, 40.5), atol=4)
    assert read(tmp_path / "out-labels.json")[0]["sublabels"][0]["name"] == "neck"


def test_frames_of_a_video_are_written_beside(tmp_path, options, paint, write_video, capsys):
    frames = [paint((240, 320), None)] + 11 * [paint((240, 320), (160, 120, 160))]
    run(options(write_video(tmp_path / "a walk.avi", frames, fps=10), every_s=0.3))
    content = read(tmp_path / "out.json")
    names = [image["file_name"] for image in content["images"]]
    # Frames at 0, 0.3, 0.6 and 0.9 s; nobody is in the first.
    assert names == ["a walk_000003.jpg", "a walk_000006.jpg", "a walk_000009.jpg", "a walk_000000.jpg"]
    assert sorted(path.name for path in (tmp_path / "out-frames").iterdir()) == sorted(names)
    picture = cv2.imread(str(tmp_path / "out-frames" / names[0]))
    assert picture.shape == (240, 320, 3) and picture[120, 160, 1] < 60
    nose = np.reshape(content["annotations"][0]["keypoints"], (19, 3))[NOSE]
    np.testing.assert_allclose(nose, (160, 40, 2), atol=4)
    assert "4 pictures, of which 4 with 3 people" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a walk.avi", "out-frames", "out.json"]


def test_frames_that_are_not_kept_are_not_written(tmp_path, options, paint, write_video):
    video = write_video(tmp_path / "w.avi", 12 * [paint((240, 320), (160, 120, 160))], fps=10)
    run(options(video, every_s=0.3, keep=1, copies=tmp_path / "frames"))
    assert [path.name for path in (tmp_path / "frames").iterdir()] == ["w_000000.jpg"]


def test_frames_of_a_variable_rate_are_taken_by_their_times(tmp_path, options, paint):
    write_clip(tmp_path / "w.mkv", [paint((240, 320), (160, 120, 160))] * 5, times_s=[0, 0.4, 1.1, 1.2, 5])
    run(options(tmp_path / "w.mkv", every_s=1.0))
    names = [image["file_name"] for image in read(tmp_path / "out.json")["images"]]
    assert sorted(names) == ["w_000000.jpg", "w_000002.jpg", "w_000004.jpg"]


def test_a_picture(folder, options, tmp_path):
    run(options(folder / "c.png"))
    assert [image["file_name"] for image in read(tmp_path / "out.json")["images"]] == ["c.png"]


def test_joints_outside_the_image_are_not_labeled():
    xy_px = np.array([(-0.5, 3), (-0.6, 3), (9.4, 3), (9.5, 3), (4, 19.6), (np.nan, 4)])
    row = TableRow("a", None, 0, np.array([-3, -2, 30, 10]), xy_px, np.array([0.9, 0.9, 0.5, 0.9, 0.9, np.nan]))
    person = Person.from_row(row, (20, 10), Skeleton("six", tuple("abcdef")), 0.5)
    assert person.labeled.tolist() == [True, False, True, False, False, False]
    assert person.box_px.tolist() == [-0.5, -0.5, 10, 8.5]
    # The mean of the better half.
    assert person.score == pytest.approx(0.9) and np.isfinite(person.xy_px).all()


def made(name, *scores):
    people = [Person(np.zeros((1, 2)), np.ones(1, bool), np.zeros(4), score) for score in scores]
    return LabeledImage(name, (9, 9), tuple(people))


def test_an_image_is_as_certain_as_its_least_certain_person():
    images = [made("a", 0.9, 0.2), made("b", 0.3), made("d", 0.3), made("c", 0.3), made("e"), made("f", 0.1)]
    assert "".join(image.name for image in least_certain(images, None, None)) == "fabcde"
    assert "".join(image.name for image in least_certain(images, 2, None)) == "fa"
    # A sixth of 6 is 1, and a little more is 2.
    assert "".join(image.name for image in least_certain(images, None, 1 / 6)) == "f"
    assert "".join(image.name for image in least_certain(images, None, 0.17)) == "fa"


def circles(text):
    drawing = ElementTree.fromstring(f"<svg>{json.loads(text)[0]['svg']}</svg>")
    return [(float(circle.get("cx")), float(circle.get("cy"))) for circle in drawing.iterfind("circle")]


def test_the_drawing_for_cvat_is_a_person_whose_joints_are_apart_or_a_circle():
    skeleton = Skeleton("three", ("a", "b", "c"))
    narrow = np.array([(0, 0), (10, 20), (1, 20)])
    wide = np.array([(100, 0), (200, 100), (100, 200)])
    people = [Person(xy, np.ones(3, bool), np.zeros(4), 0.5) for xy in (narrow, wide)]
    hidden = Person(5 * wide, np.array([1, 1, 0], bool), np.zeros(4), 0.5)
    drawn = circles(labels_text([LabeledImage("a", (9, 9), (*people, hidden))], skeleton))
    assert drawn == [(10, 10), (90, 50), (10, 90)]
    assert circles(labels_text([made("a")], skeleton)) == [(50, 10), (84.64, 70), (15.36, 70)]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--out", "out.xml"], 2, "--out must end in .json with --to coco, got 'out.xml'"),
        (["--out", "out.json", "--to", "cvat"], 2, "--out must end in .xml with --to cvat, got 'out.json'"),
        (["--out", "no/out.json"], 2, "--out 'no/out.json': there is no folder 'no'; make it first"),
        (["--out", "o.json", "--keep", "1", "--share", "1"], 2, "--keep and --share both say how many pictures"),
        (["--out", "o.json", "--keep", "0"], 2, "--keep must be 1 or more, got 0"),
        (["--out", "o.json", "--share", "1.1"], 2, "--share must be above 0 to 1, got 1.1"),
        (["--out", "o.json", "--share", "nan"], 2, "--share must be above 0 to 1, got nan"),
        (["--out", "o.json", "--every-s", "0"], 2, "--every-s must be above 0, got 0"),
        (["--out", "o.json", "--batch", "0"], 2, "--batch must be 1 or more, got 0"),
        (["--out", "o.json", "--finder", "squares", "--people", "5"], 2, "--people must be 1 to 4, got 5"),
        (["--out", "o.json", "--min-score", "2"], 2, "--min-score must be 0 to 1, got 2.0"),
        (["--out", "o.json", "--joint-score", "-1"], 2, "--joint-score must be 0 to 1, got -1.0"),
        (["--out", "o.json", "--url", "x"], 2, "--url is for Label Studio; give --to labelstudio"),
        (["--out", "o.json", "--copies", "pictures/x"], 2, "--copies 'pictures/x' lies in 'pictures', which is read"),
        (["--out", "o.json", "--copies", "full"], 2, "--copies 'full' must be a new folder or an empty one"),
        (["--out", "o.json", "--copies", "no/x"], 2, "--copies 'no/x' cannot be made: make the folder that it lies in"),
        (["--out", "o.json", "--model", "none"], 2, "the model 'none' does not exist"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(folder, monkeypatch, capsys, arguments, code, message):
    monkeypatch.chdir(folder.parent)
    (folder.parent / "full").mkdir()
    (folder.parent / "full/x").touch()
    assert main(["pictures", *arguments]) == code
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("error: ") and message in error
    assert not list(folder.parent.glob("*.json"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gone", "'gone' does not exist"),
        ("empty", "holds no pictures"),
        ("broken", "none of the 1 pictures of 'broken'"),
    ],
)
def test_a_source_without_pictures(tmp_path, fake_export, monkeypatch, capsys, source, message):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("broken").mkdir()
    Path("broken/a.jpg").write_bytes(b"no picture")
    model = ["--model", str(fake_export), "--batch", "2"]
    assert main([source, "--out", "o.json", "--copies", "c", *model]) == 3
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "empty"]


def test_nothing_is_written_if_a_file_finds_no_room(folder, options, tmp_path, room):
    before = sorted(path.name for path in tmp_path.iterdir())
    made = options(folder, to="cvat", out=tmp_path / "out.xml", copies=tmp_path / "copies")
    with room(3000), pytest.raises(Exception, match="cannot be written"):
        run(made)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["out.xml", "out-labels.json"])
def test_files_that_exist_are_left_alone(folder, options, tmp_path, name):
    (tmp_path / name).write_text("corrected")
    with pytest.raises(ArgumentError, match=f"{name}' exists, maybe with corrected labels; choose another"):
        options(folder, to="cvat", out=tmp_path / "out.xml")
    assert (tmp_path / name).read_text() == "corrected"


def test_every_flag_is_on_the_page(capsys):
    page = (Path(__file__).parents[3] / "docs/labels.md").read_text(encoding="utf-8")
    assert main(["--help"]) == 0
    flag = r"(?<![-\w])--[a-z][a-z-]*[a-z]"
    flags = set(re.findall(flag, capsys.readouterr().out)) - {"--help"}
    assert len(flags) >= 10 and flags - set(re.findall(flag, page)) == set()
