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
    """Reads what the studio's VGA cameras saw, 640 x 480 px at 25 frames a second.

        SEQUENCE/calibration_SEQUENCE.json
        SEQUENCE/vgaPose3d_stage1_coco19/body3DScene_%08d.json    or vgaPose3d_stage1_coco19.tar, as downloaded
        SEQUENCE/vgaImgs/05_12/05_12_%08d.jpg                     or vgaVideos/vga_05_12.mp4; the former if both

    These cameras run on a beat of their own, and have poses of their own: frames are numbered as theirs, from 0, and
    are not those of the HD cameras. Sequences have the same names in both, so that splits agree. All else is as for
    the HD cameras. The cameras are 20 panels of 24, 01_01 to 20_24.

    Attributes:
        cameras: VGA cameras, such as 05_12; all that have pictures if none is given.
    """

    layout: ClassVar[Layout] = VGA

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "panoptic_vga"
