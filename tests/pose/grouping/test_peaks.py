"""Peaks: places between cells, heights, ties, the highest, the smallest maps."""

import numpy as np
import pytest

from pose.grouping.peaks import find_peaks


def test_peaks_between_cells_and_their_heights():
    column, row = np.meshgrid(np.arange(12), np.arange(9))
    maps = 0.6 * np.exp(-((column - 4.3) ** 2 / 2 + (row - 5.45) ** 2 / 1.28))[..., None]
    peaks = find_peaks(maps, 0.1, 100)
    np.testing.assert_allclose(peaks.xy, [[4.3, 5.45]], atol=1e-5)
    np.testing.assert_allclose(peaks.score, [0.6], atol=1e-5)
    assert len(find_peaks(maps, 0.61, 100).xy) == 0


def test_a_flat_top_is_one_peak_and_the_highest_are_kept():
    maps = np.zeros((9, 9, 2))
    maps[3:5, 3:5, 0] = 0.5
    maps[[1, 1, 7], [1, 7, 7], 1] = 0.3, 0.4, 0.2
    peaks = find_peaks(maps, 0.1, 2)
    np.testing.assert_array_equal(peaks.joint, [0, 1, 1])
    np.testing.assert_allclose(peaks.score[1:], [0.4, 0.3], rtol=1e-5)
    np.testing.assert_allclose(peaks.xy[1:], [[7, 1], [1, 1]])


@pytest.mark.parametrize("cells", [(1, 1), (1, 5), (2, 3)])
def test_maps_of_a_few_cells(cells):
    maps = np.zeros((*cells, 1), np.float32)
    maps[-1, -1] = 0.9
    peaks = find_peaks(maps, 0.1, 100)
    np.testing.assert_allclose(peaks.xy, [[cells[1] - 1, cells[0] - 1]], atol=0.5)
