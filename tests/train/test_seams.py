"""New kinds of nets, trained, evaluated and exported through the public functions of recipes: two stages, 3D answers,
depth inputs."""

import json
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from keras import ops
from people import make_person

from artefact.model import Model
from demo.errors import ModelError
from demo.runtimes.pose_model import PoseModel
from evaluate.__main__ import main as evaluate_main
from evaluate.measures import MEASURES, Figure, Measure
from export.__main__ import main as export_main
from models import FORMS, SCORES, OutputForm, Term, form_of, no_neck, pose_net, stages_of
from models.blocks import normalize_relu
from pose import LSP14, Camera, Crop
from pose.tasks import POSE_2D, TASKS, Answer, Input, Task, as_net_takes
from records import ShardSetWriter, encode_example
from train.config import TrainConfig
from train.loop import train
from train.loop.trainer import PoseTrainer
from train.start.initial import start_from

SIZE = 32


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """People with 3D joints, a camera and a depth image, in crops of 32 px."""
    folder = tmp_path_factory.mktemp("shards")
    writer = ShardSetWriter(folder, skeleton=LSP14, size=SIZE, source={"padding": 1.25}, split_rule={})
    matrix = np.array([[300.0, 0, 100], [0, 300, 100], [0, 0, 1]])
    for i in range(12):
        person = make_person(i)
        rays = np.concatenate([person.joints_xy_px, np.ones((14, 1))], axis=1) @ np.linalg.inv(matrix).T
        person.joints_xyz_mm = rays * np.linspace(1800, 2200, 14)[:, None]
        person.camera_model = Camera("00", (200, 200), matrix, np.zeros(5), np.eye(3), np.zeros(3))
        person.depth_mm = np.tile(np.arange(1, 201, dtype=np.uint16) * 10, (200, 1))
        split = ("train", "train", "val")[i % 3]
        writer.add(split, encode_example(person, Crop.from_box(person.box_px, SIZE), LSP14))
    writer.finish()
    return folder


def config(shards, run, **options):
    return TrainConfig(shards, run, epochs=2, batch_size=4, log=(), ema_epochs=0, **options, **AS_GIVEN)


def two_stages(num_joints, *, input_size, neck, head, normalization):
    """A stem and two stages; the second has the first one's outputs as input."""

    def backbone(x, read_out):
        x = keras.layers.Conv2D(8, 4, strides=4, name="stem")(x)
        first = read_out([x])["heatmap_logits"]
        x = keras.layers.Concatenate(name="both")([x, first])
        x = keras.layers.Conv2D(8, 3, padding="same", name="again")(x)
        return [normalize_relu(x, normalization, name="again_")]

    options = {"neck": neck, "head": head, "normalization": normalization}
    return pose_net(backbone, num_joints, input_size=input_size, smallest=SIZE, name="twice", **options)


def test_a_net_of_two_stages(shards, tmp_path):
    options = config(shards, tmp_path / "run", head="heatmaps", neck="none")
    run = train(options, "twice", two_stages, stage_weights={"stage1": 0.5})
    last = pd.read_csv(run / "history.csv").iloc[-1]
    total = 0.5 * last["stage1_joint_loss"] + last["joint_loss"] + last["score_loss"]
    assert last["loss"] == pytest.approx(total, rel=1e-4) and last["stage1_joint_loss"] != last["joint_loss"]
    assert keras.models.load_model(run / "best.keras").output.keys() == {"joints_xy_px", "scores"}
    # One more net starts from it, with the weights of both stages.
    form = FORMS["heatmaps"]
    batch_norm = keras.layers.BatchNormalization
    net = two_stages(14, input_size=SIZE, neck=no_neck, head=form.head, normalization=batch_norm)
    assert form_of(net) is form and "stage1/heatmap_logits" in net.output and f"stage1/{SCORES}" not in net.output
    before = net.get_layer("stage1_out_heatmap_logits").get_weights()[0]
    assert start_from(net, run, LSP14).startswith("14 of 14 joints")
    assert np.abs(net.get_layer("stage1_out_heatmap_logits").get_weights()[0] - before).max() > 0
    evaluated = call(evaluate_main, run, "--split", "val")
    assert evaluated.returncode == 0
    # Every stage is measured, by training and by the evaluation.
    metrics = json.loads((run / "evaluation-val/metrics.json").read_text())
    best = pd.read_csv(run / "history.csv").sort_values("val_pck@0.2", kind="stable").iloc[-1]
    stages = metrics["stages"]
    assert list(stages) == ["stage 1", "stage 2"]
    assert stages["stage 2"]["error_px"] == pytest.approx(metrics["metrics"]["error_px"])
    assert stages["stage 1"]["error_px"] != pytest.approx(stages["stage 2"]["error_px"])
    assert stages["stage 1"]["error_px"] / SIZE == pytest.approx(best["val_stage1_error"], rel=1e-4)
    assert stages["stage 1"]["pck@0.2 limbs"] == pytest.approx(best["val_stage1_pck@0.2"], rel=1e-4)
    assert "stage 1 " in evaluated.stdout and "Stage by stage" in (run / "evaluation-val/report.html").read_text()
    assert call(export_main, run, "--to", "saved-model").returncode == 0
    # An export has only the last stage.
    assert call(evaluate_main, run / "export", "--split", "val", "--out", tmp_path / "of_export").returncode == 0
    assert "stages" not in json.loads((tmp_path / "of_export/metrics.json").read_text())


def xyz_loss(labels, outputs, size):
    known = ops.cast(labels["xyz_known"] > 0, "float32")
    error = ops.abs(outputs["xyz_m"] - labels["joints_xyz_mm"] / 1000.0)
    return {"joint_loss": Term(ops.sum(error * known[..., None]) / ops.maximum(3 * ops.sum(known), 1.0), known > 0)}


def mpjpe(answers, labels, skeleton, size):
    distances = np.linalg.norm(answers["joints_xyz_mm"] - labels["joints_xyz_mm"], axis=-1)
    return {"mpjpe_mm": float(distances[labels["xyz_known"] > 0].mean())}


def xyz_head(features, num_joints, *, normalization=None, prefix=""):
    x = keras.layers.GlobalAveragePooling2D()(features[-1])
    start = keras.initializers.Constant(np.tile([0.0, 0.0, 2.0], num_joints))
    points = keras.layers.Dense(3 * num_joints, bias_initializer=start, name=f"{prefix}xyz_dense")(x)
    return {"xyz_m": keras.layers.Reshape((num_joints, 3), dtype="float32", name=f"{prefix}xyz_m")(points)}


MEASURE = Measure(
    ("joints_xyz_mm", "xyz_known"), (Figure("mpjpe_mm", "MPJPE {}", "MPJPE, mm", better=-1, unit="mm"),), mpjpe
)


def form_in_3d(name, inputs):
    """Joints in the camera's frame, from inputs of any kind."""
    answers = {"joints_xyz_mm": Answer(("J", 3), geometry="direction", unit="mm", tolerance=0.5)}
    task = Task(name, inputs, ("joints_xyz_mm", "xyz_known"), answers)
    decode = lambda outputs, size: {"joints_xyz_mm": 1000.0 * outputs["xyz_m"]}  # noqa: E731
    return OutputForm(name, frozenset({"xyz_m"}), xyz_head, lambda: xyz_loss, decode, {"xyz_dense": 3}, task=task)


def plain(num_joints, *, input_size, neck, head, normalization):
    """One strided convolution over images."""

    def backbone(x, read_out):
        return [keras.layers.Conv2D(8, 4, strides=4, activation="relu", name="stem")(x)]

    return pose_net(backbone, num_joints, input_size=input_size, smallest=SIZE, neck=neck, head=head, name="plain")


def over_depth(num_joints, *, input_size, neck, head, normalization):
    """The same for depth images, with the camera as a second input."""
    depth = keras.Input((input_size, input_size), name="depth_mm")
    camera = keras.Input((3, 3), name="camera_matrix")
    x = keras.layers.Reshape((input_size, input_size, 1))(depth / 1000.0)
    x = keras.layers.Conv2D(8, 4, strides=4, activation="relu", name="stem")(x)
    scale = ops.reshape(camera[:, 0, 0], (-1, 1, 1, 1)) / input_size
    return keras.Model({"depth_mm": depth, "camera_matrix": camera}, head([x * scale], num_joints))


PICTURES = {"pictures": POSE_2D.inputs["pictures"]}
DEPTH = {
    "depth_mm": Input(("H", "W"), "uint16", "nearest", source="depth_mm"),
    "camera_matrix": Input((3, 3), "float32", "camera", source="camera_matrix"),
}


@pytest.mark.parametrize(("name", "inputs", "build"), [("xyz", PICTURES, plain), ("depth", DEPTH, over_depth)])
def test_a_net_with_3d_answers(name, inputs, build, shards, tmp_path, monkeypatch):
    monkeypatch.setitem(MEASURES, name, MEASURE)
    form, assembled = form_in_3d(name, inputs), []

    def assemble(answers, skeleton, size):
        assembled.append(len(answers["joints_xyz_mm"]))
        return answers

    form = replace(form, task=replace(form.task, assemble=assemble))
    monkeypatch.setitem(TASKS, name, form.task)
    run = train(config(shards, tmp_path / "run", learning_rate=1e-2), name, build, form=form)
    history = pd.read_csv(run / "history.csv")
    assert history["val_mpjpe_mm"].iloc[-1] < history["val_mpjpe_mm"].iloc[0]
    assert json.loads((run / "run.json").read_text())["best_by"] == "val_mpjpe_mm"
    # The same command resumes, and has nothing left to do.
    train(config(shards, tmp_path / "run", learning_rate=1e-2, resume=True), name, build, form=form)
    done = call(evaluate_main, run, "--split", "val")
    figures = json.loads((run / "evaluation-val/metrics.json").read_text())["metrics"]
    assert figures["mpjpe_mm"] == pytest.approx(history["val_mpjpe_mm"].min(), rel=1e-4)
    assert f"MPJPE {figures['mpjpe_mm']:.1f} mm" in done.stdout
    # The four people of the split, in both epochs and in the evaluation.
    assert assembled == [4, 4, 4]
    assert call(export_main, run, "--to", "saved-model", "onnx", "litert").returncode == 0
    samples = np.load(run / "samples.npy")
    values = {one: samples[one] if samples.dtype.names else samples for one in inputs}
    answer = Model(run / "export", "onnx").run({one: value[:1] for one, value in values.items()})["joints_xyz_mm"]
    expected = keras.models.load_model(run / "best.keras")(as_net_takes(values))
    np.testing.assert_allclose(answer[0], expected["joints_xyz_mm"][0], atol=0.5)
    with pytest.raises(ModelError, match=f"a model of the task {name}, and the demos run those of pose-2d"):
        PoseModel(run / "export", "onnx")


def test_a_stage_with_a_loss_of_its_own():
    form, batch_norm = FORMS["heatmaps"], keras.layers.BatchNormalization
    net = two_stages(14, input_size=SIZE, neck=no_neck, head=form.head, normalization=batch_norm)
    seen = []

    def own(labels, outputs, size):
        seen.append(sorted(outputs))
        return {"joint_loss": Term(ops.mean(outputs["heatmap_logits"] ** 2) + 7.0, labels["visible"] > 0)}

    trainer = PoseTrainer(net, SIZE, 0.05, stage_weights={"stage1": 2.0}, stage_losses={"stage1": own})
    pictures = np.zeros((2, SIZE, SIZE, 3), np.float32)
    labels = {"joints_xy_px": np.full((2, 14, 2), 9, np.float32), "visible": np.full((2, 14), 2, np.int32)}
    outputs = net(pictures)
    total = float(trainer.compute_loss(y=labels, y_pred=outputs))
    first = 7 + float(ops.mean(outputs["stage1/heatmap_logits"] ** 2))
    last = float(form.loss()(labels, stages_of(outputs)[""], size=SIZE)["joint_loss"].value)
    scores = {metric.name: float(metric.result()) for metric in trainer.metrics}["score_loss"]
    assert seen == [["heatmap_logits"]] and total == pytest.approx(2 * first + last + scores, rel=1e-5)
