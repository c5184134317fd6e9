"""Keras callbacks: the stops on NaN and without improvement, validation, checkpoints, curves and example images."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from artefact.formats import MODEL_FILE
from machine.whole import whole
from models import OutputForm
from pose import Skeleton
from train.loop.errors import NonFiniteLoss
from train.loop.history import History
from train.loop.pictures import write_curves, write_predictions
from train.loop.trainer import PoseTrainer, averaged_weights
from train.loop.validation import Validator


class StopOnNonFinite(keras.callbacks.Callback):
    """Ends the run with an error at the first batch whose loss is not finite, naming the people in it."""

    def __init__(self, batches_from: Callable[[int], tf.data.Dataset]) -> None:
        """Takes a function from an epoch to its training batches, which names the people of a bad one."""
        super().__init__()
        self._batches_from = batches_from
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Stores the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Checks the running mean of the loss, which one bad batch makes non-finite."""
        if math.isfinite(float(logs["loss"])):
            return
        labels = next(iter(self._batches_from(self._epoch).skip(batch).take(1)))[1]
        people = ", ".join(key.decode() for key in labels["key"].numpy()[:8])
        raise NonFiniteLoss(
            f"the loss is {float(logs['loss'])} in epoch {self._epoch + 1}, batch {batch + 1} (people {people}, ...); "
            "lower --learning-rate or --clip-norm, or look at these people with `python -m records`"
        )


# More than an epoch draws.
_DRAWS = 1 << 20


class DrawByEpoch(keras.callbacks.Callback):
    """Makes what layers such as dropout draw depend on the epoch's number, so that a resumed run draws the same.

    Keras saves no states of random generators.
    """

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Sets the generators' counters; their seeds are the run's."""
        for variable in self.model.variables:
            if variable.name == "seed_generator_state":
                seed, _ = keras.ops.convert_to_numpy(variable)
                variable.assign(np.array([seed, epoch * _DRAWS % 2**32], np.uint32))


# Drawing them takes a second, as long as a small net's epoch.
_CURVES_EVERY_S = 15.0


class EpochEnd(keras.callbacks.Callback):
    """Validates the averaged weights, saves the best and the last, and redraws curves and images."""

    def __init__(
        self,
        validator: Validator,
        inference: keras.Model,
        form: OutputForm,
        history: History,
        skeleton: Skeleton,
        epochs: int,
    ) -> None:
        """Takes the validator, the float32 model to save as best.keras, the history and the run's number of epochs."""
        super().__init__()
        self._validator, self._inference, self._history = validator, inference, history
        self._skeleton, self._epochs = skeleton, epochs
        # A second loss: the trainer's may have weights, and validation uses their averages.
        self._form, self._loss = form, form.loss()
        self._curves_drawn_s = float("-inf")

    @property
    def run(self) -> Path:
        """The run folder."""
        return self._history.run

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Adds a row to the history; writes the history before the checkpoint of the same epoch.

        Raises:
            NonFiniteLoss: weights or predictions are not finite after the epoch; the previous epoch's files are kept.
        """
        trainer: PoseTrainer = self.model
        averaged = averaged_weights(trainer)
        _check_finite([*averaged, *trainer.get_weights()], "weights", epoch)
        self._inference.set_weights(averaged)
        if isinstance(self._loss, keras.layers.Layer):
            self._loss.set_weights(averaged_weights(trainer, trainer.loss_of_joints))
        validation = self._validator(self._inference, self._form, self._loss)
        _check_finite(validation.answers.values(), "predictions on the validation split", epoch)
        logs.update(validation.figures)
        logs["learning_rate"] = float(trainer.optimizer.learning_rate)
        history, run = self._history, self._history.run
        is_best = history.add(epoch, {name: float(value) for name, value in logs.items()})
        if is_best:
            with whole(run / MODEL_FILE) as temporary:
                self._inference.save(temporary)
            if "joints_xy_px" in validation.answers:
                write_predictions(run / "predictions.png", validation, self._skeleton, epoch + 1, self._epochs)
        history.write()
        with whole(run / "last.weights.h5") as temporary:
            trainer.save_weights(temporary)
        if time.monotonic() - self._curves_drawn_s > _CURVES_EVERY_S:
            self._draw_curves()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Draws the curves of all epochs."""
        self._draw_curves()

    def _draw_curves(self) -> None:
        if self._history.rows:
            write_curves(self.run / "curves.png", self._history, self._validator.baseline, self._epochs)
        self._curves_drawn_s = time.monotonic()


class StopWithoutImprovement(keras.callbacks.Callback):
    """Stops training after some epochs without improvement.

    The count is that of the history, so that a resumed run goes on counting; that of Keras's EarlyStopping begins anew.
    """

    def __init__(self, history: History, patience: int, all_equal: Callable[[int], bool]) -> None:
        """Takes the history, the number of epochs, and whether all processes pass the same number."""
        super().__init__()
        self._history, self._patience, self._all_equal = history, patience, all_equal

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Stops all processes or none: their figures may differ by rounding."""
        stop = self._history.has_stalled(self._patience)
        if self._all_equal(int(stop)) and stop:
            self.model.stop_training = True


def _check_finite(arrays: Iterable[np.ndarray], what: str, epoch: int) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise NonFiniteLoss(
            f"the loss is nan after epoch {epoch + 1}, whose last updates left {what} that are not finite; lower "
            "--learning-rate or --clip-norm"
        )
