"""Keeping quiet what libraries print by themselves, such as TensorFlow about CPU features and missing GPUs."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

_NVIDIA = Path("/proc/driver/nvidia")


def import_tensorflow(*, with_keras: bool = True) -> None:
    """Imports TensorFlow and Keras, which takes seconds, and silences what they would print by themselves.

    Commands call it when their arguments are checked, before they import what needs TensorFlow. Where there is an
    NVIDIA driver, TensorFlow's warnings stay: one may say why the GPU is not used. What is printed while an import
    fails is passed on.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1" if _NVIDIA.exists() else "3")
    imported = ("keras" if with_keras else "tensorflow") in sys.modules
    # The descriptor is the process's: two threads that swap it, as where a demo opens a camera, would mix it up.
    elsewhere = threading.current_thread() is not threading.main_thread()
    with nullcontext() if imported or elsewhere or _NVIDIA.exists() else _held_back():
        if with_keras:
            import keras  # noqa: F401
        import tensorflow  # noqa: F401


@contextmanager
def _held_back() -> Iterator[None]:
    """Keeps what is written to standard error, by C++ code too, and passes it on if an error is raised."""
    try:
        before = os.dup(2)
    except OSError:  # There is no standard error.
        yield
        return
    with tempfile.TemporaryFile() as kept:
        sys.stderr.flush()
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(before, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(before, 2)
            os.close(before)
