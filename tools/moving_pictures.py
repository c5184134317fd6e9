"""Makes the moving images of the README: the webcam command on a video, and the page in a browser.

    python -m tools.moving_pictures pose_squats.mp4 pose_1.mp4 --out docs/moving

The two videos are of tfjs-models (https://github.com/tensorflow/tfjs-models, `pose-detection/test_data`, Apache-2.0),
so that images of them may be published. Both images come from the commands themselves: from the output video of
`python -m demo.webcam`, and from screenshots of the page that `python -m demo.web` serves, in
Chromium (`pip install playwright`, and an installed Chromium), where the video plays slowly enough for all its frames.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import tyro
from PIL import Image

from benchmarks.demo.restless_camera import read_clip
from demo import webcam
from demo.runtimes.exports import find_export
from demo.site.build import write_site
from demo.site.server import make_server
from demo.tracking.one_euro import OneEuro
from demo.tracking.people import SMOOTH_BETA, SMOOTH_CUTOFF_HZ
from demo.tracking.rule import FollowRule
from machine.whole import whole

#: One squat of pose_squats.mp4, from standing to standing, and the rows of its frames that hold the person.
_SQUAT, _ROWS = slice(25, 50), slice(110, 1070)
_SQUAT_MS = 125
_WIDTH = 480
#: The page, which first finds the person; images that are at least so far apart in the video.
_PAGE_HEIGHT, _FRAMES_BEFORE, _PAGE_PICTURES, _GAP_S = 600, 3, 36, 0.08
_READY_MS = 60_000
_QUALITY = 60
_COUNT = "window.shown = 0; document.addEventListener('pose', ({ detail }) => { shown += 1; timeS = detail.timeS; });"
_NEXT = "count => new Promise((go) => setInterval(() => shown > count && go([shown, timeS]), 5))"
_SLOW = """
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () { this.playbackRate = 0.1; return play.call(this); };
"""


@dataclass(frozen=True)
class Moving:
    """Makes the moving images of the README.

    Attributes:
        squats: pose_squats.mp4, for the webcam command.
        walk: pose_1.mp4, for the page.
        out: folder to write.
        model: an exported model.
    """

    squats: Annotated[Path, tyro.conf.Positional]
    walk: Annotated[Path, tyro.conf.Positional]
    out: Path = Path("docs/moving")
    model: Path = Path("fast")


def by_webcam(clip: Path, model: Path) -> list[Image.Image]:
    """Frames of the output video of `python -m demo.webcam`."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.avi"
        webcam.run(webcam.Options(source=str(clip), model=model, window=False, output=output))
        frames = [cv2.cvtColor(frame[_ROWS], cv2.COLOR_BGR2RGB) for frame in read_clip(output)[_SQUAT]]
    height = round(frames[0].shape[0] * _WIDTH / frames[0].shape[1])
    return [Image.fromarray(cv2.resize(frame, (_WIDTH, height), interpolation=cv2.INTER_AREA)) for frame in frames]


def by_page(clip: Path, model: Path) -> tuple[list[Image.Image], list[float]]:
    """Screenshots of the page while it plays a video, and the times of the video's frames in s."""
    from playwright.sync_api import sync_playwright

    browser_path = next(path for path in map(shutil.which, ("chromium", "google-chrome")) if path)
    pictures, times_s = [], [-_GAP_S]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        site = Path(folder) / "site"
        write_site(site, find_export(model, Path("runs")), FollowRule(), OneEuro(SMOOTH_CUTOFF_HZ, SMOOTH_BETA))
        server, address = make_server(site, port=0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _PAGE_HEIGHT})
        for script in (_COUNT, _SLOW):
            page.add_init_script(script)
        page.goto(address)
        page.wait_for_selector("#camera:enabled", timeout=_READY_MS)
        # The meter would show how fast the slowed video plays.
        page.evaluate("document.getElementById('speed').style.visibility = 'hidden'")
        page.set_input_files("#file", clip)
        count = _FRAMES_BEFORE
        while len(pictures) < _PAGE_PICTURES:
            count, time_s = page.evaluate(_NEXT, count)
            if time_s < times_s[-1]:  # The video began again.
                pictures, times_s = [], [-_GAP_S]
            if time_s > times_s[-1] + _GAP_S:
                pictures.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
                times_s.append(time_s)
        browser.close()
        server.shutdown()
        server.server_close()
    return pictures, times_s[1:]


def write_moving(path: Path, pictures: list[Image.Image], milliseconds: list[int]) -> None:
    """Writes an animated WebP that plays forever, each image for its own time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as unfinished:
        pictures[0].save(
            unfinished,
            "WEBP",
            save_all=True,
            append_images=pictures[1:],
            duration=milliseconds,
            loop=0,
            quality=_QUALITY,
            method=6,
        )
    print(f"{path}: {len(pictures)} images, {sum(milliseconds) / 1000:.1f} s, {path.stat().st_size / 1000:.0f} kB")


def main(options: Moving) -> None:
    """Makes both."""
    squats = by_webcam(options.squats, options.model)
    write_moving(options.out / "webcam.webp", squats, [_SQUAT_MS] * len(squats))
    pictures, times_s = by_page(options.walk, options.model)
    gaps_s = [after - before for before, after in zip(times_s, times_s[1:], strict=False)]
    write_moving(options.out / "web.webp", pictures, [max(20, round(1000 * gap)) for gap in [*gaps_s, 0.5]])


if __name__ == "__main__":
    main(tyro.cli(Moving, description=__doc__))
