"""A SavedModel that needs none of our code: a task's inputs in, its answers out."""

from __future__ import annotations

from pathlib import Path

import keras
import tensorflow as tf

from artefact.formats import DESCRIPTION_FILE
from export.graph import input_specs, serving_function
from pose.tasks import task_of


def write_saved_model(model: keras.Model, notes: dict, description: str, folder: Path) -> None:
    """Writes a SavedModel with three signatures into a folder that need not exist.

    serving_default: the task's inputs -> its answers; for the joints of one person, images uint8 (B, R, R, 3) ->
    joints_xy_px float32 (B, J, 2) in px of the image, and scores float32 (B, J). jpeg, if images are the only input:
    jpeg string (B,), each an R x R JPEG -> the same. describe: nothing -> json, a string with the skeleton, the size R,
    the padding of the crop and what the score means. R is the records' size.

    Args:
        model: an inference model, as saved by a run in best.keras.
        notes: the run's run.json.
        description: the text that `describe` returns.
        folder: where to write.

    Raises:
        OSError: the folder cannot be written to.
    """
    size = notes["record_size"]
    serve, specs = serving_function(model, notes), input_specs(notes)

    def from_jpeg(jpeg: tf.Tensor) -> dict[str, tf.Tensor]:
        pictures = tf.map_fn(lambda one: _decode(one, size), jpeg, fn_output_signature=tf.uint8)
        return serve(**dict.fromkeys(specs, pictures))

    module = tf.Module()
    # The variables themselves, without Keras's wrappers: Keras's own ExportArchive stores each of them twice.
    module.weights = [variable.value for variable in model.variables]
    signatures = {
        "serving_default": tf.function(serve).get_concrete_function(**specs),
        "describe": tf.function(lambda: {"json": tf.constant(description)}, input_signature=[]),
    }
    if task_of(notes).takes_pictures:
        jpegs = tf.TensorSpec([None], tf.string, name="jpeg")
        signatures["jpeg"] = tf.function(from_jpeg, input_signature=[jpegs])
    tf.saved_model.save(module, str(folder), signatures=signatures)
    (folder / "assets.extra").mkdir(exist_ok=True)
    (folder / "assets.extra" / DESCRIPTION_FILE).write_text(description + "\n")


def _decode(jpeg: tf.Tensor, size: int) -> tf.Tensor:
    picture = tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")
    message = f"a picture must be {size} x {size} px with 3 channels"
    with tf.control_dependencies([tf.debugging.assert_equal(tf.shape(picture), [size, size, 3], message=message)]):
        return tf.reshape(picture, [size, size, 3])
