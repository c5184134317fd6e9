"""The search: weights on training batches, probabilities on validation batches, and the most likely nets in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from artefact.formats import MODEL_FILE
from evaluate.measures import measure_of
from machine.whole import whole
from models import FORMS, NECKS, build_searched, inference_model
from models.latency_table import Costs, LatencyTable
from models.search_space import Choice
from pose.tasks import POSE_2D, as_net_takes
from records import Manifest, steps_per_epoch, training_dataset
from records.inputs import fields_of, inputs_of
from train.loop.errors import NonFiniteLoss
from train.loop.fitting import begin_run, restore, use_threads
from train.loop.history import History
from train.loop.pictures import write_curves
from train.loop.run_folder import check_run, notes_of
from train.loop.speed import Arithmetic
from train.loop.trainer import PoseTrainer, build_optimizer
from train.loop.validation import Validator
from train.searching.architecture import Architecture
from train.searching.front import Found, pareto, read_front, write_blocks, write_front
from train.searching.options import SearchConfig
from train.searching.supernet import Gated, Supernet, gated
from train.start.statistics import measure_statistics

#: The net's blocks, in the run's folder.
BLOCKS_FILE = "blocks.json"
# Batches that the statistics of a net's normalization are measured on before it is validated.
_STATISTICS_BATCHES = 8
# Nets that a step of REINFORCE compares.
_SAMPLES = 4
# Random nets drawn for each that is measured.
_DRAWS = 100


def search(config: SearchConfig, manifest: Manifest, table: LatencyTable, run: Path, model_name: str) -> None:
    """Searches; see `train.search`."""
    check_run(run, config)
    use_threads(config.threads)
    _Search(config, manifest, table, run).run(model_name)


class _Search:
    """What a search works on."""

    def __init__(self, config: SearchConfig, manifest: Manifest, table: LatencyTable, run: Path) -> None:
        self.config, self.manifest, self.folder, self.space = config, manifest, run, table.space
        self.size, self.form = config.size_of(manifest), FORMS[config.head]
        self.steps = steps_per_epoch(config.records, "train", config.batch_size)
        self.costs: Costs = table.costs(config.way)
        self.architecture = Architecture(table.space)
        self.architecture.most_likely(self.costs, config.limit_ms)
        measure = measure_of(POSE_2D.name)
        self.validator = Validator(
            config.records, manifest.skeleton, self.size, config.batch_size, self.form.task, measure
        )
        self.parts: dict[str, Any] = {"neck": NECKS.get(config.neck, self.form.neck), "head": config.head_function}
        keras.utils.set_random_seed(config.seed)
        count, joints = len(self.architecture.state), manifest.skeleton.num_joints
        self.net = Supernet(self.space, joints, input_size=self.size, num_state=count, **self.parts)
        self.trainer = PoseTrainer(self.net, self.size, config.score_radius, form=self.form)
        self.trainer.compile(build_optimizer(config, self.steps))
        self.trainer.optimizer.build(self.trainer.trainable_variables)
        # All weights are there, so that they can be saved before the net was ever called as a whole.
        self.net.built = self.trainer.built = True
        self.epochs_done = restore(self.trainer, run, self.size, self.steps) if config.resume else 0
        if self.epochs_done:
            self.architecture.state = self.net.state.numpy()
        self.history = History(run, self.epochs_done, self.validator.best_by, measure)
        self.found = read_front(run, self.epochs_done)

    def run(self, model_name: str) -> None:
        """Searches the epochs that are left."""
        config = self.config
        if config.movenet is not None and not self.epochs_done:
            self.net.carry_from(config.movenet_net(self.size), config.carried)
        if not config.resume:
            arithmetic = asdict(Arithmetic("float32", "fused", False))
            best_by = self.validator.best_by
            notes = notes_of(config, model_name, self.manifest, self.form.task, arithmetic, "as given", best_by)
            notes["follow"] = self.validator.box_rule(self.manifest.source["padding"])
            begin_run(self.folder, notes, config.records, self.form.task)
        print(f"{model_name}: {self.steps} steps an epoch on {self.manifest.counts} -> {self.folder}", flush=True)
        batches = self._batches("train", self.epochs_done, config.seed)
        for epoch in range(self.epochs_done, config.epochs):
            before_s = time.process_time()
            figures = self._epoch(epoch, batches)
            figures |= self._measured(epoch)
            minutes = (time.process_time() - before_s) / 60
            self._keep(epoch, figures | {"processor_minutes": minutes})
        if self.history.rows:
            write_curves(self.folder / "curves.png", self.history, self.validator.baseline, config.epochs)

    def _epoch(self, epoch: int, batches: Iterator) -> dict[str, float]:
        """Trains weights and, after the first epochs, probabilities; returns the means of the losses."""
        config, rng = self.config, np.random.default_rng([self.config.seed, epoch])
        learns = epoch >= config.uniform_epochs and config.method != "random"
        others = self._batches("val", 0, config.seed + 1 + epoch)
        self.trainer.reset_metrics()
        losses, of_choices = [], []
        for step in range(self.steps):
            places = self.architecture.sample(rng, uniform=not learns)
            losses.append(self._learn_weights(*next(batches), self.architecture.choice(places)))
            if not np.isfinite(losses[-1]):
                raise NonFiniteLoss(
                    f"the loss is {losses[-1]} in epoch {epoch + 1}, batch {step + 1}; lower --learning-rate or "
                    "--clip-norm"
                )
            if learns and (step + 1) % config.architecture_every == 0:
                learn = self._learn_pairs if config.method == "gradient" else self._learn_samples
                of_choices.append(learn(*next(others), rng))
        figures = {one.name: float(one.result()) for one in self.trainer.metrics}
        return figures | {"loss": float(np.mean(losses)), "architecture_loss": float(np.mean(of_choices or [np.nan]))}

    def _learn_weights(self, pictures: Any, labels: dict, choice: Choice) -> float:
        """A step of the weights of one net; all others stay as they are."""
        loss_layer = self.trainer.loss_of_joints
        variables = self.net.weights_of(choice)
        if isinstance(loss_layer, keras.layers.Layer):
            variables = [*variables, *loss_layer.trainable_variables]
        with tf.GradientTape() as tape:
            outputs = self.net.run(pictures, *gated(choice), training=True)
            loss = self.trainer.compute_loss(pictures, labels, outputs)
        gradients = tape.gradient(loss, [one.value for one in variables])
        self.trainer.optimizer.apply(gradients, variables)
        return float(loss)

    def _learn_pairs(self, pictures: Any, labels: dict, rng: np.random.Generator) -> float:
        """A step of the probabilities of two options of each decision, by the gradient; returns the loss."""
        architecture, config = self.architecture, self.config
        pairs = architecture.sample_pairs(rng)
        gates = [tf.constant([1.0, 0.0][: len(pair)]) for pair in pairs]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(gates)
            paths = [
                [(place, gate[k]) for k, place in enumerate(pair)] for pair, gate in zip(pairs, gates, strict=True)
            ]
            loss = self._joint_loss(pictures, labels, *self._by_stage(paths))
        slopes = [np.asarray(one) for one in tape.gradient(loss, gates, unconnected_gradients="zero")]
        over = architecture.expected_ms(self.costs) > config.limit_ms
        pull = config.latency_weight / config.limit_ms if over else 0.0
        by_ms = architecture.cost_gradients(self.costs)
        total = [slope + pull * ms[list(pair)] for slope, ms, pair in zip(slopes, by_ms, pairs, strict=True)]
        architecture.learn_pairs(pairs, total, config.architecture_rate)
        return float(loss)

    def _learn_samples(self, pictures: Any, labels: dict, rng: np.random.Generator) -> float:
        """A step of all probabilities by REINFORCE on a few nets; returns the mean of their losses."""
        config, samples = self.config, [self.architecture.sample(rng) for _ in range(_SAMPLES)]
        choices = list(map(self.architecture.choice, samples))
        losses = np.array([float(self._joint_loss(pictures, labels, *gated(choice))) for choice in choices])
        overs = [max(0.0, self.costs.of(choice) / config.limit_ms - 1) for choice in choices]
        total = losses + config.latency_weight * np.array(overs)
        self.architecture.learn_samples(samples, total, config.architecture_rate)
        return float(losses.mean())

    def _joint_loss(self, pictures: Any, labels: dict, widths: list[Gated], operations: list[list[Gated]]) -> Any:
        outputs = self.net.run(pictures, widths, operations, training=True)
        terms = self.trainer.loss_of_joints(labels, outputs, size=self.size)
        return sum(term.value for term in terms.values())

    def _by_stage(self, paths: list[Gated]) -> tuple[list[Gated], list[list[Gated]]]:
        rest = iter(paths[len(self.space.units) :])
        return paths[: len(self.space.units)], [[next(rest) for _ in range(units)] for units in self.space.units]

    def _measured(self, epoch: int) -> dict[str, float]:
        """Measures nets within the limit, and saves the most likely one or, of random ones, the best so far."""
        config = self.config
        figures = {"expected_ms": self.architecture.expected_ms(self.costs)}
        if epoch < config.uniform_epochs:
            return figures
        random = config.method == "random"
        choices = self._random_nets(epoch) if random else self._likely_nets()
        for place, choice in enumerate(choices, start=1):
            model = self._trained_net(choice, epoch)
            validation = self.validator(model, self.form, self.form.loss())
            worth, ms = validation.figures[self.validator.best_by], self.costs.of(choice)
            self.found.append(Found(epoch + 1, ms, worth, choice))
            if worth == max(one.worth for one in self.found) if random else place == len(choices):
                figures |= validation.figures | {"predicted_ms": ms}
                with whole(self.folder / MODEL_FILE) as unfinished:
                    model.save(unfinished)
                write_blocks(self.folder / BLOCKS_FILE, choice, self.space)
        write_front(self.folder, self.found, self.space, config.way, self.validator.best_by, config.limit_ms)
        for one in pareto(self.found):
            print(f"  front: {one.ms:6.2f} ms, {self.validator.best_by} {one.worth:.4f}", flush=True)
        return figures

    def _likely_nets(self) -> list[Choice]:
        """The most likely nets within half the limit up to all of it, the last of which has all of it."""
        config, found = self.config, list[Choice]()
        for share in np.linspace(0.5, 1.0, config.front) if config.front > 1 else [1.0]:
            try:
                choice = self.architecture.most_likely(self.costs, share * config.limit_ms)
            except ValueError:  # No net is that fast.
                continue
            found = [one for one in found if one != choice] + [choice]
        return found

    def _random_nets(self, epoch: int) -> list[Choice]:
        """The slowest of many random nets that keep the limit; one that keeps it, where none of them does."""
        rng = np.random.default_rng([self.config.seed, epoch, 1])
        drawn = {self.space.random(rng) for _ in range(_DRAWS * self.config.front)}
        kept = [choice for choice in drawn if self.costs.of(choice) <= self.config.limit_ms]
        slowest = sorted(kept, key=lambda choice: (-self.costs.of(choice), choice))[: self.config.front]
        return slowest or self._likely_nets()[-1:]

    def _trained_net(self, choice: Choice, epoch: int) -> keras.Model:
        """The inference model of a net, whose normalization has statistics of its own."""
        plan, joints = self.space.plan(choice), self.manifest.skeleton.num_joints
        net = build_searched(plan, joints, input_size=self.size, **self.parts)
        self.net.carry_to(net, choice)
        batches = self._batches("train", epoch, self.config.seed + 1)
        measure_statistics(net, (pictures for pictures, _ in islice(batches, min(_STATISTICS_BATCHES, self.steps))))
        return inference_model(net, self.size, self.form)

    def _keep(self, epoch: int, figures: dict[str, float]) -> None:
        """Writes the history, and the checkpoint after it."""
        figures["learning_rate"] = float(self.trainer.optimizer.learning_rate)
        self.history.add(epoch, figures)
        self.history.write()
        self.net.state.assign(self.architecture.state)
        # As exact as what is kept, so that a search that is resumed has the same numbers.
        self.architecture.state = self.net.state.numpy()
        with whole(self.folder / "last.weights.h5") as unfinished:
            self.trainer.save_weights(unfinished)
        listed = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"epoch {epoch + 1} of {self.config.epochs}: {listed}", flush=True)

    def _batches(self, split: str, epoch: int, seed: int) -> Iterator:
        """Augmented batches of a split: images, and the labels of the task."""
        task = self.form.task
        found = training_dataset(
            self.config.records,
            split,
            batch_size=self.config.batch_size,
            # More than are drawn.
            epochs=epoch + self.config.epochs * (1 + self.steps),
            seed=seed,
            first_epoch=epoch,
            input_size=self.size,
            augmentation=self.config.augmentation,
            fields=fields_of(task, task.labels),
            kind=task.kind,
        )
        for pictures, fields in found:
            labels = {name: fields[name] for name in task.labels}
            yield as_net_takes(inputs_of(task, pictures, fields)), labels
