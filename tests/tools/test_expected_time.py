"""How long the quickstart will take: scaled from one machine's times."""

import pytest

from tools import expected_time


def test_a_machine_twice_as_fast_takes_half_the_time(monkeypatch):
    monkeypatch.setattr(expected_time, "usable_cpus", lambda: 2)
    reference = {
        expected_time.products: expected_time._REFERENCE_PRODUCTS_S,
        expected_time.warps: expected_time._REFERENCE_WARPS_S,
    }
    monkeypatch.setattr(expected_time, "least_s", lambda work: reference[work])
    there = expected_time.expected_s()
    assert there == expected_time._NETS_S + expected_time._PICTURES_S
    monkeypatch.setattr(expected_time, "least_s", lambda work: reference[work] / 2)
    assert expected_time.expected_s() == pytest.approx(there / 2)


def test_it_prints_one_line(monkeypatch, capsys):
    monkeypatch.setattr(expected_time, "expected_s", lambda: 250.0)
    expected_time.main()
    assert capsys.readouterr().out.startswith("this will take about 4 minutes on ")
