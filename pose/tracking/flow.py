"""Where the joints of one frame are in the next, by optical flow.

Xiao, Wu and Wei, "Simple baselines for human pose estimation and tracking", ECCV 2018 (arXiv 1804.06208), move the
joints of the last frame so before they compare them with those of the next one. The flow here is DIS (Kroeger et al.,
ECCV 2016), on reduced gray images.
"""

from __future__ import annotations

import cv2
import numpy as np

from pose.tracking.reduced import reduced

#: Forward and backward flow agree within this many px of these images, and this share of the motion (Sundaram et al.,
#: ECCV 2010).
_APART_PX, _APART_SHARE = 1.0, 0.2


class JointFlow:
    """The flow from the last image to the next one, for points."""

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._gray: np.ndarray | None = None
        self._fields: tuple[np.ndarray, np.ndarray] | None = None
        self._scale = 1.0

    @property
    def known(self) -> bool:
        """Whether the motion to this image is known."""
        return self._fields is not None

    def next(self, picture: np.ndarray | None) -> None:
        """Goes on to the next frame.

        Args:
            picture: uint8 RGB (H, W, 3), or None where it is not known. After None, or an image of another size,
                nothing is known of the motion to the next image.
        """
        last, self._gray, self._fields = self._gray, None, None
        if picture is None:
            return
        small, self._scale = reduced(picture)
        self._gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        # DIS needs patches of 8 px on its coarsest level.
        if last is not None and last.shape == self._gray.shape and min(last.shape) >= 16:
            self._fields = self._field(last, self._gray), self._field(self._gray, last)

    def _field(self, image: np.ndarray, other: np.ndarray) -> np.ndarray:
        return self._dis.calc(image, other, np.zeros((*image.shape, 2), np.float32))

    def move(self, points_px: np.ndarray) -> np.ndarray:
        """Moves points of the last frame to where they are in this one.

        Args:
            points_px: float (..., 2) in the last frame.

        Returns:
            float64 of the same shape; NaN where a point is outside the image, or forward and backward flow disagree: it
            was covered, or the flow is wrong there.
        """
        points = np.asarray(points_px, np.float64)
        if self._fields is None or not points.size:
            return np.full(points.shape, np.nan)
        forward, backward = self._fields
        places = (points + 0.5) * self._scale - 0.5
        motion = _sampled(forward, places)
        back = _sampled(backward, places + motion)
        apart = np.linalg.norm(motion + back, axis=-1)
        agree = apart <= _APART_PX + _APART_SHARE * np.linalg.norm(motion, axis=-1)
        return np.where(agree[..., None], points + motion / self._scale, np.nan)


def _sampled(field: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The field (H, W, 2) at places (..., 2), bilinear; NaN outside."""
    maps = np.nan_to_num(places, nan=-10.0).reshape(-1, 1, 2).astype(np.float32)
    values = cv2.remap(field, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    height, width = field.shape[:2]
    inside = ((places >= -0.5) & (places < (width - 0.5, height - 0.5))).all(axis=-1, keepdims=True)
    return np.where(inside, values.reshape(places.shape), np.nan).astype(np.float64)
