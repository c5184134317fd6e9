"""The project's parsers of untrusted files, each with valid files to start from and checks of its results.

A target's `read` either returns, or raises `BadInput` or a plain `ValueError` whose message names the file. Anything
else (another exception, a warning, a number that is not finite, a message as long as the file) is a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from body.pool import read_pool
from body.smpl import read_smpl
from data_prep.coco.reader import Coco
from data_prep.conversion.inputs import traced_units
from data_prep.conversion.record_parts import Parts
from data_prep.conversion.splits import SplitRule
from data_prep.cvat.reader import Cvat
from data_prep.h36m.reader import H36m
from data_prep.labelstudio.reader import LabelStudio
from data_prep.lsp.reader import Lsp
from data_prep.mpii.reader import Mpii
from data_prep.panoptic.kinect_depth import Sensor
from data_prep.panoptic.kinect_sync import KinectSync
from data_prep.panoptic.labels import read_labels
from data_prep.panoptic.poses import PoseFiles, read_bodies
from data_prep.panoptic.reader import Panoptic
from data_prep.reader import Reader
from data_prep.video.video_file import Video
from dome.true_bodies import read_true_bodies
from dome.visible_joints import read_visible
from pose import Camera
from pose.panoptic_cameras import read_cameras
from pose.space.bvh import read_bvh
from pose.space.calibration import read_calibration
from records import SPLITS, BadInput, dataset, read_manifest, shard_paths
from records.__main__ import print_manifest
from records.inspect import check_shards
from records.tfrecord import read_records
from tools.fuzz import seeds_pictures, seeds_records, seeds_studio
from tools.fuzz.attempt import LONGEST_MESSAGE, Fault, Target, refusal


def _convert(reader: Reader, folder: Path, kind: str = "people") -> None:
    """Turns people into records as a conversion does, so that an error that would end a conversion is a fault."""
    reader = getattr(reader, f"for_{kind}")()
    parts = Parts(folder / ".parts", reader.skeleton, reader.skeleton, 32, 1.25, SplitRule(), kind)
    parts.clean()
    for number, unit in enumerate(traced_units(reader)):
        parts.make(number, unit)
        part = parts.read(number, unit)
        for what, why in part.skipped.items():
            _expect(
                bool(what and why) and len(what + why) <= LONGEST_MESSAGE, f"{what[:200]!r} is told as {why[:200]!r}"
            )
        for split in SPLITS:
            if part.counts[split]:
                _check_records(parts.records(number, split))


def _check_records(path: Path) -> None:
    for record in read_records(path):
        for name, feature in tf.train.Example.FromString(record).features.feature.items():
            _expect(bool(np.isfinite(feature.float_list.value).all()), f"{name} of a record is not finite")


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise Fault(f"accepted, but {what}")


def _read_calibration(folder: Path) -> None:
    cameras, broken = read_cameras(seeds_studio.calibration_path(folder))
    for bad in broken.values():
        refusal(bad, folder)
    _check_cameras(cameras)


def _check_cameras(cameras: dict[str, Camera]) -> None:
    grid = np.stack(np.meshgrid(*[np.linspace(-3000, 3000, 4)] * 3), axis=-1)
    for camera in cameras.values():
        _expect(min(camera.size) > 0, f"{camera.name} has the size {camera.size}")
        before = camera.in_front(grid)
        _expect(np.isfinite(camera.project(grid)[before]).all(), f"{camera.name} projects to infinity")


def _read_rig(name: str) -> Callable[[Path], None]:
    def read(folder: Path) -> None:
        try:
            cameras = read_calibration(folder / name)
        except ValueError as error:
            refusal(error, folder)
            raise
        _check_cameras(cameras)

    return read


def _read_poses(folder: Path) -> None:
    files = PoseFiles.of_sequence(folder)
    _expect(files is not None, "the poses are not found")
    reports = list(files.broken)
    bodies = read_bodies(files, files.frames.tolist(), reports.append)
    for bad in reports:
        refusal(bad, folder)
    _expect(np.isfinite(bodies.joints_world_mm).all(), "a joint is not finite")
    _expect(len(bodies.ids) == len(bodies.frames) == len(bodies.confidence), "the tables differ in length")


def _read_panoptic(folder: Path) -> None:
    # Labels are cached by folder, although its files change here.
    read_labels.cache_clear()
    _convert(Panoptic(folder, min_box_px=1, min_visible_joints=1), folder)


def _read_truth(folder: Path) -> None:
    visible = read_visible(folder, "00_00")
    _expect(visible is not None and set(np.unique(visible)) <= {0, 1, 2}, "a joint is neither 0, 1 nor 2")


def _read_true_bodies(folder: Path) -> None:
    truth = read_true_bodies(folder)
    _expect(np.isfinite(truth.rotations).all() and np.isfinite(truth.shape_values).all(), "a body is not finite")


def _read_pool(folder: Path) -> None:
    pool = read_pool(folder / "poses.npz")
    _expect(np.isfinite(pool.rotations).all() and np.isfinite(pool.shape_values).all(), "a pose is not finite")


def _read_smpl(folder: Path) -> None:
    body = read_smpl(folder / "body.pkl", values=2)
    _expect(all(-1 <= parent < bone for bone, parent in enumerate(body.parents)), "a parent comes after its child")
    _expect(np.isfinite(body.vertices.points.rest_mm).all(), "a vertex is not finite")


def _read_bvh(folder: Path) -> None:
    bvh = read_bvh(folder / "walk.bvh")
    places, rotations = bvh.forward(np.arange(min(len(bvh.values), 4)))
    _expect(np.isfinite(places).all() and np.isfinite(rotations).all(), "a joint is not finite")
    _expect(all(-1 <= parent < joint for joint, parent in enumerate(bvh.parents)), "a parent comes after its child")


def _read_lsp(folder: Path) -> None:
    _convert(Lsp(folder), folder)


def _read_coco(folder: Path) -> None:
    _convert(Coco(folder, min_keypoints=1, min_box_px=1), folder)


def _read_coco_frames(folder: Path) -> None:
    _convert(Coco(folder, min_keypoints=1, min_box_px=1), folder, "frames")


def _read_panoptic_frames(folder: Path) -> None:
    read_labels.cache_clear()
    _convert(Panoptic(folder, min_box_px=1, min_visible_joints=1), folder, "frames")


def _read_panoptic_sequences(folder: Path) -> None:
    _convert(Panoptic(folder), folder, "sequences")


def _read_h36m_sequences(folder: Path) -> None:
    _convert(H36m(folder), folder, "sequences")


def _read_mpii_frames(folder: Path) -> None:
    _convert(Mpii(folder, min_visible_joints=1), folder, "frames")


def _read_cvat(folder: Path) -> None:
    _convert(Cvat(folder, min_keypoints=1, min_box_px=1), folder)


def _read_label_studio(folder: Path) -> None:
    _convert(LabelStudio(folder, min_keypoints=1, min_box_px=1), folder)


def _read_mpii(folder: Path) -> None:
    _convert(Mpii(folder, min_visible_joints=1), folder)


def _read_manifest(folder: Path) -> None:
    manifest = read_manifest(folder)
    print_manifest(manifest)
    check_shards(folder, manifest)
    names = [shard.name for shards in manifest.shards.values() for shard in shards]
    _expect(all(Path(name).name == name for name in names), f"a shard lies elsewhere: {names}")
    for split in SPLITS:
        if manifest.counts[split]:
            shard_paths(folder, split)


def _read_shard(folder: Path) -> None:
    damaged = check_shards(folder, read_manifest(folder))
    _expect(all(len(problem) < LONGEST_MESSAGE for problem in damaged.values()), "the message is too long")
    if not damaged:
        list(dataset(folder, "train", batch_size=4, kind=read_manifest(folder).kind))


def _read_journal(folder: Path) -> None:
    writer = seeds_records.open_writer(folder)
    _expect(all(writer.resume_at(split) >= 0 for split in SPLITS), "it goes on before the first person")
    for bad in writer.skipped:
        _expect(isinstance(bad["why"], str), "a reason is no text")


def _read_video(folder: Path) -> None:
    path = folder / "video.mp4"
    for item in Video(path, seeds_studio.SIZE).frames(range(0, 40, 3)):
        if isinstance(item, BadInput):
            refusal(item, folder)
        else:
            _expect(item[1]().shape == (*seeds_studio.SIZE, 3), "a frame is of another size")


def _read_h36m(folder: Path) -> None:
    _convert(H36m(folder, pictures="{subject}/{action}.{camera}.{frame}.jpg"), folder)


def _read_kinect_tables(folder: Path) -> None:
    sync = KinectSync.of_sequence(folder, 1)
    found = [sync.pictures(frame) for frame in range(-1, 10)]
    _expect(all(numbers is None or min(numbers) >= 0 for numbers in found), "a picture has a number below 0")


def _read_kinect_calibration(folder: Path) -> None:
    sensor = Sensor.of_calibration(folder / f"kcalibration_{folder.name}.json", 1)
    _expect(np.isfinite(sensor.rays).all() and np.isfinite(sensor.translation_mm).all(), "a ray is not finite")


#: Every parser by name.
TARGETS = {
    "calibration": Target(seeds_studio.calibration, _read_calibration),
    "rig-toml": Target(seeds_studio.rig_toml, _read_rig("rig.toml")),
    "rig-opencv": Target(seeds_studio.rig_opencv, _read_rig("rig.yml")),
    "body": Target(seeds_studio.body, _read_poses),
    "tar": Target(seeds_studio.tar, _read_poses),
    "panoptic-calibration": Target(seeds_studio.calibration, _read_panoptic),
    "panoptic-body": Target(seeds_studio.body, _read_panoptic),
    "truth": Target(seeds_studio.truth, _read_truth),
    "panoptic-truth": Target(seeds_studio.truth, _read_panoptic),
    "video": Target(seeds_studio.video, _read_video),
    "kinect-tables": Target(seeds_studio.kinect_tables, _read_kinect_tables),
    "kinect-calibration": Target(seeds_studio.kinect_calibration, _read_kinect_calibration),
    "true-bodies": Target(seeds_studio.true_bodies, _read_true_bodies),
    "poses": Target(seeds_studio.poses, _read_pool),
    "smpl": Target(seeds_studio.smpl, _read_smpl),
    "bvh": Target(seeds_studio.bvh, _read_bvh),
    "lsp": Target(seeds_pictures.lsp, _read_lsp),
    "coco": Target(seeds_pictures.coco, _read_coco),
    "coco-frames": Target(seeds_pictures.coco_frames, _read_coco_frames),
    "panoptic-body-frames": Target(seeds_studio.body, _read_panoptic_frames),
    "panoptic-body-sequences": Target(seeds_studio.body, _read_panoptic_sequences),
    "h36m-sequences": Target(seeds_pictures.h36m_positions, _read_h36m_sequences),
    "mpii-frames": Target(seeds_pictures.mpii, _read_mpii_frames),
    "cvat": Target(seeds_pictures.cvat, _read_cvat),
    "label-studio": Target(seeds_pictures.label_studio, _read_label_studio),
    "mpii": Target(seeds_pictures.mpii, _read_mpii),
    "h36m-positions": Target(seeds_pictures.h36m_positions, _read_h36m),
    "h36m-cameras": Target(seeds_pictures.h36m_cameras, _read_h36m),
    "manifest": Target(seeds_records.manifest, _read_manifest),
    "manifest-frames": Target(seeds_records.manifest_frames, _read_manifest),
    "shard-frames": Target(seeds_records.shard_frames, _read_shard),
    "manifest-sequences": Target(seeds_records.manifest_sequences, _read_manifest),
    "shard-sequences": Target(seeds_records.shard_sequences, _read_shard),
    "shard": Target(seeds_records.shard, _read_shard),
    "journal": Target(seeds_records.journal, _read_journal),
}
