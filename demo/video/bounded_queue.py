"""Passing items from a producer thread to a consumer thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Item = TypeVar("Item")

_POLL_S = 1.0


class BoundedQueue(Generic[Item]):
    """A queue between one producer thread and one consumer thread.

    Args:
        capacity: maximum number of items that wait.
        keep_newest: a full queue drops its oldest item for a new one; otherwise the producer waits.
    """

    def __init__(self, capacity: int, *, keep_newest: bool) -> None:
        self._items: deque[Item] = deque(maxlen=capacity)
        self._capacity = capacity
        self._keep_newest = keep_newest
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._finished = False
        self._error: BaseException | None = None

    @property
    def stopped(self) -> bool:
        """Whether the consumer has stopped."""
        return self._stopped.is_set()

    @property
    def ended(self) -> bool:
        """Whether the producer has finished, and every item, and the error if any, was taken."""
        with self._changed:
            return self._finished and not self._items and self._error is None

    def put(self, item: Item) -> None:
        """Adds an item; waits for room unless `keep_newest`."""
        with self._changed:
            if not self._keep_newest:
                self._changed.wait_for(lambda: len(self._items) < self._capacity or self.stopped)
            self._items.append(item)
            self._changed.notify_all()

    def get(self, timeout_s: float) -> Item | None:
        """Waits for the next item; None after the timeout, or when the producer has finished.

        Raises:
            BaseException: once, the producer's error, after all items before it were taken.
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
        """Called by the producer after its last item, with the error that ended it, if any."""
        with self._changed:
            self._finished, self._error = True, error
            self._changed.notify_all()

    def stop(self) -> None:
        """Called by the consumer when it wants no more; a producer that waits in `put` or `pause` goes on at once."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Lets the producer sleep until the consumer stops."""
        self._stopped.wait(seconds)


@contextmanager
def prefetch(items: Iterable[Item], capacity: int) -> Iterator[Iterator[Item]]:
    """Iterates over items, none of which is None, in a thread, up to `capacity` items ahead of the consumer.

    An error of the iterable is raised where the items are taken.
    """
    queue: BoundedQueue[Item] = BoundedQueue(capacity, keep_newest=False)

    def produce() -> None:
        error = None
        try:
            for item in items:
                queue.put(item)
                if queue.stopped:
                    break
        except BaseException as raised:
            error = raised
        queue.finish(error)

    def consume() -> Iterator[Item]:
        while not queue.ended:
            item = queue.get(_POLL_S)
            if item is not None:
                yield item
        # Raises the error that ended the thread while an item was being used.
        queue.get(0)

    thread = threading.Thread(target=produce, name="prefetch", daemon=True)
    thread.start()
    try:
        yield consume()
    finally:
        queue.stop()
        thread.join()
