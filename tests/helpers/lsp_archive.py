"""A small archive in the layout of LSP and LSP-extended."""

import numpy as np
import scipy.io
import tensorflow as tf


def make_archive(folder, joints, pictures=None):
    (folder / "images").mkdir(parents=True)
    people = joints.shape[2]
    digits = 4 if joints.shape[0] == 3 else 5
    for i in range(people) if pictures is None else pictures:
        jpeg = tf.io.encode_jpeg(np.full((120, 100, 3), 20 * i % 256, np.uint8)).numpy()
        (folder / "images" / f"im{i + 1:0{digits}d}.jpg").write_bytes(jpeg)
    scipy.io.savemat(folder / "joints.mat", {"joints": joints})
    return folder


def extended_joints(people=3):
    joints = np.random.default_rng(0).uniform(10, 90, (14, 3, people))
    joints[:, 2] = 1
    return joints
