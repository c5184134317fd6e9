"""Candidates that take turns, how sure a choice is, and how it is cached."""

import json
import time
from datetime import timedelta

import pytest

from machine import choices
from machine.choices import Timings, is_sure, keep, recall, take_turns


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(choices, "user_cache_path", lambda name: tmp_path / name)
    return tmp_path


def script(*times):
    """A candidate that reports these times in order, and then repeats the last one."""
    left = list(times)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_candidates_take_turns():
    order = []

    def run(name):
        order.append(name)
        return 1.0

    take_turns({"a": lambda: run("a"), "b": lambda: run("b")}, budget_s=0.01)
    assert len(order) >= 6 and order == ["a", "b"] * (len(order) // 2)


def test_the_shortest_time_counts():
    timings = take_turns({"a": script(9.0, 2.0, 9.0), "b": script(3.0)}, budget_s=0.01)
    assert timings.times["a"][:3] == [9.0, 2.0, 9.0]
    assert timings.least("a") == 2.0 and timings.least("b") == 3.0


def test_slow_candidates_drop_out_after_three_rounds():
    timings = take_turns({"a": script(1.0), "b": script(1.6), "c": script(1.4)}, budget_s=0.05)
    assert len(timings.times["b"]) == 3
    assert len(timings.times["a"]) == len(timings.times["c"]) > 3


def test_one_turn_that_takes_the_whole_budget_is_enough_to_drop_out():
    def slow():
        time.sleep(0.02)
        return 2.0

    timings = take_turns({"a": script(1.0), "b": slow}, budget_s=0.01)
    assert timings.times["b"] == [2.0]


def test_a_candidate_that_fails_is_left_out():
    timings = take_turns({"a": script(1.0), "b": script(1.0, float("inf"))}, budget_s=0.01)
    assert list(timings.times) == ["a"]


@pytest.mark.parametrize(
    ("times", "others", "sure"),
    [
        # The other is slower in every round.
        ({"a": [1.0, 1.0, 1.01, 1.0], "b": [1.5, 1.5, 1.5, 1.5]}, 0.0, True),
        # It may be a fifth faster than measured: its minima of odd and of even rounds differ that much.
        ({"a": [1.0, 1.0, 1.0, 1.0], "b": [1.05, 1.4, 1.05, 1.4]}, 0.0, False),
        # Nearly equal: either choice is as good.
        ({"a": [1.0, 1.0, 1.0, 1.0], "b": [1.0, 1.01, 1.0, 1.01]}, 0.0, True),
        # Clear times, but other programs were at work.
        ({"a": [1.0, 1.0, 1.0, 1.0], "b": [1.5, 1.5, 1.5, 1.5]}, 0.5, False),
    ],
)
def test_choices_are_sure_or_unsure(times, others, sure):
    assert is_sure(Timings(times, others), "a") == sure


def test_a_sure_choice_is_cached_for_a_month(monkeypatch):
    assert recall("kind", ["question"]) is None
    keep("kind", ["question"], {"answer": 1}, sure=True)
    assert recall("kind", ["question"]) == {"answer": 1}
    assert recall("kind", ["another"]) is None and recall("other", ["question"]) is None
    monkeypatch.setattr(choices, "_VALID", timedelta(0))
    assert recall("kind", ["question"]) is None


def test_an_unsure_choice_is_measured_again_at_most_twice():
    for tries in range(1, 4):
        keep("kind", "question", {"answer": tries}, sure=False)
        assert recall("kind", "question") == (None if tries < 3 else {"answer": 3})


def test_another_processor_is_measured_again(monkeypatch):
    keep("kind", "question", {"answer": 1}, sure=True)
    monkeypatch.setattr(choices, "processor_key", lambda: "another")
    assert recall("kind", "question") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"answer": 1}', '{"answer": {}, "measured": "x", "sure": true}'])
def test_a_damaged_entry_counts_as_missing(cache, content):
    keep("kind", "question", {"answer": 1}, sure=True)
    next(cache.rglob("*.json")).write_text(content)
    assert recall("kind", "question") is None
    keep("kind", "question", {"answer": 2}, sure=True)
    assert recall("kind", "question") == {"answer": 2}


def test_an_entry_names_the_processor(cache):
    keep("kind", "question", {"answer": 1}, sure=False)
    entry = json.loads(next((cache / "panopose" / "kind").iterdir()).read_text())
    assert entry["answer"] == {"answer": 1} and entry["sure"] is False and entry["tries"] == 1
    assert entry["processor"] and entry["measured"]


def test_load_of_other_programs_counts_and_our_own_does_not(monkeypatch, tmp_path):
    stat = tmp_path / "stat"
    monkeypatch.setattr(choices, "_STAT", stat)
    stat.write_text("cpu  100 0 100 900 0 0 0\ncpu0 1 2 3\n")
    busy = choices._Busyness()
    ticks = choices.os.sysconf("SC_CLK_TCK")
    # Many hours of work by others.
    stat.write_text(f"cpu  {100 + 10_000 * ticks} 0 100 900 0 0 0\n")
    assert busy.others() > 1
    stat.write_text("cpu  100 0 100 900 0 0 0\n")
    assert busy.others() == 0
    stat.unlink()
    assert busy.others() == 0
