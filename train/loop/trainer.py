"""The Keras model that `fit` trains: a pose net with its loss, and the optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

import keras

from models import SCORES, Loss, OutputForm, Term, form_of, is_of_head, is_of_neck, named_layers, score_loss, stages_of
from train.config import TrainConfig
from train.loop.distribution import OneDevice

# Fewer than ten batches give poor statistics.
_LEAST_MOMENTUM = 0.9

#: Runs a net in training where labels decide what it looks at, and a seed generator where it draws:
#: forward(net, inputs, labels, training=..., seeds=...) -> outputs.
Forward = Callable[..., dict[str, Any]]


class PoseTrainer(keras.Model):
    """A net of an output form, in one stage or several, and labels in pixels.

    Attributes:
        net: the net.
        form: the output form.
        loss_of_joints: the form's loss.
        seeds: of what is drawn when the net is run with the labels.
    """

    def __init__(
        self,
        net: keras.Model,
        input_size: int,
        score_radius: float,
        distribution: OneDevice | None = None,
        form: OutputForm | None = None,
        stage_weights: Mapping[str, float] | None = None,
        stage_losses: Mapping[str, Loss] | None = None,
        forward: Forward | None = None,
    ) -> None:
        """Wraps a net.

        Args:
            net: with the outputs of a form, those of earlier stages named "stage1/..." and so on.
            input_size: height and width of its images in px.
            score_radius: share of the image's side within which a joint counts as right for its score.
            distribution: the devices.
            form: the output form; `form_of(net)` if None.
            stage_weights: weights of the stages' losses, by name, "" for the last; 1 for those not named. A stage of
                weight 0 is left out.
            stage_losses: losses of stages with targets of their own, by name; the form's for those not named.
            forward: runs the net in training; its outputs may be more than the net's. The net itself if None.
        """
        super().__init__(name="trainer")
        self._distribution = distribution or OneDevice()
        self.net = net
        self._input_size = input_size
        self.form = form or form_of(net)
        # If it is a layer, its weights are trained and kept in checkpoints, but are not part of the net.
        self.loss_of_joints = self.form.loss()
        self._radius_px = score_radius * input_size
        self._stage_weights = dict(stage_weights or {})
        self._stage_losses = dict(stage_losses or {})
        self._forward = forward
        self.seeds = keras.random.SeedGenerator() if forward is not None else None
        for stage, outputs in stages_of(net.output).items():
            if not self._weight_of(stage):
                continue
            for term in (*self.form.terms, *(["score_loss"] if SCORES in outputs else [])):
                name = _metric_name(stage, term)
                setattr(self, f"_{name}", keras.metrics.Mean(name=name))

    def call(self, inputs: Any, training: bool | None = None) -> dict[str, Any]:
        """The net's inputs, such as images (B, S, S, 3), or what `inputs_for` returns -> its outputs."""
        if self._forward is not None and isinstance(inputs, tuple):
            return self._forward(self.net, *inputs, training=training, seeds=self.seeds)
        return self.net(inputs, training=training)

    def inputs_for(self, inputs: Any, labels: Mapping[str, Any]) -> Any:
        """What `call` takes in training: the net's inputs, with the labels if it is run with them."""
        return inputs if self._forward is None else (inputs, dict(labels))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The form's loss in each stage plus the scores' cross-entropy, if any; no weight gets gradients from both.

        Labels are those of the form's task, with left (B, J) if known: see `score_loss`.
        """
        total = 0.0
        for stage, outputs in stages_of(y_pred).items():
            if not self._weight_of(stage):
                continue
            loss_of_stage = self._stage_losses.get(stage, self.loss_of_joints)
            # A forward function may have looked at some joints only.
            labels = {**y, "visible": outputs["visible"]} if "visible" in outputs else y
            terms = loss_of_stage(labels, outputs, size=self._input_size)
            if SCORES in outputs:
                terms["score_loss"] = self._score_term(labels, outputs)
            for name, term in terms.items():
                loss = term.value * self._distribution.loss_weight(term.counted)
                getattr(self, f"_{_metric_name(stage, name)}").update_state(loss)
                total = total + self._weight_of(stage) * loss
        return total / self._distribution.num_losses

    def _weight_of(self, stage: str) -> float:
        return self._stage_weights.get(stage, 1.0)

    def _score_term(self, labels: Mapping[str, Any], outputs: Mapping[str, Any]) -> Term:
        true, visible, left = labels["joints_xy_px"], labels["visible"], labels.get("left")
        predicted = self.form.decode(outputs, self._input_size)["joints_xy_px"]
        loss = score_loss(true, predicted, outputs[SCORES], visible, self._radius_px, left)
        return Term(loss, visible > 0 if left is None else keras.ops.logical_or(visible > 0, left))


def _metric_name(stage: str, term: str) -> str:
    return f"{stage}_{term}" if stage else term


def freeze_all_but(net: keras.Model, learn: str, new: Set[str] | None = None) -> None:
    """Freezes all of a net but what learns, and the statistics of the batch normalization that has learned before.

    Args:
        net: changed in place.
        learn: "scores", the layer of the scores; or "head", the necks and heads, without their normalization.
        new: names of the layers whose weights are random, in a net that begins with published weights: they learn too,
            and a neck only if it is among them. Behind new layers it would soon forget what it knows.
    """
    for name, layer in named_layers(net):
        stays = isinstance(layer, keras.layers.BatchNormalization) or (new is not None and is_of_neck(name))
        of_head = is_of_head(name) and not stays
        layer.trainable = layer.name == SCORES if learn == "scores" else of_head or name in (new or ())


def follow_statistics(net: keras.Model, steps_per_epoch: int) -> None:
    """Lets batch normalization's moving statistics cover about an epoch, as the averaged weights do.

    At the usual momentum of 0.99 they lag by a hundred steps. In small sets that is many epochs, and validation then
    runs the weights of now with the statistics of long ago.
    """
    momentum = max(_LEAST_MOMENTUM, 1 - 1 / steps_per_epoch)
    for _, layer in named_layers(net):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, momentum)


def with_rates(kind: type[keras.optimizers.AdamW], rates: Mapping[str, float]) -> type[keras.optimizers.AdamW]:
    """An optimizer's class in which some weights learn faster or more slowly than others.

    Args:
        kind: the class.
        rates: the learning rates of weights as multiples of the optimizer's, by the beginnings of their layers' names.
    """

    class OfParts(kind):  # type: ignore[misc,valid-type]
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            # TensorFlow's variables have no path, but the same name.
            names = getattr(variable, "path", variable.name).split("/")
            rate = next((rates[start] for start in rates if any(name.startswith(start) for name in names)), 1.0)
            super().update_step(gradient, variable, learning_rate * rate)

    return OfParts


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
    """The weights of a part; trained ones are replaced by the optimizer's moving averages.

    Args:
        trainer: not changed.
        part: a layer of the trainer; its net if not given.
    """
    own = [keras.ops.convert_to_numpy(variable) for variable in trainer.trainable_variables]
    trainer.optimizer.finalize_variable_values(trainer.trainable_variables)
    averaged = (part or trainer.net).get_weights()
    for variable, value in zip(trainer.trainable_variables, own, strict=True):
        variable.assign(value)
    return averaged
