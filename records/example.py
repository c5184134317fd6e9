"""The message tf.train.Example, of tensorflow/core/example, without TensorFlow.

Importing TensorFlow takes seconds and hundreds of megabytes in each process, and making records would use nothing else
of it. The bytes are identical.
"""

from __future__ import annotations

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_LISTS = {
    "bytes_list": ("BytesList", FieldDescriptorProto.TYPE_BYTES),
    "float_list": ("FloatList", FieldDescriptorProto.TYPE_FLOAT),
    "int64_list": ("Int64List", FieldDescriptorProto.TYPE_INT64),
}


def _messages() -> DescriptorPool:
    file = FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, (field, (message, kind)) in enumerate(_LISTS.items(), start=1):
        values = file.message_type.add(name=message)
        values.field.add(name="value", number=1, type=kind, label=FieldDescriptorProto.LABEL_REPEATED)
        _add_message(feature, field, number, f".tensorflow.{message}").oneof_index = 0
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    single = FieldDescriptorProto.LABEL_OPTIONAL
    entry.field.add(name="key", number=1, type=FieldDescriptorProto.TYPE_STRING, label=single)
    _add_message(entry, "value", 2, ".tensorflow.Feature")
    _add_message(
        features, "feature", 1, ".tensorflow.Features.FeatureEntry"
    ).label = FieldDescriptorProto.LABEL_REPEATED
    _add_message(file.message_type.add(name="Example"), "features", 1, ".tensorflow.Features")
    # A separate pool: TensorFlow, where it is imported too, registers messages of the same names in the default one.
    pool = DescriptorPool()
    pool.Add(file)
    return pool


def _add_message(message: DescriptorProto, name: str, number: int, kind: str) -> FieldDescriptorProto:
    field = message.field.add(name=name, number=number, type=FieldDescriptorProto.TYPE_MESSAGE, type_name=kind)
    field.label = FieldDescriptorProto.LABEL_OPTIONAL
    return field


_POOL = _messages()
Example = GetMessageClass(_POOL.FindMessageTypeByName("tensorflow.Example"))
Feature = GetMessageClass(_POOL.FindMessageTypeByName("tensorflow.Feature"))
