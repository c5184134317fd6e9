"""The browser page as a folder of static files: our part, ONNX Runtime Web, and an exported model."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from artefact.formats import DESCRIPTION_FILE, FORMATS
from demo.errors import DemoError, ModelError
from demo.finding import crowd, finder
from demo.lifting import panel
from demo.lifting.lifter import LiftOptions, check_lifter
from demo.site.icons import ICONS, icon_png
from demo.site.offline import SERVICE_WORKER, write_service_worker
from demo.site.onnxruntime_web import RUNTIME_FILES, runtime_folder
from demo.tracking import estimator, one_euro, outliers, search, track
from demo.tracking.one_euro import OneEuro
from demo.tracking.rule import FollowRule
from demo.ui import meters, view
from pose import Skeleton, convert_joints
from pose.draw import COLORS
from pose.people import BOX_JOINTS
from pose.space import lifting
from pose.tasks import POSE_2D, POSE_LIFT, POSES_2D_CENTERS, Task, task_of
from pose.tracking.motion import MOTION

#: The page's own files.
STATIC = Path(__file__).parent / "static"
_ENDINGS = {".html", ".css", ".js", ".webmanifest"}
_SETTINGS = "settings.json"
_TASKS = (POSE_2D, POSES_2D_CENTERS)
# Fields of the tracks' rule that need images.
_OF_IMAGES = {"flow", "colors"}


def _model_files(export: Path, tasks: Sequence[Task]) -> tuple[Path, dict]:
    """The ONNX model of an export folder, or that file itself, and its description."""
    folder = export if export.is_dir() else export.parent
    model = export if export.suffix == ".onnx" else folder / FORMATS["onnx"].file
    description = model.with_name(DESCRIPTION_FILE)
    for path in (model, description):
        if not path.is_file():
            raise ModelError(f"the page needs {path}, which is not there; export the model with `--to onnx`")
    notes = json.loads(description.read_text(encoding="utf-8"))
    if task_of(notes) not in tasks:
        option, known = "--lifter" if POSE_LIFT in tasks else "--model", " and ".join(task.name for task in tasks)
        own = task_of(notes).name
        raise ModelError(
            f"{str(export)!r} is a model of the task {own}, and the page runs those of {known}; give another {option}"
        )
    return model, notes


def static_names() -> list[str]:
    """The page's own files, relative to `STATIC`."""
    paths = [path for path in STATIC.rglob("*") if path.suffix in _ENDINGS]
    return sorted(path.relative_to(STATIC).as_posix() for path in paths)


def _check_replaceable(folder: Path) -> None:
    """Checks that the files to be replaced, if any, are those of a page."""
    names = [*static_names(), *ICONS, "model.onnx", "lift.onnx", _SETTINGS, *(f"ort/{name}" for name in RUNTIME_FILES)]
    there = sorted(name for name in names if os.path.lexists(folder / name))
    try:
        ours = {"pose", "follow", "smooth"} <= json.loads((folder / _SETTINGS).read_text(encoding="utf-8")).keys()
    except (OSError, ValueError, AttributeError):
        ours = False
    if there and not ours:
        raise DemoError(
            f"--out {str(folder)!r} holds {', '.join(there[:3])}, which no page of ours wrote and this one would "
            "replace; give another folder"
        )


def page_settings(description: dict, rule: FollowRule, smooth: OneEuro) -> dict:
    """Everything that the page's JavaScript shares with the Python demos, as written to settings.json.

    Args:
        description: of the model: skeleton, size and padding of crops, and scores.
        rule: when tracks start and end.
        smooth: a filter with the parameters of the joints' filter.

    Raises:
        ValueError: a score of the rule contradicts one of the model's own.
    """
    cutoff_hz, beta = track.CENTER_FILTER
    skeleton = Skeleton.from_description(description["skeleton"])
    complete = rule.for_model(description.get("follow", {}))
    tracks = dataclasses.asdict(crowd.track_rule_of(complete))
    return {
        "pose": description,
        "colors": {side: f"rgb({red} {green} {blue})" for side, (red, green, blue) in COLORS.items()},
        "everybody": task_of(description) is POSES_2D_CENTERS,
        "follow": dataclasses.asdict(complete),
        "smooth": {"cutoff_hz": smooth.min_cutoff_hz, "beta": smooth.beta},
        "main_joints": skeleton.main_joints,
        "sides": skeleton.sides,
        "sigmas": skeleton.sigmas,
        "tracking": {
            "min_joints": estimator.min_joints(skeleton.num_joints),
            "shrink_per_s": track.SHRINK_PER_S,
            "widen": track.WIDEN,
            "center_filter": {"cutoff_hz": cutoff_hz, "beta": beta},
            "speed_cutoff_hz": one_euro.SPEED_CUTOFF_HZ,
        },
        "search": {"small_square": search.SMALL_SQUARE, "min_step": search.MIN_STEP},
        "finder": {
            "least_score": finder.LEAST_SCORE,
            "same_oks": finder.SAME_OKS,
            "box_joints": BOX_JOINTS,
            "padding": crowd.PADDING,
        },
        "tracks": {name: value for name, value in tracks.items() if name not in _OF_IMAGES},
        "motion": dataclasses.asdict(MOTION),
        "outliers": {"reach": outliers.REACH, "frame_s": outliers.FRAME_S, "max_held": outliers.MAX_HELD},
        "display": {"lines_per_side": view.LINES_PER_SIDE, "rate_span_s": meters.SPAN_S},
    }


def lift_settings(lifter: dict, people: Skeleton, options: LiftOptions) -> dict:
    """What the page's JavaScript needs to lift people.

    Args:
        lifter: description of the lifter.
        people: the skeleton of the model's people.
        options: the people's height and the camera's focal length.

    Raises:
        ModelError: it is no lifter, or the people lack joints.
    """
    skeleton = check_lifter(lifter, people)
    # Which joints of the people, or which two, each joint of the lifter is taken from.
    sources = [np.flatnonzero(row).tolist() for row in _sources(people, skeleton)]
    return {
        "frames": int(lifter["size"]),
        "fps": lifting.LIFTED_FPS,
        "longest_gap_s": lifting.LONGEST_GAP_S,
        "focal": options.focal,
        "scale": options.stature_mm / lifting.STATURE_MM,
        "sources": sources,
        "skeleton": skeleton.name,
        "limbs": skeleton.limbs,
        "sides": skeleton.sides,
        "panel": {
            "background": f"rgb{panel.BACKGROUND}",
            "floor": f"rgb{panel.FLOOR}",
            "swing_deg": panel.SWING_DEG,
            "swing_s": panel.SWING_S,
            "tilt_deg": panel.TILT_DEG,
            "least_mm": panel.LEAST_MM,
            "tile_mm": panel.TILE_MM,
        },
    }


def _sources(people: Skeleton, skeleton: Skeleton) -> np.ndarray:
    """The weights (K, J) by which `convert_joints` makes the joints of one skeleton from those of the other."""
    each = np.eye(people.num_joints)[..., None]
    weights, _ = convert_joints(each, np.ones((people.num_joints, people.num_joints)), people, skeleton)
    return weights[..., 0].T


def write_site(
    folder: Path,
    export: Path,
    rule: FollowRule,
    smooth: OneEuro,
    package: Path | None = None,
    lift: LiftOptions | None = None,
) -> None:
    """Writes the page with everything it needs: some 14 MB and the model.

    Args:
        folder: where to write; a page that was written there before is replaced.
        export: an export folder with model.onnx and pose.json, or that model.onnx.
        rule: when tracks start and end.
        smooth: a filter with the parameters of the joints' filter, whose unit is the side of the crop.
        package: ONNX Runtime Web's npm package as a file; otherwise it comes from the cache, or from npm.
        lift: how people are lifted into space; None, or without `space`, if they are not.

    Raises:
        ModelError: the export has no ONNX model, or one of a task that the page does not run; or the lifter has none.
        DemoError: ONNX Runtime Web cannot be fetched, the folder is not writable, or it holds files of these names that
            are not a page's.
        ValueError: a score of the rule contradicts one of the model's own.
    """
    _check_replaceable(folder)
    model, description = _model_files(export, _TASKS)
    settings, files = page_settings(description, rule, smooth), {"model.onnx": model}
    if lift is not None and lift.space:
        files["lift.onnx"], lifter = _model_files(lift.export(), (POSE_LIFT,))
        settings["lift"] = lift_settings(lifter, Skeleton.from_description(description["skeleton"]), lift)
    runtime = runtime_folder(package)
    files |= {f"ort/{name}": runtime / name for name in RUNTIME_FILES}
    files |= {name: STATIC / name for name in static_names() if name != SERVICE_WORKER}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # First, as `_check_replaceable` recognizes a page by it.
        (folder / _SETTINGS).write_text(json.dumps(settings) + "\n", encoding="utf-8")
        for name, path in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(path, folder / name)
        for name, side_px in ICONS.items():
            (folder / name).write_bytes(icon_png(side_px))
        script = (STATIC / SERVICE_WORKER).read_text(encoding="utf-8")
        write_service_worker(folder, [_SETTINGS, *files, *ICONS], script)
    except OSError as error:
        raise DemoError(f"{str(folder)!r} cannot be written: {error.strerror}") from error
