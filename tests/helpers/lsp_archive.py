"""A small archive in the layout of LSP and LSP-extended."""

import cv2
import numpy as np
import scipy.io


def make_archive(folder, joints, pictures=None):
    (folder / "images").mkdir(parents=True)
    people = joints.shape[2]
    digits = 4 if joints.shape[0] == 3 else 5
    for i in range(people) if pictures is None else pictures:
        picture = np.full((120, 100, 3), 20 * i % 256, np.uint8)
        cv2.imwrite(str(folder / "images" / f"im{i + 1:0{digits}d}.jpg"), picture)
    scipy.io.savemat(folder / "joints.mat", {"joints": joints})
    return folder


def extended_joints(people=3):
    joints = np.random.default_rng(0).uniform(10, 90, (14, 3, people))
    joints[:, 2] = 1
    return joints
