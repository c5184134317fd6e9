"""Finds the people in an image and draws them: python examples/picture.py squats.jpg out.png [MODEL]."""

import sys

import cv2

import panopose

source, out, *name = sys.argv[1:]
model = panopose.load(*name or ["fast"])
people = model(source)
for person in people:
    print(person, person["left_wrist"])
cv2.imwrite(out, model.draw(source, people)[..., ::-1])  # OpenCV writes BGR.
