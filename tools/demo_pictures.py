"""Draws the images of docs/demo.md: what the demos show with one flag and another, on people of the synthetic dome.

    python -m data_prep dome --people 2 --seed 22 --frames 30 --fps 10 --cameras 2 --height 480 --width 640 \
        --poses upright --places studio hall --out data/demo-dome
    python -m tools.demo_pictures data/demo-dome/dome_022 --out docs/demo

Everyone in them is synthetic, so that they may be published. Each is made by the command itself, from frames of its
output video or rows of its table.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import pandas as pd
import tyro

import demo.batch.__main__ as batch
from benchmarks.demo.restless_camera import RestlessCamera, read_clip
from demo import webcam
from demo.tracking.rule import FollowRule
from demo.video.capture import open_capture
from pose import LSP14, draw_skeleton

_BOTH, _ONE = "hd_00_00.mp4", "hd_00_01.mp4"
_FRAME = 20
_SCORE = 0.2
_NEVER_S = 1e9
_PANEL_WIDTH, _STRIP = 400, 24
_QUALITY = 72


@dataclass(frozen=True)
class Pictures:
    """Draws the images of docs/demo.md.

    Attributes:
        sequence: a sequence of the synthetic dome.
        out: folder to write.
        model: an exported model.
    """

    sequence: Annotated[Path, tyro.conf.Positional]
    out: Path = Path("docs/demo")
    model: Path = Path("fast")

    def clip(self, name: str) -> Path:
        """One camera's video."""
        return self.sequence / "hdVideos" / name


def shown(clip: Path, options: Pictures, frame: int = _FRAME, live: bool = False, **flags) -> np.ndarray:
    """A frame as `python -m demo.webcam` shows it, uint8 BGR; `live` as from a camera."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.avi"
        opener = open_capture
        if live:
            still = read_clip(clip)[frame]
            # At the clip's low frame rate, so that no machine drops frames.
            opener = RestlessCamera(
                [still], 0, fps=5, drop_share=0, resize_every_s=_NEVER_S, unplug_every_s=_NEVER_S
            ).open
        source = "0" if live else str(clip)
        settings = {"model": options.model, "window": False, "output": output, "max_frames": frame + 1} | flags
        webcam.run(webcam.Options(source=source, **settings), opener)
        return read_clip(output)[-1]


def trail(clip: Path, options: Pictures, joint: int, **flags) -> np.ndarray:
    """The last frame, with the path of a joint over the whole clip."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "people.jsonl"
        webcam.run(webcam.Options(source=str(clip), model=options.model, window=False, jsonl=lines, **flags))
        records = [json.loads(line) for line in lines.read_text().splitlines()]
    picture = read_clip(clip)[len(records) - 1]
    path = np.array([record["people"][0]["joints_px"][joint] for record in records if record["people"]])
    cv2.polylines(picture, [np.round(path * 16).astype(np.int32)], False, (0, 0, 255), 2, cv2.LINE_AA, 4)
    for x, y in path:
        cv2.circle(picture, (round(x), round(y)), 3, (255, 255, 255), -1, cv2.LINE_AA)
    return picture


def tabled(clip: Path, options: Pictures, boxes: list[tuple[float, ...]] | None) -> np.ndarray:
    """A frame with the joints that `python -m demo.batch` writes for it, with boxes or as a whole image."""
    picture = read_clip(clip)[_FRAME]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pictures").mkdir()
        cv2.imwrite(str(folder / "pictures/hall.png"), picture)
        file = folder / "boxes.csv"
        rows = [f"hall.png,{','.join(map(str, box))}" for box in boxes or ()]
        file.write_text("\n".join(["picture,x_px,y_px,width_px,height_px", *rows]) + "\n")
        out = folder / "joints.csv"
        batch.run(
            batch.Options(
                folder / "pictures", out, file if boxes else None, options.model, whole_picture=not boxes, min_score=0.0
            )
        )
        table = pd.read_csv(out)
    for _, row in table.iterrows():
        joints = np.array([[row[f"{joint}_{name}"] for name in ("x_px", "y_px", "score")] for joint in LSP14.joints])
        picture = draw_skeleton(picture[..., ::-1], joints[:, :2], joints[:, 2] >= _SCORE, LSP14)[..., ::-1].copy()
        x, y, width, height = (round(row[f"box_{name}_px"]) for name in ("x", "y", "width", "height"))
        cv2.rectangle(picture, (x, y), (x + width, y + height), (255, 255, 255), 1)
    return picture


def side_by_side(path: Path, panels: dict[str, np.ndarray]) -> None:
    """Writes a JPEG of images side by side, each below its flag."""
    parts = []
    for flag, picture in panels.items():
        height = round(picture.shape[0] * _PANEL_WIDTH / picture.shape[1])
        small = cv2.resize(picture, (_PANEL_WIDTH, height), interpolation=cv2.INTER_AREA)
        strip = np.full((_STRIP, _PANEL_WIDTH, 3), 255, np.uint8)
        cv2.putText(strip, flag, (4, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        parts += [np.vstack([strip, small]), np.full((_STRIP + height, 6, 3), 255, np.uint8)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.hstack(parts[:-1]), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def main(options: Pictures) -> None:
    """Draws all of them."""
    both, out = options.clip(_BOTH), options.out
    two = shown(both, options, people=2)
    side_by_side(out / "people.jpg", {"--people 1": shown(both, options), "--people 2": two})
    blurred, nobody = {"people": 2, "blur_faces": True}, FollowRule(found_score=0.95)
    side_by_side(
        out / "blur-faces.jpg",
        {
            "--no-blur-faces": two,
            "--blur-faces": shown(both, options, **blurred),
            "--blur-faces, while nobody is followed": shown(both, options, follow=nobody, **blurred),
        },
    )
    mirrors = {True: "--mirror", False: "--no-mirror"}
    side_by_side(out / "mirror.jpg", {flag: shown(both, options, live=True, mirror=on) for on, flag in mirrors.items()})
    scores = {score: FollowRule(joint_score=score) for score in (0.05, 0.4, 0.8)}
    side_by_side(
        out / "joint-score.jpg",
        {f"--follow.joint-score {k}": shown(both, options, people=2, follow=rule) for k, rule in scores.items()},
    )
    founds = {score: FollowRule(found_score=score) for score in (0.4, 0.95)}
    side_by_side(
        out / "found-score.jpg",
        {f"--follow.found-score {k}": shown(both, options, follow=rule) for k, rule in founds.items()},
    )
    rounds = {seconds: FollowRule(search_every_s=seconds) for seconds in (0.5, 5.0)}
    side_by_side(
        out / "search-every-s.jpg",
        {f"--follow.search-every-s {k}": shown(both, options, people=2, follow=rule) for k, rule in rounds.items()},
    )
    filters = {
        "--smooth-cutoff-hz 1 --smooth-beta 10": {},
        "--smooth-cutoff-hz 30": {"smooth_cutoff_hz": 30.0},
        "--smooth-beta 0": {"smooth_beta": 0.0},
    }
    wrist, one = LSP14.joints.index("left_wrist"), options.clip(_ONE)
    side_by_side(out / "smooth.jpg", {flag: trail(one, options, wrist, **given) for flag, given in filters.items()})
    boxes = [(180, 255, 150, 225), (300, 115, 140, 245)]
    side_by_side(
        out / "boxes.jpg", {"--whole-picture": tabled(both, options, None), "--boxes": tabled(both, options, boxes)}
    )


if __name__ == "__main__":
    main(tyro.cli(Pictures, description=__doc__))
