"""PanoPose in Python: finds people and their joints in images and videos.

    import panopose

    model = panopose.load("fast")
    for person in model("squats.jpg"):
        print(person.number, person["left_wrist"])

Nothing heavy is imported before it is used, and TensorFlow only where nothing else can run a model. Points are (x, y)
in px of the image, with (0, 0) at the center of the top-left pixel; sizes are (height, width); images are uint8 RGB
(H, W, 3).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo.offline.recording import Recording
    from panopose.exchange import to_coco, to_frame
    from panopose.loading import load
    from panopose.model import Model
    from panopose.people import Frame, Joint, Person

__version__ = "0.1.0"

__all__ = ["Frame", "Joint", "Model", "Person", "Recording", "__version__", "load", "to_coco", "to_frame"]

# Modules of this package alone: in a wheel the others lie inside it, and names in strings are not rewritten.
_MODULES = {
    "Frame": "panopose.people",
    "Joint": "panopose.people",
    "Model": "panopose.model",
    "Person": "panopose.people",
    "Recording": "panopose.exchange",
    "load": "panopose.loading",
    "to_coco": "panopose.exchange",
    "to_frame": "panopose.exchange",
}


if not TYPE_CHECKING:  # With it, type checkers would accept any name.

    def __getattr__(name: str) -> object:
        """Imports a public name at its first use."""
        if name not in _MODULES:
            raise AttributeError(f"module 'panopose' has no attribute {name!r}; it has {', '.join(__all__)}")
        value: object = getattr(import_module(_MODULES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """The public names alone."""
    return list(__all__)
