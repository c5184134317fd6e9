"""How fast Panoptic videos become records, beside decoding them alone and the usual way by extracted JPEGs.

    python -m benchmarks.data_prep.videos --folder data/benchmark

Makes a synthetic sequence like the studio's (1920 x 1080, H.264 at CRF 20, a few people in front of each camera) in the
folder, or takes the existing one, and a longer one that repeats the same frames. One round measures each row once;
printed are medians over the rounds: frames and views of people (person-views) per second, and processor milliseconds
per frame, which other programs on the machine disturb less. Rows, each with one process per camera, but no more than
there are cores:

- ours: `python -m data_prep panoptic`; the difference of the longer and the shorter sequence, which excludes the start.
- decode alone: OpenCV's `grab` of all frames, without conversion to images.
- decode to images: OpenCV's `read` of all frames.
- the usual way: ffmpeg writes the chosen frames as JPEGs, each is read again, people are cut out and written.

All rates count the videos' frames, chosen or not.

Also printed is the memory of our largest process at both lengths. On a machine without ffmpeg, that of the package
imageio-ffmpeg is used.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import psutil
import tyro

from benchmarks.data_prep.usual_frames import convert_usually, ffmpeg
from dome import Dome
from pose.panoptic_poses import POSES, pose_file
from records import read_manifest

_SECONDS_BETWEEN_LOOKS = 0.1
Task = Callable[[Path, str, Path, int], int]


@dataclass(frozen=True)
class DataPrep:
    """Times the conversion of videos.

    Attributes:
        folder: for the sequences; they are kept.
        frames: number of frames of the shorter sequence.
        cameras: number of cameras of both.
        people: number of people, as `python -m data_prep dome` takes it.
        repeats: length of the longer sequence, as a multiple of the shorter.
        stride: stride of the frames that become records.
        rounds: number of rounds, whose median is printed.
    """

    folder: Path
    frames: int = 300
    cameras: int = 2
    people: str = "2-3"
    repeats: int = 4
    stride: int = 1
    rounds: int = 3

    def __post_init__(self) -> None:
        for name, lowest in (("frames", 2), ("cameras", 1), ("repeats", 2), ("stride", 1), ("rounds", 1)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} must be {lowest} or more, got {getattr(self, name)}")


@dataclass
class Cost:
    """The cost of one measurement.

    Attributes:
        wall: seconds on the clock.
        cpu: seconds of the processor, all processes together.
        memory_mb: of the largest process at its largest.
        people: how many person-views there are.
    """

    wall: float
    cpu: float
    memory_mb: float = 0.0
    people: int = 0


def make_sequences(options: DataPrep) -> tuple[Path, Path]:
    """Makes the shorter and the longer sequence, unless they exist."""
    short, long = options.folder / "short/dome_000", options.folder / f"long_{options.repeats}/dome_000"
    drawn = options.folder / "drawn/dome_000"
    if not drawn.exists():
        draw = Dome(drawn.parent, frames=options.frames, cameras=options.cameras, people=options.people)
        draw.write()
    for target, repeats in ((short, 1), (long, options.repeats)):
        if target.exists():
            continue
        partial = target.with_name("partial")
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "hdVideos").mkdir(parents=True)
        shutil.copy(drawn / "calibration_dome_000.json", partial)
        (partial / POSES).mkdir()
        for number in range(options.frames * repeats):
            source = drawn / POSES / pose_file(number % options.frames)
            shutil.copy(source, partial / POSES / pose_file(number))
        for video in sorted((drawn / "hdVideos").iterdir()):
            source = video if repeats == 1 else short / "hdVideos" / video.name
            (_encode if repeats == 1 else _repeat)(source, partial / "hdVideos" / video.name, repeats)
        partial.rename(target)
    return short, long


def _encode(source: Path, target: Path, _: int) -> None:
    """Encodes as the studio's videos, judging by their names: H.264, CRF 20."""
    command = [ffmpeg(), "-v", "error", "-i", source, "-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p", target]
    subprocess.run(command, check=True)


def _repeat(source: Path, target: Path, repeats: int) -> None:
    command = [ffmpeg(), "-v", "error", "-stream_loop", str(repeats - 1), "-i", source, "-c", "copy", target]
    subprocess.run(command, check=True)


def run_ours(sequence: Path, options: DataPrep) -> Cost:
    """Runs the command as a user does."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        command = [sys.executable, "-m", "data_prep", "panoptic", "--root", sequence, "--out", f"{folder}/records"]
        start = time.perf_counter()
        process = psutil.Popen(
            [*command, "--stride", str(options.stride), "--val", "0", "--test", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        cpu: dict[int, float] = {}
        memory = 0
        while process.poll() is None:
            for one in (process, *process.children(recursive=True)):
                try:
                    cpu[one.pid] = sum(one.cpu_times()[:2])
                    memory = max(memory, one.memory_info().rss)
                except psutil.Error:
                    continue
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        wall = time.perf_counter() - start
        if process.returncode:
            raise ValueError(
                f"{' '.join(map(str, command))} failed with exit code {process.returncode}; run it by hand"
            )
        people = read_manifest(Path(folder) / "records").counts["train"]
    return Cost(wall, sum(cpu.values()), memory / 1e6, people)


def decode_alone(sequence: Path, camera: str, _: Path, __: int) -> int:
    """Decodes all frames."""
    capture = _capture(sequence, camera)
    while capture.grab():
        pass
    return 0


def decode_to_pictures(sequence: Path, camera: str, _: Path, __: int) -> int:
    """Decodes all frames and converts them to images."""
    capture = _capture(sequence, camera)
    while capture.read()[0]:
        pass
    return 0


def _capture(sequence: Path, camera: str) -> cv2.VideoCapture:
    cv2.setNumThreads(1)
    video = str(sequence / f"hdVideos/hd_{camera}.mp4")
    return cv2.VideoCapture(video, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])


def _timed(task: Task, sequence: Path, camera: str, out: Path, stride: int) -> tuple[int, float]:
    before = sum(os.times()[:4])
    people = task(sequence, camera, out, stride)
    return people, sum(os.times()[:4]) - before


def run_pool(pool: ProcessPoolExecutor, task: Task, sequence: Path, options: DataPrep) -> Cost:
    """Runs one row for all cameras."""
    cameras = [path.stem.removeprefix("hd_") for path in sorted((sequence / "hdVideos").iterdir())]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        start = time.perf_counter()
        running = [pool.submit(_timed, task, sequence, camera, Path(folder), options.stride) for camera in cameras]
        done = [future.result() for future in running]
        wall = time.perf_counter() - start
    return Cost(wall, sum(cpu for _, cpu in done), people=sum(people for people, _ in done))


@dataclass
class Row:
    """A line of the table, over all rounds.

    Attributes:
        name: of the row.
        wall: seconds on the clock for a frame.
        cpu: seconds of the processor for a frame.
    """

    name: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, cost: Cost, frames: int) -> None:
        """Adds a round's measurement."""
        self.wall.append(cost.wall / frames)
        self.cpu.append(cost.cpu / frames)


def run_round(
    rows: list[Row], pool: ProcessPoolExecutor, short: Path, long: Path, options: DataPrep
) -> tuple[Cost, Cost]:
    """Measures each row once, and returns our costs at both lengths."""
    frames = options.cameras * options.frames
    first, second = run_ours(short, options), run_ours(long, options)
    rows[0].add(Cost(second.wall - first.wall, second.cpu - first.cpu), frames * (options.repeats - 1))
    for row, task in zip(rows[1:], (decode_alone, decode_to_pictures, convert_usually), strict=True):
        row.add(run_pool(pool, task, short, options), frames)
    return first, second


def main(options: DataPrep) -> None:
    """Makes the sequences, measures, and prints the table."""
    short, long = make_sequences(options)
    workers = min(options.cameras, os.cpu_count() or 1)
    rows = [Row(name) for name in ("ours", "decode alone", "decode to pictures", "the usual way")]
    costs = []
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        # Starts the processes and lets them import everything.
        list(pool.map(os.path.exists, ["."] * workers))
        for _ in range(options.rounds):
            costs.append(run_round(rows, pool, short, long, options))
    first, second = costs[0]
    people = first.people / (options.cameras * options.frames)
    print(f"{'':22}{'frames/s':>10}{'people/s':>10}{'ms of CPU/frame':>17}{'ours, clock':>13}{'ours, CPU':>11}")
    for row in rows:
        wall, cpu = statistics.median(row.wall), statistics.median(row.cpu)
        of_wall = statistics.median(other / own for own, other in zip(rows[0].wall, row.wall, strict=True))
        of_cpu = statistics.median(other / own for own, other in zip(rows[0].cpu, row.cpu, strict=True))
        print(f"{row.name:22}{1 / wall:10.1f}{people / wall:10.1f}{1000 * cpu:17.2f}{of_wall:13.2f}{of_cpu:11.2f}")
    for cost, length in ((first, options.frames), (second, options.frames * options.repeats)):
        memory = statistics.median(pair[cost is second].memory_mb for pair in costs)
        print(f"ours, {length} frames of each camera: {cost.people} people, {memory:.0f} MB in the largest process")


if __name__ == "__main__":
    main(tyro.cli(DataPrep, description=__doc__))
