"""The page in a real browser: hosts, messages, and layout."""

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import cv2
import pytest
from browser_parts import GRAY, opened, painted, running, says, told

from demo.site.server import make_server

pytestmark = pytest.mark.slow


class QuietHandler(SimpleHTTPRequestHandler):
    """A static host without our headers."""

    def log_message(self, *arguments):
        pass


def test_a_refused_camera_shows_a_message_and_can_be_retried(browser, address):
    with opened(browser, address, permissions=[]) as page:
        page.click("#camera")
        says(page, "The browser was not allowed to use the camera. Allow it")
        assert page.locator("#view").is_hidden()
        page.context.grant_permissions(["camera"])
        page.click("#camera")
        told(page, 2)
        assert page.locator("#view").is_visible()


def test_a_disconnected_camera_shows_a_message(page):
    page.click("#camera")
    told(page, 2)
    page.evaluate("() => stream.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    says(page, "The camera went away.")
    assert page.locator("#view").is_hidden() and page.inner_text("#speed") == ""


def test_unreadable_files_show_a_message(page, tmp_path):
    for name, message in (("no.png", "no.png cannot be read as a picture"), ("no.mp4", "no.mp4 cannot be played")):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        page.set_input_files("#file", tmp_path / name)
        says(page, message)


def test_a_missing_camera_shows_a_message(driver, chromium_path, address):
    none = ["--use-fake-device-for-media-stream=device-count=0"]
    browser = driver.chromium.launch(executable_path=chromium_path, args=none)
    with opened(browser, address) as page:
        page.click("#camera")
        says(page, "No camera is connected.")
    browser.close()


def test_the_browser_sends_nothing_to_other_hosts(browser, address, site):
    page = browser.new_page()
    page.goto(address)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(site)))
    with running(server):
        answer = page.evaluate(
            """async (address) => {
              try {
                await fetch(address, { method: "POST", mode: "no-cors", body: "a picture" });
                return "sent";
              } catch (error) {
                return error.name;
              }
            }""",
            f"http://127.0.0.1:{server.server_address[1]}/",
        )
    page.close()
    assert answer == "TypeError"


@pytest.mark.parametrize("wanted", [1, 2])
def test_threads_where_the_host_sends_the_headers(browser, address, tmp_path, wanted):
    cv2.imwrite(str(tmp_path / "picture.png"), painted(GRAY, (200, 120, 120, 240))[..., ::-1])
    with opened(browser, f"{address}?threads={wanted}") as page:
        page.set_input_files("#file", tmp_path / "picture.png")
        told(page, 1)
        threads = min(wanted, page.evaluate("navigator.hardwareConcurrency"))
        assert page.inner_text("#speed").endswith(f", {threads} thread" + "s" * (threads > 1))


def test_a_static_host_elsewhere(browser, site, tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(site)))
    with running(server), opened(browser, f"http://far.test:{server.server_address[1]}/") as page:
        page.click("#camera")
        says(page, "The browser gives the camera only to pages from https://")
        cv2.imwrite(str(tmp_path / "picture.png"), painted(GRAY, (200, 120, 120, 240))[..., ::-1])
        page.set_input_files("#file", tmp_path / "picture.png")
        heights = [y for _, y in told(page, 1)[0][2]["joints"]]
        assert (min(heights), max(heights)) == pytest.approx((119.5, 359.5), abs=2)
        assert page.inner_text("#speed").endswith("1 thread")


@pytest.mark.parametrize("size", [(320, 568), (844, 390)])
def test_every_control_is_visible_on_a_phone(browser, address, size):
    width, height = size
    with opened(browser, address, viewport={"width": width, "height": height}, has_touch=True, is_mobile=True) as page:
        page.tap("#camera")
        told(page, 2)
        for place in ("#view", "#speed", "#camera", "label", "#pause", "#promise"):
            box = page.locator(place).bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, place
            assert box["y"] >= 0 and box["y"] + box["height"] <= height, place
        assert page.locator("#view").bounding_box()["height"] > 0.4 * height
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_without_its_model_shows_a_message(browser, site, tmp_path):
    shutil.copytree(site, tmp_path / "site", ignore=shutil.ignore_patterns("model.onnx"))
    server, address = make_server(tmp_path / "site", port=0)
    with running(server):
        page = browser.new_page()
        page.goto(address)
        says(page, "The model cannot be loaded: model.onnx is not on this page's host (HTTP 404)")
        assert page.locator("#camera").is_disabled()
        page.close()
