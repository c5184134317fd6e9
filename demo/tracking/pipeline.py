"""Runs the model in a thread between the one that reads frames and the one that draws them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from demo.tracking.people import TrackedFrame
from demo.video.bounded_queue import BoundedQueue
from demo.video.capture import Frame, FrameSource

_POLL_S = 0.1
_QUEUE = 2


class Pipeline:
    """Reads a source and tracks its people in a thread, as a context manager.

    While a frame is drawn, the model works on the next, and the camera reads the one after. Of a live source only the
    newest result is kept; of a file every one, in order.

    Args:
        source: already entered as a context manager.
        track: frame -> its people; called in the thread alone.
    """

    def __init__(self, source: FrameSource, track: Callable[[Frame], TrackedFrame]) -> None:
        self._source = source
        self._track = track
        self._results: BoundedQueue[TrackedFrame] = BoundedQueue(1 if source.live else _QUEUE, keep_newest=source.live)
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    def __enter__(self) -> Pipeline:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._results.stop()
        self._thread.join()

    @property
    def ended(self) -> bool:
        """Whether the source has ended and every result was taken."""
        return self._results.ended

    def read(self, timeout_s: float) -> TrackedFrame | None:
        """Waits for the next result; None after the timeout, or when the source has ended.

        Raises:
            Exception: any error of the thread.
        """
        return self._results.get(timeout_s)

    def _run(self) -> None:
        error = None
        try:
            while not self._results.stopped and not self._source.ended:
                frame = self._source.read(_POLL_S)
                if frame is not None:
                    self._results.put(self._track(frame))
        except Exception as problem:  # It is raised again in the thread that reads the results.
            error = problem
        self._results.finish(error)
