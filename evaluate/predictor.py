"""One way to ask any trained model for joints: a run's folder, its .keras file, or an exported SavedModel."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artefact.formats import FORMATS, MODEL_FILE, RUN_FILE, ArtefactError
from pose import SKELETONS, Skeleton

if TYPE_CHECKING:
    from records.manifest import Manifest

EXPORT_FILE = FORMATS["saved-model"].file
#: What a score means unless the model's own notes say otherwise.
SCORE_REACH = 0.05
_OUTPUTS = ("joints_xy_px", "scores")

Forward = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained model with what is needed to ask it.

    Attributes:
        path: where it was loaded from.
        skeleton: of its J joints.
        input_size: height and width S of its pictures in px.
        score_reach: a score is the probability that the joint lies within this share of the picture's side of
            its label.
        forward: uint8 pictures (B, S, S, 3) -> joints (B, J, 2) in px and scores (B, J).
        flip_test: whether to merge the answers for each picture and its mirror image.
    """

    path: Path
    skeleton: Skeleton
    input_size: int
    score_reach: float
    forward: Forward
    flip_test: bool = False

    def predict(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predicts the joints of one person in each picture.

        Args:
            pictures: uint8 RGB (B, S, S, 3).

        Returns:
            Joints float64 (B, J, 2) in px of the picture, and scores float64 (B, J).

        Raises:
            ValueError: the pictures have another type or shape.
        """
        pictures, side = np.asarray(pictures), self.input_size
        if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[1:] != (side, side, 3):
            raise ValueError(
                f"the model takes uint8 pictures of shape (B, {side}, {side}, 3), got {pictures.dtype} "
                f"{pictures.shape}; ask the records for input_size={side}"
            )
        xy, scores = self._checked(pictures)
        if self.flip_test:
            mirrored_xy, mirrored_scores = self._checked(np.ascontiguousarray(pictures[:, :, ::-1]))
            order = self.skeleton.flip_order
            mirrored_xy = mirrored_xy[:, order] * (-1, 1) + (side - 1, 0)
            xy, scores = _merged(xy, scores, mirrored_xy, mirrored_scores[:, order], self.score_reach * side)
        return xy, scores

    def check_records(self, manifest: Manifest) -> None:
        """Checks that the model speaks of the joints that the records label.

        Raises:
            ValueError: it has another skeleton.
        """
        theirs = manifest.skeleton
        if self.skeleton.joints != theirs.joints:
            raise ValueError(
                f"{self.path} predicts the {self.skeleton.num_joints} joints of {self.skeleton.name}, the "
                f"records label the {theirs.num_joints} of {theirs.name}; evaluate it on records made for "
                "its own skeleton"
            )

    def _checked(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        xy, scores = (np.asarray(output, np.float64) for output in self.forward(pictures))
        shape = (len(pictures), self.skeleton.num_joints)
        if xy.shape != (*shape, 2) or scores.shape != shape:
            raise ValueError(
                f"{self.path} must answer joints {(*shape, 2)} and scores {shape} for {self.skeleton.name}, "
                f"got {xy.shape} and {scores.shape}"
            )
        return xy, scores


def _merged(
    xy: np.ndarray, scores: np.ndarray, other_xy: np.ndarray, other_scores: np.ndarray, reach_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Two answers as one: the mean, weighed by the scores, of what is near; of what is apart, what scores higher.

    Half way between two places where a joint may be it is certainly not.
    """
    total = scores + other_scores
    share = np.divide(scores, total, out=np.full_like(scores, 0.5), where=total > 0)
    near = np.linalg.norm(xy - other_xy, axis=-1) < reach_px
    share = np.where(near, share, share >= 0.5)[..., None]
    return share * xy + (1 - share) * other_xy, total / 2


def load_predictor(path: str | Path, *, flip_test: bool = False) -> Predictor:
    """Loads a model from whatever `python -m train...` or `python -m export` left.

    Args:
        path: a run folder (run.json and best.keras), a .keras file beside a run.json, or a SavedModel folder.
        flip_test: whether to merge the answers for each picture and its mirror image.

    Raises:
        ValueError: there is nothing at the path, nothing that can be asked for joints, or the files
            contradict each other.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path} does not exist; give a training run's folder, a .keras file or an exported model")
    if path.is_file() and path.suffix == ".keras":
        return Predictor(path, *_from_keras(path, path.with_name(RUN_FILE)), flip_test)
    if path.is_dir() and (path / EXPORT_FILE).is_file():
        return Predictor(path, *_from_export(path), flip_test)
    if path.is_dir() and (path / RUN_FILE).is_file():
        return Predictor(path, *_from_keras(path / MODEL_FILE, path / RUN_FILE), flip_test)
    raise ValueError(
        f"{path} is neither a training run nor an exported model: looked for {RUN_FILE} with {MODEL_FILE} "
        f"(made by `python -m train.resnet`), {EXPORT_FILE} (made by `python -m export`) and for a .keras "
        f"file beside a {RUN_FILE}"
    )


def _from_keras(model_path: Path, run_path: Path) -> tuple[Skeleton, int, float, Forward]:
    import keras  # Late: loading a back end takes seconds, and a wrong path should be told at once.

    if not run_path.is_file():
        raise ValueError(f"{model_path} has no {RUN_FILE} beside it, which names its skeleton; keep the two together")
    if not model_path.is_file():
        raise ValueError(f"{model_path} does not exist; training writes it after its first epoch")
    skeleton, size, score_reach = _read_run(run_path)
    try:
        model = keras.saving.load_model(model_path, compile=False)
    except Exception as error:  # Keras raises many kinds for a file that is damaged or of another version.
        why = " ".join(str(error).split())[:300]
        raise ValueError(f"{model_path} cannot be loaded by Keras {keras.__version__}: {why}") from error
    inputs = tuple(model.inputs[0].shape)
    if inputs[1:] != (size, size, 3):
        raise ValueError(f"{run_path} says that pictures are {size} px, but {model_path.name} takes {inputs}")
    if not isinstance(model.output, dict) or not set(_OUTPUTS) <= set(model.output):
        raise ValueError(f"{model_path} must answer {' and '.join(_OUTPUTS)}, it answers {model.output}")

    def forward(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        outputs = model.predict_on_batch(pictures)
        return outputs["joints_xy_px"], outputs["scores"]

    return skeleton, size, score_reach, forward


def _read_run(run_path: Path) -> tuple[Skeleton, int, float]:
    """The skeleton, by its name or in full, the input size and the reach of the scores."""
    try:
        run = json.loads(run_path.read_text())
        skeleton, size = run["skeleton"], int(run["input_size"])
        reach = float(run.get("config", {}).get("score_radius", SCORE_REACH))
        skeleton = SKELETONS[skeleton] if isinstance(skeleton, str) else Skeleton.from_description(skeleton)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{run_path} is damaged: it must describe a skeleton, or name one of {', '.join(SKELETONS)}, and "
            f"give an input_size ({error!r})"
        ) from error
    return skeleton, size, reach


def _from_export(folder: Path) -> tuple[Skeleton, int, float, Forward]:
    from artefact.model import Model  # Late, as above.

    try:
        model = Model(folder, "saved-model")
    except ArtefactError as error:
        raise ValueError(str(error)) from error
    description = model.description
    skeleton = Skeleton.from_description(description["skeleton"])
    score_reach = float(description.get("score_radius", SCORE_REACH))

    def forward(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        answers = model.run({"pictures": pictures})
        return answers["joints_xy_px"], answers["scores"]

    return skeleton, int(description["size"]), score_reach, forward
