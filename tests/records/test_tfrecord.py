"""The TFRecord format against TensorFlow's own writer and reader, and damage of every kind."""

import struct

import google_crc32c
import pytest
import tensorflow as tf

from records.tfrecord import frame, read_records

RECORDS = [b"", b"a", bytes(range(256)) * 20]


def test_frames_are_those_of_tensorflow(tmp_path):
    path = tmp_path / "a.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in RECORDS:
            writer.write(record)
    assert path.read_bytes() == b"".join(map(frame, RECORDS))
    assert list(read_records(path)) == RECORDS


def test_an_empty_file_has_no_records(tmp_path):
    (tmp_path / "a").touch()
    assert list(read_records(tmp_path / "a")) == []


def test_every_flipped_bit_and_every_cut_raises(tmp_path):
    path = tmp_path / "a"
    data = b"".join(map(frame, [b"first", b"second"]))
    ends = (0, len(frame(b"first")), len(data))
    for i in range(len(data)):
        flipped = bytearray(data)
        flipped[i] ^= 1 << i % 8
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match="a is damaged: a record is cut short or fails its checksum"):
            list(read_records(path))
        if i not in ends:
            path.write_bytes(data[:i])
            with pytest.raises(ValueError, match="is damaged"):
                list(read_records(path))


def test_records_before_the_damage_are_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(frame(b"first") + frame(b"second")[:-1])
    records = read_records(path)
    assert next(records) == b"first"
    with pytest.raises(ValueError, match="is damaged"):
        next(records)


def test_a_length_beyond_the_file_allocates_no_memory(tmp_path):
    length = struct.pack("<Q", 1 << 60)
    checksum = google_crc32c.value(length)
    masked = ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
    (tmp_path / "a").write_bytes(length + struct.pack("<I", masked) + b"some bytes")
    with pytest.raises(ValueError, match="is damaged"):
        list(read_records(tmp_path / "a"))
