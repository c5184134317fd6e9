"""A model in the comparison: a run, an export or a peer, run and measured in the same way."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artefact.formats import formats_in, installed
from benchmarks.peers.artefact import published_bytes, write_artefact
from benchmarks.peers.crops import read_crops, to_records_px
from benchmarks.peers.models import BLAZEPOSE_TO_COCO, Peer
from benchmarks.speed.latency import file_bytes
from benchmarks.speed.workers import latency as latency_worker
from demo.runtimes.choice import choose
from demo.runtimes.pose_model import PoseModel, candidates
from evaluate.predictor import load_predictor
from export.trained_run import load_run
from export.write import write_formats
from pose import COCO17, Skeleton, convert_joints

# These compute in float32. Others are less exact, and are only used if their file is given.
_FLOAT_FORMATS = ("openvino", "onnx", "litert", "litert-fp16")
_MEDIAPIPE_JOINTS = Path(__file__).with_name("mediapipe_joints.py")
_MEDIAPIPE_PX = 384


@dataclass(frozen=True, eq=False)
class Contender:
    """One row of the table.

    Attributes:
        title: its name.
        size: height and width S of its images in px.
        skeleton: of its J joints.
        predict: uint8 RGB (B, S, S, 3) -> joints (B, J, 2) in px of the image.
        margins: of its crops, as multiples of the records'.
        worker: (number of threads, file of images) -> the runtime's name, and the command of a process for
            `benchmarks.speed.latency.Worker`.
        timed_size: height and width of that file's images in px; the export of a run takes images of the size of its
            records, and resizes them itself.
        bytes: the size of its files; None if only its worker knows it.
    """

    title: str
    size: int
    skeleton: Skeleton
    predict: Callable[[np.ndarray], np.ndarray]
    margins: tuple[float, ...]
    worker: Callable[[int, Path], tuple[str, list]]
    timed_size: int
    bytes: int | None

    def answer(
        self, records: Path, split: str, margin: float, wide: Path | None, limit: int | None, *, size: int, to: Skeleton
    ) -> np.ndarray:
        """Predicts every person of a split.

        Args:
            records: as `read_crops` takes it.
            split: as `read_crops` takes it.
            margin: as `read_crops` takes it.
            wide: as `read_crops` takes it.
            limit: as `read_crops` takes it.
            size: of the records' crops.
            to: the records' skeleton.

        Returns:
            float64 (N, J, 2) in px of the records' crops and in the joints of `to`, NaN where it has no such joint.
        """
        batches = [self.predict(pictures) for pictures in read_crops(records, split, self.size, margin, wide, limit)]
        xy_px = to_records_px(np.concatenate(batches).astype(np.float64), self.size, margin, size)
        known = np.full(xy_px.shape[:2], 2)
        converted_px, has = convert_joints(xy_px, known, self.skeleton, to)
        return np.where(has[..., None] > 0, converted_px, np.nan)


def from_path(path: Path, scratch: Path) -> Contender:
    """A run folder, which is exported to `scratch` for timing unless it has an export; an export folder or its file.

    Raises:
        ValueError: it is none of these, or is damaged.
    """
    title = path.parent.name if path.name == "export" else path.name
    if formats_in(path):
        return _from_artefact(title, path, (1.0,))
    predictor, artefact = load_predictor(path), path / "export"
    if not formats_in(artefact):
        artefact = scratch / title
        model, notes = load_run(path)
        write_formats(model, notes, [name for name in _FLOAT_FORMATS if installed(name)], artefact)
    return Contender(
        title,
        predictor.input_size,
        predictor.skeleton,
        lambda pictures: predictor.predict({"pictures": pictures})["joints_xy_px"],
        (1.0,),
        _worker(artefact),
        PoseModel(artefact, _runtime(artefact, None)).size,
        _least_bytes(artefact),
    )


def from_peer(peer: Peer, package: Path, folder: Path, pictures: np.ndarray, margins: tuple[float, ...]) -> Contender:
    """A peer, converted to `folder` unless it is there; see `write_artefact`."""
    artefact = write_artefact(peer, package, folder, pictures)
    return _from_artefact(peer.title, artefact, margins, published_bytes(peer, package))


def _from_artefact(title: str, path: Path, margins: tuple[float, ...], size_bytes: int | None = None) -> Contender:
    model = PoseModel(path, _runtime(path, None))

    def predict(pictures: np.ndarray) -> np.ndarray:
        # One at a time, since some take no batches.
        return np.concatenate([model.predict(picture[None])[0] for picture in pictures])

    size_bytes = size_bytes or _least_bytes(path)
    return Contender(title, model.size, model.skeleton, predict, margins, _worker(path), model.size, size_bytes)


def from_mediapipe(interpreter: Path, margins: tuple[float, ...]) -> Contender:
    """MediaPipe's BlazePose full with its own detector, crop and post-processing, run anew on each image.

    Args:
        interpreter: of an environment with mediapipe==0.10.14.
        margins: of its crops, as multiples of the records'.
    """
    interpreter = interpreter.absolute()

    def predict(pictures: np.ndarray) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            np.save(f"{folder}/pictures.npy", pictures)
            command = [interpreter, _MEDIAPIPE_JOINTS, f"{folder}/pictures.npy", f"{folder}/joints.npy"]
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
            if done.returncode:
                raise ValueError(f"--mediapipe {str(interpreter)!r} cannot run it: {done.stderr.strip()[-300:]}")
            return np.load(f"{folder}/joints.npy")[:, list(BLAZEPOSE_TO_COCO)]

    def worker(threads: int, pictures: Path) -> tuple[str, list]:
        return "mediapipe", [interpreter, latency_worker.__file__, pictures, threads, "mediapipe", "anew"]

    return Contender("MediaPipe BlazePose full", _MEDIAPIPE_PX, COCO17, predict, margins, worker, _MEDIAPIPE_PX, None)


def _worker(path: Path) -> Callable[[int, Path], tuple[str, list]]:
    """A process that runs an artefact in the fastest of its formats on this machine."""

    def worker(threads: int, pictures: Path) -> tuple[str, list]:
        runtime = _runtime(path, threads)
        command = [sys.executable, "-m", "benchmarks.speed.workers.latency", pictures, threads, "ours"]
        return runtime, [*command, path.resolve(), runtime]

    return worker


def _runtime(path: Path, threads: int | None) -> str:
    """The fastest of its formats; of those in float32 if there are any."""
    usable = candidates(path)
    names = [name for name in usable if name in _FLOAT_FORMATS] or usable
    return choose(path, names, threads, (1,), lambda text: print(f"{path}: {text}", flush=True)).runtime


def _least_bytes(path: Path) -> int:
    """The size of the smallest float format, whose weights have 16 bits as the peers' have, or of the file itself."""
    if path.is_file():
        return path.stat().st_size
    found = formats_in(path)
    names = [name for name in ("openvino", "litert-fp16", "onnx", "litert") if name in found] or list(found)
    return min(file_bytes(path, name) for name in names)
