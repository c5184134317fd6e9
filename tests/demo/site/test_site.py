"""The page as a folder, and the server, without a browser."""

import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import threading
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import call

from demo.errors import DemoError, ModelError
from demo.site import onnxruntime_web
from demo.site.build import STATIC, page_settings, static_names, write_site
from demo.site.onnxruntime_web import RUNTIME_FILES, runtime_folder, unpack
from demo.site.server import make_server
from demo.tracking.one_euro import OneEuro
from demo.tracking.rule import FollowRule
from demo.web import Options, main
from pose import LSP14
from pose.draw import COLORS

ROOT = Path(__file__).parents[3]
DESCRIPTION = json.loads(json.dumps({"skeleton": LSP14.describe(), "size": 96, "padding": 1.25}))


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"a net")
    (folder / "pose.json").write_text(json.dumps(DESCRIPTION))
    return folder


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A cache with placeholders for ONNX Runtime Web."""
    monkeypatch.setattr(onnxruntime_web, "user_cache_path", lambda name: tmp_path / "cache" / name)
    folder = onnxruntime_web.cache_folder()
    folder.mkdir(parents=True)
    for name in RUNTIME_FILES:
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def serve():
    """Serves a folder: `serve(folder)` gives a function from a path to status, headers and body."""
    servers = []

    def start(folder):
        server, address = make_server(folder, port=0)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))

        def get(path):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1])
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            return answer.status, answer.headers, body

        return get

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_page_is_complete(tmp_path, export, cached):
    site = tmp_path / "site"
    write_site(site, export, FollowRule(found_score=0.4), OneEuro(2.5, 5.0))
    settings = json.loads((site / "settings.json").read_text())
    assert settings["pose"] == DESCRIPTION
    assert settings["colors"] == {side: "rgb({} {} {})".format(*color) for side, color in COLORS.items()}
    assert settings["follow"]["found_score"] == 0.4 and settings["smooth"] == {"cutoff_hz": 2.5, "beta": 5.0}
    assert (site / "model.onnx").read_bytes() == b"a net"
    wanted = [
        os.path.normpath(os.path.join(os.path.dirname(name), link))
        for name in static_names()
        for link in re.findall(r'(?:from|src=|href=|"src":)\s*"([\w./-]+\.\w+)"', (STATIC / name).read_text())
    ]
    assert {"app.js", "style.css", "gait/page.js", "icon-512.png", "ort/ort.wasm.min.mjs"} <= set(wanted)
    assert [name for name in wanted if not (site / name).is_file()] == []
    assert all((site / "ort" / name).read_text() == name for name in RUNTIME_FILES)


def kept(site):
    """What the service worker keeps: hashes by file."""
    return json.loads((site / "sw.js").read_text().splitlines()[0].removeprefix("const FILES = ").rstrip(";"))


def test_the_service_worker_keeps_every_file_of_this_version(tmp_path, export, cached):
    site = tmp_path / "site"
    write_site(site, export, FollowRule(), OneEuro())
    files = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    own = files.pop("sw.js").read_text()
    assert kept(site) == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    write_site(site, export, FollowRule(), OneEuro())
    assert (site / "sw.js").read_text() == own
    (export / "model.onnx").write_bytes(b"another net")
    write_site(site, export, FollowRule(), OneEuro())
    assert (site / "sw.js").read_text() != own


@pytest.mark.parametrize("name", ["manifest.webmanifest", "gait.webmanifest"])
def test_phones_can_install_the_page(tmp_path, export, cached, name):
    write_site(tmp_path / "site", export, FollowRule(), OneEuro())
    manifest = json.loads((tmp_path / "site" / name).read_text())
    assert (tmp_path / "site" / manifest["start_url"]).exists() and manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        picture = cv2.imread(str(tmp_path / "site" / icon["src"]))
        assert "{}x{}".format(*picture.shape[:2]) == icon["sizes"]
        # What a phone cuts round is ground; the skeleton is drawn in its colors.
        assert np.ptp(picture[: picture.shape[0] // 10].reshape(-1, 3), axis=0).max() == 0
        assert all((np.abs(picture[..., ::-1].astype(int) - color).max(axis=2) < 8).any() for color in COLORS.values())


def test_scores_that_clash_with_the_models_own_exit_with_2(tmp_path, export):
    result = call(main, "--model", export / "model.onnx", "--out", tmp_path / "site", "--follow.lost-score", 0.9)
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1
    assert "the model's own are joint_score=0.1, found_score=0.25: give fitting ones beside yours" in result.stderr
    assert not (tmp_path / "site").exists()


def test_a_file_is_an_export_too(tmp_path, export, cached):
    write_site(tmp_path / "site", export / "model.onnx", FollowRule(), OneEuro())
    assert (tmp_path / "site" / "model.onnx").is_file()


@pytest.mark.parametrize("name", ["index.html", "model.onnx", "settings.json", "ort/ort.wasm.min.mjs"])
def test_files_that_are_not_a_pages_are_not_replaced(name, tmp_path, export, cached):
    path = tmp_path / "site" / name
    path.parent.mkdir(parents=True)
    path.write_text('{"color": "red"}')
    with pytest.raises(DemoError, match=f"holds {name}, which no page of ours wrote"):
        write_site(tmp_path / "site", export, FollowRule(), OneEuro())
    assert [p for p in (tmp_path / "site").rglob("*") if p.is_file()] == [path]
    assert path.read_text() == '{"color": "red"}'


def test_a_page_replaces_a_page_and_keeps_other_files(tmp_path, export, cached):
    site = tmp_path / "site"
    site.mkdir()
    (site / "logo.png").write_text("mine")
    write_site(site, export, FollowRule(), OneEuro())
    (export / "model.onnx").write_bytes(b"another net")
    write_site(site, export, FollowRule(), OneEuro())
    assert (site / "model.onnx").read_bytes() == b"another net" and (site / "logo.png").read_text() == "mine"


@pytest.mark.parametrize("name", ["model.onnx", "pose.json"])
def test_an_export_without_onnx_raises(tmp_path, export, cached, name):
    (export / name).unlink()
    with pytest.raises(ModelError, match=rf"{name}, which is not there; export the model with `--to onnx`"):
        write_site(tmp_path / "site", export, FollowRule(), OneEuro())


@pytest.mark.parametrize("name", ["fast", "accurate"])
def test_every_shipped_model_makes_a_page(tmp_path, cached, name):
    done = call(main, "--model", name, "--out", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    shipped = ROOT / "weights" / name / "export"
    assert (tmp_path / "site" / "model.onnx").read_bytes() == (shipped / "model.onnx").read_bytes()
    settings = json.loads((tmp_path / "site" / "settings.json").read_text())
    assert settings["pose"] == json.loads((shipped / "pose.json").read_text())
    assert settings["follow"]["smallest_share"] == FollowRule.smallest_share


def test_a_page_of_a_model_that_sees_everybody(tmp_path, export, cached):
    own = {"joint_score": 0.15, "found_score": 0.85, "lost_score": 0.12}
    (export / "pose.json").write_text(json.dumps(DESCRIPTION | {"task": "poses-2d-centers", "follow": own}))
    write_site(tmp_path / "site", export, FollowRule(lost_score=0.3), OneEuro())
    settings = json.loads((tmp_path / "site" / "settings.json").read_text())
    assert settings["everybody"] is True and page_settings(DESCRIPTION, FollowRule(), OneEuro())["everybody"] is False
    scores = {name: settings["tracks"][name] for name in ("joint_score", "low_score", "high_score", "sure_score")}
    assert scores == {"joint_score": 0.15, "low_score": 0.3, "high_score": 0.85, "sure_score": 0.85}
    assert settings["sigmas"] == list(LSP14.sigmas)


def test_a_model_of_another_task_exits_with_2(tmp_path, export):
    (export / "pose.json").write_text(json.dumps(DESCRIPTION | {"task": "poses-2d-fields"}))
    result = call(main, "--model", export, "--out", tmp_path / "site")
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1
    assert "is a model of the task poses-2d-fields, and the page runs those of pose-2d and poses-2d-c" in result.stderr
    assert not (tmp_path / "site").exists()


def scripts(*names):
    """JavaScript of the page, without comments and imports."""
    text = "".join((STATIC / f"{name}.js").read_text() for name in names or [path.stem for path in STATIC.glob("*.js")])
    return re.sub(r"/\*.*?\*/|//[^\n]*|^import [^\n]*", "", text, flags=re.DOTALL | re.MULTILINE)


def test_the_page_reads_every_setting_and_no_other():
    settings = page_settings(DESCRIPTION, FollowRule(), OneEuro())
    groups = {"rule": "follow", "trackRule": "tracks"}
    groups |= {name: name for name in ("tracking", "search", "finder", "motion", "outliers", "display")}
    used = {
        group: set(re.findall(rf"\b{name}\.([a-z]+(?:_[a-z]+)*)\b(?!\()", scripts())) for name, group in groups.items()
    }
    assert used == {group: settings[group].keys() for group in used}


def test_the_page_copies_no_constant_of_the_tracker():
    code = scripts("estimator", "tracker", "search", "outliers", "one_euro", "crowd", "people")
    assert set(re.findall(r"(?<![\w.])\d[\w.]*", code)) <= {"0", "0.5", "1", "2"}
    assert not re.search(r"shoulder|elbow|wrist|hip|knee|ankle", code)
    # Beside these only the 8 in OKS, and what guards against rounding and division by 0.
    tracks = re.sub(r"\[\d\]", "", scripts("tracks", "track_state", "assignment"))
    assert set(re.findall(r"(?<![\w.])\d(?:[\w.]|(?<=e)-)*", tracks)) <= {"0", "1", "2", "8", "1e-6", "1e-9"}


def test_missing_npm_raises_with_a_remedy(cached, monkeypatch):
    (cached / RUNTIME_FILES[0]).unlink()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DemoError, match=r"install Node.js.*`npm pack onnxruntime-web@[\d.]+`.*--onnxruntime-web FILE$"):
        runtime_folder()


def test_an_error_of_npm_is_passed_on(cached, monkeypatch, tmp_path):
    (cached / RUNTIME_FILES[0]).unlink()
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho no such host >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(npm))
    with pytest.raises(DemoError, match=r"could not fetch onnxruntime-web(.|\n)*no such host"):
        runtime_folder()


def test_another_package_raises_and_the_cache_is_kept(cached, tmp_path):
    package = tmp_path / "package.tgz"
    package.write_bytes(b"something else")
    with pytest.raises(DemoError, match="is not onnxruntime-web .* as published, but sha512-"):
        unpack(package, cached)
    assert all((cached / name).read_text() == name for name in RUNTIME_FILES)
    with pytest.raises(DemoError, match="nowhere.tgz' cannot be read: No such file"):
        runtime_folder(tmp_path / "nowhere.tgz")


def test_only_the_files_that_the_page_needs_are_unpacked(tmp_path, monkeypatch):
    package = tmp_path / "package.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for name in (*RUNTIME_FILES, "ort.js"):
            (tmp_path / name).write_text(f"this is {name}")
            archive.add(tmp_path / name, f"package/dist/{name}")
    integrity = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    monkeypatch.setattr(onnxruntime_web, "_NPM_INTEGRITY", f"sha512-{integrity}")
    unpack(package, tmp_path / "cache" / "runtime")
    kept = {path.name: path.read_text() for path in (tmp_path / "cache" / "runtime").iterdir()}
    assert kept == {name: f"this is {name}" for name in RUNTIME_FILES}


def test_files_are_served_with_types_and_headers_for_threads(tmp_path, export, cached, serve):
    write_site(tmp_path / "site", export, FollowRule(), OneEuro())
    get = serve(tmp_path / "site")
    types = {
        "/": "text/html; charset=utf-8",
        "/app.js": "text/javascript",
        "/style.css": "text/css",
        "/settings.json": "application/json",
        "/model.onnx": "application/octet-stream",
        "/ort/ort.wasm.min.mjs": "text/javascript",
        "/ort/ort-wasm-simd-threaded.wasm": "application/wasm",
        "/gait.html": "text/html; charset=utf-8",
        "/gait/page.js": "text/javascript",
        "/gait.webmanifest": "application/manifest+json",
        "/icon-192.png": "image/png",
    }
    for path, expected in types.items():
        status, headers, body = get(path)
        assert (status, headers["Content-Type"]) == (200, expected)
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert int(headers["Content-Length"]) == len(body)
    assert get("/ort/")[0] == get("/../../export/pose.json")[0] == get("/%2e%2e/export/pose.json")[0] == 404


def test_a_port_in_use_raises(tmp_path):
    server, address = make_server(tmp_path, port=0)
    port = server.server_address[1]
    assert address == f"http://localhost:{port}/"
    with server, pytest.raises(DemoError, match=rf"cannot listen on 127.0.0.1, port {port} .*; try another --port"):
        make_server(tmp_path, port=port)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl, to make a certificate")
def test_https(tmp_path):
    (tmp_path / "index.html").write_text("a page")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-out", str(certificate), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    server, address = make_server(tmp_path, port=0, certificate=certificate, key=key)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        assert address.startswith("https://localhost:")
        with urllib.request.urlopen(address, context=ssl.create_default_context(cafile=certificate)) as answer:
            assert answer.read() == b"a page"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_missing_certificate_raises(tmp_path):
    with pytest.raises(DemoError, match="none.pem' cannot be used"):
        make_server(tmp_path, port=0, certificate=tmp_path / "none.pem")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"port": 70000}, "--port must be 0 to 65535, got 70000"), ({"key": Path("key.pem")}, "needs --certificate")],
)
def test_invalid_options_raise(wrong, message):
    with pytest.raises(ValueError, match=message):
        Options(**wrong)


def test_the_command_without_a_model_exits_with_2(tmp_path):
    done = call(main, "--model", tmp_path, "--no-open")
    assert done.returncode == 2 and "holds no SavedModel" in done.stderr


def test_the_command_serves_until_ctrl_c(tmp_path, export, cached):
    command = [sys.executable, "-m", "demo.web", "--model", str(export), "--no-open", "--port", "0"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cached.parents[1])}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as served:
        address = served.stdout.readline().split()[0]
        with urllib.request.urlopen(address + "settings.json") as answer:
            assert json.load(answer)["pose"] == DESCRIPTION
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=30) == 0
