"""The Example message is TensorFlow's, byte for byte, and needs no TensorFlow."""

import subprocess
import sys
from pathlib import Path

import tensorflow as tf
from people import make_person

from pose import LSP14, Crop
from records import encode_example
from records.example import Example


def filled(message):
    message.features.feature["text"].bytes_list.value.append(b"a\xff")
    message.features.feature["numbers"].int64_list.value.extend([0, -1, 2**62])
    message.features.feature["shares"].float_list.value.extend([0.5, -1e30])
    _ = message.features.feature["nothing"]
    return message.SerializeToString(deterministic=True)


def test_bytes_are_those_of_tensorflow():
    assert filled(Example()) == filled(tf.train.Example())


def test_a_record_is_one_that_tensorflow_writes():
    person = make_person(1)
    record = encode_example(person, Crop.from_box(person.box_px, 64), LSP14)
    assert tf.train.Example.FromString(record).SerializeToString(deterministic=True) == record


def test_making_records_needs_no_tensorflow():
    code = "import sys, data_prep.command, data_prep.conversion.local_runner; sys.exit('tensorflow' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
