"""The command that writes dome sequences."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dome.settings import SequenceSettings
from machine.processor import usable_cpus


@dataclass(frozen=True)
class Dome:
    """Writes synthetic sequences of people in a dome of cameras, laid out as CMU Panoptic Studio's are.

    Beside them lies what a studio cannot know: which joints are hidden, shapes and poses, and with --maps depth and
    body parts. A run
    that was stopped goes on with the cameras that are not finished; finished sequences are left as they are.

    Attributes:
        out: folder for the sequences dome_000, dome_001, ...; made if need be.
        sequences: how many.
        frames: in each sequence.
        cameras: HD cameras in each sequence, at most 31.
        people: in each sequence, a number or a range such as 1-4, at most 7.
        height: of the pictures in px, even.
        width: of the pictures in px, even.
        fps: frames a second of the motion and of the videos.
        seed: number of the first sequence; each sequence's seed is its number.
        poses: groups of poses to make the motions of: upright, low, lying, flying; all if none is given.
        places: kinds of place to draw: studio, room, hall, park, field, street, plain, chaos; all if none is given.
        motion: a folder of BVH motion capture to move the people by, instead of the dome's own motions.
        photographs: a folder of photographs to put behind the people instead of drawn places.
        calibration: a Panoptic calibration file whose HD cameras to use, instead of random ones.
        maps: also write images of depth and of body parts, about 0.6 MB for each view at 1920 x 1080.
        workers: processes that draw; the result does not depend on it.
    """

    out: Path
    sequences: int = 1
    frames: int = 30
    cameras: int = 8
    people: str = "1-4"
    height: int = 1080
    width: int = 1920
    fps: float = 30.0
    seed: int = 0
    poses: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    motion: Path | None = None
    photographs: Path | None = None
    calibration: Path | None = None
    maps: bool = False
    workers: int = field(default_factory=usable_cpus)

    def __post_init__(self) -> None:
        """Checks the ranges."""
        if self.sequences < 1:
            raise ValueError(f"sequences must be 1 or more, got {self.sequences}")
        if self.workers < 1:
            raise ValueError(f"workers must be 1 or more, got {self.workers}")
        self._settings(self.seed)

    def write(self) -> list[Path]:
        """Writes the sequences.

        Returns:
            The folders of all of them, those that were there included.

        Raises:
            ValueError: a sequence is there with other settings, or no motion is found for its people.
            OSError: a sequence cannot be written.
        """
        # Late: what draws takes a while to import.
        from dome.processes import write_sequences

        jobs = [(self.out / f"dome_{number:03d}", self._settings(number)) for number in self._numbers()]
        write_sequences(jobs, self.workers, str(self.out))
        return [target for target, _ in jobs]

    def _numbers(self) -> range:
        return range(self.seed, self.seed + self.sequences)

    def _settings(self, seed: int) -> SequenceSettings:
        return SequenceSettings(
            seed=seed,
            frames=self.frames,
            cameras=self.cameras,
            people=_people_range(self.people),
            height=self.height,
            width=self.width,
            fps=self.fps,
            poses=self.poses,
            places=self.places,
            motion=self.motion,
            photographs=self.photographs,
            calibration=self.calibration,
            maps=self.maps,
        )


def _people_range(text: str) -> tuple[int, int]:
    fewest, _, most = text.partition("-")
    if not fewest.isdecimal() or (most and not most.isdecimal()) or text.endswith("-"):
        raise ValueError(f"people must be a number or a range such as 1-4, got {text!r}")
    return int(fewest), int(most or fewest)


def write_dome(folder: Path, *, sequences: int = 1, **settings: object) -> list[Path]:
    """Writes several sequences.

    Args:
        folder: where they go.
        sequences: how many.
        **settings: other fields of `Dome`.

    Returns:
        The folders of all of them, those that were there included.
    """
    return Dome(Path(folder), sequences=sequences, **settings).write()
