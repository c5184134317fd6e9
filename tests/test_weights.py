"""The shipped models."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from depth_people import depth_batch
from waving import moving

import weights
from artefact.formats import trusted
from artefact.model import Model
from demo.runtimes.pose_model import load
from evaluate.pose_3d.metrics import joint_errors
from pose import PANOPTIC19, Crop
from pose.crop import box_from_joints
from pose.space.lifting import seen
from pose.tasks import task_of

FOLDER = Path(weights.__file__).parent
_MOST_BYTES, _MOST_BYTES_A_FILE = 40e6, 25e6
#: Those of images in color; the others lift joints, or take depth images.
OF_IMAGES = [
    name for name in weights.names() if task_of(json.loads((FOLDER / name / "run.json").read_text())).takes_pictures
]


def joints_of(model, picture):
    """Joints (J, 2) and their scores (J,) of the person in a crop; of the best one, where a model sees everybody."""
    if model.finds_everybody:
        people = model.find(picture[None])[0]
        return people.joints_xy_px[0], people.scores[0]
    xy_px, scores = model.predict(picture[None])
    return xy_px[0], scores[0]


def test_a_name_is_a_shipped_model_unless_the_working_folder_has_a_file_of_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "fast" in weights.names()
    assert weights.shipped(Path("fast")) == FOLDER / "fast"
    assert weights.shipped(Path("slow")) is weights.shipped(Path("some/fast")) is None
    (tmp_path / "fast").mkdir()
    assert weights.shipped(Path("fast")) is None


@pytest.mark.parametrize("name", weights.names())
def test_a_model_is_complete_small_and_free_of_paths_of_its_machine(name):
    files = {path.relative_to(FOLDER / name).as_posix(): path for path in (FOLDER / name).rglob("*") if path.is_file()}
    assert {"README.md", "best.keras", "run.json", "export/pose.json", "export/formats.json"} <= files.keys()
    sizes = [path.stat().st_size for path in files.values()]
    assert sum(sizes) < _MOST_BYTES and max(sizes) < _MOST_BYTES_A_FILE
    assert not [file for file, path in files.items() if path.suffix in (".npy", ".npz")]
    notes = json.loads(files["run.json"].read_text())
    assert ("history.csv" in files) == (notes["config"]["epochs"] > 0)
    assert not [value for value in notes["config"].values() if isinstance(value, str) and "/" in value]


@pytest.mark.parametrize("name", weights.names())
def test_the_page_and_the_window_both_have_their_file(name):
    passed = {
        form
        for form, entry in json.loads((FOLDER / name / "export/formats.json").read_text())["formats"].items()
        if entry["passed"]
    }
    assert passed == set(trusted(FOLDER / name / "export")) == {"litert-fp16", "onnx"}


def test_the_runtimes_lift_alike():
    pytest.importorskip("ai_edge_litert")
    pytest.importorskip("onnxruntime")
    xyz = moving(27).astype(np.float64) + (100, 0, 3000)
    joints = seen(xyz[None, ..., :2] / xyz[None, ..., 2:], np.full((1, 27, 19), 0.9)).joints
    answers = [
        Model(FOLDER / "lift" / "export", runtime, threads=1).run({"joints": joints})["joints_xyz_mm"]
        for runtime in ("litert-fp16", "onnx")
    ]
    np.testing.assert_allclose(answers[0], answers[1], atol=2)
    assert set(weights.names()) - set(OF_IMAGES) == {"depth", "lift"}


def test_the_runtimes_see_depth_alike():
    pytest.importorskip("ai_edge_litert")
    pytest.importorskip("onnxruntime")
    model = Model(FOLDER / "depth" / "export", "onnx", threads=1)
    inputs, labels = depth_batch(4, size=int(model.description["size"]))
    inputs["depth_mm"] = inputs["depth_mm"].astype(np.uint16)
    other = Model(FOLDER / "depth" / "export", "litert-fp16", threads=1)
    first, second = (one.run(inputs)["joints_xyz_mm"] for one in (model, other))
    assert np.percentile(np.linalg.norm(first - second, axis=2), 90) < 5


def test_joints_of_real_depth_are_where_they_should_be(shared_data):
    from benchmarks.depth import _JOINTS, depth_in_mm, inputs_of_itop

    with np.load(shared_data / "itop" / "frontal.npz") as file:
        depth, joints = depth_in_mm(file["depth"][:40]), 1000 * file["joints_m"][:40].astype(np.float64) * (1, -1, 1)
    model = Model(FOLDER / "depth" / "export", "onnx", threads=2)
    found = model.run(inputs_of_itop(depth, int(model.description["size"])))["joints_xyz_mm"]
    ours, theirs = found[:, [PANOPTIC19.index(name) for name in _JOINTS]], joints[:, list(_JOINTS.values())]
    errors = joint_errors(ours, theirs, np.ones(ours.shape[:2], bool), "similarity")
    assert np.median(errors) < 100


@pytest.mark.parametrize("name", OF_IMAGES)
def test_the_runtimes_agree(name):
    pytest.importorskip("ai_edge_litert")
    pytest.importorskip("onnxruntime")
    folder = FOLDER / name / "export"
    litert, onnx = (load(folder, runtime=runtime, threads=1) for runtime in ("litert-fp16", "onnx"))
    # Three images of a person of the synthetic dome. On noise, maps have no peaks to compare, and with two people they
    # have two.
    sheet = cv2.imread(str(FOLDER.parent / "docs/demo/smooth.jpg"))[..., ::-1]
    height, width = sheet.shape[0], sheet.shape[1] // 3
    for left in range(0, 3 * width, width):
        picture = cv2.resize(sheet[:, left : left + height], (litert.size, litert.size))
        for ours, theirs in zip(joints_of(litert, picture), joints_of(onnx, picture), strict=True):
            assert np.percentile(np.abs(ours - theirs), 90) < 0.5


@pytest.mark.parametrize("name", OF_IMAGES)
def test_joints_of_a_real_walk_agree_with_another_model(name, shared_data):
    model = load(FOLDER / name / "export", runtime="litert-fp16", threads=1)
    golden = json.loads((shared_data / "clips" / "pose_1.json").read_text())
    names = [joint for joint in model.skeleton.joints if joint in golden[0]]
    video = cv2.VideoCapture(str(shared_data / "clips" / "pose_1.mp4"))
    hits = []
    for i, frame in enumerate(golden):
        picture = video.read()[1]
        if i % 20:
            continue
        truth = {joint: np.array([point["x"], point["y"]]) for joint, point in frame.items()}
        everything = np.array(list(truth.values()))
        box_px = box_from_joints(everything, np.full(len(everything), 2))
        crop = Crop.from_box(box_px, model.size, model.padding)
        joints_px, _ = joints_of(model, crop.cut(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)))
        ours = dict(zip(model.skeleton.joints, crop.points_to_frame(joints_px), strict=True))
        torso_px = np.linalg.norm(truth["left_shoulder"] - truth["right_hip"])
        hits += [np.linalg.norm(ours[joint] - truth[joint]) < 0.2 * torso_px for joint in names]
    assert len(names) >= 12 and np.mean(hits) > 0.7
