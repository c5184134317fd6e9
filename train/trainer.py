"""The Keras model that `fit` trains: a pose net with its loss, and the optimiser."""

from __future__ import annotations

from typing import Any

import keras

from models import SCORES, form_of
from train.config import TrainConfig
from train.distribution import OneDevice
from train.losses import JOINT_LOSSES, score_loss


class PoseTrainer(keras.Model):
    """A net of one of the output forms, and labels in pixels.

    Attributes:
        net: the net.
        loss_of_joints: the form's own loss.
    """

    def __init__(
        self, net: keras.Model, input_size: int, score_radius: float, distribution: OneDevice | None = None
    ) -> None:
        """Wraps a net for pictures of `input_size` px; `score_radius` is a share of the picture's side."""
        super().__init__(name="trainer")
        self._distribution = distribution or OneDevice()
        self.net = net
        self._input_size = input_size
        self._form = form_of(net)
        # Where it is a layer, its weights are trained and kept in checkpoints, but are no part of the net.
        self.loss_of_joints = JOINT_LOSSES[self._form.name]()
        self._radius_px = score_radius * input_size
        self._joint_loss = keras.metrics.Mean(name="joint_loss")
        self._score_loss = keras.metrics.Mean(name="score_loss")

    def call(self, pictures: Any, training: bool | None = None) -> dict[str, Any]:
        """Pictures (B, S, S, 3) -> the net's outputs."""
        return self.net(pictures, training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The form's own loss plus the scores' cross-entropy, whose gradients do not meet.

        Labels are joints_xy_px (B, J, 2), visible (B, J) and, where known, left (B, J): see `score_loss`.
        """
        true, visible, left, size = y["joints_xy_px"], y["visible"], y.get("left"), self._input_size
        weigh = self._distribution.weigh
        labelled = visible > 0
        joint_loss = self.loss_of_joints(true, y_pred, visible, size=size) * weigh(labelled)
        predicted = self._form.decode(y_pred, size)
        scores = score_loss(true, predicted, y_pred[SCORES], visible, self._radius_px, left)
        scores = scores * weigh(labelled if left is None else keras.ops.logical_or(labelled, left))
        self._joint_loss.update_state(joint_loss)
        self._score_loss.update_state(scores)
        return (joint_loss + scores) / self._distribution.num_losses


def learn_scores_alone(net: keras.Model) -> None:
    """Holds all of a net but the layer of its scores, the statistics of batch normalisation too."""
    for layer in net.layers:
        layer.trainable = layer.name == SCORES


def build_optimizer(
    config: TrainConfig, steps_per_epoch: int, kind: type[keras.optimizers.AdamW] = keras.optimizers.AdamW
) -> keras.optimizers.Optimizer:
    """AdamW with warm-up, cosine decay, clipping and an exponential moving average of the weights."""
    warmup = round(config.warmup_epochs * steps_per_epoch)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=max(1, config.epochs * steps_per_epoch - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    horizon = config.ema_epochs * steps_per_epoch
    optimizer = kind(
        schedule,
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm,
        use_ema=horizon > 1,
        ema_momentum=1 - 1 / max(horizon, 2),
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def averaged_weights(trainer: PoseTrainer, part: keras.layers.Layer | None = None) -> list:
    """The weights of a part, with the optimiser's moving averages in place of those it trains.

    Args:
        trainer: keeps its own weights.
        part: a layer of the trainer; its net if not given.
    """
    own = [keras.ops.convert_to_numpy(variable) for variable in trainer.trainable_variables]
    trainer.optimizer.finalize_variable_values(trainer.trainable_variables)
    averaged = (part or trainer.net).get_weights()
    for variable, value in zip(trainer.trainable_variables, own, strict=True):
        variable.assign(value)
    return averaged
