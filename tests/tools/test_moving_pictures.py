"""Animated images of the README."""

import numpy as np
from PIL import Image, ImageSequence

from tools.moving_pictures import write_moving


def test_every_image_is_shown_for_its_time(tmp_path, capsys):
    shades = (10, 120, 240)
    pictures = [Image.fromarray(np.full((24, 32, 3), shade, np.uint8)) for shade in shades]
    write_moving(tmp_path / "new/moving.webp", pictures, [100, 40, 500])
    with Image.open(tmp_path / "new/moving.webp") as moving:
        frames = [
            (np.asarray(frame.convert("RGB")).mean(), frame.info["duration"])
            for frame in ImageSequence.Iterator(moving)
        ]
        assert moving.info["loop"] == 0
    np.testing.assert_allclose([shade for shade, _ in frames], shades, atol=3)
    assert [duration for _, duration in frames] == [100, 40, 500]
    assert "3 images, 0.6 s" in capsys.readouterr().out
