"""Finds the files of a COCO data set, in the layouts of several tools, and the images that it names."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote

from records import BadInput

# COCO's own and CVAT's, then Roboflow's. CVAT leaves the subset out of the images' folder in exports of a task.
_ANNOTATIONS = ("annotations/person_keypoints_{}.json", "{}/_annotations.coco.json")
_IMAGES = ("{}", "images/{}", "images")
_OTHERWISE = "name the files with --annotations FILE and --images FOLDER"


def find_files(root: Path, subset: str, annotations: Path | None, images: Path | None) -> tuple[Path, Path]:
    """Finds the keypoints file and the folder of images.

    Args:
        root: the data set's folder.
        subset: such as train2017.
        annotations: the keypoints file, as given or under the root; None for where COCO, CVAT or Roboflow put it.
        images: the folder of images, likewise.

    Raises:
        ValueError: one of them does not exist.
    """
    files = (
        [root / place.format(subset) for place in _ANNOTATIONS] if annotations is None else _given(root, annotations)
    )
    folders = [root / place.format(subset) for place in _IMAGES] if images is None else _given(root, images)
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        there = ", ".join(_subsets(root))
        hint = f"there are the subsets {there}: choose with --subset" if there and annotations is None else _OTHERWISE
        raise ValueError(f"there is no {_listed(files)}; {hint}")
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise ValueError(f"there is no folder of pictures {_listed(folders)}; {_OTHERWISE}")
    return file, folder


def _given(root: Path, path: Path) -> list[Path]:
    return list(dict.fromkeys((Path(path), root / path)))


def _listed(places: list[Path]) -> str:
    return " and no ".join(map(str, places))


def _subsets(root: Path) -> list[str]:
    """The subsets with a keypoints file in one of the usual places."""
    found = set()
    for place in _ANNOTATIONS:
        before, _, after = place.partition("{}")
        for path in root.glob(f"{before}*{after}"):
            found.add(path.relative_to(root).as_posix().removeprefix(before).removesuffix(after))
    return sorted(found)


def find_picture(images: Path, name: str, shared: int = 0) -> Path:
    """The file of an image.

    If the name is not found as it is, variants are tried: backslashes as slashes, URL-decoded, without a URL's query,
    without leading folders, with accents in the other Unicode normal form, and with the suffix in the other case.

    Args:
        images: the folder of images.
        name: as in the annotations.
        shared: how many leading folders all names share; these can be dropped and names stay unique.

    Raises:
        BadInput: the file is missing, or the name leads out of the folder.
    """
    slashes = _with_slashes(name)
    decoded = unquote(slashes)
    forms = (name, slashes, decoded, *(unicodedata.normalize(form, decoded) for form in ("NFC", "NFD")))
    for form in dict.fromkeys(forms):
        path = PurePosixPath(form)
        if path.is_absolute() or PureWindowsPath(form).is_absolute() or ".." in path.parts:
            raise BadInput(name, f"lies outside {images}")
        for place in _places(images, path, shared):
            # `Path.is_file` raises for a name that is too long.
            if os.path.isfile(place):
                return place
    raise BadInput(str(images / name), "labeled, but missing")


def _with_slashes(name: str) -> str:
    """A name with slashes only; a URL without its query."""
    slashes = name.replace("\\", "/")
    return slashes.partition("?")[0] if "://" in slashes else slashes


def _places(images: Path, path: PurePosixPath, shared: int) -> Iterator[Path]:
    shorter = (PurePosixPath(*path.parts[count:]) for count in range(1, min(shared + 1, len(path.parts))))
    for inner in dict.fromkeys((path, inner_path(images, path), *shorter)):
        yield images / inner
        for ending in (path.suffix.lower(), path.suffix.upper()):
            if inner.suffix:
                yield images / inner.with_suffix(ending)


def shared_folders(names: Iterable[str]) -> int:
    """How many leading folders all names of images share."""
    parents = [PurePosixPath(_with_slashes(name)).parent.parts for name in names]
    return len(os.path.commonprefix(parents))


@lru_cache(maxsize=4)
def _folders(images: Path) -> tuple[str, ...]:
    return Path(os.path.abspath(images)).parts


def inner_path(images: Path, path: PurePosixPath) -> PurePosixPath:
    """An image's path relative to its folder, where `path` may begin with that folder's own name."""
    folder, parts = _folders(images), path.parts
    outer = (count for count in range(len(parts) - 1, 0, -1) if folder[-count:] == parts[:count])
    return PurePosixPath(*parts[next(outer, 0) :])


def find_export(root: Path, pattern: str, annotations: Path | None, images: Path | None) -> tuple[Path, Path]:
    """Finds the annotations and the folder of images that a labeling tool exports together.

    Args:
        root: the data set's folder.
        pattern: of the file's name, such as *.xml.
        annotations: the file, as given or under the root; None for the only one of the pattern in the root.
        images: the folder of images, likewise; None for the folder images in the root, or the root itself.

    Raises:
        ValueError: one of them does not exist, or there are several files of the pattern.
    """
    files = sorted(root.glob(pattern)) if annotations is None else [p for p in _given(root, annotations) if p.is_file()]
    if not files:
        missing = f"file {pattern} in {root}" if annotations is None else _listed(_given(root, annotations))
        raise ValueError(f"there is no {missing}; unpack the export there, or name the file with --annotations FILE")
    if annotations is None and len(files) > 1:
        listed = ", ".join(file.name for file in files[:5])
        raise ValueError(f"{root} has {len(files)} files {pattern} ({listed}); name one with --annotations FILE")
    folders = [root / "images", root] if images is None else _given(root, images)
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise ValueError(f"there is no folder of pictures {_listed(folders)}; name it with --images FOLDER")
    return files[0], folder
