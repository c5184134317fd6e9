"""Calibrates cameras from videos of a board that is moved about: their lenses, and where they stand.

    python -m demo.calibrate --print board.png --columns 7 --rows 5
    python -m demo.calibrate cam1.mp4 cam2.mp4 cam3.mp4 --columns 7 --rows 5 --square-mm 40 --out Calib.toml

Print the board, glue it onto something flat, and measure a square. Film it with all cameras at once, which then stay
where they are: near and far, tilted to all sides, up to the images' corners, and so that two cameras at least see it
together. `python -m demo.cameras --calibration Calib.toml` reads the result.

Exit codes:
    0: the calibration, or the board, is written.
    2: wrong arguments, the board is seen too rarely, or an output that cannot be written.
    3: no such video, or it cannot be read.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import tyro

from demo.batch.inputs import read_frames
from demo.errors import ArgumentError, DemoError, OutputError, SourceError
from demo.outputs.files import check_outputs
from demo.video.capture import FrameSource
from machine.command import run_command
from machine.whole import whole
from machine.words import counted
from pose.space.board import Board, BoardKind, Sighting
from pose.space.calibrate import calibrate
from pose.space.calibration import write_toml


@dataclass(frozen=True)
class Options:
    """Calibrates cameras from videos of a board.

    Attributes:
        videos: one of each camera, filmed at the same time; the cameras get the files' names.
        out: the calibration to write, a .toml file.
        print: write the board to print, a .png file, in place of calibrating.
        board: charuco, or checkerboard, which must be seen as a whole and from one side.
        columns: number of squares in a row of the board.
        rows: number of squares in a column.
        square_mm: side of a square on the printed board.
        offsets_s: when each video begins, in seconds after the first; all at once if not given.
        every_s: look at an image every so many seconds.
        world_s: the time at which the board lies where the world is to be, such as on the floor: x and y along it, z up
            from it. By default the world is where most cameras first see the board.
    """

    videos: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()
    out: Path | None = None
    print: Path | None = None
    board: BoardKind = Board.kind
    columns: int = Board.columns
    rows: int = Board.rows
    square_mm: float = Board.square_mm
    offsets_s: tuple[float, ...] = ()
    every_s: float = 0.5
    world_s: float | None = None

    def __post_init__(self) -> None:
        if (self.print is None) == (self.out is None):
            raise ArgumentError("give videos and --out CALIBRATION.toml, or --print BOARD.png")
        if self.print is not None and (self.videos or self.print.suffix.lower() != ".png"):
            raise ArgumentError("--print writes the board as a .png file, and takes no videos")
        if self.out is not None and (not self.videos or self.out.suffix != ".toml"):
            raise ArgumentError(f"--out must be a .toml file, of one or more videos, got {str(self.out)!r}")
        names = [video.stem for video in self.videos]
        if len(set(names)) < len(names):
            raise ArgumentError(f"videos must have different names, which the cameras get, got {', '.join(names)}")
        if self.offsets_s and (len(self.offsets_s) != len(self.videos) or not np.isfinite(self.offsets_s).all()):
            raise ArgumentError(f"--offsets-s must be one for each of the {len(self.videos)} videos")
        if not self.every_s > 0:
            raise ArgumentError(f"--every-s must be above 0, got {self.every_s}")
        check_outputs({"--out": self.out, "--print": self.print}, {str(one): one for one in self.videos})
        self.made()

    def made(self) -> Board:
        """The board."""
        try:
            return Board(self.board, self.columns, self.rows, self.square_mm)
        except ValueError as error:
            raise ArgumentError(str(error)) from error


def sightings_of(
    video: Path, board: Board, every_s: float, offset_s: float
) -> tuple[dict[int, Sighting], tuple[int, int]]:
    """What a video shows of a board, by the number of the instant, and the size (height, width) of its images.

    Raises:
        SourceError: the video cannot be read.
    """
    source = FrameSource(str(video))
    found, seen = {}, set()
    for frame in read_frames(source):
        instant = round((frame.time_s + offset_s) / every_s)
        # The first frame of each instant, in all videos alike.
        if instant in seen or (frame.time_s + offset_s) < instant * every_s - 1e-3:
            continue
        seen.add(instant)
        sighting = board.find(frame.picture)
        if sighting is not None:
            found[instant] = sighting
    return found, (int(source.size[0]), int(source.size[1]))


def _write_board(board: Board, path: Path) -> None:
    with whole(path) as unfinished:
        cv2.imwrite(str(unfinished), board.picture())
    print(f"wrote {path}: print it, and give the side of a printed square by --square-mm")


def run(options: Options) -> None:
    """Runs the command.

    Raises:
        DemoError: see the top of the file.
    """
    board = options.made()
    if options.out is None:
        _write_board(board, options.print or Path("board.png"))
        return
    if missing := [video for video in options.videos if not video.is_file()]:
        raise SourceError(f"{str(missing[0])!r} does not exist; give a video file")
    sightings, sizes = [], []
    for video, offset_s in zip(options.videos, options.offsets_s or (0.0,) * len(options.videos), strict=True):
        found, size = sightings_of(video, board, options.every_s, offset_s)
        print(f"{video}: the board in {counted(len(found), 'instant')}", flush=True)
        sightings.append(found)
        sizes.append(size)
    world = None if options.world_s is None else round(options.world_s / options.every_s)
    try:
        cameras, errors = calibrate(board, [video.stem for video in options.videos], sizes, sightings, world)
    except ValueError as error:
        raise ArgumentError(str(error)) from error
    try:
        with whole(options.out) as unfinished:
            write_toml(cameras, unfinished)
    except OSError as error:
        raise OutputError(f"--out {str(options.out)!r} cannot be written: {error.strerror or error}") from error
    for camera, error_px in zip(cameras, errors, strict=True):
        focal = np.mean(camera.matrix[[0, 1], [0, 1]])
        place = ", ".join(f"{value:.0f}" for value in camera.center_mm)
        lens = f"focal length {focal:.0f} px, reprojection error {error_px:.2f} px"
        print(f"  {camera.name}: {lens}, at {place} mm")
    print(f"wrote {options.out}")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code; see the top of the file."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m demo.calibrate",
        description=__doc__,
        stopped="stopped; nothing is written",
        errors=(DemoError, ValueError),
    )


if __name__ == "__main__":
    sys.exit(main())
