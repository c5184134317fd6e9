"""CMU Panoptic Studio: the views of its 480 VGA cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from data_prep.panoptic.layout import Layout
from data_prep.panoptic.reader import Panoptic

VGA = Layout(
    kind="vga",
    poses="vgaPose3d_stage1_coco19",
    old_poses="vgaPose3d_stage1",
    images="vgaImgs/{}",
    videos="vgaVideos/vga_{}.mp4",
    cameras=r"(?:0[1-9]|1\d|20)_(?:0[1-9]|1\d|2[0-4])",
    short="01_{:02d}",
    download="`python -m data_prep download --vga {}`",
)


@dataclass(frozen=True)
class PanopticVga(Panoptic):
    """Reads the studio's VGA cameras, 640 x 480 px at 25 frames per second.

        SEQUENCE/calibration_SEQUENCE.json
        SEQUENCE/vgaPose3d_stage1_coco19/body3DScene_%08d.json    or vgaPose3d_stage1_coco19.tar, as downloaded
        SEQUENCE/vgaImgs/05_12/05_12_%08d.jpg                     or vgaVideos/vga_05_12.mp4; the former if both

    These cameras have their own clock and their own poses: frames are numbered as these, from 0, and are not those of
    the HD cameras. Sequences have the same names in both, so that splits agree. Everything else is as for the HD
    cameras. The cameras are 20 panels of 24, 01_01 to 20_24.

    Attributes:
        cameras: VGA cameras, such as 05_12; by default all with images.
    """

    layout: ClassVar[Layout] = VGA

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "panoptic_vga"
