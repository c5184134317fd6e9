"""A posed body as a Wavefront OBJ file."""

from __future__ import annotations

import io

import numpy as np

_MM_PER_M = 1000.0


def obj_text(vertices_mm: np.ndarray, faces: np.ndarray, name: str) -> str:
    """The content of a file, in meters.

    Args:
        vertices_mm: (V, 3).
        faces: int (T, 3), counter-clockwise as seen from outside.
        name: of the object.
    """
    text = io.StringIO()
    # Smooth shading.
    text.write(f"# PanoPose, meters, y up\no {name}\ns 1\n")
    np.savetxt(text, vertices_mm / _MM_PER_M, "v %.5f %.5f %.5f")
    np.savetxt(text, faces + 1, "f %d %d %d")
    return text.getvalue()
