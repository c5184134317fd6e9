"""Running an exported model: a SavedModel that carries its own skeleton, crop size and padding."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from demo.errors import ModelError
from pose import Skeleton

# TensorFlow reports its build and devices on stderr while it is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf  # noqa: E402


class PoseModel:
    """A loaded export.

    Attributes:
        skeleton: names and limbs of the J joints.
        size: height and width of the crops it takes, in px.
        padding: side of a crop as a multiple of the longer side of the person's box.

    Args:
        folder: a SavedModel with the signatures `serving_default` and `describe`.

    Raises:
        ModelError: the folder cannot be loaded, or lacks a signature.
    """

    def __init__(self, folder: Path) -> None:
        """Loads the model and its description."""
        try:
            # The object is kept: the signatures hold the variables by weak references only.
            self._loaded = tf.saved_model.load(str(folder))
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise ModelError(f"{str(folder)!r} cannot be loaded as a SavedModel: {error}") from error
        signatures = self._loaded.signatures
        missing = {"serving_default", "describe"} - set(signatures)
        if missing:
            raise ModelError(
                f"{str(folder)!r} lacks the signature {' and '.join(sorted(missing))}: it was not written by "
                "`python -m export`; export the trained model again"
            )
        self._serve = signatures["serving_default"]
        description = json.loads(signatures["describe"]()["json"].numpy())
        self.skeleton = Skeleton.from_description(description["skeleton"])
        self.size = int(description["size"])
        self.padding = float(description["padding"])

    def predict(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates one person in each crop.

        Args:
            pictures: uint8 RGB (B, size, size, 3).

        Returns:
            float32 (B, J, 2), joints in crop px, and float32 (B, J), their scores from 0 to 1.
        """
        outputs = self._serve(pictures=tf.constant(pictures))
        return outputs["joints_xy_px"].numpy(), outputs["scores"].numpy()

    def warm_up(self, *batch_sizes: int) -> None:
        """Runs once for each batch size, so that the first frame does not wait for memory and kernels."""
        for count in batch_sizes:
            self.predict(np.zeros((count, self.size, self.size, 3), np.uint8))
