"""Labels of models, teachers, for the people of a shard set: joints that nobody labeled, and others more exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from artefact.formats import ArtefactError, fingerprint, installed, trusted
from artefact.model import Model
from machine.whole import whole
from pose import Skeleton
from pose.fields import Affine, Field, warp
from pose.skeleton import joint_map
from pose.tasks import POSE_2D, task_of
from pose.teaching import Habit, consensus, person_size, taught, trunk_deg
from records import Manifest, ShardSetWriter, read_manifest, shard_paths
from records.features import FIELDS, read_features
from records.manifest import SPLITS
from records.schema import relabeled
from records.tfrecord import read_records
from records.warp import decode_jpeg
from weights import shipped

#: The runtimes in the order of preference.
_RUNTIMES = ("openvino", "onnx", "litert", "litert-fp16", "saved-model")
_ANSWERS = {"joints_xy_px": Field(("J", 2), geometry="point"), "scores": Field(("J",))}


class Teacher(NamedTuple):
    """A model that is asked.

    Attributes:
        model: opened.
        skeleton: its joints.
        size: side of its crops in px.
        order: int (J,): which of its joints each of the set's is; -1 for none.
        upright: whether people are turned upright for it, as its description asks, where their labels tell how.
    """

    model: Model
    skeleton: Skeleton
    size: int
    order: np.ndarray
    upright: bool


@dataclass(frozen=True)
class Teach:
    """Labels the people of a shard set once more, by what models see ("data distillation", arXiv 1712.04440).

    Each model sees each person of the train split several times, turned and mirrored, and what most answers say counts.
    Joints that are not labeled are taken from there, where the models are sure and agree with the labels otherwise.
    A label that they agree with is replaced by theirs, which is more exact than a hasty label. Other labels stay: they
    are what models do not know yet. But where the set's labels differ from the models' by habit, such as hips further
    outside, these labels are moved by as much, so that a joint means one thing in all sets.

    The other splits stay as they are, so that nothing is measured on what models say.

    Attributes:
        records: folder of a shard set of people, with the joints that are wanted (`--skeleton`).
        out: the new set's folder.
        teachers: exported models of one person, their folders or the names of models that come with PanoPose. All sets
            get the habits of the first.
        agreement: a label and the models agree if they are nearer than this, as a share of the longer side of the box
            around the person's labels.
        min_score: minimum score of a joint that is not labeled; scores are the models', reduced where these differ.
        exact: the labels are exact, as the dome's: none is replaced.
        turns_deg: the angles by which a person is turned, each mirrored too.
        threads: number of threads of a model.
    """

    records: Path
    out: Path
    teachers: tuple[Path, ...]
    agreement: float = 0.1
    min_score: float = 0.3
    exact: bool = False
    turns_deg: tuple[float, ...] = (0.0, 20.0)
    threads: int | None = None

    def __post_init__(self) -> None:
        if not self.teachers:
            raise ValueError("--teachers needs one model or more")
        if self.out.resolve() == self.records.resolve():
            raise ValueError(f"--out must be another folder than that of the records, got {self.out}")
        if not self.turns_deg:
            raise ValueError("--turns-deg needs one angle or more; 0 shows people as they are")
        if not 0 <= self.agreement < np.inf or not 0 <= self.min_score <= 1:
            raise ValueError(
                f"--agreement must be 0 or more and --min-score from 0 to 1, got {self.agreement} and {self.min_score}"
            )

    def write(self) -> Manifest:
        """Writes the set and returns its manifest.

        Raises:
            ValueError: the records are not of people, are damaged, or have nobody to train on; a model has none of
                their joints or is of another task; the folder holds something else.
            ArtefactError: a model cannot be opened.
            OSError: the folder cannot be written to.
        """
        manifest = read_manifest(self.records, "people")
        paths = [_export_of(path) for path in self.teachers]
        teachers = [_opened(path, manifest.skeleton, self.threads) for path in paths]
        source = {
            "dataset": "taught",
            "padding": manifest.source["padding"],
            "of": manifest.source,
            "shards": {split: [shard.sha256 for shard in shards] for split, shards in manifest.shards.items()},
            "teachers": {path.name: fingerprint(export) for path, export in zip(self.teachers, paths, strict=True)},
            "agreement": self.agreement,
            "min_score": self.min_score,
            "exact": self.exact,
            "turns_deg": list(self.turns_deg),
        }
        writer = ShardSetWriter(
            self.out, skeleton=manifest.skeleton, size=manifest.size, source=source, split_rule=manifest.split_rule
        )
        if writer.finished:
            return read_manifest(self.out)
        try:
            *joints, habits = self._joints(manifest, teachers, writer.partial)
            for split in SPLITS:
                self._write_split(writer, split, manifest, joints if split == "train" else None)
            writer.note(manifest.left_out, manifest.remarks)
            return writer.finish(habits=habits)
        except BaseException:
            writer.abandon()
            raise

    def _write_split(
        self, writer: ShardSetWriter, split: str, manifest: Manifest, joints: Sequence[np.ndarray] | None
    ) -> None:
        if not manifest.counts[split]:
            return
        done = writer.resume_at(split)
        for row, record in enumerate(_records(self.records, split)):
            if row >= done:
                if joints is not None:
                    record = relabeled(record, joints[0][row], joints[1][row], manifest.skeleton, manifest.size)
                writer.add(split, record)

    def _joints(
        self, manifest: Manifest, teachers: list[Teacher], scratch: Path
    ) -> tuple[np.ndarray, np.ndarray, dict[str, list[float]]]:
        """The joints (N, J, 2) of the train split, their visibility (N, J), and the labels' habits by joint."""
        labels_px, visible, answers = self._answers(manifest, teachers, scratch)
        labeled, skeleton = visible > 0, manifest.skeleton
        size_px = person_size(labels_px, labeled)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        for xy_px, scores in answers:
            xy_px, scores = consensus(xy_px, scores, size_px)
            if found:
                sure, (first_px, first) = scores >= self.min_score, found[0]
                xy_px = Habit.fit(xy_px, sure, first_px, first >= self.min_score, skeleton).apply(xy_px, sure, skeleton)
            found.append((xy_px, scores))
        xy_px, scores = consensus(*(np.stack(values) for values in zip(*found, strict=True)), size_px)
        habit = Habit.fit(labels_px, labeled, xy_px, scores >= self.min_score, skeleton)
        rules = {"agreement": self.agreement, "min_score": self.min_score, "exact": self.exact}
        joints = taught(habit.apply(labels_px, labeled, skeleton), visible, xy_px, scores, skeleton, **rules)
        return *joints, dict(zip(skeleton.joints, habit.shares.round(3).tolist(), strict=True))

    def _answers(
        self, manifest: Manifest, teachers: list[Teacher], scratch: Path
    ) -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        """Labels (N, J, 2) and visibility (N, J), and of each teacher answers (V, N, J, 2) and scores (V, N, J).

        The answers of each shard are kept in the folder of unfinished work, so that a stopped run goes on.
        """
        parts = []
        with tqdm(total=manifest.counts["train"], unit="people", disable=None) as progress:
            for path in shard_paths(self.records, "train"):
                kept = scratch / f"{Path(path).stem}-answers.npz"
                if not kept.is_file():
                    with whole(kept) as unfinished, open(unfinished, "wb") as file:
                        np.savez(file, **self._ask(Path(path), manifest.skeleton, teachers, progress))
                with np.load(kept) as arrays:
                    parts.append(dict(arrays))
                progress.update(sum(len(part["visible"]) for part in parts) - progress.n)
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        answers = [
            (joined[f"xy_px_{i}"].swapaxes(0, 1).astype(np.float64), joined[f"scores_{i}"].swapaxes(0, 1))
            for i in range(len(teachers))
        ]
        return joined["labels_px"].astype(np.float64), joined["visible"], answers

    def _ask(self, path: Path, skeleton: Skeleton, teachers: list[Teacher], progress: tqdm) -> dict[str, np.ndarray]:
        """Labels and answers of a shard, by the names that they are kept by."""
        columns: dict[str, list[np.ndarray]] = {}
        for record in read_records(path):
            features = read_features(record, skeleton.num_joints)
            values = {"labels_px": features["joints/xy_px"], "visible": features["joints/visible"]}
            picture, upright_deg = decode_jpeg(features["image/jpeg"]), trunk_deg(*values.values(), skeleton)
            for i, teacher in enumerate(teachers):
                turns_deg = [turn + upright_deg * teacher.upright for turn in self.turns_deg]
                values[f"xy_px_{i}"], values[f"scores_{i}"] = _answer(picture, teacher, turns_deg)
            for name, value in values.items():
                columns.setdefault(name, []).append(value)
            progress.update()
        return {name: np.array(values) for name, values in columns.items()}


def _answer(picture: np.ndarray, teacher: Teacher, turns_deg: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """A teacher's answers (V, J, 2) in px of the picture and scores (V, J), in the set's joints; 0 for others."""
    views = Affine.turns(turns_deg, picture.shape[0], teacher.size)
    pictures = np.broadcast_to(picture, (len(views.scale), *picture.shape))
    shown = warp({"picture": pictures}, FIELDS, views, size=teacher.size)["picture"]
    # One at a time: some models take no batches.
    answers = [teacher.model.run({"pictures": one[None]}) for one in shown]
    values = {name: np.concatenate([answer[name] for answer in answers]).astype(np.float64) for name in _ANSWERS}
    values = warp(values, _ANSWERS, views.inverse, flip_order=np.array(teacher.skeleton.flip_order))
    known = teacher.order >= 0
    xy_px, scores = values["joints_xy_px"][:, teacher.order], values["scores"][:, teacher.order]
    return np.where(known[:, None], xy_px, 0).astype(np.float32), np.where(known, scores, 0).astype(np.float32)


def _export_of(path: Path) -> Path:
    """The export folder of a model as the user named it."""
    run = shipped(path)
    return run / "export" if run is not None else path


def _opened(path: Path, skeleton: Skeleton, threads: int | None) -> Teacher:
    found = trusted(path)
    runtime = next((name for name in _RUNTIMES if name in found and installed(name)), None)
    if runtime is None:
        raise ArtefactError(
            f"{str(path)!r} is no exported model that runs here; give an export folder, or a name such as accurate"
        )
    model = Model(path, runtime, threads)
    if task_of(model.description) is not POSE_2D:
        raise ValueError(f"a teacher is a model of one person in 2D, got {path}; give another")
    theirs = Skeleton.from_description(model.description["skeleton"])
    order = joint_map(theirs, skeleton)
    if (order < 0).all():
        raise ValueError(f"{path} has none of the joints of {skeleton.name}; give another model")
    return Teacher(model, theirs, int(model.description["size"]), order, bool(model.description.get("upright")))


def _records(folder: Path, split: str) -> Iterator[bytes]:
    for path in shard_paths(folder, split):
        yield from read_records(path)
