"""Whether a critic that sees joints alone, no image, judges poses better than the scores that models give them.

    python -m benchmarks.accuracy.judge --records data/lspet --models fast accurate

A critic learns to tell the true poses of the train split from spoiled ones: a leg or an arm with its sides exchanged,
joints on the other side's, joints that leap, and poses with the errors that the model makes on the validation split.
On the test split, which nobody learned from, the table has
    error: rank correlation (Spearman) with the person's mean error, of the score, of the critic, and of the sum of both
        that fits the validation split best.
    true: the share of pairs of a true and a predicted pose of which the critic prefers the true one (AUC).
    made swaps: the same, of true poses and these with the sides of legs or arms exchanged.
    real swaps: of pairs of a limb whose sides the model really confused and one that it did not, how often the critic
        gains more from exchanging the first (AUC), and how often the first has the lower score.
Each is the mean over the seeds.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.accuracy.comparison import markdown
from machine.command import run_command
from machine.whole import whole
from pose import Skeleton

_LIMBS = {"legs": ("knee", "ankle"), "arms": ("elbow", "wrist")}
# Mean error of a pose that lends its errors to true ones, in the unit of `_spread`; and the most that a joint counts.
_WRONG, _MOST = 0.15, 1.0
# A limb is confused if exchanging its sides halves its error, and not if it doubles it.
_CLEARLY = 0.5


@dataclass(frozen=True)
class Options:
    """Compares a critic of poses with scores.

    Attributes:
        records: shard set of people with train, val and test splits.
        models: of the joints of one person: names, run folders or exports.
        seeds: number of critics for each model.
        epochs: of a critic.
        out: folder to write judge.csv into.
    """

    records: Path
    models: tuple[Path, ...] = (Path("fast"), Path("accurate"))
    seeds: int = 3
    epochs: int = 30
    out: Path = Path("judge")


@dataclass(frozen=True)
class Poses:
    """A split's people.

    Attributes:
        true, predicted: (N, J, 2), in shares of the image's side.
        known: bool (N, J), labeled joints.
        scores: (N, J), of the predictions.
    """

    true: np.ndarray
    known: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray

    def errors(self) -> np.ndarray:
        """Each person's mean error (N,) in units of the true pose's spread; NaN without labels."""
        away = np.linalg.norm(self.predicted - self.true, axis=-1) / _spread(self.true, self.known)[:, :, 0]
        counted = np.where(self.known, np.minimum(away, _MOST), 0.0).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return counted / self.known.sum(axis=1)


def read_poses(model: Path, records: Path) -> tuple[dict[str, Poses], Skeleton]:
    """The people of the val and test splits with a model's predictions, and the model's joints."""
    from evaluate.pose_2d.collect import collect
    from evaluate.predictor import load_predictor
    from records import dataset
    from weights import shipped

    predictor, found = load_predictor(shipped(model) or model), {}
    for split in ("val", "test"):
        batches = dataset(records, split, batch_size=32, input_size=predictor.input_size).as_numpy_iterator()
        got = collect(predictor, batches, gallery=0, seed=0)
        true, predicted = (xy / predictor.input_size for xy in (got.labels["joints_xy_px"], got.predicted_px))
        known = got.labels["visible"] > 0
        found[split] = Poses(np.where(known[..., None], true, 0.0), known, predicted, got.scores)
    return found, predictor.skeleton


def read_true(records: Path) -> tuple[np.ndarray, np.ndarray]:
    """The true poses (N, J, 2) of the train split, in shares of the image's side, and which joints are labeled."""
    from records import dataset, read_manifest

    size = read_manifest(records).size
    batches = dataset(records, "train", batch_size=256, fields=("joints_xy_px", "visible")).as_numpy_iterator()
    xy, visible = (np.concatenate(parts) for parts in zip(*(tuple(one.values()) for _, one in batches), strict=True))
    return np.where(visible[..., None] > 0, xy / size, 0.0), visible > 0


class Judge:
    """A critic of poses: a small net of normalized joints and of which are known."""

    def __init__(self, skeleton: Skeleton, seed: int) -> None:
        """Creates the net."""
        import keras

        keras.utils.set_random_seed(seed)
        self._skeleton, self._rng = skeleton, np.random.default_rng(seed)
        layers: list[Any] = [keras.Input((3 * skeleton.num_joints,))]
        for _ in range(2):
            layers += [keras.layers.Dense(256, activation="relu"), keras.layers.Dropout(0.2)]
        self._net = keras.Sequential([*layers, keras.layers.Dense(1)])
        self._net.compile(
            keras.optimizers.AdamW(1e-3, weight_decay=1e-2), keras.losses.BinaryCrossentropy(from_logits=True)
        )

    def fit(self, true: np.ndarray, known: np.ndarray, wrong: np.ndarray, epochs: int) -> None:
        """Learns from true poses (N, J, 2), spoiled anew in each epoch, also by errors (M, J, 2) of a model."""
        order = np.array(self._skeleton.flip_order)
        for _ in range(epochs):
            poses = []
            for _ in range(2):
                angle, flipped = self._rng.normal(0, 0.3, len(true)), self._rng.random(len(true)) < 0.5
                turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(-1, 2, 2)
                turned = (true - 0.5) @ turn
                poses.append(np.where(flipped[:, None, None], turned[:, order] * (-1, 1), turned))
            seen = known & (self._rng.random(known.shape) > 0.05)
            x = np.concatenate([_normalized(poses[0], seen), _normalized(self._spoiled(poses[1], known, wrong), seen)])
            y = np.repeat([1.0, 0.0], len(true))
            self._net.fit(x, y, batch_size=128, verbose=0, shuffle=True)

    def __call__(self, poses: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """How true poses (N, J, 2) seem: (N,), above 0 where rather true."""
        known = np.ones(poses.shape[:2], bool) if known is None else known
        return self._net.predict(_normalized(poses, known), batch_size=1024, verbose=0)[:, 0]

    def _spoiled(self, poses: np.ndarray, known: np.ndarray, wrong: np.ndarray) -> np.ndarray:
        poses, spread, random = poses.copy(), _spread(poses, known)[:, 0, 0], self._rng
        pairs = list(self._skeleton.pairs)
        for row, way in enumerate(random.integers(0, 5, len(poses))):
            if way == 0:
                limb = list(_LIMBS.values())[random.integers(len(_LIMBS))]
                poses[row] = exchanged(poses[row : row + 1], self._skeleton, limb)[0]
            elif way == 1:
                for pair in random.choice(len(pairs), random.integers(1, 3), replace=False):
                    one, other = random.permutation(pairs[pair])
                    poses[row, one] = poses[row, other]
            elif way == 2:
                for joint in random.choice(poses.shape[1], random.integers(1, 4), replace=False):
                    poses[row, joint] += random.normal(0, 0.8 * spread[row], 2)
            else:
                poses[row] += wrong[random.integers(len(wrong))] * spread[row]
        return poses


def exchanged(poses: np.ndarray, skeleton: Skeleton, limb: tuple[str, ...]) -> np.ndarray:
    """Poses (N, J, 2) with the left and right joints of a limb exchanged."""
    order = np.arange(poses.shape[1])
    left, right = ([skeleton.index(f"{side}_{name}") for name in limb] for side in ("left", "right"))
    order[left + right] = right + left
    return poses[:, order]


def preferred(more: np.ndarray, less: np.ndarray) -> float:
    """The share of pairs whose first value is the greater (AUC); NaN where one side is empty."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(more, less).statistic / (more.size * less.size)) if more.size and less.size else np.nan


def figures(judge: Judge, val: Poses, test: Poses, skeleton: Skeleton) -> dict[str, float]:
    """A row of the table."""
    from scipy.stats import spearmanr

    errors, columns = {}, {}
    for name, poses in (("val", val), ("test", test)):
        labeled = poses.known.any(axis=1)
        errors[name] = poses.errors()[labeled]
        values = np.stack([poses.scores.mean(axis=1), judge(poses.predicted), np.ones(len(labeled))], axis=-1)
        columns[name] = values[labeled]
    both = columns["test"] @ np.linalg.lstsq(columns["val"], errors["val"], rcond=None)[0]
    true = judge(test.true, test.known)
    row = {
        "error, score": spearmanr(-columns["test"][:, 0], errors["test"])[0],
        "error, critic": spearmanr(-columns["test"][:, 1], errors["test"])[0],
        "error, both": spearmanr(both, errors["test"])[0],
        "true": preferred(true, judge(test.predicted)),
    }
    for name, limb in _LIMBS.items():
        joints = [skeleton.index(f"{side}_{joint}") for side in ("left", "right") for joint in limb]
        row[f"made swaps, {name}"] = preferred(true, judge(exchanged(test.true, skeleton, limb), test.known))
        other = exchanged(test.predicted, skeleton, limb)
        as_is, swapped = (
            np.linalg.norm(one[:, joints] - test.true[:, joints], axis=-1).mean(1) for one in (test.predicted, other)
        )
        whole_limb = test.known[:, joints].all(axis=1)
        confused, right = whole_limb & (swapped < _CLEARLY * as_is), whole_limb & (as_is < _CLEARLY * swapped)
        gain, score = judge(other) - judge(test.predicted), test.scores[:, joints].mean(axis=1)
        row[f"real swaps, {name}, critic"] = preferred(gain[confused], gain[right])
        row[f"real swaps, {name}, score"] = preferred(-score[confused], -score[right])
        row[f"{name} confused"] = float(confused.sum())
    return row


def _about_middle(poses: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The known joints of poses (N, J, 2) about their middle; 0 for others."""
    weight = known[..., None]
    return (poses - (poses * weight).sum(axis=1, keepdims=True) / _count(known)) * weight


def _spread(poses: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The root mean squared distance (N, 1, 1) of the known joints from their middle."""
    squares = (_about_middle(poses, known) ** 2).sum(axis=(1, 2), keepdims=True)
    return np.maximum(np.sqrt(squares / _count(known)), 1e-6)


def _count(known: np.ndarray) -> np.ndarray:
    """How many joints are known (N, 1, 1), at least 1 to divide by."""
    return np.maximum(known.sum(axis=1), 1)[:, None, None]


def _normalized(poses: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What the net sees (N, 3 J): the known joints about their middle, of spread 1, and which are known."""
    near = _about_middle(poses, known) / _spread(poses, known)
    return np.concatenate([near.reshape(len(poses), -1), known], axis=-1).astype(np.float32)


def run(options: Options) -> None:
    """Measures, prints and writes the table."""
    true, known = read_true(options.records)
    rows = []
    for model in options.models:
        found, skeleton = read_poses(model, options.records)
        val = found["val"]
        errors = (val.predicted - val.true) * val.known[..., None] / _spread(val.true, val.known)
        wrong = errors[val.errors() > _WRONG]
        of_seeds = []
        for seed in range(options.seeds):
            judge = Judge(skeleton, seed)
            judge.fit(true, known, wrong, options.epochs)
            of_seeds.append(figures(judge, val, found["test"], skeleton))
        rows.append(pd.DataFrame(of_seeds).mean().round(3).rename(model.name))
    table = pd.concat(rows, axis=1).rename_axis("figure").reset_index()
    print(markdown(table))
    options.out.mkdir(parents=True, exist_ok=True)
    with whole(options.out / "judge.csv") as path:
        table.to_csv(path, index=False)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m benchmarks.accuracy.judge", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
