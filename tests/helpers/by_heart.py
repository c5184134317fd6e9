"""Eight images that a small net must learn to the pixel."""

import keras
import numpy as np

from train.loop.trainer import PoseTrainer

SIZE, JOINTS = 64, 3


def eight_images():
    """Images of three colored squares on noise, one for each joint, and their labels."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 60, (8, SIZE, SIZE, 3), dtype=np.uint8)
    xy = rng.integers(6, SIZE - 6, (8, JOINTS, 2))
    for picture, joints in zip(pictures, xy, strict=True):
        for channel, (x, y) in enumerate(joints):
            picture[y - 2 : y + 3, x - 2 : x + 3, channel] = 255
    return pictures, {"joints_xy_px": xy.astype("float32"), "visible": np.full((8, JOINTS), 2, "int32")}


def learned_errors_px(net, *, steps, rate=1e-2):
    """Trains a net on the eight images; returns how far its joints are from the labels (8, J)."""
    pictures, labels = eight_images()
    trainer = PoseTrainer(net, SIZE, 0.05)
    trainer.compile(keras.optimizers.AdamW(rate, global_clipnorm=1.0))
    for step in range(steps):
        trainer.optimizer.learning_rate.assign(rate * (1 - step / steps))
        trainer.train_on_batch(pictures, labels)
    found = trainer.form.decode(net(pictures, training=True), SIZE)["joints_xy_px"]
    return np.linalg.norm(found - labels["joints_xy_px"], axis=-1)
