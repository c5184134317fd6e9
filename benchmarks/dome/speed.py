"""Speed of drawing the synthetic dome, stage by stage, relative to the rasterizer's draw of the same triangles.

    python -m benchmarks.dome.speed

Draws frames of people in motion at 1920 x 1080 on one core, as each worker of `python -m data_prep dome` does, and
prints the median ms of each stage, the views and person-views drawn in a second on one core, and the ratio to the bare
draw. Work done once per sequence (people) and per camera (rays, the empty place) is printed separately.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tyro

from dome import write
from dome.maps import write_maps
from dome.settings import SequenceSettings
from dome.view.crowd import Crowd
from pose.space.raster import Window, draw_triangles, project


@dataclass(frozen=True)
class Speed:
    """Times the drawing of the dome.

    Attributes:
        people: in each sequence.
        sequences: to draw.
        frames: of each, by one camera.
    """

    people: int = 2
    sequences: int = 4
    frames: int = 10

    def __post_init__(self) -> None:
        if self.sequences < 1 or self.frames < 1:
            raise ValueError(f"sequences and frames must be 1 or more, got {self.sequences} and {self.frames}")


class Clock:
    """The times of each stage in ms."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Context manager that times a stage, in processor time of this process."""
        start = time.process_time()
        yield
        self.ms[stage].append(1000 * (time.process_time() - start))

    def median(self, stage: str) -> float:
        """The median of a stage, in ms."""
        return float(np.median(self.ms[stage]))


def time_sequence(settings: SequenceSettings, folder: Path, clock: Clock) -> None:
    """Draws all frames of a sequence's first camera, and times the stages."""
    with clock("people, once a sequence"):
        cast = write.Cast(settings)
    camera = write.dome_cameras(settings.rng(7), 1, (settings.height, settings.width))[0]
    with clock("place, once a sequence"):
        backdrop = write.Backdrop(settings.rng(8))
    with clock("rays and empty place, once a camera"):
        view = write.View(camera)
        scene = backdrop.seen_from(camera.center_mm, view.rays)
    light, sensor = write.Light.random(settings.rng(5)), write.Sensor(settings.rng(6, 0), camera.size)
    video = cv2.VideoWriter(str(folder / "x.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 30, camera.size[::-1])
    for number in range(settings.frames):
        with clock("skinning"):
            people = cast.surfaces(number)
        with clock("shadows"):
            shadows = write.ShadowMap(light, people)
        with clock("picture"):
            frame = view.draw(scene, shadows.crowd, light, shadows)
        with clock("sensor"):
            picture = sensor.read(frame.picture)
        with clock("video"):
            video.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        with clock("depth and parts"):
            write_maps(folder, camera.name, number, frame)
        with clock("bare"):
            _draw_bare(camera, shadows.crowd)
    video.release()


def _draw_bare(camera: write.Camera, crowd: Crowd) -> None:
    xy_px, z_mm = project(camera, crowd.vertices_mm)
    draw_triangles(xy_px, z_mm, crowd.faces, Window.around(xy_px[np.isfinite(z_mm)], camera.size))


def main(options: Speed) -> None:
    """Draws, and prints the table."""
    cv2.setNumThreads(1)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.sequences):
            people = (options.people, options.people)
            time_sequence(SequenceSettings(seed, options.frames, 1, people, 1080, 1920, 30.0), Path(folder), clock)
    stages = [stage for stage in clock.ms if "once" not in stage and stage != "bare"]
    for stage in clock.ms:
        print(f"{stage:40}{clock.median(stage):8.1f} ms")
    total = sum(clock.median(stage) for stage in stages)
    print(
        f"{'a view':40}{total:8.1f} ms: {1000 / total:.1f} views/s, {1000 * options.people / total:.1f} person-views/s"
    )
    print(f"{'the picture beside the bare draw':40}{clock.median('picture') / clock.median('bare'):8.1f} times")


if __name__ == "__main__":
    main(tyro.cli(Speed, description=__doc__))
