"""Small nets that find everybody, and images with labels for them."""

import numpy as np

from models import build_movenet, build_openpose_light, fields_form
from models.forms import centers
from pose import Skeleton

SIZE = 64
CHAIN = Skeleton("chain", ("a", "b", "c"), limbs=((0, 1), (1, 2)))


def nets():
    """(form, net) by the form's name."""
    fields = fields_form(CHAIN)
    return {
        "centers": (centers.FORM, build_movenet(0.25, 3, input_size=SIZE, head=centers.FORM.head)),
        "fields": (fields, build_openpose_light(0.25, 3, input_size=SIZE, head=fields.head, filters=16)),
    }


def images():
    """Two images of noise, uint8, and the labels of two people in the first and one in the second."""
    rng = np.random.default_rng(0)
    xy = rng.uniform(8, 56, (2, 2, 3, 2)).astype("float32")
    visible = np.array([[[2, 2, 2], [2, 0, 1]], [[2, 2, 0], [0, 0, 0]]], "int32")
    low, high = xy.min(axis=2), xy.max(axis=2)
    box = np.concatenate([low, high - low + 1], axis=-1) * visible.any(axis=-1, keepdims=True)
    labels = {"joints_xy_px": xy, "visible": visible, "box_px": box.astype("float32")}
    return rng.integers(0, 256, (2, SIZE, SIZE, 3), "uint8"), labels | {"unlabeled": np.zeros((2, SIZE, SIZE), "uint8")}
