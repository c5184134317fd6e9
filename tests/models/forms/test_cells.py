"""Reading maps at chosen cells, and the loss of maps, by hand."""

import numpy as np
import pytest
from keras import ops

from models.forms.cells import focal_loss, gathered, of_joints


def test_cells_are_read_in_every_image_of_a_batch():
    maps = np.random.default_rng(0).normal(size=(3, 4, 5, 6)).astype("float32")
    place = np.array([[7, 19], [0, 3], [12, 12]], "int32")
    expected = np.stack([one.reshape(20, 6)[cells] for one, cells in zip(maps, place, strict=True)])
    np.testing.assert_array_equal(ops.convert_to_numpy(gathered(maps, place)), expected)
    # Three joints of two values each, at cells of their own.
    cells = np.random.default_rng(1).integers(0, 4, (3, 2, 3, 2)).astype("float32")
    found = ops.convert_to_numpy(of_joints(maps, cells, 2))
    assert found.shape == (3, 2, 3, 2)
    for image, person, joint in np.ndindex(3, 2, 3):
        row, column = cells[image, person, joint].astype(int)
        np.testing.assert_array_equal(found[image, person, joint], maps[image, row, column, 2 * joint : 2 * joint + 2])


def test_the_focal_loss_by_hand():
    target = np.array([1, 1, 0.5, 0, 0]).reshape(1, 1, 5, 1)
    logits = np.array([-2.0, 1.0, -1.0, 0.5, 3.0], "float32").reshape(1, 1, 5, 1)
    # The last cell does not count; one whose target is 1 always does.
    counted = np.array([0, 1, 1, 1, 0], bool).reshape(1, 1, 5, 1)
    p = 1 / (1 + np.exp(-logits.ravel().astype("float64")))
    found = (1 - p[:2]) ** 2 * -np.log(p[:2])
    missed = [0.5**4 * p[2] ** 2 * -np.log(1 - p[2]), p[3] ** 2 * -np.log(1 - p[3])]
    loss = float(focal_loss(target.astype("float32"), logits, counted))
    assert loss == pytest.approx((found.sum() + sum(missed)) / 2, rel=1e-5)
