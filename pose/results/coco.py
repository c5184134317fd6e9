"""COCO's keypoint results (cocodataset.org/#format-results): what COCOeval and most tools read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pose.results.json_file import entry_error, load_json, number_of
from pose.results.people import ImagePeople, PeopleBuilder, Results, built, rounded_score, triples_of


def coco_results(images: Sequence[ImagePeople], *, category: int = 1) -> list[dict]:
    """The list of results, one entry for each person.

    COCO ignores the third value of a keypoint; as other tools do, it is the joint's score here. Each entry holds the
    image's `file_name` too, so that an id can be traced back.

    Args:
        images: with their ids and people.
        category: id of the people's category in the annotations.

    Raises:
        ValueError: an image has no id.
    """
    entries = []
    for image in images:
        if image.number is None:
            raise ValueError(f"COCO results need the id of each image; {image.name!r} has none")
        for xy_px, scores, score in zip(image.xy_px, image.scores, image.person_scores, strict=True):
            entries.append(
                {
                    "image_id": image.number,
                    "category_id": category,
                    "keypoints": triples_of(xy_px, scores),
                    "score": rounded_score(score),
                    **({"file_name": image.name} if image.name else {}),
                }
            )
    return entries


def parse_coco_results(content: list, path: Path) -> Results:
    """Reads the list of results.

    Raises:
        ValueError: an entry is malformed, or there are several categories.
    """
    images: dict[int, PeopleBuilder] = {}
    categories = set()
    for place, entry in enumerate(content):
        try:
            number, score = number_of(entry["image_id"]), float(entry["score"])
            image = images.setdefault(number, PeopleBuilder(number, str(entry.get("file_name", ""))))
            image.add(entry["keypoints"], score, number_of(entry.get("track_id", -1)))
            categories.add(entry.get("category_id", 1))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise entry_error(path, f"entry {place}", error) from error
    if len(categories) > 1:
        raise ValueError(f"{path} has results of the categories {sorted(map(str, categories))}; leave one of them")
    return built(path, None, list(images.values()))


@dataclass(frozen=True, eq=False)
class AnnotatedImages:
    """The ids that an annotation file gives to images.

    Attributes:
        path: of the file.
        numbers: ids by the images' names in the file, and by the names without folders where these are unique.
        category: id of the category with keypoints; 1 if there is not exactly one.
    """

    path: Path
    numbers: dict[str, int]
    category: int

    def number(self, name: str) -> int | None:
        """The id of an image by its name inside a folder; None if the file does not list it."""
        return self.numbers.get(name, self.numbers.get(PurePosixPath(name).name))


def read_annotated_images(path: Path) -> AnnotatedImages:
    """Reads the ids of the images of a COCO annotation file.

    Raises:
        ValueError: it is none.
    """
    content = load_json(path)
    try:
        entries = [(str(entry["file_name"]).replace("\\", "/"), number_of(entry["id"])) for entry in content["images"]]
        kinds = [number_of(kind["id"]) for kind in content.get("categories", ()) if kind.get("keypoints")]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise entry_error(path, "images or categories of COCO annotations", error) from error
    bare = Counter(PurePosixPath(name).name for name, _ in entries)
    short = {PurePosixPath(name).name: number for name, number in entries if bare[PurePosixPath(name).name] == 1}
    return AnnotatedImages(path, short | dict(entries), kinds[0] if len(kinds) == 1 else 1)
