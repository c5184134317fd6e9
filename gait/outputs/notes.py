"""What a recording does not allow, in plain words."""

from __future__ import annotations

import numpy as np

from gait.analysis import Analysis
from gait.measures import MIN_VALUES, moves_on
from gait.motion import SIDES, Motion
from machine.words import counted

#: In an image, shoulders further apart than this share of the trunk's length are not seen from the side: those of
#: adults are about 0.75 of it apart, seen from the front.
OBLIQUE = 0.35
# A foot leaves the ground some 60 ms after the other one touched it; fewer frames hardly tell such times.
_FEW_FPS = 50.0


def notes(analysis: Analysis) -> list[str]:
    """Sentences for the report."""
    if not analysis.strides:
        return [*_of_view(analysis.motion), "No stride straight ahead was found, so that nothing of gait is measured."]
    return [*_of_view(analysis.motion), *_of_joints(analysis.motion), *_of_strides(analysis)]


def why_no_stride(analysis: Analysis) -> str:
    """Why there is nothing to measure."""
    if analysis.left_out:
        return "no stride straight ahead was found: all lie in turns, or where joints were lost,"
    across = (
        "; in an image the person must walk across it, seen from the side," if analysis.motion.unit == "px" else ","
    )
    return f"no stride was found: nobody walks, or too few joints are known{across}"


def _of_view(motion: Motion) -> list[str]:
    found = []
    if motion.unit == "px":
        found.append(
            "The joints are those of one camera's image. The person should walk across it, seen from the side. It "
            "shows no step width, no sway to the side, and turns only where the person walks one way and then the "
            "other."
        )
        width = apparent_width(motion)
        if width > OBLIQUE:
            found.append(
                f"In the image the shoulders are {100 * width:.0f} % as far apart as the trunk is long, so that the "
                "person is not seen from the side: lengths come out too short and angles wrong. Times hold better."
            )
    if motion.unit == "px" and motion.mm_per_unit is None:
        found.append("An image has no scale, so that lengths are in lengths of the leg; --height-m gives one.")
    if motion.unit == "" and motion.mm_per_unit is None:
        found.append("The file does not say in which unit its lengths are, so that they are in lengths of the leg.")
    if motion.unit != "mm" and motion.mm_per_unit is not None:
        found.append("Meters rest on the given height, of which a leg is taken to be 0.491 from hip to ankle.")
    if motion.fps < _FEW_FPS:
        found.append(
            f"At {motion.fps:.0f} frames per second there are {1000 / motion.fps:.0f} ms between two frames. Short "
            "times, such as double support, and small differences between left and right are uncertain."
        )
    return found


def _of_joints(motion: Motion) -> list[str]:
    found = []
    if not all(motion.has(f"{side}_{part}") for side in SIDES for part in ("heel", "big_toe")):
        found.append(
            "Heels or toes are not known, so that the ankles stand for them: contacts and offs, and with them stance, "
            "swing and double support, are shifted, and there is no angle of the ankle."
        )
    if not all(motion.has(f"{side}_shoulder") for side in SIDES):
        found.append("The shoulders are not known: the hips' angles are against the vertical, and no sway is measured.")
    if not any(motion.has(f"{side}_wrist") for side in SIDES):
        found.append("The wrists are not known, so that arm swing is not measured.")
    return found


def _of_strides(analysis: Analysis) -> list[str]:
    found = []
    if not moves_on(analysis.motion, analysis.strides):
        found.append(
            "The pelvis stays where it is, as on a treadmill: speed and stride length are not known from the recording."
        )
    if analysis.left_out:
        found.append(
            f"{counted(analysis.left_out, 'stride')} in turns, between standing and sitting, or where joints were lost "
            f"{'is' if analysis.left_out == 1 else 'are'} left out of the measures and the angles."
        )
    counts = [sum(stride.side == side for stride in analysis.strides) for side in SIDES]
    if min(counts) < MIN_VALUES:
        found.append(
            f"There are {counted(counts[0], 'stride')} on the left and {counts[1]} on the right. Fewer than "
            f"{MIN_VALUES} give no interval and no band, and say little about how the person usually walks."
        )
    lonely = sum(one.velocities_s is None for one in analysis.events)
    if 4 * lonely > len(analysis.events):
        found.append(
            f"Of {len(analysis.events)} contacts and offs, {lonely} were found by one of the two methods alone: the "
            "feet may be badly seen. Check them against the recording."
        )
    return found


def apparent_width(motion: Motion) -> float:
    """In an image, how far the shoulders are apart across, as a share of the trunk's length; NaN where not known."""
    if not all(motion.has(f"{side}_shoulder") for side in SIDES):
        return np.nan
    left, right = (motion.joint(f"{side}_shoulder") for side in SIDES)
    apart = np.linalg.norm(motion.level(left - right), axis=1)
    trunk = np.linalg.norm((left + right) / 2 - motion.pelvis, axis=1)
    shares = (apart / trunk)[np.isfinite(apart / trunk)]
    return float(np.median(shares)) if len(shares) else np.nan
