"""Tables and COCO files of people."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from browser_parts import GRAY, painted
from rectangles import PERSON

import panopose
from demo.batch.__main__ import Options, run
from demo.outputs.video_sink import VideoSink
from pose import COCO17, Skeleton
from pose.coco import coco_category


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    import cv2

    folder = tmp_path_factory.mktemp("images")
    cv2.imwrite(str(folder / "a.png"), painted(GRAY, PERSON)[..., ::-1])
    cv2.imwrite(str(folder / "empty.png"), GRAY)
    return folder


def test_the_table_is_that_of_the_command(model, export, images, tmp_path):
    run(Options(images, out=tmp_path / "out.csv", model=export, runtime="onnx", threads=1, batch=8))
    expected = pd.read_csv(tmp_path / "out.csv")
    table = panopose.to_frame(model.images(images))
    assert list(table.columns) == list(expected.columns) and len(table) == 1
    assert table["picture"].tolist() == ["a.png"] and table["person"].tolist() == [0]
    np.testing.assert_allclose(table.iloc[:, 2:].to_numpy(float), expected.iloc[:, 2:].to_numpy(float), atol=1e-3)
    assert table.attrs["skeleton"]["name"] == "lsp14"


def test_people_of_one_image_of_several_and_frames_make_the_same_table(model, images):
    people = {"a.png": model(images / "a.png"), "empty.png": model(images / "empty.png")}
    several, one = panopose.to_frame(people), panopose.to_frame(people["a.png"])
    pd.testing.assert_frame_equal(several, panopose.to_frame(model.images(images)))
    assert one["picture"].tolist() == [""]
    pd.testing.assert_frame_equal(one.drop(columns="picture"), several.drop(columns="picture"))
    assert several["head_top_x_px"][0] == pytest.approx(people["a.png"][0]["head_top"].x, abs=1e-3)


def test_video_frames_have_a_number_and_a_time(model):
    frames = model.track([painted(GRAY, PERSON)] * 2 + [GRAY], fps=10)
    table = panopose.to_frame(frames)
    assert list(table.columns[:3]) == ["frame", "time_s", "person"]
    assert table["frame"].tolist() == [0, 1] and table["time_s"].tolist() == [0.0, 0.1]


@pytest.fixture(scope="module")
def recording(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "still.mp4"
    with VideoSink(path, 10.0) as sink:
        for number in range(6):
            sink.write(painted(GRAY, PERSON), number / 10)
    return model.video(path)


def test_a_recording_makes_the_table_of_its_command(recording):
    table = panopose.to_frame(recording)
    assert table["frame"].tolist() == list(range(6)) and (table["person"] == 0).all()
    assert table.columns[-1] == f"{recording.skeleton.joints[-1]}_score"
    with_angles = panopose.to_frame(recording, angles=True)
    more = [name for name in with_angles if name not in table]
    assert "left_knee_flexion_deg" in more and all(name.endswith("_deg") for name in more)
    pd.testing.assert_frame_equal(with_angles[list(table)], table)


def test_a_recording_as_coco(recording):
    coco = panopose.to_coco(recording)
    assert len(coco["images"]) == len(coco["annotations"]) == 6
    assert {entry["track_id"] for entry in coco["annotations"]} == {0}
    assert all(entry["num_keypoints"] == 14 for entry in coco["annotations"])
    track = recording.people[0]
    dim = replace(recording, people={0: replace(track, scores=np.full_like(track.scores, 0.3))})
    assert len(panopose.to_coco(dim)["annotations"]) == 6 and panopose.to_coco(dim, min_score=0.5)["annotations"] == []


def test_angles_are_of_recordings_with_arms_and_legs(model, image, recording):
    with pytest.raises(ValueError, match=r"angles are measured .* on a recording: panopose.to_frame\(model.video"):
        panopose.to_frame(model(image), angles=True)
    own = replace(recording, skeleton=Skeleton("own", tuple("abcdefghijklmn")))
    with pytest.raises(ValueError, match="own lacks the joints of the angles"):
        panopose.to_frame(own, angles=True)


def test_coco_names_images_people_and_joints(model, images):
    coco = panopose.to_coco(model.images(images))
    json.dumps(coco, allow_nan=False)
    assert coco["images"] == [
        {"id": 1, "file_name": "a.png", "width": 640, "height": 480},
        {"id": 2, "file_name": "empty.png", "width": 640, "height": 480},
    ]
    assert coco["categories"] == [coco_category(model.skeleton)]
    (annotation,) = coco["annotations"]
    (person,) = model(images / "a.png")
    keypoints = np.reshape(annotation["keypoints"], (14, 3))
    np.testing.assert_allclose(keypoints[:, :2], person.xy_px, atol=0.006)
    assert (keypoints[:, 2] == 2).all() and annotation["num_keypoints"] == 14 and annotation["image_id"] == 1
    np.testing.assert_allclose(annotation["bbox"], person.box_px + (0.5, 0.5, 0, 0), atol=0.006)
    assert annotation["score"] == pytest.approx(person.score, abs=1e-4) and "track_id" not in annotation


def test_coco_of_several_images_and_of_frames(model):
    image = painted(GRAY, PERSON)
    coco = panopose.to_coco({"x.jpg": model(image), "y.jpg": model(image)})
    assert [entry["file_name"] for entry in coco["images"]] == ["x.jpg", "y.jpg"]
    assert [(entry["id"], entry["image_id"]) for entry in coco["annotations"]] == [(1, 1), (2, 2)]
    coco = panopose.to_coco(model.track([image, image], fps=10))
    assert [entry["file_name"] for entry in coco["images"]] == ["frame_000000.jpg", "frame_000001.jpg"]
    assert [entry["track_id"] for entry in coco["annotations"]] == [0, 0]


def test_min_score_decides_which_joints_coco_gets(model, image):
    (person,) = model(image)
    scores = np.linspace(0.0, 0.9, 14)
    dim = panopose.Person(person.xy_px, scores, person.box_px, 0, person.skeleton, joint_score=0.45)
    assert panopose.to_coco([dim])["annotations"][0]["num_keypoints"] == np.count_nonzero(scores >= 0.45) == 7
    assert panopose.to_coco([dim], min_score=0)["annotations"][0]["num_keypoints"] == 14


def test_pycocotools_scores_the_people_as_their_own_truth(model, images, tmp_path):
    coco_api, cocoeval = pytest.importorskip("pycocotools.coco"), pytest.importorskip("pycocotools.cocoeval")
    coco = panopose.to_coco(model.images(images))
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    truth = coco_api.COCO(str(tmp_path / "coco.json"))
    results = truth.loadRes(coco["annotations"])
    scored = cocoeval.COCOeval(truth, results, "keypoints")
    scored.params.kpt_oks_sigmas = np.asarray(model.skeleton.sigmas)
    scored.evaluate()
    scored.accumulate()
    scored.summarize()
    assert scored.stats[0] == pytest.approx(1.0)


@pytest.mark.parametrize("convert", [panopose.to_frame, panopose.to_coco])
def test_nobody_at_all_needs_a_skeleton(model, convert):
    for nobody in ([], {"a.jpg": []}, iter(())):
        with pytest.raises(ValueError, match=r"nobody was found.*pass skeleton=model\.skeleton"):
            convert(nobody)
    assert len(panopose.to_frame([], skeleton=model.skeleton)) == 0
    assert "head_top_score" in panopose.to_frame([], skeleton=model.skeleton)
    # Frames know their joints.
    assert len(panopose.to_frame(model.track([GRAY], fps=1))) == 0
    assert panopose.to_coco(model.track([GRAY], fps=1))["categories"][0]["keypoints"][0] == "right_ankle"


@pytest.mark.parametrize("convert", [panopose.to_frame, panopose.to_coco])
def test_other_things_raise(model, image, convert):
    people = model(image)
    for wrong, got in (
        (5, "int"),
        (people[0], "Person"),
        ([image], "ndarray"),
        ({"a": [1]}, "int"),
        ([*people, 1], "int"),
    ):
        with pytest.raises(TypeError, match=f"pass the people of one image, .*got {got}"):
            convert(wrong)
    one = people[0]
    other = panopose.Person(np.zeros((17, 2)), np.ones(17), one.box_px, 0, COCO17)
    with pytest.raises(ValueError, match="have one skeleton, got lsp14 and coco17"):
        convert({"a": people, "b": [other]})
