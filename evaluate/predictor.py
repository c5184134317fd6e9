"""One interface to every trained model: a run's folder, its .keras file, or an exported SavedModel."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artefact.formats import FORMATS, MODEL_FILE, RUN_FILE, ArtefactError
from evaluate.stages import with_stages
from pose import SKELETONS, Skeleton
from pose.tasks import POSE_2D, Task, as_net_takes, stages_of, task_of

if TYPE_CHECKING:
    from records.manifest import Manifest

EXPORT_FILE = FORMATS["saved-model"].file
#: The `score_reach` of models whose notes do not give it.
SCORE_REACH = 0.05

#: Inputs (B, ...) by name -> answers (B, ...) by name.
Forward = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained model, with everything needed to run it.

    Attributes:
        path: where it was loaded from.
        skeleton: of its J joints.
        input_size: height and width S of its images in px.
        score_reach: a score is the probability that the joint lies within this share of the image's side of
            its label.
        task: its inputs and answers.
        forward: inputs (B, ...) by name -> answers (B, ...) by name.
        flip_test: whether to merge the answers for each image and its mirror image.
    """

    path: Path
    skeleton: Skeleton
    input_size: int
    score_reach: float
    task: Task
    forward: Forward
    flip_test: bool = False

    def predict(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the answers for a batch.

        Args:
            inputs: (B, ...) by the names of the task's inputs; for the joints of one person, "pictures" uint8 RGB
                (B, S, S, 3).

        Returns:
            The task's answers, float64 (B, ...) by name; for the joints of one person, "joints_xy_px" (B, J, 2) in px
            of the image, and "scores" (B, J). Of a run whose net has stages, those of earlier ones too, such as
            "stage1/joints_xy_px", but not if answers for mirror images are merged.

        Raises:
            ValueError: an input is missing, or has another type or shape.
        """
        joints, side = self.skeleton.num_joints, self.input_size
        inputs = {name: np.asarray(inputs[name]) for name in self.task.inputs}
        for name, one in self.task.inputs.items():
            value, shape = inputs[name], one.sized(joints, side)
            if value.dtype != one.dtype or value.shape[1:] != shape:
                raise ValueError(
                    f"the model takes {one.dtype} {name} of shape (B, {', '.join(map(str, shape))}), got {value.dtype} "
                    f"{value.shape}; ask the records for input_size={side}"
                )
        by_stage = self._checked(inputs)
        answers = by_stage.pop("")
        if self.flip_test:
            turned = {name: np.ascontiguousarray(value[:, :, ::-1]) for name, value in inputs.items()}
            mirrored, by_stage = self._checked(turned)[""], {}
            order = self.skeleton.flip_order
            xy, scores = mirrored["joints_xy_px"][:, order] * (-1, 1) + (side - 1, 0), mirrored["scores"][:, order]
            merged = _merged(answers["joints_xy_px"], answers["scores"], xy, scores, self.score_reach * side)
            answers |= dict(zip(("joints_xy_px", "scores"), merged, strict=True))
        found = self.task.assembled(answers, self.skeleton, side)
        for stage, earlier in by_stage.items():
            assembled = self.task.assembled(earlier, self.skeleton, side)
            found |= {f"{stage}/{name}": value for name, value in assembled.items()}
        return found

    def check_records(self, manifest: Manifest) -> None:
        """Checks that the model predicts the joints that the records label.

        Raises:
            ValueError: their skeletons differ.
        """
        theirs = manifest.skeleton
        if self.skeleton.joints != theirs.joints:
            raise ValueError(
                f"{self.path} predicts the {self.skeleton.num_joints} joints of {self.skeleton.name}, the "
                f"records label the {theirs.num_joints} of {theirs.name}; evaluate it on records made for "
                "its own skeleton"
            )

    def _checked(self, inputs: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
        """The answers of each stage, "" for the last; those of the last are checked."""
        found, count = stages_of(self.forward(inputs)), len(next(iter(inputs.values())))
        answers = {name: np.asarray(found[""][name], np.float64) for name in self.task.answers}
        for name, answer in self.task.answers.items():
            shape = (count, *answer.known_sides(self.skeleton.num_joints, self.input_size))
            given = answers[name].shape
            # A symbol stands for any number.
            alike = [isinstance(want, str) or want == side for want, side in zip(shape, given, strict=False)]
            if len(given) != len(shape) or not all(alike):
                wanted = ", ".join(map(str, shape))
                raise ValueError(f"{self.path} must answer {name} ({wanted}) for {self.skeleton.name}, got {given}")
        earlier = {
            stage: {name: np.asarray(value, np.float64) for name, value in values.items()}
            for stage, values in found.items()
            if stage
        }
        return {"": answers, **earlier}


def _merged(
    xy: np.ndarray, scores: np.ndarray, other_xy: np.ndarray, other_scores: np.ndarray, reach_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Merges two predictions: the score-weighted mean where they agree within the radius, else the higher-scoring one.

    The mean of two distant candidates would be a place where the joint certainly is not.
    """
    total = scores + other_scores
    share = np.divide(scores, total, out=np.full_like(scores, 0.5), where=total > 0)
    near = np.linalg.norm(xy - other_xy, axis=-1) < reach_px
    share = np.where(near, share, share >= 0.5)[..., None]
    return share * xy + (1 - share) * other_xy, total / 2


def load_predictor(path: str | Path, *, flip_test: bool = False) -> Predictor:
    """Loads a model that `python -m train...` or `python -m export` wrote.

    Args:
        path: a run folder (run.json and best.keras), a .keras file beside a run.json, or a SavedModel folder.
        flip_test: whether to merge the answers for each image and its mirror image.

    Raises:
        ValueError: the path does not exist or holds no model, its files contradict each other, or there is no mirror
            test for the model's task.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path} does not exist; give a training run's folder, a .keras file or an exported model")
    if path.is_file() and path.suffix == ".keras":
        return _with_flip_test(Predictor(path, *_from_keras(path, path.with_name(RUN_FILE))), flip_test)
    if path.is_dir() and (path / EXPORT_FILE).is_file():
        return _with_flip_test(Predictor(path, *_from_export(path)), flip_test)
    if path.is_dir() and (path / RUN_FILE).is_file():
        return _with_flip_test(Predictor(path, *_from_keras(path / MODEL_FILE, path / RUN_FILE)), flip_test)
    raise ValueError(
        f"{path} is neither a training run nor an exported model: looked for {RUN_FILE} with {MODEL_FILE} "
        f"(made by `python -m train.resnet`), {EXPORT_FILE} (made by `python -m export`) and for a .keras "
        f"file beside a {RUN_FILE}"
    )


def _with_flip_test(predictor: Predictor, flip_test: bool) -> Predictor:
    if flip_test and predictor.task is not POSE_2D:
        raise ValueError(f"the mirror test is for the task {POSE_2D.name}, {predictor.path} has {predictor.task.name}")
    if flip_test and predictor.skeleton.lone_joints:
        lone = ", ".join(predictor.skeleton.lone_joints)
        raise ValueError(f"the mirror test needs the mirror image of each joint; {predictor.path} lacks that of {lone}")
    return replace(predictor, flip_test=flip_test)


def _from_keras(model_path: Path, run_path: Path) -> tuple[Skeleton, int, float, Task, Forward]:
    import keras  # Late: loading a backend takes seconds, and a wrong path should raise at once.

    if not run_path.is_file():
        raise ValueError(f"{model_path} has no {RUN_FILE} beside it, which names its skeleton; keep the two together")
    if not model_path.is_file():
        raise ValueError(f"{model_path} does not exist; training writes it after its first epoch")
    skeleton, size, score_reach, task = _read_run(run_path)
    try:
        model = keras.saving.load_model(model_path, compile=False)
    except Exception as error:  # Keras raises many types for a file that is damaged or of another version.
        why = " ".join(str(error).split())[:300]
        raise ValueError(f"{model_path} cannot be loaded by Keras {keras.__version__}: {why}") from error
    inputs = {tensor.name: tuple(tensor.shape) for tensor in model.inputs}
    if len(inputs) == 1:
        inputs = dict(zip(task.inputs, inputs.values(), strict=True))
    for name, one in task.inputs.items():
        if inputs[name][1:] != one.sized(skeleton.num_joints, size):
            raise ValueError(f"{run_path} says that pictures are {size} px, but {model_path.name} takes {inputs[name]}")
    if not isinstance(model.output, dict) or not set(task.answers) <= set(model.output):
        raise ValueError(f"{model_path} must answer {' and '.join(task.answers)}, it answers {model.output}")
    model = with_stages(model)
    return skeleton, size, score_reach, task, lambda inputs: model.predict_on_batch(as_net_takes(inputs))


def _read_run(run_path: Path) -> tuple[Skeleton, int, float, Task]:
    """The skeleton, by its name or in full, the input size, the reach of the scores and the task."""
    try:
        run = json.loads(run_path.read_text())
        skeleton, size = run["skeleton"], int(run["input_size"])
        reach = float(run.get("config", {}).get("score_radius", SCORE_REACH))
        task = task_of(run)
        skeleton = SKELETONS[skeleton] if isinstance(skeleton, str) else Skeleton.from_description(skeleton)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{run_path} is damaged: it must describe a skeleton, or name one of {', '.join(SKELETONS)}, and "
            f"give an input_size ({error!r})"
        ) from error
    return skeleton, size, reach, task


def _from_export(folder: Path) -> tuple[Skeleton, int, float, Task, Forward]:
    from artefact.model import Model  # Late, as above.

    try:
        model = Model(folder, "saved-model")
    except ArtefactError as error:
        raise ValueError(str(error)) from error
    description = model.description
    skeleton = Skeleton.from_description(description["skeleton"])
    score_reach = float(description.get("score_radius", SCORE_REACH))
    return skeleton, int(description["size"]), score_reach, task_of(description), model.run
