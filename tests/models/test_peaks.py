"""Where decoding finds a peak: exact on sampled Gaussians of any width, sober where there is none."""

import keras
import numpy as np
import pytest

from models import decode_heatmaps, decode_simcc, encode_heatmaps, encode_simcc, expected_coordinates
from models.parabola import greatest, parabola_weights

CELLS, SIZE = 12, 48


def decoded_map(log):
    """Return the joint (x, y) in cells of one map."""
    logits = keras.ops.convert_to_tensor(np.asarray(log, "float32")[None, ..., None])
    return (np.asarray(decode_heatmaps({"heatmap_logits": logits}, CELLS))[0, 0]).tolist()


@pytest.mark.parametrize("place", [(5.3, 6.9), (0.2, 11.4), (-0.5, -0.5), (11.0, 4.5)])
@pytest.mark.parametrize("precision", [[[0.25, 0], [0, 0.25]], [[1.0, 0.5], [0.5, 0.6]], [[0.05, 0], [0, 2.0]]])
def test_a_sampled_gaussian_is_found_exactly(place, precision):
    columns, rows = np.meshgrid(np.arange(CELLS), np.arange(CELLS))
    away = np.stack([columns - place[0], rows - place[1]], axis=-1)
    log = -np.einsum("yxi,ij,yxj->yx", away, precision, away) / 2
    found = decoded_map(log + 3.7)
    greatest_cell = np.array(np.unravel_index(log.argmax(), log.shape)[::-1])
    # A slanted Gaussian may peak more than a cell away from its greatest cell, beyond the picture's edge.
    expected = np.clip(place, greatest_cell - 1, greatest_cell + 1)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_without_a_peak_the_middle_of_the_greatest_cell_stands():
    columns = np.arange(CELLS, dtype=float)
    assert decoded_map(np.zeros((CELLS, CELLS))) == [0, 0]
    assert decoded_map(np.broadcast_to(columns, (CELLS, CELLS))) == [11, 0]


def test_one_bin_alone_and_even_bins():
    logits = np.zeros((1, 2, 2 * SIZE), "float32")
    logits[0, 0, 31] = 5
    outputs = {name: keras.ops.convert_to_tensor(logits) for name in ("simcc_x_logits", "simcc_y_logits")}
    # The middle of bin 31 of half a pixel is (31 + 0.5) / 2 - 0.5; of the first, -0.25.
    np.testing.assert_allclose(decode_simcc(outputs, SIZE), [[[15.25, 15.25], [-0.25, -0.25]]], atol=1e-5)


def test_the_mean_of_a_map_by_hand():
    logits = np.full((1, 5, 3, 1), -1e9, "float32")
    logits[0, 0, 0], logits[0, 2, 2] = 7.0, 7.0 + np.log(3)
    # A quarter at (-1, -1), three quarters at (1, 0).
    np.testing.assert_allclose(expected_coordinates(logits), [[[0.5, -0.25]]], atol=1e-6)


def test_targets_are_distributions_with_the_published_spread():
    joints_xy_px = np.array([[[20.0, 3.0], [-0.5, 47.5], [-500.0, 20.0]]], "float32")
    maps = np.asarray(encode_heatmaps(joints_xy_px, SIZE, CELLS))
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), [[1, 1, 0]], atol=1e-6)
    middle = maps[0, :, :, 0].sum(axis=0)
    # Two cells from the peak, a standard deviation, is exp(-1/2) of it.
    place = (20.5 / 4 - 0.5, np.arange(CELLS))
    np.testing.assert_allclose(middle / middle[5], np.exp(((5 - place[0]) ** 2 - (place[1] - place[0]) ** 2) / 8), 1e-4)
    bins = np.asarray(encode_simcc(joints_xy_px[..., 0], SIZE, 2 * SIZE))
    np.testing.assert_allclose(bins.sum(axis=-1), [[1, 1, 0]], atol=1e-6)
    # sqrt(96 / 16) bins, RTMPose's rule.
    spread = (bins[0, 0] * (np.arange(2 * SIZE) - 40.5) ** 2).sum()
    assert spread == pytest.approx(6, rel=1e-3)


def test_parabola_weights_fit_by_least_squares():
    values = np.random.default_rng(0).normal(size=9)
    weights = np.asarray(parabola_weights(np.array([[4.0]], "float32"), 9, 2))[0, 0]
    mean, slope, bend = weights @ values
    square, linear, constant = np.polyfit(np.arange(-2, 3), values[2:7], 2)
    np.testing.assert_allclose([mean, slope, bend], [constant + 2 * square, linear, square], atol=1e-5)
    assert (weights[:, [0, 1, 7, 8]] == 0).all()


def test_the_greatest_is_the_first_of_equals():
    values = np.array([[1.0, 3.0, 3.0], [-2.0, -5.0, -2.0], [0.0, 0.0, 0.5]], "float32")
    np.testing.assert_array_equal(greatest(keras.ops.convert_to_tensor(values)), [1, 0, 2])
