"""Reads results files of every format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pose.results.coco import parse_coco_results
from pose.results.json_file import load_json
from pose.results.openpose import ENDING, read_openpose
from pose.results.people import ImagePeople, Results
from pose.results.posetrack import parse_posetrack


def read_results(path: Path) -> Results:
    """Reads found people: COCO results, a folder of OpenPose, PoseTrack's JSON, or a folder of PoseTrack's.

    Raises:
        ValueError: it does not exist or is none of these.
    """
    if not path.exists():
        raise ValueError(f"{path} does not exist; give a results file of COCO or PoseTrack, or OpenPose's folder")
    if path.is_dir():
        videos = sorted(file for file in path.rglob("*.json") if not file.name.endswith(ENDING))
        return _read_videos(path, videos) if videos and not any(path.rglob(f"*{ENDING}")) else read_openpose(path)
    content = load_json(path)
    if isinstance(content, list):
        return parse_coco_results(content, path)
    if isinstance(content, dict) and "annotations" in content:
        return parse_posetrack(content, path)
    raise ValueError(
        f"{path} holds no results: COCO's are a list with image_id, category_id, keypoints and score, PoseTrack's have "
        "images, annotations and categories"
    )


def _read_videos(folder: Path, files: list[Path]) -> Results:
    """The files of several videos as one; images are named by their video's file, without its ending, and their own."""
    joints: set[tuple[str, ...]] = set()
    images: list[ImagePeople] = []
    for file in files:
        content = load_json(file)
        if not isinstance(content, dict) or "annotations" not in content:
            raise ValueError(f"{file} is no file of PoseTrack; a folder of results holds those, or OpenPose's alone")
        results = parse_posetrack(content, file)
        joints.add(results.joints or ())
        video = file.relative_to(folder).with_suffix("").as_posix()
        images += [replace(image, name=f"{video}/{image.name.rpartition('/')[2]}") for image in results.images]
    if len(joints) > 1:
        raise ValueError(f"the files of {folder} name different joints; give files of one kind")
    return Results(folder, joints.pop() or None, images)
