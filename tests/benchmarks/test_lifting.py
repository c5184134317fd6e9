"""`python -m benchmarks.lifting`: what must be given together."""

from pathlib import Path

import pytest

from benchmarks.lifting import Options


@pytest.mark.parametrize(
    ("videos", "given", "message"),
    [
        (("a.mp4",), {"calibration": Path("c.toml")}, "give the videos of two or more cameras"),
        (("a.mp4",), {}, "without --calibration give one video, and --blazepose"),
        (("a.mp4", "b.mp4"), {"blazepose": Path("f")}, "without --calibration give one video, and --blazepose"),
    ],
)
def test_wrong_options_raise(videos, given, message):
    with pytest.raises(ValueError, match=message):
        Options(tuple(map(Path, videos)), **given)
