"""Predicts joints with MediaPipe's BlazePose; imports nothing of this project.

    mediapipe/bin/python benchmarks/peers/mediapipe_joints.py PICTURES.npy JOINTS.npy

PICTURES is uint8 RGB (N, S, S, 3). JOINTS becomes float64 (N, 33, 2) in px, NaN for an image without a person.
"""

from __future__ import annotations

import sys

import numpy as np


def main(source: str, target: str) -> None:
    """Runs the command."""
    from mediapipe.python.solutions import pose

    pictures = np.load(source)
    joints_px = np.full((len(pictures), len(pose.PoseLandmark), 2), np.nan)
    # There is always a person, so that an uncertain detection is better than none.
    estimator = pose.Pose(static_image_mode=True, model_complexity=1, min_detection_confidence=0.1)
    for person_px, picture in zip(joints_px, pictures, strict=True):
        found = estimator.process(picture).pose_landmarks
        if found:
            size = picture.shape[1], picture.shape[0]
            # From the image's edge, which lies at -0.5 px.
            person_px[:] = np.array([(point.x, point.y) for point in found.landmark]) * size - 0.5
    np.save(target, joints_px)


if __name__ == "__main__":
    main(*sys.argv[1:])
