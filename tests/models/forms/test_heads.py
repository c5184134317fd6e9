"""The heads by themselves, on features of several resolutions: their weights, and which inputs their scores have."""

import math

import keras
import numpy as np
import pytest

from models.blocks import no_neck
from models.forms.coordinates import coordinate_head
from models.forms.heatmaps import heatmap_head
from models.forms.integral import integral_head
from models.forms.likelihood import ResidualFlow, likelihood_head
from models.forms.simcc import simcc_head
from models.necks import pyramid_neck

JOINTS = 3
# The pyramid's two levels of 64 channels: from 12 and from 8 channels, 3x3 for each channel, and two normalizations.
PYRAMID = (12 + 8) * 64 + 2 * (9 * 64 + 64 * 64) + 4 * 4 * 64
MAPS = PYRAMID + 25 * 64 + 64 * 128 + 4 * 128 + 128 * JOINTS + JOINTS
MAP_SCORES = (12 + JOINTS) * JOINTS + JOINTS
POINTS = 12 * 2 * JOINTS + 2 * JOINTS
WEIGHTS = {
    coordinate_head: POINTS + 12 * JOINTS + JOINTS,
    heatmap_head: MAPS + MAP_SCORES,
    integral_head: MAPS + MAP_SCORES,
    likelihood_head: 2 * POINTS + (12 + 2 * JOINTS) * JOINTS + JOINTS,
    # 7x7 to a map of 8 x 10 cells for each joint; 8 bins for each of the finest 16 x 20 cells along an axis.
    simcc_head: 49 * 12 * JOINTS + JOINTS + 81 * (160 + 128) + (12 + 2 * JOINTS) * JOINTS + JOINTS,
}


def net_of(head):
    features = [keras.Input((16, 20, 8)), keras.Input((8, 10, 12))]
    neck = pyramid_neck
    if head not in (heatmap_head, integral_head):
        neck, features = no_neck, [features[0], keras.Input((8, 10, 9)), features[1]]
    normalization = keras.layers.BatchNormalization
    answers = head(neck(features, normalization=normalization), JOINTS, normalization=normalization)
    # Without a neck a head takes the last features; Keras before 3.14 refuses inputs that nothing takes.
    return keras.Model(features if neck is pyramid_neck else features[-1:], answers)


def outputs_of(net):
    return {
        name: np.asarray(value) for name, value in net([np.ones((2, *one.shape[1:])) for one in net.inputs]).items()
    }


def zero_weights(net):
    """Sets every weight to 0."""
    net.set_weights([np.zeros_like(weight) for weight in net.get_weights()])


@pytest.mark.parametrize("head", WEIGHTS, ids=lambda head: head.__name__)
def test_heads_have_the_weights_that_their_layers_add_up_to(head):
    assert net_of(head).count_params() == WEIGHTS[head]


def test_bins_are_half_a_pixel_of_either_side():
    shapes = {name: value.shape for name, value in net_of(simcc_head).output.items()}
    assert shapes == {
        "simcc_x_logits": (None, 3, 20 * 4 * 2),
        "simcc_y_logits": (None, 3, 16 * 4 * 2),
        "score_logits": (None, 3),
    }


@pytest.mark.parametrize(
    ("head", "evidence"),
    [
        (heatmap_head, [-math.log(16 * 20)]),
        (integral_head, [-math.log(16 * 20)]),
        (simcc_head, [-math.log(160), -math.log(128)]),
        (likelihood_head, [-math.log(2), -math.log(2)]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_scores_depend_on_the_pooled_features_and_the_logarithms_of_peaks_or_deviations(head, evidence):
    """With zero weights all cells are equally likely, and a deviation is sigmoid(0), a half."""
    net = net_of(head)
    zero_weights(net)
    kernel = np.zeros((12 + JOINTS * len(evidence), JOINTS))
    kernel[:12, 0] = 2
    kernel[12:, 1] = 1
    kernel[12, 2] = 1
    net.get_layer("score_logits").set_weights([kernel, np.zeros(JOINTS)])
    found = outputs_of(net)["score_logits"]
    np.testing.assert_allclose(found, [[2 * 12, JOINTS * sum(evidence), evidence[0]]] * 2, rtol=1e-5)


@pytest.mark.parametrize(("doubt", "sigma"), [(0.0, 0.5), (-3.0, 1 / (1 + math.e**3)), (-20.0, 0.001), (30.0, 1.0)])
def test_deviations_lie_between_a_thousandth_and_1(doubt, sigma):
    net = net_of(likelihood_head)
    zero_weights(net)
    net.get_layer("sigmas_dense").bias.assign(np.full(2 * JOINTS, doubt))
    np.testing.assert_allclose(outputs_of(net)["sigmas"], np.full((2, JOINTS, 2), sigma), rtol=1e-5)


def flow_of_zeros():
    flow = ResidualFlow()
    flow.build((None, 2))
    zero_weights(flow)
    return flow


def density(flow, *residuals):
    return np.exp(np.asarray(flow(np.array(residuals, "float32"))))


def test_a_flow_has_two_nets_of_64_units_a_step_that_start_small():
    flow = ResidualFlow()
    flow.build((None, 2))
    shapes = [weight.shape for weight in flow.weights]
    assert shapes == [shape for i, o in ((1, 64), (64, 64), (64, 1)) for shape in ((6, 2, i, o), (6, 2, 1, o))]
    # A hundredth of Glorot's limit, the root of 6 / (inputs + units).
    for kernel, fans in zip(flow.weights[::2], (65, 128, 65), strict=True):
        limit = 0.01 * math.sqrt(6 / fans)
        assert np.abs(kernel.numpy()).max() == pytest.approx(limit, rel=0.05)
        assert kernel.numpy().min() == pytest.approx(-limit, rel=0.05)


def test_a_flow_of_zeros_is_the_normal_distribution():
    # (2 pi)^-1 exp(-(1 + 4) / 2)
    expected = np.exp([0, -2.5]) / (2 * np.pi)
    np.testing.assert_allclose(density(flow_of_zeros(), [0, 0], [1, 2]), expected, rtol=1e-5)


def test_steps_of_a_flow_move_y_and_x_by_turns():
    flow = flow_of_zeros()
    bias = np.zeros((6, 2, 1, 1))
    # y is divided by e^0.5 in the first step, x moved by 2 in the second and by 0.5 in the last.
    bias[0, 0], bias[1, 1], bias[5, 1] = math.atanh(0.5), 2, 0.5
    flow.weights[-1].assign(bias)
    expected = np.exp(-0.5 - (0.5**2 + 1) / 2) / (2 * np.pi)
    np.testing.assert_allclose(density(flow, [3, math.exp(0.5)]), [expected], rtol=1e-5)


def test_the_nets_of_a_flow_leak_a_hundredth_of_what_is_below_0():
    flow = flow_of_zeros()
    kernels = [np.zeros(weight.shape) for weight in flow.weights[::2]]
    # The first step's shift at x = 1: -1, a hundredth of it, the mean of 64 such, a hundredth of that, times 10 000.
    kernels[0][0, 1], kernels[1][0, 1], kernels[2][0, 1] = -1, 1 / 64, 1e4 / 64
    for weight, kernel in zip(flow.weights[::2], kernels, strict=True):
        weight.assign(kernel)
    np.testing.assert_allclose(density(flow, [1, 0]), [np.exp(-(1 + 1) / 2) / (2 * np.pi)], rtol=1e-4)
