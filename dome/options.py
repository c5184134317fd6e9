"""The command that writes dome sequences."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dome.settings import SequenceSettings
from machine.processor import usable_cpus


@dataclass(frozen=True)
class Dome:
    """Writes synthetic sequences of people in a dome of cameras, in the layout of CMU Panoptic Studio.

    With them comes ground truth that a studio does not have: hidden joints, shapes and poses, and with --maps depth and
    body parts. A stopped run resumes with the unfinished cameras; finished sequences stay as they are.

    Attributes:
        out: folder for the sequences dome_000, dome_001, ...; created if missing.
        sequences: number of sequences.
        frames: frames per sequence.
        cameras: HD cameras per sequence, at most 31.
        people: people per sequence, a number or a range such as 1-4, at most 7.
        height: of the images in px, even.
        width: of the images in px, even.
        fps: frames per second of the motion and of the videos.
        seed: number of the first sequence; each sequence's seed is its number.
        poses: groups of poses for the motions: upright, low, lying, flying; all by default.
        places: kinds of place to draw: studio, room, hall, park, field, street, plain, chaos; all by default.
        motion: a folder of BVH motion capture to use instead of the dome's own motions.
        photographs: a folder of photographs to use as backgrounds instead of drawn places.
        calibration: a Panoptic calibration file whose HD cameras to use instead of random ones.
        crossing: people walk back and forth in lanes, so that they cross in the images, leave them and come back: for
            tests of tracking.
        maps: also write depth and body part images, about 0.6 MB per view at 1920 x 1080.
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
    crossing: bool = False
    maps: bool = False
    workers: int = field(default_factory=usable_cpus)

    def __post_init__(self) -> None:
        if self.sequences < 1:
            raise ValueError(f"sequences must be 1 or more, got {self.sequences}")
        if self.workers < 1:
            raise ValueError(f"workers must be 1 or more, got {self.workers}")
        self._settings(self.seed)

    def write(self) -> list[Path]:
        """Writes the sequences.

        Returns:
            The folders of all of them, including existing ones.

        Raises:
            ValueError: a sequence exists with other settings, or no motion is found for its people.
            OSError: a sequence cannot be written.
        """
        # Imported late, because the renderer is slow to import.
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
            crossing=self.crossing,
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
        The folders of all of them, including existing ones.
    """
    return Dome(Path(folder), sequences=sequences, **settings).write()
