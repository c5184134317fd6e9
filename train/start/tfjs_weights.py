"""The weights of TensorFlow.js graph models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def read_tfjs_model(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Reads a graph model that TensorFlow.js runs.

    Args:
        path: the .json file; the files of weights that it names lie beside it.

    Returns:
        Its graph as JSON, and its weights by name, float32 or int32.

    Raises:
        ValueError: the file is no graph model, its weights have an unsupported type, or a file of weights is missing or
            has another size.
    """
    try:
        model = json.loads(path.read_text())
        topology, manifest = model["modelTopology"], model["weightsManifest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no TensorFlow.js graph model ({error!r}); give the .json of one") from error
    return topology, {name: value for group in manifest for name, value in _weights(path, group).items()}


def _weights(path: Path, group: dict) -> dict[str, np.ndarray]:
    """The arrays of one group of the manifest, which its files hold one after the other."""
    try:
        content = b"".join((path.parent / name).read_bytes() for name in group["paths"])
    except OSError as error:
        raise ValueError(f"{path} names weights that cannot be read ({error}); keep its files together") from error
    arrays, start = {}, 0
    for entry in group["weights"]:
        stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
        if entry["dtype"] not in ("float32", "int32") or stored not in (entry["dtype"], "float16"):
            raise ValueError(
                f"{path}: {entry['name']} is {entry['dtype']} stored as {stored}; only float32, int32 and float32 "
                "stored as float16 can be read"
            )
        stop = start + int(np.prod(entry["shape"])) * np.dtype(stored).itemsize
        if stop > len(content):
            break
        # The files are little endian, whatever the machine.
        values = np.frombuffer(content[start:stop], np.dtype(stored).newbyteorder("<"))
        arrays[entry["name"]] = values.astype(entry["dtype"]).reshape(entry["shape"])
        start = stop
    if len(arrays) != len(group["weights"]) or start != len(content):
        raise ValueError(f"{path}: its weights have {len(content)} bytes, not what it says; download it again")
    return arrays
