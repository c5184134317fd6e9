"""Demos that run an exported model on a camera or a video. They read all they need from the artefact."""

import time

from machine.interrupts import end_quietly_while_importing

#: When this package was imported, by `time.perf_counter`. A command imports it before anything else.
IMPORTED_S = time.perf_counter()

end_quietly_while_importing(__name__)
