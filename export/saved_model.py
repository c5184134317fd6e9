"""A SavedModel that needs none of our code: pictures in, joints in pixels and scores out."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import keras
import tensorflow as tf

from pose import Skeleton

DESCRIPTION_FILE = "pose.json"


def describe(notes: dict) -> dict:
    """What an artefact says about itself, from the notes in a run's run.json."""
    skeleton = Skeleton.from_description(notes["skeleton"])
    return {
        "model": notes["model"],
        "skeleton": skeleton.describe(),
        "size": notes["record_size"],
        "padding": notes["padding"],
        "score": notes["score"],
        "score_radius": notes["score_radius"],
        "pictures": "RGB, 0 to 255, a square about the person: the longer side of the box times padding",
        "joints": "(x, y) in px of the picture; the centre of the top-left pixel is (0, 0)",
    }


def write_saved_model(model: keras.Model, notes: dict, folder: Path) -> None:
    """Writes a SavedModel with three signatures, replacing an earlier one.

    serving_default: pictures uint8 (B, R, R, 3) -> joints_xy_px float32 (B, J, 2) in px of the picture, and scores
    float32 (B, J). jpeg: jpeg string (B,), each an R x R JPEG -> the same. describe: nothing -> json, a string with
    the skeleton, the size R, the padding of the crop and what the score means. R is the records' size.

    Args:
        model: an inference model, as saved by a run in best.keras.
        notes: the run's run.json.
        folder: where to write.

    Raises:
        OSError: the folder cannot be written to.
    """
    size, input_size = notes["record_size"], notes["input_size"]
    description = json.dumps(describe(notes))

    def from_pictures(pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        if size != input_size:
            # Sampled and rounded just as the training pipeline does.
            resized = tf.image.resize(pictures, [input_size, input_size], method="bilinear", antialias=False)
            pictures = tf.cast(tf.round(resized), tf.uint8)
        outputs = model(pictures, training=False)
        joints = (outputs["joints_xy_px"] + 0.5) * (size / input_size) - 0.5
        return {"joints_xy_px": joints, "scores": outputs["scores"]}

    def from_jpeg(jpeg: tf.Tensor) -> dict[str, tf.Tensor]:
        return from_pictures(tf.map_fn(lambda one: _decode(one, size), jpeg, fn_output_signature=tf.uint8))

    archive = keras.export.ExportArchive()
    archive.track(model)
    pictures = tf.TensorSpec([None, size, size, 3], tf.uint8, name="pictures")
    archive.add_endpoint("serving_default", from_pictures, input_signature=[pictures])
    archive.add_endpoint("jpeg", from_jpeg, input_signature=[tf.TensorSpec([None], tf.string, name="jpeg")])
    archive.add_endpoint("describe", lambda: {"json": tf.constant(description)}, input_signature=[])
    temporary = folder.with_name(folder.name + ".partial")
    shutil.rmtree(temporary, ignore_errors=True)
    archive.write_out(str(temporary), verbose=False)
    (temporary / "assets.extra").mkdir()
    (temporary / "assets.extra" / DESCRIPTION_FILE).write_text(description + "\n")
    _replace(temporary, folder)


def _decode(jpeg: tf.Tensor, size: int) -> tf.Tensor:
    picture = tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")
    message = f"a picture must be {size} x {size} px with 3 channels"
    with tf.control_dependencies([tf.debugging.assert_equal(tf.shape(picture), [size, size, 3], message=message)]):
        return tf.reshape(picture, [size, size, 3])


def _replace(new: Path, folder: Path) -> None:
    """Puts a finished folder in the place of an old one."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    shutil.rmtree(old, ignore_errors=True)
