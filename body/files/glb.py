"""A moving body as one binary glTF 2.0 file: skin, bones, weights and an animation, which any viewer plays.

The specification: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from body.files.motion import BodyMotion
from pose.space.raster import vertex_normals

_MM_PER_M = 1000.0
# OpenGL's numbers of types and of what buffers are for, and the names of elements by how many numbers they have.
_TYPES = {"uint8": 5121, "uint16": 5123, "float32": 5126}
_VERTICES, _INDICES = 34962, 34963
_ELEMENTS = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_MAGIC, _VERSION, _JSON_CHUNK, _BINARY_CHUNK = b"glTF", 2, b"JSON", b"BIN\0"
#: The color of the body, linear RGB and opacity.
_COLOR = (0.6, 0.6, 0.65, 1.0)


class _Buffer:
    """The arrays of a file, one after another."""

    def __init__(self) -> None:
        self.content = b""
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: np.ndarray, *, target: int | None = None, bounds: bool = False) -> int:
        """Adds elements (N,) or (N, K), and returns their accessor's number."""
        values = np.ascontiguousarray(values)
        flat = values.reshape(len(values), -1)
        view = {"buffer": 0, "byteOffset": len(self.content), "byteLength": values.nbytes}
        self.views.append(view if target is None else view | {"target": target})
        accessor: dict[str, Any] = {"bufferView": len(self.views) - 1, "componentType": _TYPES[values.dtype.name]}
        accessor |= {"count": len(values), "type": _ELEMENTS[flat.shape[1]]}
        if bounds:
            accessor |= {"min": flat.min(axis=0).tolist(), "max": flat.max(axis=0).tolist()}
        self.accessors.append(accessor)
        self.content += values.tobytes() + bytes(-values.nbytes % 4)
        return len(self.accessors) - 1


def glb_bytes(motion: BodyMotion, name: str = "body") -> bytes:
    """The content of a .glb file, in meters, whose animation begins at 0 s.

    Args:
        motion: the body.
        name: of the mesh and of the animation.
    """
    rig, buffer = motion.rig, _Buffer()
    bones = list(range(len(rig.parents)))
    skin = {"joints": bones, "skeleton": 0, "inverseBindMatrices": buffer.add(_inverse_binds(rig.heads_mm))}
    content = {
        "asset": {"version": "2.0", "generator": "PanoPose"},
        "scene": 0,
        "scenes": [{"nodes": [0, len(bones)]}],
        "nodes": [*_bones(motion), {"name": name, "mesh": 0, "skin": 0}],
        "meshes": [{"name": name, "primitives": [_primitive(motion, buffer)]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": _COLOR, "metallicFactor": 0.0}}],
        "skins": [skin],
        "animations": [_animation(motion, name, buffer)],
    }
    content |= {"accessors": buffer.accessors, "bufferViews": buffer.views}
    content |= {"buffers": [{"byteLength": len(buffer.content)}]}
    text = json.dumps(content, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    chunks = b"".join(
        struct.pack("<I4s", len(part), kind) + part
        for kind, part in ((_JSON_CHUNK, text), (_BINARY_CHUNK, buffer.content))
    )
    return struct.pack("<4sII", _MAGIC, _VERSION, 12 + len(chunks)) + chunks


def _bones(motion: BodyMotion) -> list[dict[str, Any]]:
    """The nodes of the bones, at rest."""
    rig, nodes = motion.rig, []
    for bone, (name, parent) in enumerate(zip(rig.names, rig.parents, strict=True)):
        offset = rig.heads_mm[bone] - (rig.heads_mm[parent] if parent >= 0 else 0)
        node: dict[str, Any] = {"name": name, "translation": (offset / _MM_PER_M).tolist()}
        children = [child for child, above in enumerate(rig.parents) if above == bone]
        nodes.append(node | {"children": children} if children else node)
    return nodes


def _inverse_binds(heads_mm: np.ndarray) -> np.ndarray:
    """From the skin at rest to each bone's own frame, column by column, float32 (B, 16)."""
    matrices = np.tile(np.eye(4, dtype=np.float32), (len(heads_mm), 1, 1))
    matrices[:, 3, :3] = -heads_mm / _MM_PER_M
    return matrices.reshape(len(heads_mm), 16)


def _primitive(motion: BodyMotion, buffer: _Buffer) -> dict[str, Any]:
    rig = motion.rig
    weights = (rig.weights / rig.weights.sum(axis=1, keepdims=True)).astype(np.float32)
    # A bone without weight must be the first.
    bones = np.where(weights > 0, rig.weight_bones, 0).astype(np.uint8)
    positions = (rig.rest_mm / _MM_PER_M).astype(np.float32)
    attributes = {
        "POSITION": buffer.add(positions, target=_VERTICES, bounds=True),
        "NORMAL": buffer.add(vertex_normals(rig.rest_mm, rig.faces), target=_VERTICES),
        "JOINTS_0": buffer.add(bones, target=_VERTICES),
        "WEIGHTS_0": buffer.add(weights, target=_VERTICES),
    }
    indices = buffer.add(rig.faces.astype(np.uint16).ravel(), target=_INDICES)
    return {"attributes": attributes, "indices": indices, "material": 0}


def _animation(motion: BodyMotion, name: str, buffer: _Buffer) -> dict[str, Any]:
    times = buffer.add((motion.times_s - motion.times_s[0]).astype(np.float32), bounds=True)
    frames, bones = motion.rotations.shape[:2]
    quaternions = Rotation.from_matrix(motion.rotations.reshape(-1, 3, 3)).as_quat().reshape(frames, bones, 4)
    # Both signs are one rotation; of neighbors in time they are alike.
    turns = np.where((quaternions[1:] * quaternions[:-1]).sum(axis=-1, keepdims=True) < 0, -1.0, 1.0)
    quaternions[1:] *= np.cumprod(turns, axis=0)
    outputs = [buffer.add((motion.root_mm / _MM_PER_M).astype(np.float32))]
    outputs += [buffer.add(quaternions[:, bone].astype(np.float32)) for bone in range(bones)]
    targets = [{"node": 0, "path": "translation"}, *({"node": bone, "path": "rotation"} for bone in range(bones))]
    return {
        "name": name,
        "samplers": [{"input": times, "output": output} for output in outputs],
        "channels": [{"sampler": number, "target": target} for number, target in enumerate(targets)],
    }
