"""A person who waves, as records of sequences."""

import numpy as np

from pose import PANOPTIC19
from records import ShardSetWriter
from records.sequences.schema import JointSequence, encode_sequence

SKELETON = PANOPTIC19


def moving(frames=60, seed=0, scale=1.0):
    """A person who stands and waves, in mm."""
    rng = np.random.default_rng(seed)
    place = {"shoulder": (180, -500), "elbow": (250, -250), "wrist": (300, 0), "hip": (100, 0), "knee": (110, 420)}
    place |= {"ankle": (110, 820), "eye": (30, -680), "ear": (70, -660)}
    xyz = np.zeros((frames, 19, 3))
    for name, (x, y) in place.items():
        xyz[:, SKELETON.index(f"left_{name}")] = x, y, 0
        xyz[:, SKELETON.index(f"right_{name}")] = -x, y, 0
    xyz[:, SKELETON.index("neck")] = 0, -500, 0
    xyz[:, SKELETON.index("nose")] = 0, -650, -80
    xyz[:, SKELETON.index("left_wrist"), 1] += 200 * np.sin(np.arange(frames) / 5 + rng.uniform(0, 6))
    return (xyz * scale).astype(np.float32)


def sequence(frames=60, seed=0, scale=1.0, **changes):
    values = {"joints_xyz_mm": moving(frames, seed, scale), "known": np.ones((frames, 19), bool), "fps": 30.0}
    values |= {"number": np.arange(frames), "dataset": "test", "sequence": f"person_{seed}"}
    return JointSequence(**values | changes)


def write_sequences(folder, people=6, frames=60, size=50):
    writer = ShardSetWriter(
        folder, skeleton=SKELETON, size=size, source={"padding": 1.0}, split_rule={}, kind="sequences"
    )
    for seed in range(people):
        for record in encode_sequence(sequence(frames, seed, 0.8 + 0.1 * seed), size, SKELETON):
            writer.add("train", record)
            writer.add("val", record)
    writer.finish()
    return folder
