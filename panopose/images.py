"""Checks of the images and boxes that users pass."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

import numpy as np

from pose.picture import read_picture

#: An image as users give it: uint8 RGB (H, W, 3), or the path of an image file.
ImageLike: TypeAlias = "np.ndarray | str | os.PathLike[str]"

_VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")


def as_image(image: ImageLike) -> np.ndarray:
    """Returns the image as uint8 RGB (H, W, 3); a file is read, and turned as its EXIF orientation says.

    Raises:
        TypeError: it is neither an array nor a path.
        ValueError: the array has another type or shape, or the file is missing or no image.
    """
    if isinstance(image, str | os.PathLike):
        return _read(os.fspath(image))
    if not isinstance(image, np.ndarray):
        name = f"{type(image).__module__}.{type(image).__qualname__}"
        hint = 'np.asarray(image.convert("RGB"))' if name.startswith("PIL.") else "np.asarray(image)"
        raise TypeError(f"image must be an array, uint8 RGB (H, W, 3), or a path, got {name}; convert it with {hint}")
    if image.dtype != np.uint8:
        raise ValueError(f"image must be uint8, 0 to 255, got {image.dtype} {image.shape}; {_as_uint8(image)}")
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"image must be RGB (height, width, 3), got {image.shape}; {_as_rgb(image)}")
    return image


def as_boxes(boxes: object) -> np.ndarray:
    """Returns boxes as float64 (N, 4).

    Raises:
        ValueError: they have another shape, or one is not finite or has no extent.
    """
    try:
        array = np.asarray(boxes, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"boxes must be numbers (N, 4): x, y, width and height of each in px; {error}") from error
    array = array.reshape(-1, 4) if not array.size else array
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(
            f"boxes must be (N, 4): x and y of the top left corner, width and height of each in px, got {array.shape}; "
            "of a single box, pass [box]"
        )
    bad = ~np.isfinite(array).all(axis=1) | (array[:, 2:] <= 0).any(axis=1)
    if bad.any():
        raise ValueError(
            "a box must be finite, and its width and height above 0 px, got "
            f"{array[bad][0].tolist()}; of corners (x1, y1, x2, y2), pass (x1, y1, x2 - x1, y2 - y1)"
        )
    return array


def _read(path: str) -> np.ndarray:
    if "://" in path:
        raise ValueError(f"{path!r} is an address; download the image, and pass its path")
    if Path(path).suffix.lower() in _VIDEOS:
        raise ValueError(f"{path!r} is a video; use model.track or model.video")
    if Path(path).is_dir():
        raise ValueError(f"{path!r} is a folder; use model.images")
    if not Path(path).exists():
        raise ValueError(f"there is no file {path!r} in {str(Path.cwd())!r}; check the path")
    return read_picture(path)


def _as_uint8(image: np.ndarray) -> str:
    if np.issubdtype(image.dtype, np.floating):
        unit = image.size and np.nanmax(image) <= 1
        return f"convert it with {'(255 * image)' if unit else 'image'}.round().astype(np.uint8)"
    if image.dtype == bool:
        return "convert it with 255 * image.astype(np.uint8)"
    return "scale it to 0 to 255, and convert it with image.astype(np.uint8)"


def _as_rgb(image: np.ndarray) -> str:
    if not image.size:
        return "it is empty"
    if image.ndim == 2:
        return "repeat its gray values with np.stack([image] * 3, axis=-1)"
    if image.ndim == 4:
        return "pass one image at a time: [model(image) for image in images]"
    if image.ndim == 3 and image.shape[2] == 1:
        return "repeat its gray values with np.repeat(image, 3, axis=2)"
    if image.ndim == 3 and image.shape[2] == 4:
        return "drop the transparency with image[..., :3] (of OpenCV's BGRA, image[..., 2::-1])"
    if image.ndim == 3 and image.shape[0] == 3:
        return "put the channels last with image.transpose(1, 2, 0)"
    return "read it with panopose from its path, or as RGB"
