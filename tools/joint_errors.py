"""Measures how wrong 2D models are, for the training of lifters: records/sequences/errors.npz.

    python -m tools.joint_errors fast accurate --records data/lspet --split val

Of each person whose joints are all labeled, and who was found, it keeps the error of each joint as a share of the
longer side of the box around the joints, and the score. A person counts as found if the median error is below a tenth
of the side. The joints of the head that a set lacks get those of the head's top.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from machine.command import run_command
from machine.whole import whole
from pose import LSP14
from weights import shipped

_OUT = Path(__file__).parents[1] / "records" / "sequences" / "errors.npz"
# The greatest median error of a person who was found.
_FOUND = 0.1
_LIKE_THE_HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")


@dataclass(frozen=True)
class Options:
    """Measures 2D models' errors.

    Attributes:
        models: runs, exports, or names of models that come with PanoPose.
        records: a shard set of lsp14 that the models were not trained on.
        split: which people to measure on.
        out: the file to write.
    """

    models: Annotated[tuple[Path, ...], tyro.conf.Positional]
    records: Path
    split: str = "val"
    out: Path = _OUT


def run(options: Options) -> None:
    """Writes the file."""
    from evaluate.predictor import load_predictor
    from records import dataset

    errors, scores = [], []
    for model in options.models:
        predictor = load_predictor(shipped(model) or model)
        size = predictor.input_size
        for pictures, labels in dataset(options.records, options.split, batch_size=64, input_size=size):
            found = predictor.predict({"pictures": pictures.numpy()})
            true, visible = labels["joints_xy_px"].numpy(), labels["visible"].numpy() > 0
            whole_people = visible.all(axis=1)
            true = true[whole_people]
            sides = (true.max(axis=1) - true.min(axis=1)).max(axis=1)
            shares = (found["joints_xy_px"][whole_people] - true) / sides[:, None, None]
            right = np.median(np.linalg.norm(shares, axis=2), axis=1) < _FOUND
            errors.append(shares[right])
            scores.append(found["scores"][whole_people][right])
    error, score = np.concatenate(errors), np.concatenate(scores)
    if error.shape[1] != LSP14.num_joints:
        raise ValueError(f"the records must be of {LSP14.name}, got {error.shape[1]} joints")
    names = list(LSP14.joints)
    pelvis = [names.index("left_hip"), names.index("right_hip")]
    more = [names.index("head_top")] * len(_LIKE_THE_HEAD)
    middle_error, middle_score = error[:, pelvis].mean(axis=1), score[:, pelvis].min(axis=1)
    with whole(options.out) as unfinished, open(unfinished, "wb") as file:
        np.savez_compressed(
            file,
            joints=np.array([*names, *_LIKE_THE_HEAD, "body_center", "pelvis"]),
            errors=np.concatenate([error, error[:, more], *[middle_error[:, None]] * 2], axis=1).astype(np.float16),
            scores=np.concatenate([score, score[:, more], *[middle_score[:, None]] * 2], axis=1).astype(np.float16),
        )
    lengths = np.linalg.norm(error, axis=2)
    print(f"{len(error)} people, {options.out}; the median error of each joint, and that of every tenth:")
    for name, values in zip(names, lengths.T, strict=True):
        print(f"{name:>16} {100 * np.median(values):5.1f} % {100 * np.quantile(values, 0.9):5.1f} %")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m tools.joint_errors", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
