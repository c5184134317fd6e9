"""The thread in which the model works, between the one that reads frames and the one that draws them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from demo.tracking.people import Seen
from demo.video.bounded_queue import Handover
from demo.video.capture import Frame, FrameSource

_POLL_S = 0.1
_QUEUE = 2


class Pipeline:
    """Reads a source and finds people in a thread of its own, as a context manager.

    While a frame is drawn, the model works on the next, and the camera reads the one after. Of a live source the
    newest result is handed over; of a file every one, in order.

    Args:
        source: inside its own context.
        find: frame -> what is seen in it; called in the thread alone.
    """

    def __init__(self, source: FrameSource, find: Callable[[Frame], Seen]) -> None:
        """Begins with the source's next frame."""
        self._source = source
        self._find = find
        self._results: Handover[Seen] = Handover(1 if source.live else _QUEUE, newest=source.live)
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    def __enter__(self) -> Pipeline:
        """Starts the thread."""
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stops the thread after the frame that it works on."""
        self._results.stop()
        self._thread.join()

    @property
    def ended(self) -> bool:
        """Whether the source has ended and every result was handed over."""
        return self._results.ended

    def read(self, timeout_s: float) -> Seen | None:
        """Waits for the next result; None where none came in time, or the source ended.

        Raises:
            Exception: what went wrong in the thread.
        """
        return self._results.get(timeout_s)

    def _run(self) -> None:
        error = None
        try:
            while not self._results.stopped and not self._source.ended:
                frame = self._source.read(_POLL_S)
                if frame is not None:
                    self._results.put(self._find(frame))
        except Exception as problem:  # It is raised again in the thread that reads the results.
            error = problem
        self._results.finish(error)
