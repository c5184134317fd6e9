"""Frame rate and delay by hand."""

import pytest

from demo.ui.meters import DelayMeter, RateMeter


def test_rate_by_hand():
    meter = RateMeter()
    assert meter.tick(3.0) == 0.0
    assert meter.tick(3.1) == pytest.approx(10.0)
    assert meter.tick(3.3) == pytest.approx(2 / 0.3)
    # Only what is at most a second old counts: the frames at 3.1, 3.3 and 4.05.
    assert meter.tick(4.05) == pytest.approx(2 / 0.95)
    # After a long pause the frame before it still gives a rate.
    assert meter.tick(14.05) == pytest.approx(0.1)


def test_delay_by_hand():
    meter = DelayMeter()
    assert meter.recent_ms is None and meter.quantile_ms(0.5) is None
    for shown_s, delay_s in ((1.0, 0.1), (1.5, 0.02), (1.9, 0.04), (2.2, 0.03)):
        meter.add(shown_s - delay_s, shown_s)
    # The first is more than a second before the last.
    assert meter.recent_ms == pytest.approx(30)
    assert [meter.quantile_ms(share) for share in (0.25, 0.5, 0.75, 1.0)] == [20, 30, 40, 100]


def test_extreme_delays_are_clamped():
    meter = DelayMeter()
    meter.add(0.0, 60.0)
    meter.add(61.0, 60.9)
    assert [meter.quantile_ms(share) for share in (0.5, 1.0)] == [0, 5_000]
