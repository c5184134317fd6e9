"""The renderers that the dome's is compared with; `benchmarks.dome.renderers` runs each in a process of its own.

    python benchmarks/dome/renderer_worker.py NAME STAGE.npz FOUND.npz REPEATS

Imports nothing of the project: TensorFlow, which `data_prep` needs, and Mesa's OpenGL, which VTK uses without a
    graphics card, each load their own LLVM, and a process with both crashes.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import numpy as np


class Embree:
    """Rays through all pixels of the window around the people."""

    def __init__(self, stage: dict) -> None:
        from embreex import mesh_construction, rtcore_scene

        self.stage, self._mesh, self._scene = stage, mesh_construction.TriangleMesh, rtcore_scene.EmbreeScene
        self.origins = np.tile(stage["center_mm"], (len(stage["rays"]), 1))

    def draw(self, vertices_mm: np.ndarray) -> np.ndarray:
        """Distance along each ray, float32 (P,)."""
        scene = self._scene()
        self._mesh(scene, vertices_mm, self.stage["faces"])
        hits = scene.run(self.origins, self.stage["rays"], output=True)
        return np.where(hits["primID"] >= 0, hits["tfar"], np.inf)


class Open3D:
    """RaycastingScene, which is Embree too."""

    def __init__(self, stage: dict) -> None:
        import open3d

        self._open3d = open3d
        origins = np.tile(stage["center_mm"], (len(stage["rays"]), 1))
        self.rays = open3d.core.Tensor(np.concatenate([origins, stage["rays"]], axis=1))
        self.faces = open3d.core.Tensor(stage["faces"].astype(np.uint32))

    def draw(self, vertices_mm: np.ndarray) -> np.ndarray:
        """Distance along each ray, float32 (P,)."""
        scene = self._open3d.t.geometry.RaycastingScene(nthreads=1)
        scene.add_triangles(self._open3d.core.Tensor(vertices_mm), self.faces)
        return scene.cast_rays(self.rays, nthreads=1)["t_hit"].numpy()


class Vtk:
    """An off-screen window with the OpenGL of the machine; a pinhole camera."""

    near, far = 1000.0, 10_000.0

    def __init__(self, stage: dict) -> None:
        """Needs vtk, and an OpenGL that draws without a display."""
        import vtk
        from vtk.util import numpy_support

        self.stage, self._numpy = stage, numpy_support
        self.height, self.width = (int(side) for side in stage["size"])
        offsets = np.arange(0, 3 * len(stage["faces"]) + 1, 3)
        cells, self.mesh, self.points = vtk.vtkCellArray(), vtk.vtkPolyData(), vtk.vtkPoints()
        indices = (offsets, stage["faces"].ravel())
        cells.SetData(*(numpy_support.numpy_to_vtkIdTypeArray(part.astype(np.int64), deep=1) for part in indices))
        self.mesh.SetPolys(cells)
        mapper, actor = vtk.vtkPolyDataMapper(), vtk.vtkActor()
        mapper.SetInputData(self.mesh)
        actor.SetMapper(mapper)
        renderer, self.window = vtk.vtkRenderer(), vtk.vtkRenderWindow()
        renderer.AddActor(actor)
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.SetSize(self.width, self.height)
        self.window.AddRenderer(renderer)
        camera, rotation, center = renderer.GetActiveCamera(), stage["rotation"], stage["center_mm"].astype(float)
        camera.SetPosition(*center)
        camera.SetFocalPoint(*(center + rotation[2]))
        camera.SetViewUp(*-rotation[1])
        camera.SetViewAngle(np.degrees(2 * np.arctan(self.height / 2 / float(stage["focal"]))))
        camera.SetClippingRange(self.near, self.far)
        self.depth = vtk.vtkFloatArray()

    def draw(self, vertices_mm: np.ndarray) -> np.ndarray:
        """Distance along each ray of the window, float32 (P,)."""
        self.points.SetData(self._numpy.numpy_to_vtk(vertices_mm))
        self.points.Modified()
        self.mesh.SetPoints(self.points)
        self.mesh.Modified()
        self.window.Render()
        self.window.GetZbufferData(0, 0, self.width - 1, self.height - 1, self.depth)
        left, top, right, bottom = self.stage["window"]
        depth = self._numpy.vtk_to_numpy(self.depth).reshape(self.height, self.width)[::-1][top:bottom, left:right]
        # The depth buffer interpolates linearly from 1 / near to 1 / far.
        z_mm = np.where(depth < 1, 1 / ((1 - depth) / self.near + depth / self.far), np.inf)
        return z_mm.ravel() / self.stage["axis"]


#: Name of the package that each is installed by, and its class.
PEERS = {"embreex": Embree, "open3d": Open3D, "vtk": Vtk}


def graphics_libraries() -> list[str]:
    """The machine's libraries for displays and graphics cards that this process has loaded (Linux)."""
    maps = Path("/proc/self/maps")
    text = maps.read_text() if maps.exists() else ""
    return sorted(set(re.findall(r"/usr/lib\S*/(lib(?:GL|EGL|X11|OSMesa|gallium)[\w-]*)\.", text)))


def main(name: str, stage_path: str, found_path: str, repeats: str) -> None:
    """Times one renderer, and writes the times in ms, the depths, and the graphics libraries it loaded."""
    stage = dict(np.load(stage_path))
    drawer = PEERS[name](stage)
    times = []
    for _ in range(int(repeats)):
        start = time.perf_counter()
        distance = drawer.draw(stage["vertices_mm"])
        times.append(1000 * (time.perf_counter() - start))
    np.savez(found_path, times=times, distance=distance, libraries=graphics_libraries())


if __name__ == "__main__":
    main(*sys.argv[1:])
