"""GaitSet: its size, what it must not depend on, and its loss by hand."""

import keras
import numpy as np
import pytest

from models.gaitset import build_gaitset, distances, triplet_loss

random = np.random.default_rng(0)


def parts_of(net, silhouettes):
    return keras.ops.convert_to_numpy(net(silhouettes)["parts"])


def test_the_published_net():
    net = build_gaitset()
    assert net.count_params() == 2_594_592
    assert net.output["parts"].shape == (None, 62, 256)


def test_neither_the_order_nor_repetitions_of_frames_matter():
    net = build_gaitset((4, 6, 8), embedding=5)
    frames = random.integers(0, 256, (2, 7, 64, 44), dtype="uint8")
    shuffled = np.concatenate([frames[:, ::-1], frames[:, 2:5]], axis=1)
    np.testing.assert_allclose(parts_of(net, frames), parts_of(net, shuffled), atol=1e-5)
    assert np.abs(parts_of(net, frames) - parts_of(net, frames[:, :3])).max() > 1e-3


def test_a_strip_sees_its_rows_and_their_surroundings_alone():
    net = build_gaitset((4, 6, 8), embedding=5, parts=(16, 1))
    frames = random.integers(0, 256, (1, 3, 64, 44), dtype="uint8")
    changed = frames.copy()
    changed[:, :, :4] = 0
    moved = np.abs(parts_of(net, frames) - parts_of(net, changed)).max(axis=(0, 2))
    # 16 strips of 4 px; of them the lower half sees nothing of the first.
    assert moved[0] > 1e-4 and moved[16] > 1e-4 and moved[8:16].max() == 0


def test_the_loss_by_hand():
    people, parts = np.array([3, 3, 7, 7]), random.normal(size=(4, 2, 5)).astype("float32")
    apart = np.linalg.norm(parts[:, None] - parts[None], axis=-1)
    np.testing.assert_allclose(distances(parts), apart.transpose(2, 0, 1), atol=2e-3)
    expected = []
    for part in range(2):
        triplets = [
            0.2 + apart[a, p, part] - apart[a, n, part]
            for a in range(4)
            for p in range(4)
            for n in range(4)
            if a != p and people[a] == people[p] and people[a] != people[n]
        ]
        assert len(triplets) == 8
        expected.append(np.mean([excess for excess in triplets if excess > 0] or [0]))
    assert float(triplet_loss(people[:, None], parts)) == pytest.approx(np.mean(expected), rel=1e-4)


def test_people_far_apart_cost_nothing():
    parts = np.repeat([[[0.0, 0.0]], [[9.0, 0.0]]], 2, axis=0).astype("float32")
    assert float(triplet_loss(np.array([0, 0, 1, 1]), parts)) == 0
    assert float(triplet_loss(np.array([0, 1, 0, 1]), parts)) == pytest.approx(9.2 * 1 / 2 + 0.2 / 2, rel=0.5)


@pytest.mark.parametrize(
    ("options", "message"), [({"size": (64, 45)}, "multiples of 4"), ({"parts": (16, 5)}, "parts must divide 16 rows")]
)
def test_sizes_that_do_not_fit_raise(options, message):
    with pytest.raises(ValueError, match=message):
        build_gaitset(**options)
