"""The options of every command that runs an exported model, and checks of those that several commands have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from demo.errors import ArgumentError
from demo.runtimes.exports import MOST_SEARCHED, check_runtime, find_export, find_finder, joints_of, sees_everybody

if TYPE_CHECKING:
    from demo.runtimes.choice import Choice
    from demo.runtimes.pose_model import PoseModel

# On a CPU larger batches are not faster.
_BATCHES = (1, 8)


def check_people(people: int | None) -> None:
    """Checks --people."""
    if people is not None and people < 1:
        raise ArgumentError(f"--people must be 1 or more, got {people}")


def check_score(option: str, score: float | None) -> None:
    """Checks a minimum score that is the model's own if not given."""
    if score is not None and not 0 <= score <= 1:
        raise ArgumentError(f"{option} must be 0 to 1, got {score}; leave it out for the model's own")


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Which exported model runs, and how.

    Attributes:
        model: an exported model, its folder or one of its files, or one that comes with PanoPose; by default the newest
            folder `runs/*/export` or, where there is none, `fast` for one person and `crowd` for more.
        finder: how more than one person is found: by a model that sees everybody in an image, its folder or its name,
            such as `crowd`, so that --model takes a closer look at each person; or by "squares" of the image, which are
            searched with --model for up to four people. "auto" takes `crowd`, but squares for one person and for a
            model of other joints than people's, and --model itself where it sees everybody.
        runs: folder of the training runs and their exports.
        runtime: runtime of the model, such as openvino or litert; auto takes the fastest that is installed.
        threads: number of threads of the model; by default the fastest number.
        measure_again: measure the fastest runtime again, instead of using this machine's last measurement.
    """

    model: Path | None = None
    finder: str = "auto"
    runs: Path = Path("runs")
    runtime: str = "auto"
    threads: int | None = None
    measure_again: bool = False

    def __post_init__(self) -> None:
        check_runtime(self.runtime)
        if self.threads is not None and self.threads < 1:
            raise ArgumentError(f"--threads must be 1 or more, got {self.threads}; leave it out for the fastest")

    @property
    def given_runtime(self) -> str | None:
        """The runtime; None for the fastest."""
        return None if self.runtime == "auto" else self.runtime

    def find_export(self, people: int | None = None) -> Path:
        """Returns the model's export.

        Raises:
            ModelError: there is none.
            ArgumentError: more people are asked for than it and the finder can find.
        """
        # With a finder, or squares, the model looks at one person at a time.
        path = find_export(self.model, self.runs, people if self.finder == "auto" else 1)
        if people is not None and people > MOST_SEARCHED:
            if not sees_everybody(path) and find_finder(self.finder, people, joints_of(path)) is None:
                raise ArgumentError(
                    f"--people must be 1 to {MOST_SEARCHED}, got {people}; for more give --finder a model that sees "
                    "everybody"
                )
        return path

    def load(self, path: Path, people: int | None = None) -> PoseModel:
        """Loads an export, with its finder where more than one person is looked for, and runs it once.

        It imports the runtime, which is slow.

        Raises:
            ModelError: it cannot be loaded.
        """
        from demo.runtimes.pose_model import load

        model = load(path, runtime=self.given_runtime, threads=self.threads, measure_again=self.measure_again)
        model.warm_up(1)
        model.finder = self._load_finder(model, people)
        return model

    def _load_finder(self, model: PoseModel, people: int | None) -> PoseModel | None:
        from demo.runtimes.pose_model import load

        if model.finds_everybody:
            if self.finder != "auto":
                raise ArgumentError(f"the model sees everybody itself; leave --finder {self.finder} out")
            return None
        path = find_finder(self.finder, people, model.skeleton.joints)
        if path is None:
            return None
        finder = load(path, runtime=self.given_runtime, threads=self.threads, measure_again=self.measure_again)
        if not finder.finds_everybody:
            raise ArgumentError(f"--finder {self.finder} is a model of one person; give one that sees everybody")
        finder.warm_up(1)
        return finder


@dataclass(frozen=True, kw_only=True)
class BatchOptions(ModelOptions):
    """Those of a command that runs a model on many images.

    Attributes:
        batch: maximum number of crops in one call of the model; by default the fastest number.
    """

    batch: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch is not None and self.batch < 1:
            raise ArgumentError(f"--batch must be 1 or more, got {self.batch}; leave it out for the fastest")

    def load_for_batches(self, path: Path, people: int | None = None) -> tuple[PoseModel, Choice]:
        """Loads an export as `load` does; with what was chosen, the number of crops in one call too.

        Raises:
            ModelError: it cannot be loaded.
        """
        from demo.runtimes.pose_model import PoseModel, fastest

        choice = fastest(
            path,
            runtime=self.given_runtime,
            threads=self.threads,
            batches=(self.batch,) if self.batch else _BATCHES,
            measure_again=self.measure_again,
        )
        model = PoseModel(path, choice.runtime, choice.threads)
        model.warm_up(choice.batch)
        model.finder = self._load_finder(model, people)
        return model, choice
