"""CMU Panoptic Studio: the views of its 480 VGA cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from data_prep.panoptic import Panoptic
from data_prep.panoptic_layout import Layout

VGA = Layout(
    kind="vga",
    poses="vgaPose3d_stage1_coco19",
    images="vgaImgs/{}",
    videos="vgaVideos/vga_{}.mp4",
    cameras=r"(?:0[1-9]|1\d|20)_(?:0[1-9]|1\d|2[0-4])",
    short="01_{:02d}",
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
        root: one sequence's folder, or a folder of such folders.
        sequences: their names; all if none is given.
        cameras: VGA cameras, such as 05_12; all that have pictures if none is given.
        stride: take frames start, start + stride, start + 2 stride, ...
        start: the first frame.
        stop: the frame to stop before; the last one's successor if not given.
        min_confidence: joints must be above; the studio's own range from about 0.1 to 0.8.
        min_visible_joints: people with fewer joints on the picture are passed by.
        min_box_px: people whose box is smaller, on its longer side, are passed by.
        min_pose_change_mm: a body is passed by if its joints are, on average, nearer than this to those of a body
            before it in the sequence, their centres laid on one another; 0 takes all.
        max_people: views of bodies to take from each sequence, spread evenly over its time; all if not given.
    """

    layout: ClassVar[Layout] = VGA

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "panoptic_vga"
