"""Items of instruments: the edges of each band by hand, why items cannot be judged, the JSON, and the page's form."""

import hashlib
import json
import re
import shutil
from base64 import b64encode
from dataclasses import replace

import numpy as np
import pytest
from walking import FPS, JOINTS, walker

from gait.actions import Action
from gait.analysis import analyze
from gait.measures import Measure
from gait.motion import Motion
from gait.outputs.report import report_html
from gait.outputs.tables import as_json
from gait.scales import scales

BATTERY = "Short Physical Performance Battery"
UP_AND_GO = "Timed Up and Go"
CUTS = "Cut-offs of the European Working Group on Sarcopenia in Older People (EWGSOP2)"
STANDS = "Chair stands in 30 s"
GAIT = "Performance-Oriented Mobility Assessment, gait (12 points)"


@pytest.fixture(scope="module")
def walk():
    return analyze(Motion.of(walker(), JOINTS, FPS))


def timed(analysis, name, value, way_m=None, about=""):
    """The analysis with another result of a timed test."""
    tests = [replace(one, value=value, way_m=way_m, about=about) if one.name == name else one for one in analysis.tests]
    assert tests != list(analysis.tests)
    return replace(analysis, tests=tests)


def measured(analysis, name, unit, value, low, high, count=9):
    """The analysis with another measure."""
    others = [one for one in analysis.measures if (one.name, one.unit) != (name, unit)]
    return replace(analysis, measures=[*others, Measure(name, unit, value, low, high, count)])


def item(analysis, scale, name):
    return next(one for each in scales(analysis) if each.name == scale for one in each.items if one.name == name)


@pytest.mark.parametrize(
    ("seconds", "score"),
    [(2.0, 4), (4.81, 4), (4.82, 3), (6.2, 3), (6.204, 3), (6.21, 2), (8.7, 2), (8.71, 1), (90.0, 1)],
)
def test_bands_of_the_walk_of_4_m(walk, seconds, score):
    found = item(timed(walk, "4 m walk", seconds), BATTERY, "Gait speed")
    assert found.suggested.score == score and found.figure == f"{seconds:.2f} s"
    assert "standing start" in found.check and found.reason == ""


@pytest.mark.parametrize(
    ("seconds", "score"),
    [
        (11.19, 4),
        (11.194, 4),
        (11.2, 3),
        (13.69, 3),
        (13.7, 2),
        (16.69, 2),
        (16.7, 1),
        (60.0, 1),
        (60.01, 0),
    ],
)
def test_bands_of_five_chair_stands(walk, seconds, score):
    found = item(timed(walk, "5 chair stands", seconds), BATTERY, "Five chair stands")
    assert found.suggested.score == score and "arms folded" in found.check


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(7, "under 10 s"), (9.99, "under 10 s"), (10, "10 to under 20 s"), (19.99, "10 to under 20 s")]
    + [(20, "20 to under 30 s"), (29.99, "20 to under 30 s"), (30, "30 s or more"), (80, "30 s or more")],
)
def test_bands_of_up_and_go(walk, seconds, words):
    found = item(timed(walk, UP_AND_GO, seconds), UP_AND_GO, "Time")
    assert found.suggested.words.startswith(words) and found.suggested.score is None
    assert "a way of 3 m" in found.check


@pytest.mark.parametrize(("way_m", "fits"), [(None, True), (1.9, False), (2.0, True), (4.0, True), (4.1, False)])
def test_up_and_go_over_another_way_is_not_judged(walk, way_m, fits):
    for scale in (UP_AND_GO, CUTS):
        found = item(timed(walk, UP_AND_GO, 12.0, way_m), scale, "Time")
        assert (found.suggested is not None) == fits and found.figure == "12.00 s"
        assert fits or found.reason == f"one way was {way_m} m, and the bands are for 3 m"


@pytest.mark.parametrize(
    ("speed", "words"), [(0.5, "0.8 m/s or less"), (0.8, "0.8 m/s or less"), (0.81, "above 0.8 m/s")]
)
def test_the_cut_off_of_speed(walk, speed, words):
    found = item(measured(walk, "speed", "m/s", speed, speed, speed), CUTS, "Gait speed")
    assert found.suggested.words == words and "usual pace" in found.check and "interval" not in found.check
    unsure = item(measured(walk, "speed", "m/s", speed, 0.4, 0.9), CUTS, "Gait speed")
    assert unsure.suggested.words == words and "reaches beyond the cut-off" in unsure.check


@pytest.mark.parametrize(
    ("test", "name", "seconds", "words"),
    [
        ("5 chair stands", "Five chair stands", 15.0, "15 s or less"),
        ("5 chair stands", "Five chair stands", 15.01, "more than 15 s"),
        (UP_AND_GO, "Time", 19.99, "under 20 s"),
        (UP_AND_GO, "Time", 20.0, "20 s or more"),
    ],
)
def test_the_cut_offs_of_times(walk, test, name, seconds, words):
    assert item(timed(walk, test, seconds), CUTS, name).suggested.words == words


def test_stands_in_30_s_are_a_count_without_norms(walk):
    found = item(timed(walk, "chair stands in 30 s", 11.0), STANDS, "Stands")
    assert (found.suggested.score, found.suggested.words, found.choices) == (11, "11 stands", ())


# A foot is 0.152 / 0.491 = 0.3096 legs.
@pytest.mark.parametrize(
    ("low", "high", "score"), [(0.31, 0.5, 1), (0.309, 0.5, None), (-0.1, 0.2, None), (0.0, 0.0, None), (-0.2, -0.1, 0)]
)
def test_a_foot_passes_the_other(walk, low, high, score):
    changed = measured(walk, "step length, left", "legs", (low + high) / 2, low, high)
    found = item(changed, GAIT, "Step length, left foot")
    assert (found.suggested.score if found.suggested else None) == score
    assert (score is not None) or found.reason == "the foot lands beside the right one, or nearly so"
    assert "Passes the right foot" in found.rule
    # The other foot's item rests on its own steps.
    assert item(changed, GAIT, "Step length, right foot").suggested.score == 1
    few = item(measured(walk, "step length, left", "legs", 0.7, np.nan, np.nan, 2), GAIT, "Step length, left foot")
    assert few.suggested is None and few.reason == "there are fewer than 3 strides straight ahead"


@pytest.mark.parametrize(
    ("kinds", "score"),
    [
        (["standing", "walking", "standing"], 1),
        (["walking", "standing", "walking"], 0),
        (["walking", "standing", "turning", "walking"], 1),
        (["walking", "standing", None, "walking"], 1),
        (["walking", None, "standing", "walking"], 1),
    ],
)
def test_a_stop_between_steps(walk, kinds, score):
    actions = [Action(kind, float(k), k + 1.0) for k, kind in enumerate(kinds) if kind]
    found = item(replace(walk, actions=actions), GAIT, "Step continuity")
    assert found.suggested.score == score
    assert found.figure == ("no stop between steps" if score else "stands between walking: 1.0 to 2.0 s")
    assert item(replace(walk, actions=actions, strides=walk.strides[:2]), GAIT, "Step continuity").suggested is None


def test_what_joints_do_not_show_is_never_suggested(walk):
    reasons = {
        "Initiation of gait": "told to go",
        "Step height, right foot": "sole drags",
        "Step height, left foot": "sole drags",
        "Step symmetry": "judged by eye",
        "Path": "no walking aid",
        "Trunk": "no walking aid",
        "Walking stance": "judged by eye",
    }
    for name, reason in reasons.items():
        found = item(walk, GAIT, name)
        assert found.suggested is None and reason in found.reason
    assert item(walk, GAIT, "Step symmetry").figure.startswith("left 0.57 m") and item(walk, BATTERY, "Balance").reason
    assert item(walk, GAIT, "Walking stance").figure.startswith("step width 0.12 m")


def test_tests_that_are_not_in_the_recording_are_not_judged(walk):
    for scale, name, test in (
        (BATTERY, "Five chair stands", "5 chair stands"),
        (UP_AND_GO, "Time", UP_AND_GO),
        (STANDS, "Stands", "chair stands in 30 s"),
        (BATTERY, "Gait speed", "4 m walk"),
    ):
        found = item(timed(walk, test, None, about="it is not there"), scale, name)
        assert (found.suggested, found.reason, found.figure) == (None, "it is not there", "")


def image(joints, depth_deg=0.0):
    """What a camera sees that looks at the walk, turned by an angle."""
    angle = np.radians(depth_deg)
    across = joints[..., 0] * np.cos(angle) + joints[..., 2] * np.sin(angle)
    return Motion.of(np.stack([0.2 * across + 50, 400 - 0.2 * joints[..., 1]], axis=-1), JOINTS, FPS, unit="px")


def test_lengths_need_meters_and_a_view_from_the_side():
    plain = analyze(image(walker()))
    assert "--height-m" in item(plain, CUTS, "Gait speed").reason
    assert "--height-m" in item(plain, BATTERY, "Gait speed").reason
    assert item(plain, GAIT, "Step length, left foot").suggested.score == 1
    assert item(plain, GAIT, "Walking stance").figure == ""
    scaled = analyze(image(walker()), 1.7)
    assert item(scaled, CUTS, "Gait speed").suggested and item(scaled, BATTERY, "Gait speed").suggested
    oblique = analyze(image(walker() * (1, 1, 3), 45.0), 1.7)
    for scale, name in ((CUTS, "Gait speed"), (BATTERY, "Gait speed"), (GAIT, "Step length, left foot")):
        found = item(oblique, scale, name)
        assert found.suggested is None and "not seen from the side" in found.reason


def test_speed_needs_strides_over_ground(walk):
    assert item(replace(walk, strides=[], measures=[]), CUTS, "Gait speed").reason.startswith("there are fewer than 3")
    treadmill = replace(walk, measures=[one for one in walk.measures if one.name != "speed"])
    assert item(treadmill, CUTS, "Gait speed").reason == "speed over ground is not known"
    few = item(measured(walk, "speed", "m/s", 1.0, np.nan, np.nan, 2), CUTS, "Gait speed")
    assert few.suggested is None and few.figure == "1.00 m/s"


def test_points_add_up_to_the_instruments_most(walk):
    for scale in scales(walk):
        points = [[choice.score for choice in one.choices] for one in scale.items]
        if scale.most is None:
            assert all(score is None for scores in points for score in scores)
        else:
            assert sum(max(scores) for scores in points) == scale.most == 12
            assert all(min(scores) == 0 and len(set(scores)) == len(scores) for scores in points)
        for one in scale.items:
            assert (one.suggested is None) == bool(one.reason)
            assert one.suggested is None or one.suggested in one.choices or not one.choices


def test_the_json_has_them(walk):
    found = json.loads(as_json(timed(walk, "5 chair stands", 12.0), "walk.trc", 1))["scales"]
    assert [one["name"] for one in found] == [BATTERY, UP_AND_GO, CUTS, STANDS, GAIT]
    chair = found[0]["items"][2]
    assert chair["suggested"] == {"words": "11.20 to 13.69 s", "score": 3, "least": 11.2}
    assert "Guralnik" in found[0]["source"] and found[0]["items"][0]["suggested"] is None


def page_of(analysis):
    return report_html(analysis, "walk.trc", "the person")


def test_the_page_allows_its_own_script_alone(walk):
    page = page_of(walk)
    script = re.search("<script>(.*?)</script>", page, re.S)[1]
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"; script-src 'sha256-{digest}'\"" in page and page.count("<script") == 1
    assert "Scales: suggestions to confirm" in page and "no diagnosis" in page
    assert "Timed Up and Go: nothing of it can be judged from this recording</summary>" in page
    assert page.count(" selected>") == sum(
        one.suggested is not None and bool(one.choices) for scale in scales(walk) for one in scale.items
    )


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no browser is installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path)
        yield started
        started.close()


@pytest.fixture
def form(browser, walk, tmp_path):
    analysis = timed(timed(walk, "5 chair stands", 12.0), "4 m walk", 5.0)
    (tmp_path / "report.html").write_text(page_of(analysis), encoding="utf-8")
    page, problems = browser.new_page(viewport={"width": 390, "height": 800}), []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((tmp_path / "report.html").as_uri())
    yield page
    page.close()
    assert problems == []


def saved(page, folder):
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "scales.json"
    download.value.save_as(folder / "scales.json")
    return json.loads((folder / "scales.json").read_text(encoding="utf-8"))


def test_the_form_sums_what_is_confirmed_and_saves_it(form, tmp_path):
    battery = form.locator("section", has=form.locator(f'table[data-name="{BATTERY}"]'))
    balance, speed, chair = (battery.locator("tbody tr").nth(k) for k in range(3))
    total = battery.locator("output")
    assert form.evaluate("document.documentElement.scrollWidth") <= 390
    assert total.inner_text() == "not yet, 3 of 3 items are not confirmed"
    # What is not judged cannot be confirmed; what is suggested is not confirmed by itself.
    assert balance.locator(".confirmed").is_disabled() and not speed.locator(".confirmed").is_checked()
    speed.locator(".confirmed").check()
    chair.locator(".confirmed").check()
    assert total.inner_text() == "not yet, 1 of 3 items are not confirmed"
    balance.locator("select").select_option("side by side 10 s, semi-tandem under 10 s")
    balance.locator(".confirmed").check()
    assert total.inner_text() == "7 of 12"
    # Another result has to be confirmed anew.
    chair.locator("select").select_option("16.70 to 60 s")
    assert total.inner_text() == "not yet, 1 of 3 items are not confirmed"
    chair.locator(".confirmed").check()
    chair.locator(".remark").fill("used the arms")
    assert total.inner_text() == "5 of 12"
    form.fill("#professional", "A. Person")
    found = saved(form, tmp_path)
    assert (found["recording"], found["who"], found["professional"]) == ("walk.trc", "the person", "A. Person")
    assert [one["sum"] for one in found["scales"]] == [5, None, None, None, None]
    row = found["scales"][0]["items"][2]
    assert (row["suggested"], row["result"], row["score"], row["confirmed"], row["remark"]) == (
        "11.20 to 13.69 s",
        "16.70 to 60 s",
        1,
        True,
        "used the arms",
    )
    open_row = found["scales"][4]["items"][1]
    assert (open_row["suggested"], open_row["confirmed"]) == ("passes the other foot", False)
    assert found["scales"][3]["items"][0] | {"figure": ""} == {
        "item": "Stands",
        "figure": "",
        "suggested": None,
        "cannot_be_judged": "the person stands up 0 times in a row",
        "result": None,
        "score": None,
        "confirmed": False,
        "remark": "",
    }


def test_the_paper_shows_what_was_confirmed(form):
    rows = form.locator(f'table[data-name="{BATTERY}"] tbody tr')
    rows.nth(1).locator(".confirmed").check()
    rows.nth(1).locator(".remark").fill("with a stick")
    form.locator("summary", has_text="Timed Up and Go").click()
    form.locator(f'table[data-name="{UP_AND_GO}"] .remark').fill("not done")
    form.locator("summary", has_text="Timed Up and Go").click()
    form.emulate_media(media="print")
    form.evaluate("dispatchEvent(new Event('beforeprint'))")
    papers = [rows.nth(k).locator("b.paper").inner_text() for k in range(3)]
    assert papers == ["not judged", "3: 4.82 to 6.20 s", "not confirmed"]
    assert rows.nth(1).locator("span.paper").inner_text() == "with a stick"
    assert not rows.nth(1).locator("select").is_visible() and not form.locator("#save").is_visible()
    assert form.locator(f'table[data-name="{UP_AND_GO}"] span.paper').inner_text() == "not done"
