"""An image that is moved or mirrored must give maps that are moved or mirrored."""

import keras
import numpy as np

# Mid-gray reaches a net as 0, like the zeros around an image: a fresh net answers 0 to it, without seeing the edges.
GRAY = 127.5


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


def make_symmetric(net):
    """Makes all kernels of a net their own mirror image."""
    for layer in net.layers:
        weights = layer.get_weights()
        layer.set_weights([(one + one[:, ::-1]) / 2 if one.ndim == 4 else one for one in weights])
