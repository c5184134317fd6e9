"""Interprets the responses of a file server."""

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
        super().__init__(why)
        # As the server asks; None if it does not.
        self.wait_s = wait_s


class RemoteFileChanged(RetryableError):
    """The file on the server is another version than the one partly downloaded."""


class DownloadRefused(Exception):
    """Retrying on this server is useless; `missing` if it has no such file."""

    def __init__(self, why: str, missing: bool = False) -> None:
        super().__init__(why)
        self.missing = missing


def check_answer(response: requests.Response) -> None:
    """Raises unless the response carries bytes of the file.

    Raises:
        RetryableError: the failure may not recur.
        RemoteFileChanged: the file has become shorter.
        DownloadRefused: a retry is useless.
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
        # Such as a login page; the bytes downloaded so far must not be discarded for it.
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
    """The innermost reason of a nested error, without the names of the outer layers."""
    inner = error
    while inner.args and isinstance(inner.args[0], Exception):
        inner = getattr(inner.args[0], "reason", None) or inner.args[0]
    text = inner.args[0] if inner.args and isinstance(inner.args[0], str) else str(inner)
    return text.rpartition(": ")[2] or type(inner).__name__
