"""`python -m demo.batch` writes the formats of other tools, several at once."""

import contextlib
import io
import json

import cv2
import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO
from two_people import two_people

from demo.batch.__main__ import Options, main, run
from demo.tracking.estimator import confidence
from pose import PANOPTIC19
from pose.results.openpose import BODY_25
from pose.results.read import read_results

PERSON = (160, 120, 160)


@pytest.fixture
def folder(tmp_path, paint):
    pictures = tmp_path / "pictures"
    (pictures / "deeper").mkdir(parents=True)
    cv2.imwrite(str(pictures / "000000000139.png"), paint((240, 320), PERSON)[..., ::-1])
    cv2.imwrite(str(pictures / "deeper/000000000285.png"), paint((240, 320), (100, 130, 180))[..., ::-1])
    cv2.imwrite(str(pictures / "empty_0007.png"), paint((240, 320), None))
    (pictures / "broken_0001.png").write_bytes(b"no picture")
    return pictures


@pytest.fixture
def options(fake_export, tmp_path):
    return lambda source, **more: Options(source, **{"model": fake_export, "batch": 2} | more)


def people_of(table):
    """Joints (P, J, 2) and scores (P, J) of a table."""
    joints = [[f"{joint}_{part}" for part in ("x_px", "y_px", "score")] for joint in PANOPTIC19.joints]
    values = table[sum(joints, [])].to_numpy().reshape(len(table), -1, 3)
    return values[..., :2], values[..., 2]


def test_all_formats_of_a_folder_hold_the_same_people(folder, options, tmp_path, one_at_a_time, capsys):
    run(options(folder, out=tmp_path / "t.csv", coco=tmp_path / "c.json", openpose=tmp_path / "o"))
    written = " and ".join(str(tmp_path / name) for name in ("t.csv", "c.json", "o"))
    assert f"wrote {written}\n" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "t.csv")
    xy, scores = people_of(table)
    coco = read_results(tmp_path / "c.json")
    assert [(image.number, image.name) for image in coco.images] == [
        (139, "000000000139.png"),
        (285, "deeper/000000000285.png"),
    ]
    assert [len(image.xy_px) for image in coco.images] == [1, 1]
    np.testing.assert_allclose(np.concatenate([image.xy_px for image in coco.images]), xy, atol=1e-3)
    np.testing.assert_allclose(np.concatenate([image.scores for image in coco.images]), scores, atol=1e-4)
    for image in coco.images:
        assert image.person_scores[0] == pytest.approx(confidence(image.scores[0], PANOPTIC19), abs=1e-5)
    openpose = read_results(tmp_path / "o")
    assert openpose.joints == BODY_25.joints
    assert [(image.name, len(image.xy_px)) for image in openpose.images] == [
        ("000000000139", 1),
        ("deeper/000000000285", 1),
        ("empty_0007", 0),
    ]
    order = [BODY_25.index(joint) for joint in PANOPTIC19.joints]
    np.testing.assert_array_equal(openpose.images[0].xy_px[:, order], coco.images[0].xy_px)
    assert openpose.images[0].persons.tolist() == [-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.json", "o", "pictures", "t.csv"]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"images": [{"id": 139}, {"id": 285}], "annotations": [], "categories": [{"id": 1}]}
        truth.createIndex()
        assert len(truth.loadRes(str(tmp_path / "c.json")).getAnnIds()) == 2


def test_ids_and_the_category_come_from_an_annotation_file(folder, options, tmp_path, one_at_a_time, capsys):
    images = [{"id": 11, "file_name": "000000000139.png"}, {"id": 12, "file_name": "deep\\000000000285.png"}]
    content = {"images": images, "annotations": [], "categories": [{"id": 4, "name": "p", "keypoints": ["nose"]}]}
    (tmp_path / "labels.json").write_text(json.dumps(content))
    run(options(folder, coco=tmp_path / "c.json", annotations=tmp_path / "labels.json"))
    assert [image.number for image in read_results(tmp_path / "c.json").images] == [11, 12]
    assert {entry["category_id"] for entry in json.loads((tmp_path / "c.json").read_text())} == {4}
    out = capsys.readouterr().out
    assert f"1 picture not in {tmp_path / 'labels.json'}, so not in {tmp_path / 'c.json'}" in out


def test_names_without_numbers_are_numbered_by_their_places(folder, options, tmp_path, one_at_a_time, capsys):
    (folder / "000000000139.png").rename(folder / "z.png")
    (folder / "deeper/000000000285.png").rename(folder / "z.bmp")
    run(options(folder, coco=tmp_path / "c.json", openpose=tmp_path / "o"))
    assert "are the pictures' places, from 1" in capsys.readouterr().out
    images = read_results(tmp_path / "c.json").images
    assert [(image.number, image.name) for image in images] == [(2, "z.bmp"), (3, "z.png")]
    # Two names that differ in their endings alone.
    names = sorted(image.name for image in read_results(tmp_path / "o").images)
    assert names == ["empty_0007", "z", "z.png"]


def test_all_formats_of_a_video(options, tmp_path, paint, write_video, one_at_a_time):
    frames = [paint((240, 320), None)] + 4 * [two_people(paint)]
    video = write_video(tmp_path / "two.avi", frames, fps=10)
    files = {"coco": tmp_path / "c.json", "openpose": tmp_path / "o", "posetrack": tmp_path / "p.json"}
    run(options(video, **files))
    tracked = read_results(tmp_path / "p.json")
    assert tracked.joints == PANOPTIC19.joints
    expected = [(k, f"two/00000{k}.jpg") for k in range(5)]
    assert [(image.number, image.name) for image in tracked.images] == expected
    assert [image.persons.tolist() for image in tracked.images] == [[], *(4 * [[0, 1]])]
    openpose = read_results(tmp_path / "o")
    assert [image.name for image in openpose.images] == [f"two_00000000000{k}" for k in range(5)]
    assert [image.persons.tolist() for image in openpose.images] == [[], *(4 * [[0, 1]])]
    coco = read_results(tmp_path / "c.json")
    assert [image.number for image in coco.images] == [1, 2, 3, 4]
    for one, other in zip(coco.images, tracked.images[1:], strict=True):
        np.testing.assert_array_equal(one.xy_px, other.xy_px)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give a file to write: --out, --coco or --posetrack FILE, or --openpose FOLDER"),
        (["--coco", "TMP/c.txt"], "--coco must end in .json, got"),
        (["--posetrack", "TMP/p.json"], "--posetrack is for a video"),
        (["--out", "TMP/t.csv", "--annotations", "TMP/a.json"], "give --coco FILE too"),
        (["--coco", "TMP/a.json", "--annotations", "TMP/a.json"], "is the --annotations file itself"),
        (["--coco", "TMP/c.json", "--posetrack", "TMP/c.json"], "are one file; choose two names"),
        (["--openpose", "TMP/pictures"], "which is read; choose another folder"),
        (["--openpose", "TMP/full"], "must be a new folder or an empty one"),
        (["--coco", "TMP/c.json", "--annotations", "TMP/a.json"], "has no 'images'"),
        (["--coco", "TMP/c.json", "--annotations", "TMP/b.json"], "lists none of the pictures, such as '000000000139"),
    ],
)
def test_wrong_outputs_are_refused_before_the_work(folder, fake_export, tmp_path, capsys, words, message):
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.json").write_text('{"images": [{"id": 1, "file_name": "x.jpg"}]}')
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    before = sorted(tmp_path.rglob("*"))
    words = [word.replace("TMP", str(tmp_path)) for word in words]
    code = main([str(folder), "--model", str(fake_export), "--batch", "2", *words])
    err = capsys.readouterr().err
    assert code in (2, 3) and message in err and len(err.splitlines()) == 1, err
    assert sorted(tmp_path.rglob("*")) == before
