"""Says who raises the left hand, by a camera that OpenCV reads: python examples/webcam.py [0 | VIDEO] [MODEL]."""

import sys
from collections.abc import Iterator

import cv2
import numpy as np

import panopose


def images(capture: cv2.VideoCapture) -> Iterator[np.ndarray]:
    """Reads until the camera is unplugged or the video ends."""
    while (read := capture.read())[0]:
        yield cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)


source = sys.argv[1] if len(sys.argv) > 1 else "0"
model = panopose.load(*sys.argv[2:] or ["fast"])
capture = cv2.VideoCapture(int(source) if source.isdecimal() else source)
for frame in model.track(images(capture)):
    raised = [one.number for one in frame.people if one["left_wrist"].y < one["left_shoulder"].y]
    print(f"frame {frame.number}, people: {len(frame.people)}, left hand raised: {raised or 'nobody'}")
