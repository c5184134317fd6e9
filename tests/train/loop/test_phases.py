"""Phases of a training: shares of the epochs, frozen layers, weights of the phase before."""

import keras
import numpy as np
import pytest

from train.loop.phases import Phase, _shared_out, copy_layers, freeze


def net(*names):
    x = pictures = keras.Input((4,))
    for name in names:
        inner = keras.Input((4,))
        x = keras.Model(inner, keras.layers.Dense(4, name="dense")(inner), name=name)(x)
    return keras.Model(pictures, x)


@pytest.mark.parametrize(
    ("epochs", "shares", "expected"),
    [(8, (1, 1), [4, 4]), (7, (2, 1, 1), [3, 1, 3]), (3, (8, 1, 1), [1, 1, 1]), (20, (1, 1, 2), [5, 5, 10])],
)
def test_epochs_are_shared_out(epochs, shares, expected):
    assert _shared_out(epochs, [Phase(str(i), None, share=share) for i, share in enumerate(shares)]) == expected


def test_frozen_layers_are_those_whose_names_begin_so():
    both = net("coarse", "fine")
    freeze(both, ("coarse/",))
    assert [layer.trainable for layer in (both.get_layer("coarse").layers[1], both.get_layer("fine").layers[1])] == [
        False,
        True,
    ]
    assert len(both.trainable_variables) == 2
    with pytest.raises(ValueError, match="no layer's name begins with 'other/'"):
        freeze(both, ("other/",))


def test_weights_come_from_the_phase_before(tmp_path):
    one, both = net("coarse"), net("coarse", "fine")
    inner = keras.Input((4,))
    keras.Model(inner, one(inner)).save(tmp_path / "best.keras")
    fresh = both.get_layer("fine").get_weights()[0]
    copy_layers(both, tmp_path)
    np.testing.assert_array_equal(both.get_layer("coarse").get_weights()[0], one.get_layer("coarse").get_weights()[0])
    np.testing.assert_array_equal(both.get_layer("fine").get_weights()[0], fresh)
    with pytest.raises(ValueError, match="must have all layers of .*, it lacks coarse/dense"):
        copy_layers(net("fine"), tmp_path)
