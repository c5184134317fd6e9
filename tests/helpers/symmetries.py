"""What shows half-pixel mistakes: mirrored or moved images must give mirrored or moved maps."""

import keras
import numpy as np

# Mid-gray reaches a net as 0, like the zeros around an image: a fresh net answers 0 to it, without seeing the edges.
GRAY = 127.5


def mirrored(net):
    """A copy of a net whose kernels are mirrored; where images and padding are symmetric, so are its maps."""
    copy = keras.models.clone_model(net)
    # The kernels of convolutions are the weights of four dimensions.
    copy.set_weights([np.flip(weight, 1) if weight.ndim == 4 else weight for weight in net.get_weights()])
    return copy


def trained_parameters(net, *, without=()):
    """How many weights gradients train, without those of some layers."""
    left_out = {id(weight) for name in without for weight in net.get_layer(name).weights}
    return sum(int(np.prod(weight.shape)) for weight in net.trainable_weights if id(weight) not in left_out)


def random_weights(net, seed=0):
    """Sets random statistics and offsets of normalization, which a new net has not."""
    random = np.random.default_rng(seed)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.7, 1.3, weight.shape) for weight in layer.get_weights()])


def assert_maps_move(net, size, move_px, move_cells):
    """Moves a patch in the middle of a gray image right and down; of a fresh net without biases."""
    pictures = np.full((3, size, size, 3), GRAY, "float32")
    patch = np.random.default_rng(0).integers(0, 256, (8, 8, 3))
    start = size // 2 - move_px // 2
    for row, (y, x) in enumerate([(0, 0), (0, move_px), (move_px, 0)]):
        pictures[row, start + y : start + y + 8, start + x : start + x + 8] = patch
    still, right, down = keras.ops.convert_to_numpy(net(pictures)["heatmap_logits"])
    edges = np.concatenate([still[:2], still[-2:], still.swapaxes(0, 1)[:2], still.swapaxes(0, 1)[-2:]])
    assert np.ptp(still) > 0 and not edges.any(), "the patch is seen at the image's edge, use a larger one"
    atol = 1e-5 * np.ptp(still)
    np.testing.assert_allclose(right[:, move_cells:], still[:, :-move_cells], atol=atol)
    np.testing.assert_allclose(down[move_cells:], still[:-move_cells], atol=atol)
