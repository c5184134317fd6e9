"""Phases of a training: shares of the epochs, frozen layers, weights of the phase before."""

import keras
import numpy as np
import pytest

from train.config import TrainConfig
from train.loop import phases
from train.loop.phases import Phase, _shared_out, copy_layers, freeze, train_in_phases


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


def test_a_run_that_stopped_in_a_phase_goes_on_there(tmp_path, monkeypatch):
    calls = []

    def recorded(own, name, build, start, *, stage_weights, forward, form):
        if len(calls) == 1 and not own.resume:
            raise KeyboardInterrupt
        told = own.epochs, own.warmup_epochs, own.resume, own.initial
        calls.append((own.run.name, build, *told, forward, stage_weights))
        own.run.mkdir(parents=True, exist_ok=True)
        (own.run / "run.json").write_text("{}")
        return own.run

    monkeypatch.setattr(phases, "train", recorded)
    parts = [
        Phase("first", "build 1"),
        Phase("second", "build 2", lambda before: before.name, frozen=("first/",), stage_weights={"": 0.5}, share=2),
    ]
    config = TrainConfig(tmp_path / "shards", tmp_path / "run", epochs=6, warmup_epochs=3.0, initial=tmp_path / "other")
    with pytest.raises(KeyboardInterrupt):
        train_in_phases(config, "net", parts, form=None)
    first = ("first", "build 1", 2, 1.0, False, tmp_path / "other", None, None)
    assert calls == [first]
    calls.clear()
    monkeypatch.setattr(
        phases, "train", lambda own, *rest, **options: calls.append((own.run.name, own.resume, own.initial, options))
    )
    resumed = TrainConfig(tmp_path / "shards", tmp_path / "run", epochs=6, resume=True)
    assert train_in_phases(resumed, "net", parts, form=None) == tmp_path / "run"
    assert [call[:3] for call in calls] == [("first", True, None), ("run", False, None)]
    assert calls[1][3] == {"stage_weights": {"": 0.5}, "forward": "first", "form": None}
    with pytest.raises(ValueError, match=r"an epoch for each of the 2 phases \(first, second\), got 1 epochs"):
        train_in_phases(TrainConfig(tmp_path / "shards", tmp_path / "run", epochs=1), "net", parts)
