"""COCO person keypoints."""
