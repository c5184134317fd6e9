"""Which image a task of Label Studio shows: addresses of uploads, local files, clouds and servers as files' names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".jfif", ".avif")
# Keys under which images are usually found.
_KEYS = ("image", "img", "picture", "photo", "url")
# Before the name of an uploaded file, which is changed as Django changes names.
_UPLOAD = re.compile(r"(?:.*/)?upload/\d+/[0-9a-f]{8}-(?P<name>[^/]+)")
_CHANGED = re.compile(r"[^-\w.]")


def image_name(data: dict) -> str | None:
    """The name of a task's image: its path in the folder of images, or of an upload; None if the task has none.

    Args:
        data: the task's, such as {"image": "/data/local-files/?d=walk/001.jpg"}.
    """
    addresses = {key: value for key, value in data.items() if isinstance(value, str)}
    usual = [addresses[key] for key in _KEYS if key in addresses]
    names = [_name(address) for address in (*usual, *addresses.values())]
    return next((name for name in names if name.lower().endswith(_ENDINGS)), None)


def _name(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    if "local-files" in parts.path:
        return parse_qs(parts.query).get("d", [""])[0].lstrip("/")
    if parts.scheme and not parts.netloc:  # Such as C:\images\1.jpg.
        return address
    return unquote(parts.path).lstrip("/")


def upload_name(name: str) -> str | None:
    """The name that an uploaded file had, except for changed characters; None if it was not uploaded."""
    match = _UPLOAD.fullmatch(name)
    return match and match["name"]


def find_uploads(names: list[str], images: Path) -> Iterator[str]:
    """Yields the names of images in their folder, which may hold uploads as they were before, in other folders.

    Label Studio puts eight digits before the name of an uploaded file, replaces its spaces, leaves out other characters
    and forgets its folder.
    """
    files = {}
    for path in images.rglob("*") if any(map(upload_name, names)) else ():
        if path.suffix.lower() in _ENDINGS:
            files.setdefault(_changed(path.name), []).append(path.relative_to(images).as_posix())
    for name in names:
        before = upload_name(name)
        own = PurePosixPath(name).name
        found = files.get(_changed(own), []) or files.get(_changed(before or ""), [])
        yield found[0] if before and len(found) == 1 else name


def _changed(name: str) -> str:
    """A name as Django's `get_valid_filename` makes it."""
    return _CHANGED.sub("", name.strip().replace(" ", "_"))
