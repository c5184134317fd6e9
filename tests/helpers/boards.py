"""Images of a board that is held before cameras."""

import cv2
import numpy as np


def photograph(board, camera, whole):
    """What a camera without lens distortion sees of a board, whose pose in the world is (4, 4): uint8 RGB."""
    square_px = 60
    printed = board.picture(square_px)
    # From px of the print to mm of the board, whose origin is the corner of its first square.
    scale = board.square_mm / square_px
    to_board = np.array(
        [[scale, 0, -scale * (square_px / 2 - 0.5)], [0, scale, -scale * (square_px / 2 - 0.5)], [0, 0, 1]]
    )
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = camera.rotation, camera.translation_mm
    seen = (view @ whole)[:3]
    homography = camera.matrix @ seen[:, [0, 1, 3]] @ to_board
    height, width = camera.size
    picture = cv2.warpPerspective(printed, homography, (width, height), flags=cv2.INTER_AREA, borderValue=128)
    return np.repeat(cv2.GaussianBlur(picture, (3, 3), 0)[..., None], 3, axis=2)


def held(number, center=(0.0, 0.0, 900.0), spread_mm=350.0):
    """The pose of a board in the world in an instant: near a center, upright, turned and tilted at random."""
    random = np.random.default_rng(number)
    # The board's y points down, as the world's z points up.
    upright = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    about = cv2.Rodrigues(np.array([0, 0, random.uniform(-np.pi, np.pi)]))[0]
    tilt = cv2.Rodrigues(random.uniform(-0.5, 0.5, 3))[0]
    whole = np.eye(4)
    whole[:3, :3] = about @ upright @ tilt
    whole[:3, 3] = np.array(center) + random.uniform(-spread_mm, spread_mm, 3)
    return whole
