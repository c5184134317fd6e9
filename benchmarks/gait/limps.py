"""Which side people limp on, told by a recognizer that has never seen the person.

    python -m benchmarks.gait.limps joints.npz --out runs/gait

The Kinect skeletons are those of `benchmarks.gait --limps`, of people who walk as usual or act a limp on a side. The
measures of `panopose gait` go into a logistic regression, which also learns from the mirror images; each person is
left out once. It prints the table and writes it as gait_limp_recognizers.csv.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import tyro
from scipy.optimize import minimize

from benchmarks.gait.__main__ import BAD_FRAMES, KINECT, KINECT_FPS
from gait.analysis import analyze
from gait.motion import SIDES, Motion
from machine.command import run_command
from machine.whole import whole
from tools.result_tables import markdown

#: As the keys of the file say it, and what the mirror image makes of it.
KINDS, _MIRRORED = ("N", "AR", "AL"), (0, 2, 1)
_MEASURES = (
    *(("step length", "legs"), ("stance", "% of the stride"), ("step time", "s"), ("stride length", "legs")),
    *(("knee flexion, range", "deg"), ("hip flexion, range", "deg"), ("arm swing, range", "deg")),
)
_PENALTY = 1.0


@dataclass(frozen=True)
class Options:
    """Measures a recognizer of limps.

    Attributes:
        skeletons: the file of skeletons.
        out: folder to write the table into.
    """

    skeletons: Annotated[Path, tyro.conf.Positional]
    out: Path = Path("runs/gait")


@dataclass(frozen=True, eq=False)
class Walk:
    """One walk.

    Attributes:
        person: who.
        kind: number in `KINDS`.
        differences: float (M,), the measures, left less right; NaN where not known.
        means: float (M,), the mean of both sides, likewise.
    """

    person: str
    kind: int
    differences: np.ndarray
    means: np.ndarray

    def mirrored(self) -> Walk:
        """The mirror image."""
        return Walk(self.person, _MIRRORED[self.kind], -self.differences, self.means)


#: Walks to learn from and to test -> the numbers of the kinds that are told.
Recognize = Callable[[Sequence[Walk], Sequence[Walk]], np.ndarray]


def read_walks(path: Path) -> list[Walk]:
    """The walks of the file."""
    walks = []
    with np.load(path) as file:
        for key in file:
            analysis = analyze(Motion.of(1000.0 * file[key][BAD_FRAMES:], KINECT, KINECT_FPS))
            known = {(one.name, one.unit): one.value for one in analysis.measures}
            left, right = ([known.get((f"{name}, {side}", unit), np.nan) for name, unit in _MEASURES] for side in SIDES)
            person, kind = key.partition("_")[0], KINDS.index(key.rpartition("_")[2])
            walks.append(Walk(person, kind, np.subtract(left, right), np.add(left, right) / 2))
    return walks


def by_regression(learned: Sequence[Walk], tested: Sequence[Walk]) -> np.ndarray:
    """Multinomial logistic regression on the measures, with a penalty on the squares of the weights."""
    everything = [*learned, *(walk.mirrored() for walk in learned)]
    values, target = _values(everything), np.eye(len(KINDS))[[walk.kind for walk in everything]]
    middle, spread = np.nanmean(values, axis=0), np.maximum(np.nanstd(values, axis=0), 1e-9)

    def scaled(walks: Sequence[Walk]) -> np.ndarray:
        # What is not known is as usual.
        return np.column_stack([np.nan_to_num((_values(walks) - middle) / spread), np.ones(len(walks))])

    x = scaled(everything)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(x.shape[1], len(KINDS))
        shares = _softmax(x @ weights)
        gradient = x.T @ (shares - target) + _PENALTY * weights
        missed = -float((target * np.log(shares + 1e-12)).sum())
        return missed + _PENALTY / 2 * float((weights**2).sum()), gradient.ravel()

    found = minimize(loss, np.zeros(x.shape[1] * len(KINDS)), jac=True, method="L-BFGS-B").x
    return (scaled(tested) @ found.reshape(x.shape[1], len(KINDS))).argmax(axis=1)


def _values(walks: Sequence[Walk]) -> np.ndarray:
    """The differences, their sizes, and the means, (W, 3 M)."""
    return np.array([[*walk.differences, *np.abs(walk.differences), *walk.means] for walk in walks])


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def row_of(title: str, kinds: np.ndarray, told: np.ndarray) -> dict[str, str]:
    """Shares in %: of all three kinds told right, of limps found as such, and of those the side."""
    limps, found = kinds > 0, told > 0
    both = limps & found
    return {
        "recognizer": title,
        "walks": str(len(kinds)),
        "usual, right or left, %": f"{100 * (kinds == told).mean():.0f}",
        "limp or usual, %": f"{100 * (limps == found).mean():.0f}",
        "side of limps found, %": f"{100 * (kinds == told)[both].mean():.0f}" if both.any() else "",
    }


def told_by_others(walks: Sequence[Walk], recognize: Recognize) -> np.ndarray:
    """What is told of each walk by a recognizer that has not seen the person."""
    told = np.zeros(len(walks), int)
    for person in sorted({walk.person for walk in walks}):
        places = [k for k, walk in enumerate(walks) if walk.person == person]
        others = [walk for walk in walks if walk.person != person]
        told[places] = recognize(others, [walks[k] for k in places])
    return told


def run(options: Options) -> None:
    """Runs the benchmark."""
    walks = read_walks(options.skeletons)
    kinds = np.array([walk.kind for walk in walks])
    told = told_by_others(walks, by_regression)
    row = row_of("logistic regression on measures", kinds, told)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "gait_limp_recognizers.csv"
    with whole(path) as unfinished:
        pd.DataFrame([row]).to_csv(unfinished, index=False)
    print(f"\n{path}\n\n{markdown(path)}")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m benchmarks.gait.limps", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
