"""Options of demos that write bodies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demo.bodies.model import MeshOptions
from demo.errors import ArgumentError
from demo.outputs.new_folder import check_new_folder

#: The option that names the folder, for messages.
BODIES_OPTION = "--bodies"


@dataclass(frozen=True, kw_only=True)
class BodyOptions(MeshOptions):
    """Options of demos that also write bodies.

    Attributes:
        bodies: new folder for the bodies of --mesh: of pictures an OBJ file for each person, of a video glTF (.glb) and
            motion capture (.bvh) for each track, and a table of rotations.
    """

    bodies: Path | None = None

    def check_bodies(self, source: Path) -> None:
        """Checks the folder before the work begins.

        Args:
            source: what is read.

        Raises:
            ArgumentError, OutputError: it cannot be made, or --mesh is missing.
        """
        if self.bodies is None:
            return
        if self.mesh is None:
            raise ArgumentError("--bodies is for the bodies of a model; give --mesh MODEL too")
        check_new_folder(BODIES_OPTION, self.bodies, source)
