"""The command `python -m demo.webcam` with the fake model."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import cv2
import numpy as np
import pytest
from commands import call
from video_files import packets, write_clip, write_moving_video

import demo.ui.loop
import demo.video.capture
from artefact.formats import FORMATS
from benchmarks.demo.restless_camera import RestlessCamera
from demo.webcam import Options, _stop_signals, main, run

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")


def command(*arguments):
    return [sys.executable, "-m", "demo.webcam", *map(str, arguments)]


def call_process(*arguments):
    environment = {name: value for name, value in os.environ.items() if name not in DISPLAYS}
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, env=environment)


@pytest.fixture(scope="module")
def walk(tmp_path_factory, paint, write_video):
    """90 frames: a person walks from left to right, leaves, and comes back in the middle."""
    people = [(100 + 12 * k, 240, 200) for k in range(60)] + 10 * [None] + 20 * [(320, 240, 260)]
    pictures = [paint((480, 640), person) for person in people]
    return write_video(tmp_path_factory.mktemp("videos") / "walk.avi", pictures, fps=30)


def test_a_video_from_end_to_end(walk, fake_export, tmp_path, read_video):
    output = tmp_path / "out.mp4"
    begin_s = time.perf_counter()
    result = call_process("--source", walk, "--model", fake_export, "--no-window", "--output", output)
    called_s = time.perf_counter() - begin_s
    assert result.returncode == 0, result.stderr
    assert "the stream ended: 90 frames in" in result.stdout and f"wrote {output}" in result.stdout
    assert 0.1 < float(re.search(r"first skeleton (\S+) s after the start", result.stdout)[1]) < called_s
    pictures, fps = read_video(output)
    assert (len(pictures), fps, pictures[0].shape) == (90, 30, (480, 640, 3))
    inputs, _ = read_video(walk)

    def changed(k):
        """Number of pixels that were drawn on."""
        return np.count_nonzero(np.abs(pictures[k].astype(int) - inputs[k]).max(axis=-1) > 90)

    assert min(changed(k) for k in (0, 10, 30, 70, 89)) > 500
    # No text either: that is the window's.
    assert changed(68) == 0


def test_the_newest_export_is_the_default(walk, fake_export, capsys):
    options = Options(source=str(walk), runs=fake_export.parent.parent, window=False, max_frames=3)
    run(options, begun_s=time.perf_counter() - 1000)
    printed = capsys.readouterr().out
    assert f"model {fake_export}" in printed
    assert "--max-frames 3 reached: 3 frames of 90 announced" in printed and "a person in 3" in printed
    assert re.search(r"first skeleton 10\d\d\.\d s after the start", printed)


def test_ctrl_c_stays_ignored_if_it_was_at_the_start():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _stop_signals() as stopped:
            os.kill(os.getpid(), signal.SIGINT)
            assert stopped == [] and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGTERM)
            assert stopped == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow
def test_ctrl_c_leaves_a_complete_video(fake_export, tmp_path, paint, write_video, read_video):
    source = write_video(tmp_path / "long.avi", [paint((120, 160), (80, 60, 60))] * 6_000)
    output = tmp_path / "out.mp4"
    arguments = command("--source", source, "--model", fake_export, "--no-window", "--output", output)
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert "Ctrl-C stops" in process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)
        assert not output.exists()
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0 and "Traceback" not in errors
    assert "stopped by a signal" in printed
    count = int(printed.split("stopped by a signal: ")[1].split()[0])
    assert 0 < count < 6_000
    assert len(read_video(output)[0]) == count
    assert {path.name for path in tmp_path.iterdir()} == {"long.avi", "out.mp4"}


def test_a_window_is_closed_with_q(walk, fake_export, tmp_path, monkeypatch, capsys):
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_q))
    run(Options(source=str(walk), model=fake_export, output=tmp_path / "out.mp4"))
    printed = capsys.readouterr().out
    assert "stopped from the window: 0 frames" in printed and "wrote" not in printed and "skeleton" not in printed
    assert not list(tmp_path.iterdir())


def test_errors_end_with_their_exit_code(walk, fake_export, tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    model = ("--model", fake_export, "--no-window")
    for arguments, code, message in (
        (("--source", walk, "--model", tmp_path / "none"), 2, "none' does not exist"),
        (("--source", walk, "--model", tmp_path), 2, "holds no SavedModel"),
        (("--source", walk, "--model", tmp_path), 2, "export a trained model"),
        (("--source", walk, *model, "--output", tmp_path / "no" / "out.mp4"), 2, "there is no folder"),
        (("--source", walk, *model, "--output", walk), 2, "is the source itself"),
        (("--max-frames", 0), 2, "must be 1 or more, got 0"),
        (("--source", tmp_path / "missing.mp4", *model), 3, "missing.mp4' does not exist"),
        (("--source", text, *model), 3, "cannot be read as a video"),
        (("--source", 99, *model), 3, "camera 99 cannot be opened"),
        (("--source", "", *model), 3, "'' does not exist"),
        (("--people", 5, "--finder", "squares"), 2, "error: --people must be 1 to 4, got 5"),
        (("--runtime", "onyx"), 2, f"error: --runtime must be auto or one of {', '.join(FORMATS)}, got 'onyx'"),
        (("--threads", 0), 2, "error: --threads must be 1 or more, got 0"),
        (("--source", walk, *model, "--jsonl", walk), 2, "--jsonl"),
        (("--source", walk, *model, "--jsonl", tmp_path / "no" / "people.jsonl"), 2, "there is no folder"),
        (("--source", f"file://{walk}", *model, "--jsonl", walk), 2, "is the source itself"),
        (("--output", tmp_path / "x.mkv", "--jsonl", tmp_path / "." / "x.mkv"), 2, "are one file; choose two names"),
    ):
        result = call(main, *arguments)
        assert result.returncode == code, (arguments, result.stderr)
        assert message in result.stderr.splitlines()[-1] and "Traceback" not in result.stderr


def test_people_are_written_as_json_lines(walk, fake_export, tmp_path):
    lines = tmp_path / "people.jsonl"
    run(Options(source=str(walk), model=fake_export, window=False, people=2, jsonl=lines))
    records = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [record["frame"] for record in records] == list(range(90))
    assert records[30]["time_s"] == pytest.approx(1.0) and records[30]["size"] == [480, 640]
    assert [len(records[k]["people"]) for k in (0, 30, 68, 89)] == [1, 1, 0, 1]
    (person,) = records[30]["people"]
    # At frame 30 the person stands at (460, 240), 100 px wide and 200 px high; the joints are smoothed.
    x, y, width, height = person["box_px"]
    assert (x + width / 2, y + height / 2) == pytest.approx((460, 240), abs=12)
    assert (width, height) == pytest.approx((100, 200), abs=12)


UNEVEN_S = np.cumsum([0, *(20 * [1 / 30]), *(20 * [0.15]), 0.5])


@pytest.mark.parametrize("name, codec", [("uneven.mp4", "libx264"), ("uneven.webm", "libvpx")])
def test_frames_at_uneven_intervals_keep_their_times(fake_export, tmp_path, paint, name, codec):
    source = write_clip(tmp_path / name, 42 * [paint((120, 160), (80, 60, 80))], UNEVEN_S, codec)
    lines, output = tmp_path / "people.jsonl", tmp_path / "out.mp4"
    run(Options(source=str(source), model=fake_export, window=False, jsonl=lines, output=output))
    told_s = [json.loads(line)["time_s"] for line in lines.read_text().splitlines()]
    np.testing.assert_allclose(told_s, UNEVEN_S, atol=1.1e-3)
    with av.open(str(output)) as container:
        shown_s = [frame.time for frame in container.decode(video=0)]
        assert container.duration / av.time_base == pytest.approx(UNEVEN_S[-1], rel=0.02)
    np.testing.assert_allclose(shown_s, UNEVEN_S, atol=1.1e-3)


def test_the_frame_count_of_a_stream_that_starts_late(fake_export, tmp_path, paint):
    times_s = 100 + np.arange(30) / 30
    source = write_clip(tmp_path / "late.mkv", 30 * [paint((120, 160), (80, 60, 80))], times_s)
    result = call(main, "--source", source, "--model", fake_export, "--no-window")
    assert "the stream ended: 30 frames in" in result.stdout and "announced" not in result.stdout


def test_damaged_frames_are_counted_in_the_report(fake_export, tmp_path):
    source = write_moving_video(tmp_path / "a.mp4", range(20), g="5", bf="0")
    data, (place, size) = bytearray(source.read_bytes()), packets(source)[7]
    data[place : place + size] = bytes(range(1, 256)) * (size // 255) + bytes(size % 255)
    source.write_bytes(data)
    result = call(main, "--source", source, "--model", fake_export, "--no-window")
    assert result.returncode == 0 and f"{source}: 1 frame was damaged and skipped" in result.stdout.splitlines()


@pytest.mark.parametrize("option, name", [("--output", "out.mp4"), ("--jsonl", "people.jsonl")])
def test_a_full_disk_exits_with_2_and_leaves_nothing(walk, fake_export, tmp_path, room, option, name):
    with room(2_000):
        result = call(main, "--source", walk, "--model", fake_export, "--no-window", option, tmp_path / name)
    assert result.returncode == 2 and not list(tmp_path.iterdir())
    assert result.stderr.splitlines()[-1].startswith(f"error: {option} ") and "wrote" not in result.stdout


def test_scores_that_clash_with_the_models_own_exit_with_2(walk, fake_export, tmp_path):
    lines = tmp_path / "people.jsonl"
    lines.write_text("yesterday's")
    clash = ("--no-window", "--follow.lost-score", 0.9, "--jsonl", lines)
    result = call(main, "--source", walk, "--model", fake_export, *clash)
    assert result.returncode == 2
    (message,) = result.stderr.splitlines()
    assert "lost_score must not exceed found_score, got joint_score=0.1, lost_score=0.9, found_score=0.25" in message
    assert "the model's own are joint_score=0.1, found_score=0.25: give fitting ones beside yours" in message
    assert lines.read_text() == "yesterday's"
    assert call(main, "--source", walk, "--model", fake_export, *clash, "--follow.found-score", 0.95).returncode == 0


def test_faces_are_blurred_in_window_and_video(fake_export, tmp_path, paint, write_video, read_video):
    picture = paint((480, 640), (320, 240, 200))
    noise = np.random.default_rng(0).integers(0, 200, (480, 640, 1), np.uint8)
    picture = np.where(picture == 90, noise, picture)
    source = write_video(tmp_path / "noise.avi", 3 * [picture])
    views = []
    for output, blur in ((tmp_path / "plain.avi", False), (tmp_path / "blurred.avi", True)):
        run(Options(source=str(source), model=fake_export, window=False, output=output, blur_faces=blur))
        views.append(read_video(output)[0][2].astype(int))
    rows, columns = np.nonzero(np.abs(views[0] - views[1]).max(axis=2)[40:] > 40)
    # The nose is in the middle of the rectangle's upper edge; the shoulders are 60 px apart.
    assert columns.min() == pytest.approx(320 - 33, abs=4) and columns.max() == pytest.approx(320 + 33, abs=4)
    assert 40 + rows.min() == pytest.approx(140 - 33, abs=4) and 40 + rows.max() < 140 + 33


@pytest.fixture
def dummy_window(monkeypatch):
    """A window without a screen; `press` posts keys."""
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()

    def press(*names):
        for name in names:
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=getattr(pygame, f"K_{name}")))

    return press


def test_the_key_s_writes_a_snapshot(fake_export, tmp_path, paint, dummy_window, capsys):
    camera = RestlessCamera([paint((120, 160), (80, 60, 90))[..., ::-1]], 0, unplug_every_s=1e9, resize_every_s=1e9)
    threading.Timer(1.5, dummy_window, ["s"]).start()
    threading.Timer(2.0, dummy_window, ["q"]).start()
    run(Options(model=fake_export, snapshots=tmp_path, mirror=False), camera.open)
    (kept,) = tmp_path.iterdir()
    printed = capsys.readouterr().out
    assert f"kept {kept}" in printed and "stopped from the window" in printed
    assert "ms from camera to screen (19 of 20 within" in printed
    assert cv2.imread(str(kept)).shape == (480, 640, 3)


def test_a_disconnected_camera_is_reported_and_reopened(
    fake_export, tmp_path, paint, dummy_window, monkeypatch, capsys
):
    monkeypatch.setattr(demo.video.capture, "_SILENCE_S", 0.2)
    monkeypatch.setattr(demo.video.capture, "_RETRY_S", 0.1)
    monkeypatch.setattr(demo.ui.loop, "_SILENCE_S", 0.3)
    told = []
    monkeypatch.setattr(demo.ui.loop, "caption", lambda view, text: (told.append(text), view)[1])
    camera = RestlessCamera([paint((120, 160), (80, 60, 90))[..., ::-1]], 0, unplug_every_s=2.0, away_s=0.8)
    lines = tmp_path / "people.jsonl"
    run(Options(model=fake_export, jsonl=lines, max_frames=75), camera.open)
    times_s = np.array([json.loads(line)["time_s"] for line in lines.read_text().splitlines()])
    assert len(times_s) == 75 and camera.unplugged >= 1 and np.diff(times_s).max() > 0.8
    assert any(text.startswith("no picture from 0 for") for text in told)
    assert any(re.match(r"\d+ frames/s  \d+ ms late", text) for text in told)
    assert "--max-frames 75 reached" in capsys.readouterr().out
    assert not [thread for thread in threading.enumerate() if thread.name in ("capture", "model")]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_no_display_exits_with_4(walk, fake_export, monkeypatch):
    for name in DISPLAYS:
        monkeypatch.delenv(name, raising=False)
    result = call(main, "--source", walk, "--model", fake_export)
    assert result.returncode == 4
    assert "--no-window --output out.mp4" in result.stderr and "Traceback" not in result.stderr


def test_a_folder_without_an_export_exits_with_2(walk, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"rubbish")
    result = call(main, "--source", walk, "--model", tmp_path, "--no-window")
    assert result.returncode == 2
    assert "cannot be loaded as a SavedModel" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "name, count, fps, size",
    [
        ("pose_1.mp4", 120, 30, (576, 576)),
        ("pose_squats.mp4", 65, 5, (1280, 720)),
        ("webcam_upper_body.mkv", 89, 30, (480, 640)),
    ],
)
def test_real_clips_are_written_completely(shared_data, fake_export, tmp_path, read_video, name, count, fps, size):
    output = tmp_path / "out.mp4"
    run(Options(source=str(shared_data / "clips" / name), model=fake_export, window=False, output=output))
    pictures, written_fps = read_video(output)
    assert (len(pictures), pictures[0].shape[:2]) == (count, size)
    assert written_fps == pytest.approx(fps, rel=0.01)


@pytest.fixture
def stream(paint):
    """URL of a motion JPEG server that shows a person in the left half for 2 s at 25 frames/s."""
    person = paint((240, 320), (80, 120, 140))
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(person, cv2.COLOR_RGB2BGR))[1].tobytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            start_s = time.perf_counter()
            for k in range(50):
                head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
                self.wfile.write(head + jpeg + b"\r\n")
                time.sleep(max(start_s + (k + 1) / 25 - time.perf_counter(), 0))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/stream"
        server.shutdown()


@pytest.mark.parametrize("mirror", [True, False])
def test_a_live_stream_is_mirrored_and_written_at_its_own_speed(
    stream, fake_export, tmp_path, read_video, monkeypatch, mirror
):
    monkeypatch.setattr(demo.video.capture, "_SILENCE_S", 0.3)
    monkeypatch.setattr(demo.video.capture, "_ABSENCE_S", 0.0)
    output = tmp_path / "live.mp4"
    run(Options(source=stream, model=fake_export, window=False, output=output, mirror=mirror))
    pictures, fps = read_video(output)
    # Loading the model takes a part of the two seconds.
    assert 5 <= len(pictures) <= 51 and 0.2 < len(pictures) / fps < 2.3
    for picture in pictures:
        pink = (picture[..., 0] > 150) & (picture[..., 1] < 100) & (picture[..., 2] > 150)
        assert np.nonzero(pink)[1].mean() == pytest.approx(319 - 80 if mirror else 80, abs=5)
