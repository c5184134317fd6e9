"""People as COCO keypoints (cocodataset.org/#format-data), which labeling tools and pycocotools read."""

from __future__ import annotations

import numpy as np

from pose.skeleton import SKELETONS, Skeleton

_DIGITS = 2
# COCO measures boxes from the image's corner, we from the center of its first pixel.
_CORNER = np.array([0.5, 0.5, 0, 0])


def coco_image(number: int, file_name: str, size: tuple[int, int] | None = None) -> dict:
    """The entry of an image.

    Args:
        number: its id.
        file_name: relative to the folder of images.
        size: (height, width) in px; None leaves it out.
    """
    sides = {} if size is None else {"width": int(size[1]), "height": int(size[0])}
    return {"id": number, "file_name": file_name, **sides}


def coco_category(skeleton: Skeleton, *, number: int = 1, name: str | None = None) -> dict:
    """The category that names the joints and limbs of a skeleton; limbs count joints from 1.

    Args:
        skeleton: of the people.
        number: the category's id.
        name: the category's name; None is "person" for `SKELETONS`, and the skeleton's name for a user's own.
    """
    name = name or ("person" if skeleton.name in SKELETONS else skeleton.name)
    limbs = [[a + 1, b + 1] for a, b in skeleton.limbs]
    return {"id": number, "name": name, "supercategory": name, "keypoints": list(skeleton.joints), "skeleton": limbs}


def coco_annotation(
    number: int,
    image: int,
    xy_px: np.ndarray,
    visible: np.ndarray,
    box_px: np.ndarray,
    *,
    score: float | None = None,
    category: int = 1,
) -> dict:
    """The annotation of a person.

    Joints with visibility 0 become 0, 0, 0, as COCO demands. The area is the box's, and the outline is empty,
    since Datumaro, CVAT's importer, requires one.

    Args:
        number: the annotation's id.
        image: id of the image.
        xy_px: float (J, 2), with (0, 0) at the center of the top-left pixel.
        visible: int (J,): 0 not labeled, 1 labeled but hidden, 2 labeled and seen.
        box_px: float (4,): x_min, y_min, width, height.
        score: of a prediction, 0 to 1; None leaves it out.
        category: id of the category.

    Raises:
        ValueError: the number of joints differs from that of visibilities, or a labeled joint or the box is not finite.
    """
    xy_px, visible = np.asarray(xy_px, np.float64), np.asarray(visible, np.int64)
    if xy_px.shape != (*visible.shape, 2) or visible.ndim != 1:
        raise ValueError(f"joints must be (J, 2) with J visibilities, got {xy_px.shape} with {visible.shape}")
    points = np.where(visible[:, None] > 0, xy_px, 0)
    box = np.asarray(box_px, np.float64) + _CORNER
    if not (np.isfinite(points).all() and np.isfinite(box).all()):
        raise ValueError("labeled joints and the box must be finite; mark joints without a place as not labeled, 0")
    keypoints = [
        value
        for (x, y), v in zip(points.tolist(), visible.tolist(), strict=True)
        for value in (round(x, _DIGITS), round(y, _DIGITS), v)
    ]
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "keypoints": keypoints,
        "num_keypoints": int(np.count_nonzero(visible)),
        "bbox": [round(value, _DIGITS) for value in box.tolist()],
        "area": round(float(box[2] * box[3]), _DIGITS),
        "iscrowd": 0,
        # Without it CVAT does not import the file.
        "segmentation": [],
        **({} if score is None else {"score": round(float(score), 4)}),
    }
