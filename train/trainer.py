"""The Keras model that `fit` trains: a pose net with its loss, and the optimiser."""

from __future__ import annotations

from typing import Any

import keras

from models import encode
from train.config import TrainConfig
from train.losses import score_loss, visible_l1


class PoseTrainer(keras.Model):
    """A net with outputs "coordinates" and "score_logits", and labels in pixels."""

    def __init__(self, net: keras.Model, input_size: int, score_radius: float) -> None:
        """Wraps a net for pictures of `input_size` px; `score_radius` is a share of the picture's side."""
        super().__init__(name="trainer")
        self.net = net
        self._input_size = input_size
        # The normalised picture is 2 wide.
        self._radius = 2 * score_radius
        self._coordinate_loss = keras.metrics.Mean(name="coordinate_loss")
        self._score_loss = keras.metrics.Mean(name="score_loss")

    def call(self, pictures: Any, training: bool | None = None) -> dict[str, Any]:
        """Pictures (B, S, S, 3) -> the net's outputs."""
        return self.net(pictures, training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The coordinates' L1 loss plus the scores' cross-entropy, whose gradients do not meet."""
        true = encode(y["joints_xy_px"], self._input_size)
        coordinate_loss = visible_l1(true, y_pred["coordinates"], y["visible"])
        scores = score_loss(true, y_pred["coordinates"], y_pred["score_logits"], y["visible"], self._radius)
        self._coordinate_loss.update_state(coordinate_loss)
        self._score_loss.update_state(scores)
        return coordinate_loss + scores


def build_optimizer(config: TrainConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """AdamW with warm-up, cosine decay, clipping and an exponential moving average of the weights."""
    warmup = round(config.warmup_epochs * steps_per_epoch)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=max(1, config.epochs * steps_per_epoch - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    horizon = config.ema_epochs * steps_per_epoch
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm,
        use_ema=horizon > 1,
        ema_momentum=1 - 1 / max(horizon, 2),
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def averaged_weights(trainer: PoseTrainer) -> list:
    """The net's weights with the optimiser's moving averages in place of those it trains; the net keeps its own."""
    own = [keras.ops.convert_to_numpy(variable) for variable in trainer.trainable_variables]
    trainer.optimizer.finalize_variable_values(trainer.trainable_variables)
    averaged = trainer.net.get_weights()
    for variable, value in zip(trainer.trainable_variables, own, strict=True):
        variable.assign(value)
    return averaged
