"""What the answers of a file server mean for a download."""

from __future__ import annotations

import re

import requests
import urllib3

_NOT_THERE = {404, 410}
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_PAST_THE_END = 416


class Again(Exception):
    """A try failed in a way that may pass."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        """Keeps how long the server asks to wait, None if it does not."""
        super().__init__(why)
        self.wait_s = wait_s


class Changed(Again):
    """The file on the server is no longer the one that was begun."""


class Refused(Exception):
    """The server is not worth asking for this file again."""

    def __init__(self, why: str, missing: bool = False) -> None:
        """Keeps whether that is because it has no such file."""
        super().__init__(why)
        self.missing = missing


def check_answer(response: requests.Response) -> None:
    """Raises for an answer that brings no bytes of the file."""
    code = response.status_code
    if code in _NOT_THERE:
        raise Refused("has no such file", missing=True)
    if code in _TRY_AGAIN:
        raise Again(f"answers {code} {response.reason}", _retry_after_s(response))
    if code == _PAST_THE_END:
        raise Changed("the file has become shorter")
    if code not in (200, 206):
        raise Refused(f"answers {code} {response.reason}")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        # Such as a page to log in at, for which nothing that was fetched before must be given up.
        raise Refused("answers with a web page instead of the file")


def _retry_after_s(response: requests.Response) -> float | None:
    """How long the server asks to wait, given in seconds or as a date."""
    try:
        return urllib3.Retry().parse_retry_after(response.headers["Retry-After"])
    except (KeyError, ValueError, urllib3.exceptions.InvalidHeader):
        return None


def version(response: requests.Response) -> str | None:
    """What `If-Range` takes: a strong ETag, or the date of the last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def length(response: requests.Response) -> int | None:
    """The announced bytes of the answer, None if it does not say."""
    text = response.headers.get("Content-Length", "")
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def content_range(response: requests.Response) -> tuple[int, int] | None:
    """The first byte of a partial answer, and the size of the whole file."""
    match = re.fullmatch(r"bytes ([0-9]{1,18})-[0-9]+/([0-9]{1,18})", response.headers.get("Content-Range", ""))
    return (int(match[1]), int(match[2])) if match else None


def in_short(error: Exception) -> str:
    """The innermost reason, without the names of the layers that it came through."""
    inner = error
    while inner.args and isinstance(inner.args[0], Exception):
        inner = getattr(inner.args[0], "reason", None) or inner.args[0]
    text = inner.args[0] if inner.args and isinstance(inner.args[0], str) else str(inner)
    return text.rpartition(": ")[2] or type(inner).__name__
