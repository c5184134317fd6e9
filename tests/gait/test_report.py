"""The report: its bars and curves by hand, its notes, and the page as a whole."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from walking import FPS, JOINTS, walker, write_trc

from gait.__main__ import main
from gait.actions import Action
from gait.analysis import analyze
from gait.angles import Curve
from gait.events import Event
from gait.measures import Measure
from gait.motion import Motion
from gait.outputs.charts import FRAME, charts, stances, timeline
from gait.outputs.notes import notes
from gait.outputs.report import measure_rows, report_html


def event(side, kind, time_s):
    return Event(side, kind, time_s, time_s, None)


def test_bars_go_from_a_contact_to_the_off_that_follows():
    events = [event("left", kind, time_s) for kind, time_s in (("off", 0.1), ("contact", 0.5), ("off", 1.1))]
    events += [event("left", "contact", 1.6), event("left", "contact", 2.7), event("left", "off", 3.4)]
    events += [event("left", "contact", 4.0), event("left", "off", 6.6), event("right", "off", 7.0)]
    assert stances(events, "left") == [(0.5, 1.1), (2.7, 3.4)]
    assert stances(events, "right") == []


def test_rows_of_the_timeline_share_a_long_recording():
    events = [event("right", "contact", 9.8), event("right", "off", 10.5), event("right", "contact", 11.0)]
    actions = [Action("walking", 0.0, 9.0), Action("standing", 9.0, 20.6)]
    rows = timeline(events, actions, start_s=2.0, seconds=20.6)
    np.testing.assert_allclose([row.start_s for row in rows], 2 + 20.6 / 3 * np.arange(3))
    np.testing.assert_allclose([row.seconds for row in rows], 20.6 / 3)
    assert rows[0].stands["right"] == [] and rows[1].stands["right"] == [(11.8, 12.5)]
    assert rows[1].touches == {"left": [], "right": [11.8, 13.0]}
    spells = [[(one.kind, one.start_s, one.end_s) for one in row.actions] for row in rows]
    third = 20.6 / 3
    assert spells[0] == [("walking", 2.0, pytest.approx(2 + third))]
    assert spells[1] == [
        ("walking", pytest.approx(2 + third), 11.0),
        ("standing", 11.0, pytest.approx(2 + 2 * third)),
    ]
    assert rows[1].place(2 + 20.6 / 2) == "50.00%" and rows[0].ticks_s == list(range(2, 9))


def test_curves_lie_in_the_frame_where_the_scale_says():
    left, top, right, bottom = FRAME
    strides = np.array([np.full(101, 10.0), np.full(101, 20.0), np.full(101, 30.0)])
    chart = charts([Curve("left", "knee flexion", strides), Curve("right", "knee flexion", strides[:2] - 15)], [])[0]
    assert [text for _, text in chart.levels] == ["0", "10", "20", "30"]
    heights = dict((text, y) for y, text in chart.levels)
    assert (heights["0"], heights["30"]) == (bottom, top)
    mean = re.findall(r"([\d.]+),([\d.]+)", chart.lines[0].path)
    assert (float(mean[0][0]), float(mean[-1][0])) == (left, right) and len(mean) == 101
    assert {float(y) for _, y in mean} == {round(heights["20"], 1)}
    band = {float(y) for _, y in re.findall(r"([\d.]+),([\d.]+)", chart.lines[0].band)}
    assert band == {round(heights["10"], 1), round(heights["30"], 1)}
    # Two strides give no band.
    assert chart.lines[1].band == "" and chart.lines[1].count == 2 and chart.lines[1].off is None


def test_left_stands_beside_right_and_lengths_in_one_unit():
    measures = [
        Measure("cadence", "steps/min", 111.4, 109.0, 113.6, 9),
        Measure("step length, left", "legs", 0.7, np.nan, np.nan, 2),
        Measure("step length, left", "m", 0.59, np.nan, np.nan, 2),
        Measure("step length, right", "m", np.nan, np.nan, np.nan, 0),
        Measure("left to right, stance", "%", -0.04, -1.26, 1.25, 4),
    ]
    rows = measure_rows(measures, "m")
    shown = {row.name: {side: (one.text, one.interval, one.count) for side, one in row.values.items()} for row in rows}
    assert shown == {
        "cadence": {"": ("111", "109 to 114", 9)},
        "step length": {"left": ("0.59", "", 2), "right": ("not known", "", 0)},
        "left to right, stance": {"": ("-0.0", "-1.3 to 1.2", 4)},
    }
    assert [row.values["left"].text for row in measure_rows(measures, "legs") if row.name == "step length"] == ["0.70"]


def image_of(joints, depth=0.0):
    """What a camera sees that looks at the walk, turned by an angle."""
    angle = np.radians(depth)
    across = joints[..., 0] * np.cos(angle) + joints[..., 2] * np.sin(angle)
    return np.stack([0.2 * across + 50, 400 - 0.2 * joints[..., 1]], axis=-1)


@pytest.mark.parametrize(
    ("motion", "texts", "others"),
    [
        (Motion.of(walker(), JOINTS, FPS), ["wrists are not known"], ["image", "frames per second", "Heels"]),
        (
            Motion.of(image_of(walker(fps=30.0)), JOINTS, 30.0, unit="px"),
            ["no step width", "33 ms between two frames"],
            ["shoulders"],
        ),
        (Motion.of(image_of(walker() * (1, 1, 3), 45.0), JOINTS, FPS, unit="px"), ["not seen from the side"], []),
        (Motion.of(walker()[:260], JOINTS, FPS), ["Fewer than 3 give no interval"], []),
        (
            Motion.of(walker()[:, [0, 1, 2, 6, 7, 8]], [JOINTS[k] for k in (0, 1, 2, 6, 7, 8)], FPS),
            ["the ankles stand for them", "against the vertical"],
            [],
        ),
    ],
)
def test_notes_say_what_is_missing_and_nothing_else(motion, texts, others):
    found = " ".join(notes(analyze(motion)))
    assert all(text in found for text in texts) and not any(text in found for text in others), found


@pytest.mark.parametrize(("share", "told"), [(1.0, True), (0.2, False)])
def test_a_note_tells_of_events_that_one_method_found_alone(share, told):
    analysis = analyze(Motion.of(walker(), JOINTS, FPS))
    count = len(analysis.events)
    alone = [k < share * count for k in range(count)]
    events = [
        replace(one, velocities_s=None if lonely else 0.0) for one, lonely in zip(analysis.events, alone, strict=True)
    ]
    found = " ".join(notes(replace(analysis, events=events)))
    assert (f"Of {count} contacts and offs, {sum(alone)} were found by one" in found) == told


class Links(HTMLParser):
    """All attributes that could fetch something, and the text."""

    def __init__(self, page):
        super().__init__()
        self.links, self.text, self.open = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data):
        self.text += data


def test_the_page_holds_everything_itself_and_escapes_names():
    analysis = analyze(Motion.of(walker(), JOINTS, FPS))
    page = report_html(analysis, "<b>walk & co</b>.trc", "person 3, one of 4")
    parsed = Links(page)
    assert parsed.links == [] and "<b>walk" not in page and "Gait: <b>walk & co</b>.trc" in parsed.text
    assert "It suggests; it does not diagnose." in parsed.text and "person 3, one of 4" in parsed.text
    assert "nan" not in page.lower() and "None" not in page
    assert page.count('<svg viewBox="0 0 360') == 4
    for side in ("left", "right"):
        assert f"{sum(one.side == side for one in analysis.strides)} {side}" in parsed.text
    cadence = next(one for one in analysis.measures if one.name == "cadence")
    assert f"{cadence.value:.0f}" in parsed.text and "leg lengths" not in parsed.text


def test_the_command_writes_the_page_and_times_of_the_recording(tmp_path):
    write_trc(tmp_path / "walk.trc", walker(), JOINTS)
    assert main([str(tmp_path / "walk.trc"), "--out", str(tmp_path / "trc")]) == 0
    assert "Gait: walk.trc" in (tmp_path / "trc/report.html").read_text()
    # In a table the person may come into view later.
    rows = [
        {"frame": frame + 700, "time_s": frame / FPS + 7, "person": 1}
        | {f"{name}_{axis}_mm": joints[k, a] for k, name in enumerate(JOINTS) for a, axis in enumerate("xyz")}
        for frame, joints in enumerate(walker())
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "joints.csv", index=False)
    assert main([str(tmp_path / "joints.csv"), "--out", str(tmp_path / "csv")]) == 0
    for name, column in (("events", "time_s"), ("strides", "start_s"), ("strides", "end_s")):
        first, later = (pd.read_csv(tmp_path / kind / f"{name}.csv")[column] for kind in ("trc", "csv"))
        np.testing.assert_allclose(later, first + 7, atol=1e-3)
