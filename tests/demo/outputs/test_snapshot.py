"""Snapshots."""

from datetime import datetime

import cv2
import numpy as np
import pytest

from demo.errors import OutputError
from demo.outputs.snapshot import save_snapshot

NOW = datetime(2025, 3, 9, 14, 5, 7, 42_999)


def test_a_snapshot_is_lossless_and_named_after_the_time(tmp_path):
    view = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    path = save_snapshot(view, tmp_path / "new" / "folder", NOW)
    assert path.name == "panopose-20250309-140507-042.png"
    np.testing.assert_array_equal(cv2.imread(str(path))[..., ::-1], view)
    assert list(path.parent.iterdir()) == [path]


def test_an_invalid_folder_raises(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="snapshot .*file.* cannot be written"):
        save_snapshot(np.zeros((2, 2, 3), np.uint8), tmp_path / "file", NOW)
