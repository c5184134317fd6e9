"""The pre-activation ResNet: counts, equality with Keras' own, layout, saving, learning, errors."""

import keras
import numpy as np
import pytest
from keras_twins import assert_same_output_with_their_weights

from models import FusedBatchNormalization, basic_block, bottleneck_block, build_resnet, resnet

# Keras converts its variables in a way that NumPy 2 deprecates whenever it saves a net.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NORMALIZATIONS = pytest.mark.parametrize(
    "normalization", [keras.layers.BatchNormalization, FusedBatchNormalization], ids=["plain", "fused"]
)
BACKBONE_WEIGHTS = {
    10: 4_909_888,
    18: 11_185_408,
    26: 13_973_248,
    34: 21_302_848,
    50: 23_564_800,
    101: 42_626_560,
    152: 58_331_648,
}


def backbone(depth, size=64, **options):
    """Return the backbone alone as a model."""
    pictures = keras.Input((size, size, 3))
    return keras.Model(pictures, resnet(pictures, depth, **options)[-1])


def tiny_net(num_joints=3, **options):
    """Return the smallest ResNet-18 that is worth training."""
    return build_resnet(18, num_joints, input_size=32, width=8, **options)


def strided_layers(net):
    """Return the names of the layers that halve the resolution."""
    return [layer.name for layer in net.layers if getattr(layer, "strides", None) == (2, 2)]


@pytest.mark.parametrize(("depth", "channels"), [(10, 512), (18, 512), (26, 2048), (34, 512)])
def test_backbones_that_keras_lacks_have_the_pinned_weights(depth, channels):
    net = backbone(depth)
    assert net.count_params() == BACKBONE_WEIGHTS[depth]
    assert net.output.shape == (None, 2, 2, channels)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [50, 101, 152])
def test_bottleneck_backbones_equal_keras_applications(depth):
    ours = backbone(depth, size=32)
    build_theirs = getattr(keras.applications, f"ResNet{depth}V2")
    theirs = build_theirs(include_top=False, weights=None, input_shape=(32, 32, 3))
    assert ours.count_params() == theirs.count_params() == BACKBONE_WEIGHTS[depth]
    assert_same_output_with_their_weights(ours, theirs, seed=depth)


def test_head_adds_its_weights_and_shapes():
    net = build_resnet(50, 19, input_size=64)
    assert net.count_params() == BACKBONE_WEIGHTS[50] + 2049 * 3 * 19 == 23_681_593
    assert net.name == "resnet50"
    assert {name: output.shape for name, output in net.output.items()} == {
        "coordinates": (None, 19, 2),
        "score_logits": (None, 19),
    }


def test_basic_nets_stride_in_the_first_unit_of_a_stage():
    assert strided_layers(backbone(18, width=4)) == [
        "conv1_conv",
        "pool1_pool",
        "conv3_block1_1_conv",
        "conv3_block1_0_conv",
        "conv4_block1_1_conv",
        "conv4_block1_0_conv",
        "conv5_block1_1_conv",
        "conv5_block1_0_conv",
    ]


def test_bottleneck_nets_stride_in_the_last_unit_of_a_stage():
    assert strided_layers(backbone(50, width=4)) == [
        "conv1_conv",
        "pool1_pool",
        "conv2_block3_2_conv",
        "conv2_block3_0_pool",
        "conv3_block4_2_conv",
        "conv3_block4_0_pool",
        "conv4_block6_2_conv",
        "conv4_block6_0_pool",
    ]


def test_blocks_keep_or_change_the_shape():
    x = keras.Input((9, 8, 16))
    assert basic_block(x, 16, name="a").shape == (None, 9, 8, 16)
    assert basic_block(x, 24, strides=2, project=True, name="b").shape == (None, 5, 4, 24)
    assert bottleneck_block(x, 4, name="c").shape == (None, 9, 8, 16)
    assert bottleneck_block(x, 4, strides=2, name="d").shape == (None, 5, 4, 16)


def test_block_with_zero_convolutions_is_the_identity():
    x = keras.Input((4, 4, 8))
    net = keras.Model(x, bottleneck_block(x, 2, name="unit"))
    for layer in net.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.set_weights([np.zeros(w.shape) for w in layer.weights])
    features = np.random.default_rng(0).normal(size=(1, 4, 4, 8)).astype("float32")
    np.testing.assert_array_equal(net(features), features)


def test_uint8_and_float_images_give_the_same():
    net = tiny_net()
    pictures = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    outputs, same = net(pictures), net(pictures.astype("float32"))
    np.testing.assert_array_equal(outputs["coordinates"], same["coordinates"])


def test_black_and_white_reach_the_backbone_as_minus_one_and_one():
    net = tiny_net()
    rescaled = keras.Model(net.input, net.get_layer("rescale").output)
    pictures = np.zeros((2, 32, 32, 3), "uint8")
    pictures[1] = 255
    scaled = keras.ops.convert_to_numpy(rescaled(pictures))
    assert np.all(scaled[0] == -1) and np.allclose(scaled[1], 1, atol=1e-6)


def test_custom_head_gets_features_and_joints():
    def head(features, num_joints, *, normalization, prefix):
        assert normalization is FusedBatchNormalization
        return {f"maps{i}": keras.layers.Conv2D(num_joints, 1)(x) for i, x in enumerate(features)}

    output = tiny_net(5, head=head, normalization=FusedBatchNormalization).output
    assert [output[f"maps{i}"].shape for i in range(4)] == [(None, side, side, 5) for side in (8, 4, 2, 1)]


@NORMALIZATIONS
def test_saved_net_predicts_the_same(normalization, tmp_path):
    net = tiny_net(normalization=normalization)
    pictures = np.random.default_rng(2).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    net.save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    for name, expected in net(pictures).items():
        np.testing.assert_array_equal(loaded(pictures)[name], expected)


@pytest.mark.slow
def test_one_batch_can_be_overfitted():
    keras.utils.set_random_seed(0)
    net = tiny_net()
    rng = np.random.default_rng(3)
    pictures = rng.integers(0, 256, (4, 32, 32, 3)).astype("uint8")
    targets = {
        "coordinates": rng.uniform(-0.8, 0.8, (4, 3, 2)).astype("float32"),
        "score_logits": np.ones((4, 3), "float32"),
    }
    net.compile(keras.optimizers.Adam(3e-3), loss={"coordinates": "mae", "score_logits": "mse"})
    logs = [net.train_on_batch(pictures, targets, return_dict=True) for _ in range(60)]
    losses = [float(log["coordinates_loss"]) for log in logs]
    assert losses[0] > 0.3
    assert losses[-1] < 0.1


def test_mixed_precision_gives_float32_outputs():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        net = tiny_net(normalization=FusedBatchNormalization)
    finally:
        keras.config.set_dtype_policy(before)
    outputs = net(np.zeros((1, 32, 32, 3), "uint8"), training=True)
    assert net.get_layer("conv2_block1_1_conv").compute_dtype == "bfloat16"
    assert {keras.backend.standardize_dtype(x.dtype) for x in outputs.values()} == {"float32"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((20, 19), "depth must be one of 10, 18, 26, 34, 50, 101, 152, got 20; choose one of these."),
        ((18, 0), "num_joints must be at least 1, got 0; pass the skeleton's num_joints."),
    ],
)
def test_wrong_arguments_raise(arguments, message):
    with pytest.raises(ValueError) as error:
        build_resnet(*arguments)
    assert str(error.value) == message


def test_too_small_input_raises():
    with pytest.raises(ValueError, match="input_size must be at least 32 px.*resnet18.*got 31"):
        build_resnet(18, 3, input_size=31)
