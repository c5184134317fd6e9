"""A browser that shows the page, and its JavaScript without a browser."""

import json
import shutil
import subprocess

import pytest
from browser_parts import (
    GRAY,
    RULE,
    SMOOTH,
    opened,
    painted,
    running,
    write_fake_crowd_export,
    write_fake_export,
    write_mjpeg,
)

from demo.errors import DemoError
from demo.site.build import STATIC, write_site
from demo.site.onnxruntime_web import runtime_folder
from demo.site.server import make_server
from demo.tracking.one_euro import OneEuro


@pytest.fixture(scope="module")
def run_js(tmp_path_factory):
    """Runs the body of an asynchronous function of `given` beside the page's modules, and returns what it returns."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    folder = tmp_path_factory.mktemp("js")
    (folder / "package.json").write_text('{"type": "module"}')
    shutil.copytree(STATIC, folder, dirs_exist_ok=True)

    def run(body, given):
        (folder / "main.js").write_text(
            'import { readFileSync } from "node:fs";\nconst given = JSON.parse(readFileSync(0));\n'
            f"process.stdout.write(JSON.stringify(await (async () => {{{body}}})()));\n"
        )
        done = subprocess.run(
            [node, "main.js"], cwd=folder, input=json.dumps(given), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def chromium_path():
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = [path for path in map(shutil.which, names) if path]
    if not found:
        pytest.skip(f"no browser: none of {', '.join(names)} is installed")
    return found[0]


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    pytest.importorskip("onnx")
    return write_fake_export(tmp_path_factory.mktemp("web") / "export")


@pytest.fixture(scope="module")
def runtime():
    try:
        return runtime_folder()
    except DemoError as error:
        pytest.skip(f"no onnxruntime-web: {error}")


@pytest.fixture(scope="module")
def crowd_export(tmp_path_factory):
    pytest.importorskip("onnx")
    return write_fake_crowd_export(tmp_path_factory.mktemp("crowd") / "export")


@pytest.fixture(scope="module")
def site(export, runtime):
    write_site(export.with_name("site"), export, RULE, OneEuro(*SMOOTH))
    return export.with_name("site")


@pytest.fixture(scope="module")
def predict(export):
    session = pytest.importorskip("onnxruntime").InferenceSession(export / "model.onnx")
    return lambda pictures: session.run(["joints_xy_px", "scores"], {"pictures": pictures})


@pytest.fixture(scope="module")
def address(site):
    server, address = make_server(site, port=0)
    with running(server):
        yield address


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """The film of the fake camera; read whenever the camera is opened."""
    pictures = [painted(GRAY, (200 + 2 * k, 120, 120, 240)) for k in range(30)]
    return write_mjpeg(tmp_path_factory.mktemp("film") / "film.mjpeg", pictures)


@pytest.fixture(scope="module")
def driver():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(driver, chromium_path, film):
    fakes = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    fakes += ["--host-resolver-rules=MAP far.test 127.0.0.1"]
    started = driver.chromium.launch(executable_path=chromium_path, args=fakes)
    yield started
    started.close()


@pytest.fixture
def page(browser, address):
    with opened(browser, address) as page:
        yield page


@pytest.fixture
def crowd_page(browser, crowd_export, runtime, tmp_path):
    """The page of a model that sees everybody."""
    write_site(tmp_path / "crowd", crowd_export, RULE, OneEuro(*SMOOTH))
    server, address = make_server(tmp_path / "crowd", port=0)
    with running(server), opened(browser, address) as page:
        yield page
