"""Loading what training and export write, and the errors for anything else."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from evaluate.predictor import Predictor, load_predictor
from pose import COCO17, LSP14
from pose.tasks import POSE_2D
from records import read_manifest


@pytest.fixture
def pictures():
    return np.zeros((2, 32, 32, 3), np.uint8)


def joints_and_scores(predictor, pictures):
    answers = predictor.predict({"pictures": pictures})
    return answers["joints_xy_px"], answers["scores"]


def test_run_folder_and_file_are_the_same_model(run_folder, pictures):
    for path in (run_folder, run_folder / "best.keras"):
        predictor = load_predictor(path)
        assert (predictor.skeleton, predictor.input_size, predictor.score_reach) == (LSP14, 32, 0.05)
        xy, scores = joints_and_scores(predictor, pictures)
        np.testing.assert_array_equal(xy, np.full((2, 14, 2), 15.5))
        np.testing.assert_array_equal(scores, np.full((2, 14), 0.25))


def test_a_run_may_name_its_skeleton_and_its_score_radius(run_folder, tmp_path):
    (tmp_path / "best.keras").write_bytes((run_folder / "best.keras").read_bytes())
    notes = {"skeleton": "lsp14", "input_size": 32, "config": {"score_radius": 0.1}}
    (tmp_path / "run.json").write_text(json.dumps(notes))
    predictor = load_predictor(tmp_path)
    assert (predictor.skeleton, predictor.score_reach) == (LSP14, 0.1)


def test_the_mirror_test_merges_and_swaps_left_and_right(tmp_path, pictures, constant_model, write_run):
    xy = np.zeros((14, 2))
    left, right = LSP14.index("left_wrist"), LSP14.index("right_wrist")
    xy[left], xy[right] = [10, 20], [4, 8]
    knees = [LSP14.index("left_knee"), LSP14.index("right_knee")]
    xy[knees] = [[15, 3], [15.2, 4]]
    scores = np.zeros(14)
    scores[[left, right, *knees]] = 0.5, 0.25, 0.75, 0.25
    run = write_run(tmp_path / "run", constant_model(xy, scores, size=32), size=32)
    found_xy, found_scores = joints_and_scores(load_predictor(run, flip_test=True), pictures)
    # In the mirror image the right wrist is predicted at x 4, which is 31 - 4 = 27 and the left one. It is far off, and
    # the left wrist's own prediction has the higher score; and vice versa.
    np.testing.assert_allclose(found_xy[0, left], [10, 20])
    np.testing.assert_allclose(found_xy[1, right], [31 - 10, 20])
    # The right knee's is at 31 - 15.2 = 15.8, within a twentieth of 32 px: three parts to one.
    np.testing.assert_allclose(found_xy[0, knees[0]], [0.75 * 15 + 0.25 * 15.8, 0.75 * 3 + 0.25 * 4])
    # Two answers with a score of 0: the first one stays.
    np.testing.assert_allclose(found_xy[0, LSP14.index("neck")], [0, 0])
    np.testing.assert_allclose(found_scores[0, [left, right, *knees]], [0.375, 0.375, 0.5, 0.5])


def test_the_mirror_test_runs_on_the_mirrored_image():
    # A model that answers x = the red level of the top left pixel.
    def forward(inputs):
        pictures = inputs["pictures"]
        xy = np.zeros((len(pictures), 14, 2))
        xy[..., 0] = pictures[:, 0, 0, 0, None]
        return {"joints_xy_px": xy, "scores": np.ones((len(pictures), 14))}

    picture = np.zeros((1, 8, 8, 3), np.uint8)
    picture[:, :, 0], picture[:, :, 7] = 2, 6
    xy, _ = joints_and_scores(Predictor(Path("m"), LSP14, 8, 0.2, POSE_2D, forward, flip_test=True), picture)
    assert xy[0, 0, 0] == (2 + (7 - 6)) / 2


def test_exported_folder(tmp_path, pictures):
    description = json.dumps({"skeleton": LSP14.describe(), "size": 32, "padding": 1.25, "score": "..."})

    class Exported(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 32, 32, 3], tf.uint8)])
        def pose(self, pictures):
            brightness = tf.reduce_mean(tf.cast(pictures, tf.float32), axis=(1, 2, 3))
            xy = tf.ones([1, 14, 2]) * brightness[:, None, None]
            return {"joints_xy_px": xy, "scores": 0.5 * tf.ones(tf.shape(xy)[:2])}

        @tf.function(input_signature=[])
        def describe(self):
            return {"json": tf.constant(description)}

    module = Exported()
    tf.saved_model.save(module, tmp_path, {"serving_default": module.pose, "describe": module.describe})
    predictor = load_predictor(tmp_path)
    assert (predictor.skeleton, predictor.input_size) == (LSP14, 32)
    pictures[1] = 7
    xy, scores = joints_and_scores(predictor, pictures)
    np.testing.assert_array_equal(xy[:, 3, 1], [0, 7])
    np.testing.assert_array_equal(scores, np.full((2, 14), 0.5))


def test_saved_model_that_does_not_describe_itself(tmp_path):
    tf.saved_model.save(tf.Module(), tmp_path)
    with pytest.raises(ValueError, match="lacks the signature describe and serving_default.*python -m export"):
        load_predictor(tmp_path)


def test_damaged_saved_model(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"no protocol buffer")
    with pytest.raises(ValueError, match="cannot be loaded as a SavedModel"):
        load_predictor(tmp_path)


def test_a_missing_path_and_other_files_raise(tmp_path):
    with pytest.raises(ValueError, match="nowhere does not exist; give a training run's folder"):
        load_predictor(tmp_path / "nowhere")
    with pytest.raises(
        ValueError, match="neither a training run nor.*run.json with best.keras.*python -m train.resnet"
    ):
        load_predictor(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match="saved_model.pb .made by `python -m export`"):
        load_predictor(tmp_path / "notes.txt")


def test_incomplete_runs(run_folder, tmp_path):
    (tmp_path / "run.json").write_text((run_folder / "run.json").read_text())
    with pytest.raises(ValueError, match="best.keras does not exist; training writes it after its first epoch"):
        load_predictor(tmp_path)
    (tmp_path / "best.keras").write_bytes((run_folder / "best.keras").read_bytes()[:1000])
    with pytest.raises(ValueError, match="best.keras cannot be loaded by Keras"):
        load_predictor(tmp_path)
    (tmp_path / "run.json").unlink()
    with pytest.raises(ValueError, match="has no run.json beside it"):
        load_predictor(tmp_path / "best.keras")


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ("{", "run.json is damaged"),
        ("[]", "run.json is damaged"),
        ('{"input_size": 32}', "KeyError.'skeleton'"),
        ('{"skeleton": "lsp15", "input_size": 32}', "name one of panoptic19, coco17, mpii16, lsp14"),
        ('{"skeleton": "lsp14", "input_size": 48}', "says that pictures are 48 px, but best.keras takes"),
    ],
)
def test_damaged_notes(run_folder, tmp_path, notes, message):
    (tmp_path / "best.keras").write_bytes((run_folder / "best.keras").read_bytes())
    (tmp_path / "run.json").write_text(notes)
    with pytest.raises(ValueError, match=message):
        load_predictor(tmp_path)


def test_a_model_of_another_kind(tmp_path, write_run):
    inputs = keras.Input((32, 32, 3))
    run = write_run(tmp_path / "run", keras.Model(inputs, keras.layers.Flatten()(inputs)), size=32)
    with pytest.raises(ValueError, match="must answer joints_xy_px and scores"):
        load_predictor(run)


def test_another_number_of_joints_than_the_skeletons_raises(tmp_path, pictures, constant_model, write_run):
    run = write_run(tmp_path / "run", constant_model(np.zeros((13, 2)), np.zeros(13), size=32), size=32)
    with pytest.raises(ValueError, match=r"must answer joints_xy_px \(2, 14, 2\) for lsp14, got \(2, 13, 2\)"):
        joints_and_scores(load_predictor(run), pictures)


def test_records_of_another_skeleton_raise(records, tmp_path, constant_model, write_run, run_folder):
    load_predictor(run_folder).check_records(read_manifest(records))
    model = constant_model(np.zeros((17, 2)), np.zeros(17), size=32)
    predictor = load_predictor(write_run(tmp_path / "run", model, skeleton=COCO17, size=32))
    with pytest.raises(ValueError, match="the 17 joints of coco17, the records label the 14 of lsp14"):
        predictor.check_records(read_manifest(records))


def test_pictures_of_another_type_or_size_raise(run_folder, pictures):
    predictor = load_predictor(run_folder)
    with pytest.raises(ValueError, match="got float32"):
        joints_and_scores(predictor, pictures.astype(np.float32))
    with pytest.raises(ValueError, match="ask the records for input_size=32"):
        joints_and_scores(predictor, pictures[:, :16])
