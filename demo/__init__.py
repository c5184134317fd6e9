"""Demos that run an exported model on a camera or a video. They read all they need from the artefact."""

import os
import signal
import sys
import time

#: When this package was imported, by `time.perf_counter`. A command imports it before anything else.
IMPORTED_S = time.perf_counter()

# A program's name is "-m" while Python imports the package of a command. What a command imports takes a while, and
# Ctrl-C in the midst of it ends the command without a word, until the command has something to finish.
if sys.argv[:1] == ["-m"] or os.path.basename(sys.argv[0]).startswith("panopose-"):
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
