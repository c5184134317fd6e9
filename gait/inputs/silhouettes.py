"""Silhouettes of a walking person from a video, by a net or by what moves before a camera that stands still."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from demo.batch.inputs import read_frames
from demo.errors import ModelError
from demo.lifting.lifter import opened
from demo.offline.recording import Recording
from demo.runtimes.exports import check_export
from demo.video.capture import FrameSource
from gait.actions import Action
from pose import Crop, box_from_joints
from pose.silhouette import energy_image, largest_part, normalized
from pose.tasks import PERSON_MATTE, task_of

#: `--silhouettes` of this name needs no net.
BACKGROUND = "background"
#: Height and width of the silhouettes in px.
SIZE = 256
# Joints end before the crown, the soles and the finger tips: the crop's side as a multiple of their box's.
_PADDING = 1.35
_FEWEST_JOINTS = 5
# OpenCV's subtractor: its mark of what moves, and for what share of the time the background is seen at least.
_MOVES, _SEEN = 255, 0.6
# Of the mask in the crop: specks up to this many px are removed, gaps up to this many closed.
_SPECK_PX, _GAP_PX = 3, 9

#: An image uint8 RGB (H, W, 3) and the crop of the person in it -> bool (SIZE, SIZE), true inside.
Find = Callable[[np.ndarray, Crop], np.ndarray]


def by_net(path: Path) -> Find:
    """Finds a person by an exported net, as `python -m tools.mattes` writes them.

    Raises:
        ModelError: there is no such export, or it is of another kind.
    """
    model = opened(check_export(path))
    if task_of(model.description) is not PERSON_MATTE or model.description["size"] != SIZE:
        raise ModelError(
            f"{str(path)!r} finds no silhouettes; `python -m tools.mattes` writes nets that do, and --silhouettes "
            f"{BACKGROUND} needs none"
        )

    def find(picture: np.ndarray, crop: Crop) -> np.ndarray:
        return model.run({"pictures": crop.cut(picture)[None]})["matte"][0] > 0.5

    return find


def by_background(video: Path) -> Find:
    """Finds what moves in the video of a camera that stands still, after learning the background from all of it.

    By the mixture of Gaussians of Zivkovic (2004), which marks shadows. Somebody who stays for 40 % of the time becomes
    part of the background.

    Raises:
        SourceError: the video cannot be read.
    """
    source = FrameSource(str(video))
    subtractor = cv2.createBackgroundSubtractorMOG2(history=max(source.count, 1), detectShadows=True)
    subtractor.setBackgroundRatio(_SEEN)
    for frame in read_frames(source):
        subtractor.apply(frame.picture)
    speck, gap = (cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)) for side in (_SPECK_PX, _GAP_PX))

    def find(picture: np.ndarray, crop: Crop) -> np.ndarray:
        moves = (subtractor.apply(picture, learningRate=0) == _MOVES).astype(np.uint8)
        inside = cv2.morphologyEx(crop.cut_nearest(moves), cv2.MORPH_OPEN, speck)
        return cv2.morphologyEx(inside, cv2.MORPH_CLOSE, gap) > 0

    return find


def person_crop(xy_px: np.ndarray) -> Crop | None:
    """The square about a person's joints (J, 2), NaN where not known; None if too few are."""
    known = np.isfinite(xy_px).all(axis=1)
    if known.sum() < _FEWEST_JOINTS:
        return None
    return Crop.from_box(box_from_joints(xy_px, known), SIZE, _PADDING)


def silhouettes_of(
    video: Path, recording: Recording, person: int, find: Find, spells: Sequence[Action] = ()
) -> dict[int, np.ndarray]:
    """A person's silhouettes by number of the frame, uint8 (SIZE, SIZE) of 0 and 255, the largest part of each.

    Args:
        video: the file.
        recording: of it.
        person: whose.
        find: `by_net` or `by_background`.
        spells: in times of the video; only frames while the person walks are taken, all if this is empty.
    """
    track, found = recording.people[person], {}
    xy_px = np.where(recording.shown(track)[..., None] > 0, track.xy_px, np.nan)
    walks = [(one.start_s, one.end_s) for one in spells if one.kind == "walking"]
    for frame in read_frames(FrameSource(str(video))):
        place = frame.index - track.start
        if not 0 <= place < len(xy_px) or (crop := person_crop(xy_px[place])) is None:
            continue
        if spells and not any(start_s <= recording.times_s[frame.index] <= end_s for start_s, end_s in walks):
            continue
        mask = largest_part(find(frame.picture, crop))
        if normalized(mask) is not None:
            found[frame.index] = mask
    return found


def write_silhouettes(silhouettes: dict[int, np.ndarray], folder: Path) -> None:
    """Writes FOLDER/000001.png and so on by number of the frame; others' files there are removed.

    Raises:
        OSError: they cannot be written.
    """
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for number, mask in silhouettes.items():
        if not cv2.imwrite(str(unfinished / f"{number:06d}.png"), mask):
            raise OSError(f"{unfinished} cannot be written")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def energy_png(silhouettes: dict[int, np.ndarray]) -> bytes:
    """The gait energy image of silhouettes, as the content of a .png file."""
    frames = [frame for mask in silhouettes.values() if (frame := normalized(mask)) is not None]
    return cv2.imencode(".png", energy_image(frames))[1].tobytes()
