"""Reads results files of every format."""

from __future__ import annotations

from pathlib import Path

from pose.results.coco import parse_coco_results
from pose.results.json_file import load_json
from pose.results.openpose import read_openpose
from pose.results.people import Results
from pose.results.posetrack import parse_posetrack


def read_results(path: Path) -> Results:
    """Reads found people: COCO results, a folder of OpenPose, or PoseTrack's JSON.

    Raises:
        ValueError: it does not exist or is none of these.
    """
    if not path.exists():
        raise ValueError(f"{path} does not exist; give a results file of COCO or PoseTrack, or OpenPose's folder")
    if path.is_dir():
        return read_openpose(path)
    content = load_json(path)
    if isinstance(content, list):
        return parse_coco_results(content, path)
    if isinstance(content, dict) and "annotations" in content:
        return parse_posetrack(content, path)
    raise ValueError(
        f"{path} holds no results: COCO's are a list with image_id, category_id, keypoints and score, PoseTrack's have "
        "images, annotations and categories"
    )
