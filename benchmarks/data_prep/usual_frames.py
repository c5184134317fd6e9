"""The usual way from a video to records: extract all frames as JPEGs, read each again, cut out the people, write."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

_SIZE, _PADDING, _JPEG_QUALITY, _MIN_CONFIDENCE, _MIN_JOINTS = 224, 1.25, 95, 0.1, 8


def ffmpeg() -> str:
    """The path of an ffmpeg program: the machine's own, else the one of the package imageio-ffmpeg.

    Raises:
        ValueError: there is none.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise ValueError("the usual way needs ffmpeg; install it, or `pip install imageio-ffmpeg`") from error
    return imageio_ffmpeg.get_ffmpeg_exe()


def convert_usually(sequence: Path, camera: str, out: Path, stride: int) -> int:
    """Converts the people in front of one camera.

    Args:
        sequence: a sequence in the studio's layout.
        camera: its name.
        out: a folder for the extracted frames and the records.
        stride: convert every so many frames.

    Returns:
        The number of people.
    """
    cv2.setNumThreads(1)
    frames = out / camera
    frames.mkdir(parents=True)
    video, pattern = sequence / f"hdVideos/hd_{camera}.mp4", frames / "%08d.jpg"
    # As the studio's own script does, but only the frames that are converted.
    choice = ["-vf", f"select=not(mod(n\\,{stride}))", "-fps_mode", "passthrough"]
    command = [ffmpeg(), "-v", "error", "-threads", "1", "-i", video, *choice, "-q:v", "1", "-start_number", "0"]
    subprocess.run([*command, pattern], check=True)
    calibration = json.loads((sequence / f"calibration_{sequence.name}.json").read_bytes())
    entry = next(entry for entry in calibration["cameras"] if entry["name"] == camera)
    count = 0
    with tf.io.TFRecordWriter(str(out / f"{camera}.tfrecord")) as writer:
        for path in sorted(frames.iterdir()):
            number = int(path.stem) * stride
            poses = sequence / f"hdPose3d_stage1_coco19/body3DScene_{number:08d}.json"
            picture = cv2.imread(str(path))
            for body in json.loads(poses.read_bytes())["bodies"]:
                record = _record(picture, np.array(body["joints19"]).reshape(19, 4), entry)
                if record is not None:
                    writer.write(record)
                    count += 1
    return count


def _record(picture: np.ndarray, joints: np.ndarray, entry: dict) -> bytes | None:
    rotation, _ = cv2.Rodrigues(np.array(entry["R"]))
    xy, _ = cv2.projectPoints(
        joints[:, :3].copy(), rotation, np.array(entry["t"]), np.array(entry["K"]), np.array(entry["distCoef"])
    )
    xy = xy[:, 0]
    height, width = picture.shape[:2]
    visible = (joints[:, 3] > _MIN_CONFIDENCE) & (xy >= 0).all(axis=1) & (xy < [width, height]).all(axis=1)
    if visible.sum() < _MIN_JOINTS:
        return None
    low, high = xy[visible].min(axis=0), xy[visible].max(axis=0)
    side = max(_PADDING * (high - low).max(), 2)
    scale = side / _SIZE
    left, top = np.round((low + high - side) / 2).astype(int)
    right, bottom = left + round(side), top + round(side)
    inside = picture[max(top, 0) : bottom, max(left, 0) : right]
    borders = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
    crop = cv2.resize(cv2.copyMakeBorder(inside, *borders, cv2.BORDER_CONSTANT), (_SIZE, _SIZE))
    _, jpeg = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    in_crop = ((xy - [left, top]) / scale).astype(np.float32)
    features = {
        "image/jpeg": tf.train.Feature(bytes_list=tf.train.BytesList(value=[jpeg.tobytes()])),
        "joints/xy_px": tf.train.Feature(float_list=tf.train.FloatList(value=in_crop.ravel())),
        "joints/visible": tf.train.Feature(int64_list=tf.train.Int64List(value=2 * visible.astype(int))),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
