"""Rows of the table of events, by hand, and the table of limps of a made-up walker."""

import json

import numpy as np
import pytest

from benchmarks.gait.__main__ import limp_table, main, read_walk, row_of
from gait.motion import SIDES


def test_rows_by_hand():
    labels = {"left": {"contact": [1.0, 2.0], "off": [1.6]}, "right": {"contact": [1.5], "off": []}}
    found = {"left": {"contact": [1.02, 2.5], "off": []}, "right": {"contact": [1.46, 1.5], "off": [3.0]}}
    assert row_of("mine", found, labels) == {
        "detector": "mine",
        **{"contact, ms": "10", "contact, found": "2 of 3", "contact, false": "2"},
        **{"off, ms": "", "off, found": "0 of 1", "off, false": "1"},
    }


def write_walk(path, fps=50.0, seconds=6.0, lag=0.0):
    """Feet that swing by a sine each second, half a second apart, with heel and toe."""
    times, frames = np.arange(0, seconds, 1 / fps), []
    for time in times:
        points = {}
        for k, side in enumerate(SIDES):
            phase = 2 * np.pi * (time - 0.5 * k)
            ahead = 300 * np.sin(phase) + 1000 * time
            lift = max(0.0, 80 * np.cos(phase))
            points |= {f"{side}_hip": [1000 * time, 900, 90 * k], f"{side}_ankle": [ahead, 90 + lift, 90 * k]}
            points |= {f"{side}_heel": [ahead - 40, 40 + lift, 90 * k], f"{side}_toe": [ahead + 160, 40 + lift, 90 * k]}
        frames.append({"landmark_positions": points})
    contacts = {side: [round(fps * (t + 0.25 + 0.5 * k)) for t in range(1, 5)] for k, side in enumerate(SIDES)}
    truth = {"hs_frames": contacts | {"left": [*contacts["left"], contacts["left"][0] + 2]}, "to_frames": contacts}
    path.write_text(json.dumps({"fps": fps, "angle_frames": frames, "ground_truth": truth}))


def test_events_that_are_close_are_one(tmp_path, capsys):
    for name in ("healthy", "parkinson"):
        write_walk(tmp_path / f"example_{name}.json")
    motion, labels = read_walk(tmp_path / "example_healthy.json")
    assert motion.fps == 50 and len(labels["left"]["contact"]) == 4
    assert labels["left"]["contact"][0] == pytest.approx(1.25 + 0.02, abs=0.011)
    assert main(["--events", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    table = (tmp_path / "out/gait_events.csv").read_text()
    assert "here, coordinates" in table and table.count("8 of 8") >= 2
    assert "healthy" in capsys.readouterr().out


def test_the_side_of_a_limp(tmp_path):
    # Kinect's joints in m, 30 frames per second: one foot reaches further ahead than the other.
    def walk(left_m, right_m):
        times, joints = np.arange(0, 4, 1 / 30), np.zeros((120, 18, 3))
        for k, reach in enumerate((left_m, right_m)):
            phase = 2 * np.pi * (times - 0.5 * k)
            ahead = np.where(np.sin(phase) > 0, reach, 0.25) * np.sin(phase)
            for joint, height, share in ((0, 0.0, 1), (1, 0.1, 1), (2, 0.5, 0.5), (3, 0.9, 0)):
                lift = np.maximum(0, 0.1 * np.cos(phase)) * (height < 0.5)
                joints[:, 4 * k + joint] = np.stack(
                    [np.full(120, 0.1 * k), height + lift, 4 - times - share * ahead], 1
                )
        joints[:, 12:14, 1], joints[:, 12:14, 2] = 1.4, 4 - times[:, None]
        return joints

    kinds = {"N": (0.3, 0.3), "AR": (0.4, 0.2), "AL": (0.2, 0.4)}
    np.savez(
        tmp_path / "limps.npz", **{f"s{n}_r1_F_{kind}": walk(*way) for n in range(2) for kind, way in kinds.items()}
    )
    row = limp_table(tmp_path / "limps.npz").set_index("left minus right").loc["step length"]
    assert row["side told, %"] == "100" and row["walks"] == "4"
    assert float(row["limp on the right"]) > 0.1 > float(row["usual"]) > -0.1 > float(row["limp on the left"])
