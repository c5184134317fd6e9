"""Eight images of one person of three colored squares, to be learned by heart."""

import keras
import numpy as np
import tensorflow as tf

from models import stages_of
from train.loop.trainer import PoseTrainer

SIZE, JOINTS = 64, 3


def eight_images():
    """Images uint8 (8, 64, 64, 3), and the labels of three joints."""
    random = np.random.default_rng(0)
    pictures = np.full((8, SIZE, SIZE, 3), 30, np.uint8)
    xy = random.integers(8, SIZE - 8, (8, JOINTS, 2)).astype(np.float32)
    for picture, joints in zip(pictures, xy.astype(int), strict=True):
        for channel, (x, y) in enumerate(joints):
            picture[y - 2 : y + 3, x - 2 : x + 3, channel] = 255
    return pictures, {"joints_xy_px": xy, "visible": np.full((8, JOINTS), 2, np.int32)}


def train_by_heart(trainer, steps, pictures, labels, rate=1e-2):
    """Trains on a batch with a falling learning rate; returns the losses of all steps."""
    trainer.compile(keras.optimizers.AdamW(rate, global_clipnorm=1.0), run_eagerly=steps == 1)
    # Its variables would be made while the step is traced, which is then done twice.
    trainer.optimizer.build(trainer.trainable_variables)
    # Making the graph faster takes longer than so few steps.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    inputs, losses = trainer.inputs_for(pictures, labels), []
    for step in range(steps):
        trainer.optimizer.learning_rate.assign(rate * (1 - step / steps))
        trainer.reset_metrics()
        losses.append(trainer.train_on_batch(inputs, labels, return_dict=True))
    return losses


def errors_after_training(net, steps, *, labels=None, **options):
    """The greatest error in px of any joint in the training images, by stage, "" the last; and the last losses."""
    pictures, known = eight_images()
    trainer = PoseTrainer(net, SIZE, 0.05, **options)
    losses = train_by_heart(trainer, steps, pictures, known | (labels or {}))[-1]
    stages = stages_of(net(pictures, training=True))
    errors = {}
    for stage, outputs in stages.items():
        found = trainer.form.decode({**stages[""], **outputs}, SIZE)["joints_xy_px"]
        errors[stage] = float(np.linalg.norm(found - known["joints_xy_px"], axis=-1).max())
    return errors, losses
