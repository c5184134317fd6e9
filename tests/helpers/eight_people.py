"""Eight images of one person of three colored squares, to be learned by heart."""

import keras
import numpy as np

from models import stages_of
from train.loop.trainer import PoseTrainer

SIZE, JOINTS = 64, 3


def eight_people(count=8):
    """Images uint8 (N, 64, 64, 3), and the labels of three joints."""
    random = np.random.default_rng(0)
    pictures = np.full((count, SIZE, SIZE, 3), 30, np.uint8)
    xy = random.integers(8, SIZE - 8, (count, JOINTS, 2)).astype(np.float32)
    for picture, joints in zip(pictures, xy.astype(int), strict=True):
        for channel, (x, y) in enumerate(joints):
            picture[y - 2 : y + 3, x - 2 : x + 3, channel] = 255
    return pictures, {"joints_xy_px": xy, "visible": np.full((count, JOINTS), 2, np.int32)}


def errors_after_training(net, steps, *, labels=None, rate=5e-3, **options):
    """The greatest error in px of any joint in the training images, by stage, "" the last; and the last losses."""
    pictures, known = eight_people()
    trainer = PoseTrainer(net, SIZE, 0.05, **options)
    trainer.compile(keras.optimizers.AdamW(rate, global_clipnorm=1.0))
    for _ in range(steps):
        trainer.reset_metrics()
        losses = trainer.train_on_batch(pictures, known | (labels or {}), return_dict=True)
    stages = stages_of(net(pictures, training=True))
    errors = {}
    for stage, outputs in stages.items():
        found = trainer.form.decode({**stages[""], **outputs}, SIZE)["joints_xy_px"]
        errors[stage] = float(np.linalg.norm(found - known["joints_xy_px"], axis=-1).max())
    return errors, losses
