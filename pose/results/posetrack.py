"""PoseTrack 2018's JSON (github.com/leonid-pishchulin/poseval): COCO's form, with videos and lasting numbers.

Its categories name the joints, so that it holds the people of any skeleton.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pose.coco import coco_category
from pose.joint_names import joint_names
from pose.results.json_file import entry_error, number_of
from pose.results.people import ImagePeople, PeopleBuilder, Results, built, rounded_score, triples_of
from pose.skeleton import Skeleton


def posetrack_content(images: Sequence[ImagePeople], skeleton: Skeleton, video: str) -> dict:
    """The content of a video's file.

    Joints are in the skeleton's order under its own names. `scores` are those of the joints, and `score` that of the
    person, which PoseTrack does not have.

    Args:
        images: every frame of the video with its number, also those in which nobody was found.
        skeleton: of the people.
        video: name of the video.

    Raises:
        ValueError: a frame has no number, or a person has none.
    """
    entries: list[dict] = []
    annotations: list[dict] = []
    for image in images:
        if image.number is None or (image.persons < 0).any():
            raise ValueError(f"PoseTrack's format needs the numbers of frames and people; {image.name!r} has none")
        entry = {"id": image.number, "frame_id": image.number, "vid_id": video, "file_name": image.name}
        entries.append({**entry, "nframes": len(images), "is_labeled": True, "has_no_densepose": True})
        people = zip(image.xy_px, image.scores, image.person_scores, image.persons.tolist(), strict=True)
        for xy_px, scores, person_score, person in people:
            own = {"id": len(annotations) + 1, "image_id": image.number, "track_id": person, "category_id": 1}
            annotations.append(own | _joints(triples_of(xy_px, scores)) | {"score": rounded_score(person_score)})
    return {"images": entries, "annotations": annotations, "categories": [coco_category(skeleton)]}


def _joints(triples: list[float]) -> dict[str, list]:
    rows = [triples[k : k + 3] for k in range(0, len(triples), 3)]
    return {
        "keypoints": [value for x, y, score in rows for value in (x, y, int(any((x, y, score))))],
        "scores": [score for _, _, score in rows],
    }


def parse_posetrack(content: dict, path: Path) -> Results:
    """Reads PoseTrack's JSON, or any keypoints file of COCO's form with results.

    A joint's score is that of `scores`, or the third value of its keypoint where there are none; a person's score is
    `score`, or the mean of the joints'. An image's number is its `frame_id` where it has one.

    Raises:
        ValueError: it is malformed, or has several categories with keypoints.
    """
    try:
        kinds = {str(kind["id"]): kind["keypoints"] for kind in content["categories"] if kind.get("keypoints")}
        images = {number_of(entry["id"]): _numbered(entry) for entry in content["images"]}
        annotations = list(content["annotations"])
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise entry_error(path, "images, annotations or categories", error) from error
    if len(kinds) != 1:
        raise ValueError(f"{path} must have one category with keypoints, it has {len(kinds)}")
    (category, names), builders = next(iter(kinds.items())), {n: PeopleBuilder(*one) for n, one in images.items()}
    for place, entry in enumerate(annotations):
        try:
            if str(entry.get("category_id", category)) != category or not entry.get("keypoints"):
                continue
            number = number_of(entry["image_id"])
            builder = builders.setdefault(number, PeopleBuilder(number, ""))
            builder.add(_scored(entry), entry.get("score"), number_of(entry.get("track_id", -1)))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise entry_error(path, f"annotation {place}", error) from error
    return built(path, joint_names(names), list(builders.values()))


def _numbered(entry: dict) -> tuple[int, str]:
    """An image's number, which in a video is its frame's, and its name."""
    return number_of(entry.get("frame_id", entry["id"])), str(entry.get("file_name", ""))


def _scored(entry: dict) -> list[float]:
    """x, y and score of each joint."""
    keypoints, scores = list(entry["keypoints"]), list(entry.get("scores") or ())
    if scores:
        if 3 * len(scores) != len(keypoints):
            raise ValueError(f"{len(scores)} scores of {len(keypoints) / 3:g} keypoints")
        keypoints[2::3] = scores
    return keypoints
