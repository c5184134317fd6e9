"""Helpers of the browser tests: a predictable ONNX model, videos for a fake camera, and pages."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

from demo.tracking.rule import FollowRule
from pose import LSP14

# Not the 224 and 1.25 of real exports, to catch code that does not read them from the description.
SIZE, PADDING = 96, 1.4
MAGENTA = (255, 0, 255)
#: The people whom the model that sees everybody finds.
PAINTS = (MAGENTA, (255, 255, 0), (0, 255, 255))
RULE = FollowRule(lost_after=4).for_model({})
SMOOTH = (1.3, 6.0)
GRAY = np.full((480, 640, 3), 90, np.uint8)
READY_MS = 60_000

# Records the frames that the page reports, and the streams of its cameras.
_WATCH = """
window.told = [];
document.addEventListener("pose", ({ detail }) => told.push(detail));
const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (open) navigator.mediaDevices.getUserMedia = async (wanted) => (window.stream = await open(wanted));
"""
AFTER = "count => new Promise((go) => setInterval(() => told.length >= count && go(), 20))"
_TOLD = """
(count) => told.slice(0, count).map(({ picture, timeS, person, people }) => {
  let pixels = "";
  for (let k = 0; k < picture.data.length; k += 32768) {
    pixels += String.fromCharCode(...picture.data.subarray(k, k + 32768));
  }
  return { size: [picture.height, picture.width], pixels: btoa(pixels), timeS, person, people };
})
"""
# For each of K colors, the rectangle of it.
_CROWD_GRAPH = """
<ir_version: 8, opset_import: ["": 17]>
crowd (uint8[B, 96, 96, 3] pictures)
    => (float[B, K, J, 2] joints_xy_px, float[B, K, J] scores, float[B, K] person_scores) {
    numbers = Cast<to = 1>(pictures)
    wide = Unsqueeze(numbers, third)
    difference = Sub(wide, colors)
    distance = Abs(difference)
    farthest = ReduceMax<axes = [4], keepdims = 0>(distance)
    is_near = Less(farthest, near)
    mask = Cast<to = 1>(is_near)
    area = ReduceSum<keepdims = 1>(mask, rows_columns)
    weight = Max(area, one)
    x_weighted = Mul(mask, xs)
    x_sum = ReduceSum<keepdims = 1>(x_weighted, rows_columns)
    x_mean = Div(x_sum, weight)
    x_off = Sub(xs, x_mean)
    x_squared = Mul(x_off, x_off)
    x_spread = Mul(mask, x_squared)
    x_spread_sum = ReduceSum<keepdims = 1>(x_spread, rows_columns)
    x_variance = Div(x_spread_sum, weight)
    y_weighted = Mul(mask, ys)
    y_sum = ReduceSum<keepdims = 1>(y_weighted, rows_columns)
    y_mean = Div(y_sum, weight)
    y_off = Sub(ys, y_mean)
    y_squared = Mul(y_off, y_off)
    y_spread = Mul(mask, y_squared)
    y_spread_sum = ReduceSum<keepdims = 1>(y_spread, rows_columns)
    y_variance = Div(y_spread_sum, weight)
    variance = Concat<axis = 1>(x_variance, y_variance)
    squared = Mul(variance, twelve)
    extent = Sqrt(squared)
    mean = Concat<axis = 1>(x_mean, y_mean)
    extent_of_each = Transpose<perm = [0, 3, 2, 1]>(extent)
    mean_of_each = Transpose<perm = [0, 3, 2, 1]>(mean)
    offsets = Mul(places, extent_of_each)
    joints_xy_px = Add(mean_of_each, offsets)
    share = Mul(area, per_area)
    fullness = Min(share, one)
    person_scores = Squeeze(fullness, rows_columns)
    column = Unsqueeze(person_scores, second)
    scores = Mul(column, ones)
}
"""
# Of the magenta rectangle: its middle, and sqrt(12 x variance), which is its extent.
_GRAPH = """
<ir_version: 8, opset_import: ["": 17]>
fake (uint8[B, 96, 96, 3] pictures) => (float[B, J, 2] joints_xy_px, float[B, J] scores) {
    numbers = Cast<to = 1>(pictures)
    red, green, blue = Split<axis = 3>(numbers)
    is_red = Greater(red, bright)
    is_blue = Greater(blue, bright)
    is_not_green = Less(green, dark)
    is_violet = And(is_red, is_blue)
    is_magenta = And(is_violet, is_not_green)
    mask = Cast<to = 1>(is_magenta)
    area = ReduceSum<keepdims = 1>(mask, all)
    weight = Max(area, one)
    x_weighted = Mul(mask, xs)
    x_sum = ReduceSum<keepdims = 1>(x_weighted, all)
    x_mean = Div(x_sum, weight)
    x_off = Sub(xs, x_mean)
    x_squared = Mul(x_off, x_off)
    x_spread = Mul(mask, x_squared)
    x_spread_sum = ReduceSum<keepdims = 1>(x_spread, all)
    x_variance = Div(x_spread_sum, weight)
    y_weighted = Mul(mask, ys)
    y_sum = ReduceSum<keepdims = 1>(y_weighted, all)
    y_mean = Div(y_sum, weight)
    y_off = Sub(ys, y_mean)
    y_squared = Mul(y_off, y_off)
    y_spread = Mul(mask, y_squared)
    y_spread_sum = ReduceSum<keepdims = 1>(y_spread, all)
    y_variance = Div(y_spread_sum, weight)
    variance = Concat<axis = 3>(x_variance, y_variance)
    squared = Mul(variance, twelve)
    extent = Sqrt(squared)
    mean = Concat<axis = 3>(x_mean, y_mean)
    offsets = Mul(places, extent)
    joints = Add(mean, offsets)
    joints_xy_px = Squeeze(joints, second)
    on_edge = Mul(mask, edge)
    cut_off = ReduceMax<axes = [1, 2, 3], keepdims = 1>(on_edge)
    penalty = Mul(cut_off, half)
    whole = Sub(one, penalty)
    share = Mul(area, per_area)
    fullness = Min(share, one)
    sure = Mul(fullness, whole)
    each = Mul(sure, ones)
    scores = Squeeze(each, middle)
}
"""


def write_fake_export(folder: Path) -> Path:
    """Writes model.onnx and pose.json of a model that puts the joints into a magenta rectangle, and returns the folder.

    Small rectangles, and those cut off by the crop, get low scores; without any the scores are 0.
    """
    edge = np.ones((1, SIZE, SIZE, 1))
    edge[:, 1:-1, 1:-1] = 0
    numbers = {
        "bright": 128,
        "dark": 100,
        "one": 1,
        "half": 0.5,
        "twelve": 12,
        "per_area": 6 / SIZE**2,
        "edge": edge,
        "ones": np.ones((1, 1, 1, LSP14.num_joints)),
    }
    return _write_export(folder, _GRAPH, numbers, {"all": [1, 2, 3], "second": [1], "middle": [1, 2]}, {})


def write_fake_crowd_export(folder: Path) -> Path:
    """Does so for a model that sees everybody: a rectangle of each color of `PAINTS`, the first color twice."""
    paints = [*PAINTS, PAINTS[0]]
    numbers = {
        "colors": np.reshape(paints, (1, 1, 1, -1, 3)),
        "near": 90,
        "one": 1,
        "twelve": 12,
        "per_area": 30 / SIZE**2,
        "ones": np.ones((1, 1, LSP14.num_joints)),
    }
    axes = {"rows_columns": [1, 2], "second": [2], "third": [3]}
    graph = _CROWD_GRAPH.replace("K", str(len(paints)))
    return _write_export(folder, graph, numbers, axes, {"task": "poses-2d-centers"})


def _write_export(folder: Path, graph: str, numbers: dict, axes: dict, notes: dict) -> Path:
    import onnx
    from onnx import numpy_helper, parser

    # One joint a row from the upper edge to the lower one, the left side at the viewer's right.
    rows = np.linspace(-0.5, 0.5, LSP14.num_joints)
    sides = [{"left": 0.5, "right": -0.5, "middle": 0}[side] for side in LSP14.sides]
    numbers |= {
        "xs": np.arange(SIZE).reshape(1, 1, SIZE, 1),
        "ys": np.arange(SIZE).reshape(1, SIZE, 1, 1),
        "places": np.stack([sides, rows], axis=-1)[None, None],
    }
    model = parser.parse_model(graph.replace("J", str(LSP14.num_joints)))
    arrays = {name: np.asarray(value, np.float32) for name, value in numbers.items()}
    arrays |= {name: np.asarray(value, np.int64) for name, value in axes.items()}
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in arrays.items())
    onnx.checker.check_model(model, full_check=True)
    folder.mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    description = {"skeleton": LSP14.describe(), "size": SIZE, "padding": PADDING}
    (folder / "pose.json").write_text(json.dumps(description | notes))
    return folder


def painted(
    background: np.ndarray, person: tuple[int, int, int, int] | None, paint: tuple[int, int, int] = MAGENTA
) -> np.ndarray:
    """A copy of an RGB image with a rectangle (x, y, width, height)."""
    picture = background.copy()
    if person is not None:
        x, y, width, height = person
        picture[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = paint
    return picture


def write_mjpeg(path: Path, pictures: Iterable[np.ndarray]) -> Path:
    """Writes RGB images as Chromium's fake camera reads them: one JPEG after another."""
    path.write_bytes(b"".join(cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() for picture in pictures))
    return path


def write_webm(path: Path, pictures: Sequence[np.ndarray], fps: int = 30) -> Path:
    """Writes RGB images as a video that browsers play."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=fps, options={"crf": "10", "b:v": "4M", "deadline": "realtime"})
        stream.height, stream.width = pictures[0].shape[:2]
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    """Lets a server serve, and closes it at the end."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def opened(browser, address: str, **options):
    """A page that has loaded its model; at the end, it must have shown no error and made no other requests."""
    from playwright.sync_api import expect

    context = browser.new_context(**{"permissions": ["camera"], **options})
    page = context.new_page()
    problems = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    own = (address.partition("?")[0], "blob:", "data:")
    page.on("request", lambda request: None if request.url.startswith(own) else problems.append(request.url))
    page.add_init_script(_WATCH)
    page.goto(address)
    expect(page.locator("#camera")).to_be_enabled(timeout=READY_MS)
    yield page
    context.close()
    assert problems == []


def says(page, text: str) -> None:
    """Waits until the page says something."""
    from playwright.sync_api import expect

    expect(page.locator("#message")).to_contain_text(text, timeout=READY_MS)


def told(page, count: int, what: str = "person") -> list[tuple[np.ndarray, float, dict | list | None]]:
    """The first frames: images uint8 RGB (H, W, 3), times in s, and the person shown, or None; or the `people`."""
    page.evaluate(AFTER, count)
    rows = page.evaluate(_TOLD, count)
    pixels = [np.frombuffer(base64.b64decode(row["pixels"]), np.uint8).reshape(*row["size"], 4) for row in rows]
    return [(p[..., :3].copy(), row["timeS"], row[what]) for p, row in zip(pixels, rows, strict=True)]
