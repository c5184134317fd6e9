"""Handing things from one thread to another."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Handover(Generic[Item]):
    """A short queue between a thread that makes things and one that takes them.

    Args:
        room: how many things may wait.
        newest: True drops the oldest for a new one when there is no room; False lets the maker wait.
    """

    def __init__(self, room: int, *, newest: bool) -> None:
        """Begins empty."""
        self._items: deque[Item] = deque(maxlen=room)
        self._newest = newest
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._finished = False
        self._error: BaseException | None = None

    @property
    def stopped(self) -> bool:
        """Whether the taker wants nothing more."""
        return self._stopped.is_set()

    @property
    def ended(self) -> bool:
        """Whether everything was taken, an error too, and no more will come."""
        with self._changed:
            return self._finished and not self._items and self._error is None

    def put(self, item: Item) -> None:
        """Adds a thing, after waiting for room unless the newest alone counts."""
        with self._changed:
            if not self._newest:
                self._changed.wait_for(lambda: len(self._items) < self._items.maxlen or self.stopped)
            self._items.append(item)
            self._changed.notify_all()

    def get(self, timeout_s: float) -> Item | None:
        """Waits for the next thing; None where none came in time, or no more will come.

        Raises:
            BaseException: once, what the maker ended with, after all that it made before was taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._finished, timeout_s)
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            error, self._error = self._error, None
        if error is not None:
            raise error
        return None

    def finish(self, error: BaseException | None = None) -> None:
        """The maker's last word: no more will come, because of an error where one is given."""
        with self._changed:
            self._finished, self._error = True, error
            self._changed.notify_all()

    def stop(self) -> None:
        """The taker's last word: a maker that waits, for room or in `pause`, goes on at once."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Lets the maker wait, no longer than until the taker stops."""
        self._stopped.wait(seconds)
