"""The vocabulary of the project: skeletons, cameras, person crops and drawing. NumPy and OpenCV only."""

from pose.bad_input import BadInput
from pose.camera import Camera
from pose.crop import Crop, box_from_joints
from pose.draw import captioned, draw_skeleton, draw_text, legend, picture_grid
from pose.skeleton import BODY26, COCO17, LSP14, MPII16, PANOPTIC19, SKELETONS, Skeleton, convert_joints, joint_map

__all__ = [
    "BODY26",
    "COCO17",
    "LSP14",
    "MPII16",
    "PANOPTIC19",
    "SKELETONS",
    "BadInput",
    "Camera",
    "Crop",
    "Skeleton",
    "box_from_joints",
    "captioned",
    "convert_joints",
    "draw_skeleton",
    "draw_text",
    "joint_map",
    "legend",
    "picture_grid",
]
