"""People as a table for pandas, and as COCO keypoints for labeling tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from demo.offline.recording import Recording
from demo.offline.write import Angles, angles_of
from demo.offline.write import to_coco as recording_coco
from demo.offline.write import to_frame as recording_frame
from demo.outputs.table import Table, TableRow
from panopose.people import Frame, Person
from pose import Skeleton
from pose.angles import angle_names
from pose.coco import coco_annotation, coco_category, coco_image

if TYPE_CHECKING:
    import pandas as pd

#: The people of one image; those of several images by the images' names; frames of `Model.images` or `Model.track`; or
#: a recording of `Model.video`.
People: TypeAlias = "Sequence[Person] | Mapping[str, Sequence[Person]] | Iterable[Frame] | Recording"


def to_frame(people: People, *, skeleton: Skeleton | None = None, angles: bool = False) -> pd.DataFrame:
    """Returns a table with a row for each person, as `panopose batch` writes it.

        table = panopose.to_frame(model("squats.jpg"))
        table = panopose.to_frame(model.video("squats.mp4"), angles=True)

    Args:
        people: the people of one image; those of several images by the images' names; frames of `Model.images` or
            `Model.track`, which are taken one by one, so that a long video needs little memory; or a recording of
            `Model.video`.
        skeleton: needed only where there may be nobody at all: `model.skeleton`.
        angles: of a recording, also the angles of joints and segments in the image plane, in degrees, for side views.

    Returns:
        A table of pandas with the columns picture (the image's name), or frame (the number) and time_s; person (the
        number); box_x_px, box_y_px, box_width_px, box_height_px; and for each joint, such as nose, nose_x_px, nose_y_px
        and nose_score. In a recording, interpolated joints have the score 0. `table.attrs["skeleton"]` describes the
        skeleton.

    Raises:
        TypeError: they are not people or frames.
        ValueError: there is nobody and no `skeleton`, the people have different skeletons, or `angles` are asked of
            something else than a recording, or of a skeleton without arms and legs.
    """
    if isinstance(people, Recording):
        return recording_frame(people, angles=_angles(people) if angles else None)
    if angles:
        raise ValueError(
            "angles are measured over time, on a recording: panopose.to_frame(model.video(path), angles=True)"
        )
    rows: list[TableRow] = []
    key = "picture"
    for one in _groups(people):
        skeleton = _common(skeleton, one.skeleton)
        key = "picture" if one.time_s is None else "frame"
        name = one.name if one.time_s is None else one.number
        rows += [TableRow(name, one.time_s, p.number, p.box_px, p.xy_px, p.scores) for p in one.people]
    table = Table(_known(skeleton), key)
    table.add(rows)
    return table.frame()


def to_coco(
    people: People, *, skeleton: Skeleton | None = None, min_score: float | None = None
) -> dict[str, list[Any]]:
    """Returns people as a COCO keypoints data set, which labeling tools, pycocotools and `panopose records coco` read.

        coco = panopose.to_coco(model.images("pictures"))
        Path("people.json").write_text(json.dumps(coco))

    Args:
        people: as of `to_frame`.
        skeleton: needed only where there may be nobody at all: `model.skeleton`.
        min_score: minimum score of a joint that is labeled as seen (2); others are not labeled (0), and lose their
            place. None is the model's own; 0 keeps every joint, as pycocotools wants for predictions.

    Returns:
        images, with file_name and, of frames, width and height; annotations, with keypoints, bbox, score, and in videos
        track_id; categories, the one of which names the joints and limbs. Ids begin with 1. A video frame is named
        frame_000000.jpg by its number.

    Raises:
        TypeError: they are not people or frames.
        ValueError: there is nobody and no `skeleton`, or the people have different skeletons.
    """
    if isinstance(people, Recording):
        least = people.joint_score if min_score is None else min_score
        return recording_coco(replace(people, joint_score=least), "video")
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for one in _groups(people):
        skeleton = _common(skeleton, one.skeleton)
        name = one.name if one.time_s is None else f"frame_{one.number:06d}.jpg"
        images.append(coco_image(len(images) + 1, name, one.size))
        for person in one.people:
            visible, number = 2 * person.visible(min_score), len(annotations) + 1
            made = coco_annotation(number, len(images), person.xy_px, visible, person.box_px, score=person.score)
            annotations.append(made if one.time_s is None else made | {"track_id": person.number})
    return {"images": images, "annotations": annotations, "categories": [coco_category(_known(skeleton))]}


@dataclass(frozen=True, eq=False)
class _Group:
    """The people of an image or frame; `size` is None where the image is not known."""

    people: Sequence[Person]
    skeleton: Skeleton | None
    name: str = ""
    number: int = 0
    time_s: float | None = None
    size: tuple[int, int] | None = None


def _groups(people: People) -> Iterator[_Group]:
    if isinstance(people, Mapping):
        for name, several in people.items():
            yield _of_image(several, str(name))
    elif isinstance(people, Sequence) and (not people or isinstance(people[0], Person)):
        yield _of_image(people, "")
    elif isinstance(people, Iterable):
        for one in people:
            if not isinstance(one, Frame):
                raise _wrong(one)
            size = (one.image.shape[0], one.image.shape[1])
            yield _Group(one.people, one.skeleton, one.name, one.number, one.time_s, size)
    else:
        raise _wrong(people)


def _of_image(people: Iterable[object], name: str) -> _Group:
    checked = []
    for one in people:
        if not isinstance(one, Person):
            raise _wrong(one)
        checked.append(one)
    return _Group(checked, checked[0].skeleton if checked else None, name)


def _wrong(given: object) -> TypeError:
    return TypeError(
        "pass the people of one image, a dictionary of image name -> people, or frames of model.images, model.track or "
        f"model.video; got {type(given).__name__}"
    )


def _common(skeleton: Skeleton | None, other: Skeleton | None) -> Skeleton | None:
    if skeleton is None or other is None or skeleton.joints == other.joints:
        return skeleton or other
    raise ValueError(
        f"people of one table have one skeleton, got {skeleton.name} and {other.name}; make a table of each"
    )


def _angles(recording: Recording) -> Angles:
    if not angle_names(recording.skeleton):
        raise ValueError(f"{recording.skeleton.name} lacks the joints of the angles; leave angles out")
    return angles_of(recording)


def _known(skeleton: Skeleton | None) -> Skeleton:
    if skeleton is None:
        raise ValueError("nobody was found, so that the joints are not known; pass skeleton=model.skeleton")
    return skeleton
