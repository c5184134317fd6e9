"""The fields of a record, the features of the Example that hold them, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from google.protobuf.message import DecodeError

from pose.fields import Field
from records.example import Example


@dataclass(frozen=True)
class Stored(Field):
    """A field as records hold it.

    Attributes:
        feature: its name in the tf.train.Example.
        encoded: the image format, if it is an encoded image.
        required: whether every record has it.
        default: its value in records that lack it, b"" for an encoded image of zeros; None if reading it from such a
            record raises, and NaN if it does so unless the reader says that the field may lack.
    """

    feature: str = ""
    encoded: Literal["", "jpeg", "png"] = ""
    required: bool = True
    default: float | bytes | None = None

    @property
    def always_read(self) -> bool:
        """Whether it can be read from every record."""
        return self.required or (self.default is not None and self.default == self.default)

    def stored_shape(self, num_joints: int, num_rows: int = 0) -> tuple[int, ...]:
        """The shape in the Example, where an encoded image is one value."""
        return () if self.encoded else self.sized(num_joints, num_rows=num_rows)

    @property
    def list_type(self) -> type:
        """The type in the Example: bytes, np.int64 or np.float32."""
        if self.encoded or self.dtype == "bytes":
            return bytes
        return np.float32 if self.dtype == "float32" else np.int64


#: The most other people whose joints a person's record has: the nearest ones.
MOST_OTHERS = 8

#: Every field of the record of one person, by the name that it has as a label.
FIELDS: dict[str, Stored] = {
    "picture": Stored(("H", "W", 3), "uint8", "picture", feature="image/jpeg", encoded="jpeg"),
    "joints_xy_px": Stored(("J", 2), geometry="point", feature="joints/xy_px"),
    "visible": Stored(("J",), "int32", "visibility", of="joints_xy_px", feature="joints/visible"),
    "to_frame": Stored((2, 3), geometry="frame", feature="crop/to_frame"),
    "torso_px": Stored((), geometry="length", feature="person/torso_px"),
    "head_px": Stored((), geometry="length", feature="person/head_px"),
    "head_size_px": Stored((), geometry="length", feature="person/head_size_px", required=False, default=0),
    "area_px": Stored((), geometry="area", feature="person/area_px"),
    "dataset": Stored((), "bytes", feature="source/dataset"),
    "sequence": Stored((), "bytes", feature="source/sequence"),
    "camera": Stored((), "bytes", feature="source/camera"),
    "frame": Stored((), "int64", feature="source/frame"),
    "person": Stored((), "int64", feature="source/person"),
    # Of other people in the crop, from the nearest to the crop's center on; 0 in rows of nobody. Only in records that
    # were made with them, and only where there are any.
    "others_xy_px": Stored((MOST_OTHERS, "J", 2), geometry="point", feature="others/xy_px", required=False, default=0),
    "others_visible": Stored(
        (MOST_OTHERS, "J"),
        "int32",
        "visibility",
        of="others_xy_px",
        feature="others/visible",
        required=False,
        default=0,
    ),
    # Only where the source knows them. In records made before there was `xyz_known`, it is read as -1: unknown.
    "joints_xyz_mm": Stored(("J", 3), geometry="direction", feature="joints/xyz_mm", required=False, default=np.nan),
    "xyz_known": Stored(("J",), "int32", feature="joints/xyz_known", required=False, default=-1),
    "camera_matrix": Stored((3, 3), geometry="camera", feature="camera/matrix", required=False),
    "depth_mm": Stored(("H", "W"), "uint16", "nearest", feature="depth/png", encoded="png", required=False),
    # Of the bones of the synthetic dome's body, and its shape. They stay as they are when the image is turned or
    # mirrored; `to_frame` says how it was.
    "body_rotations": Stored((31, 3, 3), feature="body/rotations", required=False, default=np.nan),
    "body_shape": Stored((10,), feature="body/shape", required=False, default=np.nan),
}
#: Every field of the record of a whole image with its P people, each record with a P of its own.
FRAME_FIELDS: dict[str, Stored] = {
    "picture": FIELDS["picture"],
    "joints_xy_px": Stored(("P", "J", 2), geometry="point", feature="joints/xy_px"),
    "visible": Stored(("P", "J"), "int32", "visibility", of="joints_xy_px", feature="joints/visible"),
    "box_px": Stored(("P", 4), geometry="box", of="visible", feature="people/box_px"),
    "area_px": Stored(("P",), geometry="area", feature="people/area_px"),
    "head_size_px": Stored(("P",), geometry="length", feature="people/head_size_px"),
    "person": Stored(("P",), "int64", padding=-1, feature="people/person"),
    # 255 where people are not labeled.
    "unlabeled": Stored(
        ("H", "W"), "uint8", "nearest", feature="unlabeled/png", encoded="png", required=False, default=b""
    ),
    **{name: FIELDS[name] for name in ("to_frame", "dataset", "sequence", "camera", "frame")},
}
#: Every field of the record of one person's joints in F frames, each record with an F of its own.
SEQUENCE_FIELDS: dict[str, Stored] = {
    # In the world, x right, y down, z away; 0 where unknown.
    "joints_xyz_mm": Stored(("F", "J", 3), feature="joints/xyz_mm"),
    "xyz_known": Stored(("F", "J"), "int32", feature="joints/xyz_known"),
    # The number of each frame in the source.
    "number": Stored(("F",), "int64", feature="frames/number"),
    "fps": Stored((), feature="source/fps"),
    # `pose.space.lifting.size_mm`, of all that is known of the person.
    "size_mm": Stored((), feature="person/size_mm"),
    **{name: FIELDS[name] for name in ("dataset", "sequence", "person", "frame")},
}
#: The kinds of records that a shard set may be of, and the fields of each.
KINDS: dict[str, dict[str, Stored]] = {"people": FIELDS, "frames": FRAME_FIELDS, "sequences": SEQUENCE_FIELDS}
_KEY = ("dataset", "sequence", "camera", "frame", "person")
#: The fields whose values, joined by slashes, name a record.
KEYS: dict[str, tuple[str, ...]] = {
    "people": _KEY,
    "frames": _KEY[:-1],
    "sequences": ("dataset", "sequence", "person", "frame"),
}
# The feature with one value for each row, of records whose number of rows varies: people, or frames.
_ROW_NAMES = {"frames": "people", "sequences": "frames"}
_ROWS = {"frames": FRAME_FIELDS["person"].feature, "sequences": SEQUENCE_FIELDS["number"].feature}
#: A further feature of whole images, where the source knows it of all: `Region.extent` of I people not labeled,
#: float (I, 6) in px of the original image. Evaluation needs it, see `read_extents`.
UNLABELED_EXTENTS = "unlabeled/extents"
#: The most people, or frames, in a record.
MOST_PEOPLE = 1000
_LISTS = {bytes: "bytes_list", np.int64: "int64_list", np.float32: "float_list"}


def read_features(serialized: bytes, num_joints: int, kind: str = "people") -> dict[str, Any]:
    """Reads the features that every record has, and those with a default, without TensorFlow.

    Returns:
        By the features' names, bytes or arrays of the Example's types.

    Raises:
        ValueError: the bytes are no Example, or a feature is missing or has another type or number of values.
    """
    try:
        found = Example.FromString(serialized).features.feature
    except DecodeError as error:
        raise ValueError(f"no tf.train.Example ({error})") from error
    # Indexing a map of messages would create the entry.
    number = _ROWS.get(kind, "")
    num_rows = len(found[number].int64_list.value) if number in found else 0
    if num_rows > MOST_PEOPLE:
        raise ValueError(f"{num_rows} {_ROW_NAMES[kind]}, and {MOST_PEOPLE} are the most")
    features: dict[str, Any] = {}
    for field in KINDS[kind].values():
        if not field.always_read:
            continue
        name, list_type, shape = field.feature, field.list_type, field.stored_shape(num_joints, num_rows)
        expected = int(np.prod(shape))
        values: Sequence = getattr(found[name], _LISTS[list_type]).value if name in found else ()
        if name not in found and not field.required:
            values = [field.default] * expected
        if len(values) != expected:
            raise ValueError(f"{name} has {len(values)} values of {list_type.__name__} instead of {expected}")
        features[name] = values[0] if list_type is bytes else np.array(values, list_type).reshape(shape)
    return features


def read_extents(serialized: bytes) -> np.ndarray | None:
    """The `UNLABELED_EXTENTS` of a record, float64 (I, 6); None if it has none.

    Raises:
        ValueError: their number is wrong.
    """
    found = Example.FromString(serialized).features.feature
    if UNLABELED_EXTENTS not in found:
        return None
    return np.array(found[UNLABELED_EXTENTS].float_list.value, np.float64).reshape(-1, 6)


def feature_spec(names: Iterable[str], num_joints: int, kind: str = "people") -> dict[str, Any]:
    """What `tf.io.parse_example` needs to read some fields, by their features' names.

    Fields with a row for each person are as long as the longest of the batch.
    """
    import tensorflow as tf

    types = {bytes: tf.string, np.int64: tf.int64, np.float32: tf.float32}
    spec: dict[str, Any] = {}
    for field in (KINDS[kind][name] for name in names):
        shape, dtype = field.stored_shape(num_joints), types[field.list_type]
        if field.per_person:
            spec[field.feature] = tf.io.FixedLenSequenceFeature(shape[1:], dtype, True, field.padding)
            continue
        default: Any = field.default
        if default is not None and field.list_type is not bytes:
            default = np.full(shape, default, field.list_type)
        spec[field.feature] = tf.io.FixedLenFeature(shape, dtype, default)
    return spec
