"""Whether a local file is still the servers' version."""

from __future__ import annotations

import json
from pathlib import Path

import requests

from data_prep.download.http_response import length, version
from data_prep.download.transfer import RemoteFile, Servers


class ServerVersions:
    """Asks servers for the size and the version of files, without downloading them."""

    def __init__(self, servers: Servers, timeout_s: float) -> None:
        self._servers, self._timeout_s = servers, timeout_s
        # Servers that failed once are not asked again.
        self._silent: set[str] = set()

    def change(self, file: RemoteFile, note: Path) -> str | None:
        """Compares a local file with the servers' version.

        Args:
            file: the file.
            note: the note of its download, see `PartialDownload.note`; may be missing.

        Returns:
            What has changed; None if nothing has, or if no server says.
        """
        here, (origin, known) = file.target.stat().st_size, _read(note)
        roots = self._servers.in_order()
        change = None
        # Copies on other servers may differ.
        for root in [origin] if origin in roots else roots:
            now, size = self._ask(root, file.path)
            if size not in (None, here):
                change = f"has {size} bytes on {root}, and {here} here"
            elif origin == root and None not in (known, now) and known != now:
                change = f"has changed on {root} since it was downloaded"
            else:
                return None
        return change

    def _ask(self, root: str, path: str) -> tuple[str | None, int | None]:
        """The version and the size of a file on a server, None where unknown."""
        if root in self._silent:
            return None, None
        try:
            headers = {"Accept-Encoding": "identity"}
            answer = requests.head(f"{root}/{path}", headers=headers, timeout=self._timeout_s, allow_redirects=True)
        except requests.RequestException:
            self._silent.add(root)
            return None, None
        if answer.status_code != 200 or answer.headers.get("Content-Type", "").startswith("text/html"):
            return None, None
        return version(answer), length(answer)


def _read(note: Path) -> tuple[str | None, str | None]:
    """The server of a downloaded file, and its version there."""
    try:
        content = json.loads(note.read_bytes())
        return content["root"], content["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return None, None
