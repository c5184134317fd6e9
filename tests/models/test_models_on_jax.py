"""The models on Keras' JAX backend: the same predictions from the same file, and a training step."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import depth_nets
import depth_people
import everybody_nets
import numpy as np
import pytest

from export.differences import differences
from models import (
    FORMS,
    FusedBatchNormalization,
    build_densenet,
    build_lifter,
    build_resnet,
    build_temporal_lifter,
    inference_model,
)
from models.forms import lifted
from pose.tasks import POSES_2D_CENTERS, POSES_2D_FIELDS

# Keras converts its variables in a way that NumPy 2 deprecates whenever it saves a net.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ROOT = Path(__file__).parents[2]

SCRIPT = """
import keras, numpy as np
from models import FusedBatchNormalization, build_resnet

assert keras.backend.backend() == "jax"
pictures = np.load("pictures.npy")
np.savez("outputs.npz", **keras.models.load_model("best.keras").predict(pictures, verbose=0))

keras.utils.set_random_seed(0)
net = build_resnet(18, 2, input_size=32, width=4, normalization=FusedBatchNormalization)
before = net.get_weights()
net.compile(keras.optimizers.Adam(0.01), loss={"coordinates": "mae", "score_logits": "mse"})
targets = {"coordinates": np.full((2, 2, 2), 0.5, "float32"), "score_logits": np.ones((2, 2), "float32")}
logs = [net.train_on_batch(pictures, targets, return_dict=True) for _ in range(3)]
unchanged = [w.path for w, old in zip(net.weights, before) if np.array_equal(w, old)]
print(logs[2]["loss"] < logs[0]["loss"], unchanged)
"""


FORMS_SCRIPT = """
import keras, numpy as np
from models import FORMS, build_densenet
from train.loop.trainer import PoseTrainer

assert keras.backend.backend() == "jax"
pictures = np.load("pictures.npy")
labels = {"joints_xy_px": np.full((2, 2, 2), 20, "float32"), "visible": np.full((2, 2), 2, "int32")}
for name, form in FORMS.items():
    np.savez(f"{name}.npz", **keras.models.load_model(f"{name}.keras").predict(pictures, verbose=0))
    keras.utils.set_random_seed(0)
    net = build_densenet((1, 1), 2, input_size=32, growth_rate=4, neck=form.neck, head=form.head)
    trainer = PoseTrainer(net, 32, 0.05)
    trainer.compile(keras.optimizers.Adam(0.01))
    before = [np.array(weight) for weight in trainer.trainable_variables]
    losses = []
    for _ in range(4):
        losses.append(trainer.train_on_batch(pictures, labels, return_dict=True)["joint_loss"])
        trainer.reset_metrics()
    moved = all(not np.array_equal(w, old) for w, old in zip(trainer.trainable_variables, before))
    print(name, losses[3] < losses[0], moved)
"""

EVERYBODY_SCRIPT = """
import everybody_nets, keras, numpy as np
from train.loop.trainer import PoseTrainer

assert keras.backend.backend() == "jax"
pictures, labels = everybody_nets.images()
keras.utils.set_random_seed(0)
for name, (form, net) in everybody_nets.nets().items():
    np.savez(f"{name}.npz", **keras.models.load_model(f"{name}.keras").predict(pictures, verbose=0))
    trainer = PoseTrainer(net, everybody_nets.SIZE, 0.05, form=form)
    trainer.compile(keras.optimizers.Adam(0.003))
    before = [np.array(weight) for weight in trainer.trainable_variables]
    losses = []
    for _ in range(4):
        losses.append(trainer.train_on_batch(pictures, labels, return_dict=True)["loss"])
        trainer.reset_metrics()
    unchanged = [w.path for w, old in zip(trainer.trainable_variables, before) if np.array_equal(w, old)]
    print(name, losses[3] < losses[0], unchanged)
"""

LIFT_SCRIPT = """
import keras, numpy as np
from models import build_lifter, build_temporal_lifter
from models.forms.lifted import FORM
from train.loop.trainer import PoseTrainer

assert keras.backend.backend() == "jax"
for frames, build in ((1, build_lifter), (9, build_temporal_lifter)):
    joints = np.load(f"{frames}.npy")
    np.savez(f"{frames}.npz", **keras.models.load_model(f"{frames}.keras").predict(joints, verbose=0))
    keras.utils.set_random_seed(0)
    net = build(5, filters=16, dropout=0.0, **({} if frames == 1 else {"frames": frames}))
    trainer = PoseTrainer(net, frames, 0.05, form=FORM)
    trainer.compile(keras.optimizers.Adam(0.01))
    labels = {"joints_xyz_mm": np.full((4, 5, 3), 300, "float32"), "xyz_known": np.ones((4, 5), "int32")}
    losses = [trainer.train_on_batch(joints, labels, return_dict=True)["joint_loss"] for _ in range(8)]
    print(frames, losses[-1] < losses[0])
"""

DEPTH_SCRIPT = """
import keras, numpy as np
from depth_nets import nets
from depth_people import SIZE, depth_batch
from train.loop.trainer import PoseTrainer

assert keras.backend.backend() == "jax"
inputs, labels = depth_batch(4)
keras.utils.set_random_seed(0)
for name, (form, net) in nets().items():
    np.savez(f"{name}.npz", **keras.models.load_model(f"{name}.keras").predict(inputs, verbose=0))
    trainer = PoseTrainer(net, SIZE, 0.05, form=form)
    trainer.compile(keras.optimizers.Adam(0.003))
    losses = [trainer.train_on_batch(inputs, labels, return_dict=True)["joint_loss"] for _ in range(5)]
    print(name, losses[-1] < losses[0])
"""

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="the package jax is not installed")


def run_on_jax(script, folder):
    paths = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "tests" / "helpers"), os.environ.get("PYTHONPATH")]))
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@needs_jax
def test_every_form_predicts_the_same_on_jax_and_trains(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    np.save(tmp_path / "pictures.npy", pictures)
    models = {}
    for name, form in FORMS.items():
        models[name] = inference_model(
            build_densenet((1, 1), 2, input_size=32, growth_rate=4, neck=form.neck, head=form.head), 32
        )
        models[name].save(tmp_path / f"{name}.keras")
    output = run_on_jax(FORMS_SCRIPT, tmp_path)
    assert output.splitlines() == [f"{name} True True" for name in FORMS]
    for name, model in models.items():
        loaded = np.load(tmp_path / f"{name}.npz")
        for key, expected in model(pictures).items():
            np.testing.assert_allclose(loaded[key], expected, atol=1e-3, err_msg=name)


@needs_jax
@pytest.mark.slow
def test_nets_for_everybody_predict_the_same_on_jax_and_train(tmp_path):
    pictures, _ = everybody_nets.images()
    models = {
        name: inference_model(net, everybody_nets.SIZE, form) for name, (form, net) in everybody_nets.nets().items()
    }
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    output = run_on_jax(EVERYBODY_SCRIPT, tmp_path)
    tasks = {"centers": POSES_2D_CENTERS, "fields": POSES_2D_FIELDS}
    assert output.splitlines() == [f"{name} True []" for name in models]
    for name, model in models.items():
        expected = {key: np.asarray(value) for key, value in model(pictures).items()}
        found = np.load(tmp_path / f"{name}.npz")
        assert all(found[key].shape == value.shape for key, value in expected.items())
        for key, values in differences(found, expected, tasks[name]).items():
            np.testing.assert_allclose(values, 0, atol=1e-3, err_msg=f"{name} {key}")


@needs_jax
def test_lifters_predict_the_same_on_jax_and_train(tmp_path):
    random, models = np.random.default_rng(0), {}
    for frames, build in ((1, build_lifter), (9, build_temporal_lifter)):
        net = build(5, filters=16, dropout=0.0, **({} if frames == 1 else {"frames": frames}))
        models[frames] = inference_model(net, frames, lifted.FORM)
        models[frames].save(tmp_path / f"{frames}.keras")
        np.save(tmp_path / f"{frames}.npy", random.normal(size=(4, frames, 5, 3)).astype(np.float32))
    assert run_on_jax(LIFT_SCRIPT, tmp_path).splitlines() == ["1 True", "9 True"]
    for frames, model in models.items():
        expected = model(np.load(tmp_path / f"{frames}.npy"))["joints_xyz_mm"]
        np.testing.assert_allclose(np.load(tmp_path / f"{frames}.npz")["joints_xyz_mm"], expected, atol=0.1)


@needs_jax
def test_nets_on_depth_images_predict_the_same_on_jax_and_train(tmp_path):
    models = {name: inference_model(net, depth_people.SIZE, form) for name, (form, net) in depth_nets.nets().items()}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    assert run_on_jax(DEPTH_SCRIPT, tmp_path).splitlines() == [f"{name} True" for name in models]
    inputs, _ = depth_people.depth_batch(4)
    for name, model in models.items():
        found = np.load(tmp_path / f"{name}.npz")
        for key, expected in model(inputs).items():
            np.testing.assert_allclose(found[key], expected, atol=1.0 if key == "joints_xyz_mm" else 1e-3, err_msg=name)


@needs_jax
def test_jax_predicts_the_same_and_trains(tmp_path):
    net = build_resnet(18, 2, input_size=32, width=4, normalization=FusedBatchNormalization)
    model = inference_model(net, 32)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    model.save(tmp_path / "best.keras")
    np.save(tmp_path / "pictures.npy", pictures)
    assert run_on_jax(SCRIPT, tmp_path).split(maxsplit=1) == ["True", "[]\n"]
    loaded = np.load(tmp_path / "outputs.npz")
    for name, expected in model.predict(pictures, verbose=0).items():
        np.testing.assert_allclose(loaded[name], expected, atol=1e-3)
