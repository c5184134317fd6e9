"""Weights of a net carried into nets of other blocks."""

import keras
import numpy as np
import pytest

from models import build_searched, mobilenet_v2_plan
from models.searched import Block
from train.start.blocks import carry_blocks

SIZE = 32


def net_of(plan, seed):
    keras.utils.set_random_seed(seed)
    net = build_searched(plan, 3, input_size=SIZE)
    rng = np.random.default_rng(seed)
    # Statistics and offsets unlike a fresh layer's, and scales that keep the signal through the layers.
    for weight in net.weights:
        if weight.path.endswith(("gamma", "moving_variance")):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape) * (4.0 if weight.path.endswith("gamma") else 1.0))
        elif weight.path.endswith(("beta", "moving_mean")):
            weight.assign(rng.normal(0, 0.3, weight.shape))
    return net


def with_blocks(plan, change):
    stages = tuple(one._replace(blocks=tuple(map(change, one.blocks[:2]))) for one in plan.stages)
    return plan._replace(stages=stages, last_filters=32)


def maps(net):
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), np.uint8)
    found = np.asarray(net(pictures)["heatmap_logits"])
    # The answer depends on the image.
    assert np.abs(found[0] - found[1]).max() > 0.1
    return found


@pytest.fixture(scope="module")
def source():
    return net_of(with_blocks(mobilenet_v2_plan(0.5), lambda block: block), 1)


@pytest.mark.parametrize("kernel_size", [3, 5, 7])
def test_a_net_with_larger_kernels_answers_the_same(source, kernel_size):
    net = net_of(with_blocks(mobilenet_v2_plan(0.5), lambda block: block._replace(kernel_size=kernel_size)), 2)
    assert np.abs(maps(net) - maps(source)).max() > 0.1
    carry_blocks(source, net)
    np.testing.assert_allclose(maps(net), maps(source), rtol=1e-3, atol=1e-3)


def test_unread_channels_inside_a_block_go_first_and_nothing_changes(source):
    """Half of the channels inside one block have no weight in its projection; the other half is chosen."""
    unread = keras.models.clone_model(source)
    unread.set_weights(source.get_weights())
    layer = unread.get_layer("stage3_unit1_project_conv")
    kernel = layer.kernel.numpy()
    dead = np.random.default_rng(5).permutation(kernel.shape[2])[: kernel.shape[2] // 2]
    kernel[:, :, dead] = 0
    layer.set_weights([kernel])
    plan = with_blocks(mobilenet_v2_plan(0.5), lambda block: block)
    smaller = plan.stages[2]._replace(blocks=(Block(3, 3), plan.stages[2].blocks[1]))
    net = net_of(plan._replace(stages=(*plan.stages[:2], smaller, *plan.stages[3:])), 2)
    carry_blocks(unread, net)
    np.testing.assert_allclose(maps(net), maps(unread), rtol=1e-3, atol=1e-3)


def test_narrower_stages_take_the_first_channels_and_wider_ones_keep_the_rest(source):
    narrow, wide = (with_blocks(mobilenet_v2_plan(width), lambda block: block) for width in (0.35, 1.0))
    theirs = source.get_layer("stage5_unit2_project_conv").kernel.numpy()
    net = net_of(narrow, 2)
    carry_blocks(source, net)
    ours = net.get_layer("stage5_unit2_project_conv").kernel.numpy()
    assert ours.shape[3] < theirs.shape[3]
    # The rows are those of the most important channels inside, the first ones the most.
    rows = theirs[0, 0, :, : ours.shape[3]]
    order = np.argsort(-np.abs(rows).sum(axis=1), kind="stable")
    np.testing.assert_array_equal(ours[0, 0], rows[order[: ours.shape[2]]])
    net = net_of(wide, 2)
    before = net.get_layer("stage5_unit2_project_conv").kernel.numpy()
    carry_blocks(source, net, prefixes=("stage5",), ranked=False)
    after = net.get_layer("stage5_unit2_project_conv").kernel.numpy()
    rows, columns = theirs.shape[2:]
    np.testing.assert_array_equal(after[:, :, :rows, :columns], theirs)
    np.testing.assert_array_equal(after[:, :, rows:], before[:, :, rows:])
    assert np.array_equal(net.get_layer("stem_conv").kernel, net_of(wide, 2).get_layer("stem_conv").kernel)
