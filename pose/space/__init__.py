"""Points in space from the images of several calibrated cameras."""

from pose.space.points import Points, triangulate

__all__ = ["Points", "triangulate"]
