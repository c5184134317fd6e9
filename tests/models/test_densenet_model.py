"""DenseNet-BC: counts, equality with Keras' own, free block lengths, saving, learning, errors."""

import keras
import numpy as np
import pytest
from keras_twins import assert_same_output_with_their_weights

from models import FusedBatchNormalization, build_densenet, densenet
from models.densenet import BLOCKS

# Keras converts its variables in a way that NumPy 2 deprecates whenever it saves a net.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

BACKBONE_WEIGHTS = {121: 7_037_504, 169: 12_642_880, 201: 18_321_984}


@pytest.mark.slow
@pytest.mark.parametrize("depth", [121, 169, 201])
def test_backbones_equal_keras_applications(depth):
    pictures = keras.Input((32, 32, 3))
    ours = keras.Model(pictures, densenet(pictures, BLOCKS[depth])[-1])
    build_theirs = getattr(keras.applications, f"DenseNet{depth}")
    theirs = build_theirs(include_top=False, weights=None, input_shape=(32, 32, 3))
    assert ours.count_params() == theirs.count_params() == BACKBONE_WEIGHTS[depth]
    assert_same_output_with_their_weights(ours, theirs, seed=depth)


def test_head_adds_its_weights_and_shapes():
    net = build_densenet(121, 19, input_size=64)
    assert net.count_params() == BACKBONE_WEIGHTS[121] + 1025 * 3 * 19 == 7_095_929
    assert net.name == "densenet121"
    assert net.output["coordinates"].shape == (None, 19, 2)
    assert net.output["score_logits"].shape == (None, 19)


def test_small_net_has_the_weights_counted_by_hand():
    net = build_densenet((1, 1), 2, input_size=32, growth_rate=4, reduction=0.5)
    stem = 7 * 7 * 3 * 8 + 4 * 8
    first = 4 * 8 + 8 * 16 + 4 * 16 + 9 * 16 * 4  # 8 channels in, 12 out
    transition = 4 * 12 + 12 * 6
    second = 4 * 6 + 6 * 16 + 4 * 16 + 9 * 16 * 4  # 6 channels in, 10 out
    head = 4 * 10 + (10 + 1) * 3 * 2
    assert net.count_params() == stem + first + transition + second + head == 2_994
    assert net.name == "densenet7"
    assert net.get_layer("conv3_block1_concat").output.shape == (None, 4, 4, 10)


def test_stem_filters_and_reduction_are_free():
    net = build_densenet([2, 1], 2, input_size=32, growth_rate=4, reduction=0.3, stem_filters=10)
    assert net.get_layer("conv1_conv").filters == 10
    assert net.get_layer("pool2_conv").filters == 5  # 0.3 * (10 + 2 * 4) = 5.4


def test_saved_net_predicts_the_same(tmp_path):
    net = build_densenet((1, 2), 3, input_size=32, growth_rate=4)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    net.save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    for name, expected in net(pictures).items():
        np.testing.assert_array_equal(loaded(pictures)[name], expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    "normalization", [keras.layers.BatchNormalization, FusedBatchNormalization], ids=["plain", "fused"]
)
def test_one_batch_can_be_overfitted(normalization):
    keras.utils.set_random_seed(0)
    net = build_densenet((2, 2), 3, input_size=32, growth_rate=8, normalization=normalization)
    rng = np.random.default_rng(3)
    pictures = rng.integers(0, 256, (4, 32, 32, 3)).astype("uint8")
    targets = {
        "coordinates": rng.uniform(-0.8, 0.8, (4, 3, 2)).astype("float32"),
        "score_logits": np.ones((4, 3), "float32"),
    }
    net.compile(keras.optimizers.Adam(1e-2), loss={"coordinates": "mae", "score_logits": "mse"})
    logs = [net.train_on_batch(pictures, targets, return_dict=True) for _ in range(60)]
    losses = [float(log["coordinates_loss"]) for log in logs]
    assert losses[0] > 0.3
    assert losses[-1] < 0.1


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((122, 19), {}, "depth must be one of 121, 169, 201, got 122; choose one of these"),
        ((121, 0), {}, "num_joints must be at least 1, got 0; pass the skeleton's num_joints"),
        (((), 19), {}, r"blocks must hold at least one length, each at least 1, got \(\)"),
        (((6, 0), 19), {}, r"each at least 1, got \(6, 0\); pass e.g. \(6, 12, 24, 16\)"),
        (((6, 6), 19), {"growth_rate": 0}, "growth_rate must be at least 1, got 0"),
        (((6, 6), 19), {"reduction": 1.5}, r"reduction must lie in \(0, 1\], got 1.5"),
        (((6, 6), 19), {"input_size": 7}, "input_size must be at least 8 px.*got 7"),
    ],
)
def test_wrong_arguments_raise(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        build_densenet(*arguments, **options)
