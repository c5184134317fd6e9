"""Draws the same two people with renderers for the dome: OpenCV's rasterizer (ours), Embree, Open3D and VTK.

    pip install embreex open3d vtk
    python -m benchmarks.dome.renderers --out /tmp/renderers

Those not installed are skipped. All draw the same triangles into an image of 1080 rows with the studio's strongest
lens: ray casters get the true ray of every pixel of the window around the people, VTK a pinhole camera. Timed is the
visibility at each pixel, on one core. Geometry is new in every frame, as people move, so building a ray caster's tree
counts. Printed are the median and least ms per frame; the MB that the package and its dependencies except NumPy take on
disk; the intersection over union of its people and ours and the median difference of depths; and the machine's own
graphics libraries that it loaded.

On one of two cores of an AMD EPYC that others used as well (load 2.5), Python 3.11, OpenCV 5.0, Mesa's llvmpipe:

    53512 triangles on 94719 px
    ours is off between vertices by 0.0326 px at most, 0.0005 px in the median
                         median ms   least     MB  overlap  depth mm  lens; graphics libraries
    OpenCV (ours)             26.1    25.6    160   1.0000      0.00  exact at vertices; none
    Embree (embreex)          68.3    67.4     46   1.0000      0.00  exact; none
    Open3D raycasting         49.5    48.5   1140   1.0000      0.00  exact; libEGL, libGL, libGLX, libX11, ...
    VTK off-screen            22.5    22.2    689   0.9305      1.15  none: a pinhole; libEGL, libX11-xcb, ...

OpenCV is needed by the rest of the project anyway. VTK crashes in a process that has loaded TensorFlow.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tyro

from body.human import GROUPS, Human, Shape, to_world, topology
from dome.view.render import View
from dome.view.rig import look_at
from pose import Camera
from pose.space.raster import Window, draw_triangles, project

# The studio's strongest lens, as published in its calibration files.
_LENS = (-0.285, 0.185, 0.0, 0.001, -0.05)
_SIZE = (1080, 1920)
_PEERS = {
    "embreex": ("Embree (embreex)", "exact"),
    "open3d": ("Open3D raycasting", "exact"),
    "vtk": ("VTK off-screen", "none: a pinhole"),
}


@dataclass(frozen=True)
class Renderers:
    """Compares renderers on two people in an image of 1080 rows.

    Attributes:
        out: folder for the images.
        repeats: number of frames that are timed.
    """

    out: Path
    repeats: int = 15

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise ValueError(f"repeats must be at least 1, got {self.repeats}")


def two_people() -> tuple[Camera, np.ndarray, np.ndarray]:
    """A camera, and the vertices float32 (N, 3) and triangles int32 (T, 3) of two people about 500 px tall."""
    skin = topology().faces[topology().group == GROUPS.index("skin")]
    meshes = [to_world(Human(Shape()).rest_mm) + np.float32([x, 0, z]) for x, z in ((-550, 0), (550, 300))]
    center = np.array([1100.0, -1700.0, 4500.0])
    rotation = look_at(center, np.array([0.0, -850.0, 0.0]), roll=0.0)
    matrix = np.array([[1395.0, 0, 959.5], [0, 1395.0, 539.5], [0, 0, 1]])
    camera = Camera("00_00", _SIZE, matrix, np.array(_LENS), rotation, -rotation @ center)
    faces = np.concatenate([skin, skin + len(meshes[0])])
    return camera, np.concatenate(meshes).astype(np.float32), faces.astype(np.int32)


def draw_ours(camera: Camera, vertices_mm: np.ndarray, faces: np.ndarray) -> tuple[Window, np.ndarray]:
    """The window around the people, and the depth of its pixels along the camera's axis."""
    xy_px, z_mm = project(camera, vertices_mm)
    window = Window.around(xy_px[np.isfinite(z_mm)], camera.size)
    return window, draw_triangles(xy_px, z_mm, faces, window).depth_mm


def bend_px(camera: Camera, vertices_mm: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Error in px at the middle of each triangle (T,), since edges are drawn straight in spite of the distortion."""
    xy_px, z_mm = project(camera, vertices_mm)
    # Perspective: the centroid of a triangle lies at these barycentric coordinates in the image.
    shares = 1 / z_mm[faces]
    shares /= shares.sum(axis=1, keepdims=True)
    drawn = np.einsum("tc,tci->ti", shares, xy_px[faces])
    return np.linalg.norm(drawn - camera.project(vertices_mm[faces].mean(axis=1)), axis=1)


def _megabytes(package: str, seen: set[str]) -> float:
    """The size on disk of a package and its dependencies, without those seen before."""
    name = package.lower().replace("_", "-")
    if name in seen:
        return 0.0
    seen.add(name)
    try:
        installed = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return 0.0
    paths = (Path(installed.locate_file(file)) for file in installed.files or ())
    own = sum(path.stat().st_size for path in paths if path.is_file()) / 1e6
    needed = (need for need in installed.requires or () if "extra ==" not in need)
    return own + sum(_megabytes(re.match(r"[\w.-]+", need)[0], seen) for need in needed)


def _run_peer(package: str, stage: Path, repeats: int) -> dict | str:
    """A peer's result, or the reason why there is none."""
    if importlib.util.find_spec(package) is None:
        return f"passed by: {package} is not installed"
    found = stage.with_name(f"{package}.npz")
    found.unlink(missing_ok=True)
    script = Path(__file__).with_name("renderer_worker.py")
    command = [sys.executable, str(script), package, str(stage), str(found), str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return f"ended with code {done.returncode}: {last}"
    result = dict(np.load(found))
    found.unlink()
    if not np.isfinite(result["distance"]).any():
        return "drew nothing: it found no OpenGL that draws without a display"
    return result


def _write_depth(path: Path, depth_mm: np.ndarray) -> None:
    seen = np.isfinite(depth_mm)
    near, far = depth_mm[seen].min(), depth_mm[seen].max()
    grey = 255 - 200 * (np.where(seen, depth_mm, near) - near) / (far - near)
    cv2.imwrite(str(path), np.where(seen, grey, 0).astype(np.uint8))


def _line(name: str, times: np.ndarray, megabytes: float, same: float, away_mm: float, remarks: str) -> str:
    return f"{name:20}{np.median(times):10.1f}{np.min(times):8.1f}{megabytes:7.0f}{same:9.4f}{away_mm:10.2f}  {remarks}"


def main(options: Renderers) -> None:
    """Times all installed renderers, and prints a line for each."""
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    options.out.mkdir(parents=True, exist_ok=True)
    camera, vertices, faces = two_people()
    times = []
    for _ in range(options.repeats):
        start = time.perf_counter()
        window, ours = draw_ours(camera, vertices, faces)
        times.append(1000 * (time.perf_counter() - start))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{len(faces)} triangles on {np.isfinite(ours).sum()} px, load of the machine {load:.1f}")
    bend = bend_px(camera, vertices, faces)
    print(f"ours is off between vertices by {bend.max():.4f} px at most, {np.median(bend):.4f} px in the median")
    print(f"{'':20}{'median ms':>10}{'least':>8}{'MB':>7}{'overlap':>9}{'depth mm':>10}  lens; graphics libraries")
    size = _megabytes("opencv-python-headless", {"numpy"})
    print(_line("OpenCV (ours)", times, size, 1, 0, "exact at vertices; none"))
    _write_depth(options.out / "ours.png", ours)

    rays = View(camera).rays[window.region].reshape(-1, 3)
    axis = rays @ camera.rotation[2].astype(np.float32)
    stage = options.out / "stage.npz"
    np.savez(
        stage, vertices_mm=vertices, faces=faces, rays=rays, axis=axis, center_mm=camera.center_mm.astype(np.float32),
        rotation=camera.rotation, focal=camera.matrix[1, 1], size=camera.size,
        window=(window.left, window.top, window.right, window.bottom),
    )  # fmt: skip
    for package, (name, lens) in _PEERS.items():
        found = _run_peer(package, stage, options.repeats)
        if isinstance(found, str):
            print(f"{name:20}{found}")
            continue
        depth = (found["distance"] * axis).reshape(ours.shape)
        both, either = (join(np.isfinite(ours), np.isfinite(depth)) for join in (np.logical_and, np.logical_or))
        away = float(np.median(np.abs(ours[both] - depth[both])))
        remarks = f"{lens}; {', '.join(found['libraries']) or 'none'}"
        size = _megabytes(package, {"numpy"})
        print(_line(name, found["times"], size, both.sum() / either.sum(), away, remarks))
        _write_depth(options.out / f"{package}.png", depth)
    stage.unlink()


if __name__ == "__main__":
    main(tyro.cli(Renderers, description=Renderers.__doc__))
