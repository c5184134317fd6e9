"""Silences what libraries print on their own, such as TensorFlow's lines about CPU features and missing GPUs."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

_NVIDIA = Path("/proc/driver/nvidia")
# The Keras backends that can train, and the names of their packages. Keras itself raises for any other.
_BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def check_backend(*, to_train: bool = False) -> None:
    """Checks, without importing it, that the Keras backend named by the environment is installed.

    Args:
        to_train: whether the backend must be able to train.

    Raises:
        ValueError: it is not installed, or cannot train.
    """
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if to_train and backend not in _BACKENDS:
        raise ValueError(f"KERAS_BACKEND must be one of {', '.join(_BACKENDS)} to train, got {backend}; leave it out")
    if backend in _BACKENDS and importlib.util.find_spec(backend) is None:
        raise ValueError(_missing(backend))


def _missing(backend: str) -> str:
    if backend == "tensorflow":
        return "this needs TensorFlow: pip install 'panopose[train]'"
    return f"KERAS_BACKEND={backend} needs {_BACKENDS[backend]}: pip install {backend}"


def import_tensorflow(*, with_keras: bool = True) -> None:
    """Imports TensorFlow and Keras, which takes seconds, and silences what they print on their own.

    Commands call it after they have checked their arguments, before they import modules that need TensorFlow. With an
    NVIDIA driver, TensorFlow's warnings stay: one may say why the GPU is not used. The output of a failed import is
    printed.

    TensorFlow computes with oneDNN, which by itself it does only on processors with AVX512_VNNI or newer ones, though
    with AVX2 too training is faster; `TF_ENABLE_ONEDNN_OPTS=0` turns it off.

    Raises:
        ValueError: the package of the Keras backend is not installed.
    """
    if with_keras:
        check_backend()
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1" if _NVIDIA.exists() else "3")
    imported = ("keras" if with_keras else "tensorflow") in sys.modules
    # The descriptor belongs to the process: two threads that swap it at once, as when a demo opens a camera, would lose
    # it.
    elsewhere = threading.current_thread() is not threading.main_thread()
    try:
        with nullcontext() if imported or elsewhere or _NVIDIA.exists() else _held_back():
            if with_keras:
                import keras  # noqa: F401
            import tensorflow  # noqa: F401
    except ModuleNotFoundError as error:
        # Keras may take its backend from its own configuration file.
        if error.name not in _BACKENDS:
            raise
        raise ValueError(_missing(error.name)) from error


@contextmanager
def _held_back() -> Iterator[None]:
    """Holds back standard error, also of C++ code, and prints it if an error is raised."""
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
