"""The page of gait in a real browser: a walk, rubbish, a phone's screen, and no host."""

import json
import shutil
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from browser_parts import GRAY, READY_MS, RULE, SMOOTH, painted, running, write_webm
from video_files import write_clip

from demo.site.build import write_site
from demo.site.server import make_server
from demo.tracking.one_euro import OneEuro
from demo.tracking.rule import FollowRule
from demo.video.video_file import VideoFile
from gait.__main__ import main
from weights import run_of

pytestmark = pytest.mark.slow
# The browser may have little of the processor.
_LONG_MS = 600_000
_WATCH = 'window.told = []; document.addEventListener("gait", ({ detail }) => told.push(detail));'
_PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@contextmanager
def gait_page(browser, address, **options):
    """The page of gait with its model; it must show no error of its own and ask no other host."""
    context = browser.new_context(**options)
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    own = (address, "blob:", "data:")
    page.on("request", lambda request: None if request.url.startswith(own) else problems.append(request.url))
    page.add_init_script(_WATCH)
    page.goto(f"{address}gait.html")
    page.locator("#file:enabled").wait_for(state="attached", timeout=READY_MS)
    yield page
    context.close()
    assert problems == []


def says(page, text):
    from playwright.sync_api import expect

    expect(page.locator("#status")).to_contain_text(text, timeout=_LONG_MS)


def followed(page, video):
    """Gives the page a video, and returns the records of its frames."""
    page.set_input_files("#file", video)
    page.locator("#save-joints").wait_for(timeout=_LONG_MS)
    return page.evaluate("() => told.at(-1).records")


def saved(page, button, path):
    with page.expect_download() as download:
        page.click(button)
    download.value.save_as(path)
    return download.value.suggested_filename


def test_a_real_walk_is_measured_saved_and_measured_again(browser, runtime, shared_data, tmp_path):
    source, frames = VideoFile(str(shared_data / "clips/sports2d_demo.mp4")), []
    while len(frames) < 165 and (read := source.read()):
        frames.append(read[0])
    # The woman alone, as the model sees one person.
    cut = [np.ascontiguousarray(frame[430:, :1600]) for frame in frames[66:]]
    write_site(tmp_path / "site", run_of("fast") / "export", FollowRule(), OneEuro())
    server, address = make_server(tmp_path / "site", port=0)
    with running(server), gait_page(browser, address, **_PHONE) as page:
        records = followed(page, write_webm(tmp_path / "walk.webm", cut))
        # Every frame, each at its own time.
        np.testing.assert_allclose([one["time_s"] for one in records], np.arange(99) / 30, atol=2e-3)
        name = saved(page, "#save-joints", tmp_path / "walk-joints.jsonl")
        saved(page, "#save-gait", tmp_path / "gait.json")
        events = page.evaluate("() => told.at(-1).analysis.events.map(({ side, kind, timeS }) => [side, kind, timeS])")
        page.click("#event-on")
        page.locator("#where", has_text="foot").wait_for(timeout=READY_MS)
        assert page.locator("#plot .contact").count() == sum(kind == "contact" for _, kind, _ in events)
        page.fill("#height", "170")
        page.press("#height", "Enter")
        page.locator("#measures", has_text=", m").wait_for(timeout=READY_MS)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert name == "walk-joints.jsonl"
    # By eye the heels come down within a frame or two; see tests/gait.
    for side, numbers in (("left", (80, 117, 153)), ("right", (98, 135))):
        found = np.array([66 + 30 * time_s for one, kind, time_s in events if (one, kind) == (side, "contact")])
        assert np.abs(np.array(numbers)[:, None] - found).min(axis=1).max() < 2.5, (side, found)
    assert main([str(tmp_path / "walk-joints.jsonl"), "--out", str(tmp_path / "out")]) == 0
    ours, theirs = (json.loads(path.read_text()) for path in (tmp_path / "out/gait.json", tmp_path / "gait.json"))
    assert theirs["measures"] and theirs["fps"] == pytest.approx(ours["fps"])
    for measure, one in zip(theirs["measures"], ours["measures"], strict=False):
        assert measure["name"] == one["name"] and measure["count"] == one["count"]
        assert measure["value"] == pytest.approx(one["value"], rel=1e-7, abs=1e-9)


@pytest.fixture
def page(browser, address):
    with gait_page(browser, address, **_PHONE) as page:
        yield page


def test_frames_at_uneven_times_are_all_seen(page, tmp_path):
    times_s = np.cumsum([0, *np.random.default_rng(1).choice([0.033, 0.036, 0.066, 0.018], 30, p=[0.5, 0.3, 0.1, 0.1])])
    pictures = [painted(GRAY[:240, :320], (50 + 4 * k, 50, 60, 120)) for k in range(len(times_s))]
    records = followed(page, write_clip(tmp_path / "film.webm", pictures, list(times_s), "libvpx"))
    seen_s = np.array([one["time_s"] for one in records])
    # A frame that is shown for less than a third of the usual time may be missed, none is seen at a wrong time.
    assert np.abs(seen_s[:, None] - times_s).min(axis=1).max() < 2e-3 and len(seen_s) >= 0.9 * len(times_s)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("picture", "picture.mp4 cannot be played. Browsers play MP4"),
        ("text", "text.mp4 cannot be played. Browsers play MP4"),
        ("nobody", "There is nobody in the recording."),
        ("slow", "Gait needs 15 frames per second or more, got 10."),
        ("still", "No stride was found: nobody walks, or too few joints are known"),
    ],
)
def test_what_is_no_walk_shows_a_plain_message(page, tmp_path, case, message):
    if case == "picture":
        cv2.imwrite(str(tmp_path / "picture.png"), GRAY)
        video = shutil.move(tmp_path / "picture.png", tmp_path / "picture.mp4")
    elif case == "text":
        video = tmp_path / "text.mp4"
        video.write_text("hello")
    else:
        box = None if case == "nobody" else (200, 100, 60, 120)
        picture = painted(GRAY[:240, :320], box and (120, 60, 60, 120))
        video = write_webm(tmp_path / "film.webm", [picture] * 30, fps=10 if case == "slow" else 30)
    page.set_input_files("#file", video)
    says(page, message)
    assert page.locator("#measured").is_hidden() and page.locator("#stop").is_hidden()
    # The page goes on with the next video.
    assert page.locator("#file").is_enabled()


def test_both_pages_work_without_their_host_after_one_visit(browser, export, runtime, tmp_path):
    write_site(tmp_path / "site", export, RULE, OneEuro(*SMOOTH))
    server, address = make_server(tmp_path / "site", port=0)
    context = browser.new_context(**_PHONE)
    page = context.new_page()
    with running(server):
        page.goto(f"{address}gait.html")
        page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.locator("#file:enabled").wait_for(state="attached", timeout=READY_MS)
    picture = painted(GRAY[:240, :320], (120, 60, 60, 120))
    page.set_input_files("#file", write_webm(tmp_path / "film.webm", [picture] * 12))
    says(page, "No stride was found")
    # WebAssembly still may use threads.
    assert page.evaluate("() => window.crossOriginIsolated")
    page.click("text=Live view")
    page.locator("#camera:enabled").wait_for(timeout=READY_MS)
    page.goto(address)
    page.locator("#camera:enabled").wait_for(timeout=READY_MS)
    context.close()


def test_a_new_version_replaces_the_old_one(browser, export, runtime, tmp_path):
    write_site(tmp_path / "site", export, RULE, OneEuro(*SMOOTH))
    server, address = make_server(tmp_path / "site", port=0)
    context = browser.new_context()
    page = context.new_page()
    smooth = "async () => (await (await fetch('settings.json')).json()).smooth"
    with running(server):
        page.goto(f"{address}gait.html")
        page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        (before,) = page.evaluate("() => caches.keys()")
        write_site(tmp_path / "site", export, RULE, OneEuro(2.0, 7.0))
        page.reload()
        # At once, and from the host.
        assert page.evaluate(smooth) == {"cutoff_hz": 2.0, "beta": 7.0}
        page.evaluate(
            "(old) => new Promise((go) => setInterval(async () => !(await caches.keys()).includes(old) && go(), 50))",
            before,
        )
    page.reload()
    page.locator("#file:enabled").wait_for(state="attached", timeout=READY_MS)
    assert page.evaluate(smooth) == {"cutoff_hz": 2.0, "beta": 7.0}
    assert len(page.evaluate("() => caches.keys()")) == 1
    context.close()


def test_another_page_at_the_same_address_is_not_hidden(browser, export, runtime, tmp_path):
    write_site(tmp_path / "site", export, RULE, OneEuro(*SMOOTH))
    server, address = make_server(tmp_path / "site", port=0)
    context = browser.new_context()
    page = context.new_page()
    with running(server):
        page.goto(address)
        page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        shutil.rmtree(tmp_path / "site")
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "index.html").write_text("<title>Another</title>")
        page.reload()
        assert page.title() == "Another"
    context.close()
