"""The fields of a record, the features of the Example that hold them, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from google.protobuf.message import DecodeError

from pose.fields import Field
from records.example import Example

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Stored(Field):
    """A field as records hold it.

    Attributes:
        feature: its name in the tf.train.Example.
        encoded: the image format, if it is an encoded image.
        required: whether every record has it.
        default: its value in records that lack it; None if reading it from such a record raises.
    """

    feature: str = ""
    encoded: Literal["", "jpeg", "png"] = ""
    required: bool = True
    default: float | None = None

    @property
    def always_read(self) -> bool:
        """Whether it can be read from every record."""
        return self.required or self.default is not None

    def stored_shape(self, num_joints: int) -> tuple[int, ...]:
        """The shape in the Example, where an encoded image is one value."""
        return () if self.encoded else self.sized(num_joints)

    @property
    def kind(self) -> type:
        """The type in the Example: bytes, np.int64 or np.float32."""
        if self.encoded or self.dtype == "bytes":
            return bytes
        return np.float32 if self.dtype == "float32" else np.int64


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
    # Only where the source knows them. In records made before there was `xyz_known`, it is read as -1: unknown.
    "joints_xyz_mm": Stored(("J", 3), geometry="direction", feature="joints/xyz_mm", required=False),
    "xyz_known": Stored(("J",), "int32", feature="joints/xyz_known", required=False, default=-1),
    "camera_matrix": Stored((3, 3), geometry="camera", feature="camera/matrix", required=False),
    "depth_mm": Stored(("H", "W"), "uint16", "nearest", feature="depth/png", encoded="png", required=False),
}
#: The fields whose values, joined by slashes, name a person.
KEY = ("dataset", "sequence", "camera", "frame", "person")
_LISTS = {bytes: "bytes_list", np.int64: "int64_list", np.float32: "float_list"}


def read_features(serialized: bytes, num_joints: int) -> dict[str, Any]:
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
    features: dict[str, Any] = {}
    for field in FIELDS.values():
        if not field.always_read:
            continue
        name, kind, shape = field.feature, field.kind, field.stored_shape(num_joints)
        expected = int(np.prod(shape))
        # Indexing a map of messages would create the entry.
        values: Sequence = getattr(found[name], _LISTS[kind]).value if name in found else ()
        if name not in found and not field.required:
            values = [field.default] * expected
        if len(values) != expected:
            raise ValueError(f"{name} has {len(values)} values of {kind.__name__} instead of {expected}")
        features[name] = values[0] if kind is bytes else np.array(values, kind).reshape(shape)
    return features


def feature_spec(names: Iterable[str], num_joints: int) -> dict[str, tf.io.FixedLenFeature]:
    """What `tf.io.parse_example` needs to read some fields, by their features' names."""
    import tensorflow as tf

    types = {bytes: tf.string, np.int64: tf.int64, np.float32: tf.float32}
    spec = {}
    for field in (FIELDS[name] for name in names):
        shape = field.stored_shape(num_joints)
        default: Any = None if field.default is None else np.full(shape, field.default, field.kind)
        spec[field.feature] = tf.io.FixedLenFeature(shape, types[field.kind], default)
    return spec
