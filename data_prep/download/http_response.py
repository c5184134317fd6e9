"""What the responses of a file server mean for a download."""

from __future__ import annotations

import re

import requests
import urllib3

_NOT_THERE = {404, 410}
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_PAST_THE_END = 416


class RetryableError(Exception):
    """A request failed in a way that may not recur."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        """Takes the reason, and for how long the server asks to wait, None if it does not."""
        super().__init__(why)
        self.wait_s = wait_s


class RemoteFileChanged(RetryableError):
    """The file on the server is not the version whose download was begun."""


class DownloadRefused(Exception):
    """Asking this server for the file again is useless."""

    def __init__(self, why: str, missing: bool = False) -> None:
        """Takes the reason, and whether it is that the server has no such file."""
        super().__init__(why)
        self.missing = missing


def check_answer(response: requests.Response) -> None:
    """Raises unless the response carries bytes of the file.

    Raises:
        RetryableError: the failure may not recur.
        RemoteFileChanged: the file has become shorter.
        DownloadRefused: asking again is useless.
    """
    code = response.status_code
    if code in _NOT_THERE:
        raise DownloadRefused("has no such file", missing=True)
    if code in _TRY_AGAIN:
        raise RetryableError(f"answers {code} {response.reason}", _retry_after_s(response))
    if code == _PAST_THE_END:
        raise RemoteFileChanged("the file has become shorter")
    if code not in (200, 206):
        raise DownloadRefused(f"answers {code} {response.reason}")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        # Such as a login page, for which the bytes fetched before must not be discarded.
        raise DownloadRefused("answers with a web page instead of the file")


def _retry_after_s(response: requests.Response) -> float | None:
    """How long the server asks to wait, given in seconds or as a date."""
    try:
        return urllib3.Retry().parse_retry_after(response.headers["Retry-After"])
    except (KeyError, ValueError, urllib3.exceptions.InvalidHeader):
        return None


def version(response: requests.Response) -> str | None:
    """The value for `If-Range`: a strong ETag, or the date of the last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def length(response: requests.Response) -> int | None:
    """The Content-Length of the response in bytes, None if it has none."""
    text = response.headers.get("Content-Length", "")
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def content_range(response: requests.Response) -> tuple[int, int] | None:
    """The first byte of a partial response, and the size of the whole file."""
    match = re.fullmatch(r"bytes ([0-9]{1,18})-[0-9]+/([0-9]{1,18})", response.headers.get("Content-Range", ""))
    return (int(match[1]), int(match[2])) if match else None


def in_short(error: Exception) -> str:
    """The innermost reason, without the names of the layers that it came through."""
    inner = error
    while inner.args and isinstance(inner.args[0], Exception):
        inner = getattr(inner.args[0], "reason", None) or inner.args[0]
    text = inner.args[0] if inner.args and isinstance(inner.args[0], str) else str(inner)
    return text.rpartition(": ")[2] or type(inner).__name__
