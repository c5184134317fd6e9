"""OpenPose's folder of JSON files, one for each image: version 1.3 of its output format (doc/02_output.md there)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pose.results.json_file import entry_error, load_json, number_of
from pose.results.people import ImagePeople, PeopleBuilder, Results, built, number_in, triples_of
from pose.skeleton import Skeleton, convert_joints

#: What a file's name ends in.
ENDING = "_keypoints.json"
_VERSION = 1.3
_ARMS = "right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist"
_LEGS = "right_hip right_knee right_ankle left_hip left_knee left_ankle"
_FACE = "right_eye left_eye right_ear left_ear"
_FEET = "left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"
#: The joints of OpenPose's models by their number.
BODY_25 = Skeleton("body25", tuple(f"nose neck {_ARMS} body_center {_LEGS} {_FACE} {_FEET}".split()))
COCO_18 = Skeleton("coco18", tuple(f"nose neck {_ARMS} {_LEGS} {_FACE}".split()))
_BY_COUNT = {25: BODY_25, 18: COCO_18}
_OTHERS = ("face", "hand_left", "hand_right")


def openpose_skeleton(skeleton: Skeleton) -> Skeleton:
    """The joints that are written: BODY_25's if it has all of the skeleton's, otherwise the skeleton's own."""
    return BODY_25 if set(skeleton.joints) <= set(BODY_25.joints) else skeleton


def openpose_frame(image: ImagePeople, skeleton: Skeleton) -> dict:
    """The content of an image's file.

    Joints of BODY_25 that the skeleton lacks are 0, 0, 0, except for the neck and the middle of the hips, which are
    the middle of the shoulders and hips with the lower of the two scores.

    Args:
        image: with its people.
        skeleton: of the people; see `openpose_skeleton`.
    """
    scores = np.where(np.isfinite(image.xy_px).all(axis=2), np.nan_to_num(image.scores), 0)
    xy_px, scores = convert_joints(np.nan_to_num(image.xy_px), scores, skeleton, openpose_skeleton(skeleton))
    people = []
    for joints, values, number in zip(xy_px, scores, image.persons.tolist(), strict=True):
        person: dict[str, list] = {"person_id": [number], "pose_keypoints_2d": triples_of(joints, values)}
        person |= {f"{part}_keypoints_2d": [] for part in _OTHERS}
        people.append(person | {f"{part}_keypoints_3d": [] for part in ("pose", *_OTHERS)})
    return {"version": _VERSION, "people": people}


def read_openpose(folder: Path) -> Results:
    """Reads a folder of OpenPose's files, with its subfolders.

    The joints are those of BODY_25 or COCO's 18 by their number, and otherwise without names. A person's score, which
    the format lacks, is the mean of the joints', in which those that were not found count as 0.

    Raises:
        ValueError: there are no such files, or one is malformed.
    """
    paths = sorted(folder.rglob(f"*{ENDING}"))
    if not paths:
        raise ValueError(f"{folder} holds no *{ENDING}; give the folder that OpenPose wrote with --write_json")
    images = []
    for path in paths:
        name = path.relative_to(folder).as_posix().removesuffix(ENDING)
        image = PeopleBuilder(number_in(name), name)
        try:
            for person in load_json(path)["people"]:
                number = number_of(next(iter(person.get("person_id", ())), -1))
                image.add(person["pose_keypoints_2d"], None, number)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise entry_error(path, "people", error) from error
        images.append(image)
    results = built(folder, None, images)
    skeleton = _BY_COUNT.get(results.num_joints or 0)
    return results if skeleton is None else Results(folder, skeleton.joints, results.images)
