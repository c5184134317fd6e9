"""`python -m demo.video` with the fake model."""

import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from two_people import TWO, two_people
from video_files import write_clip

import demo.batch.__main__
import demo.offline.track
from demo.outputs.video_sink import VideoSink
from demo.runtimes.exports import MOST_SEARCHED
from demo.video.__main__ import Options, main, run

FRAMES = 24


@pytest.fixture
def options(fake_export, tmp_path):
    """Makes options for the fake model."""
    given = {"model": fake_export, "out": tmp_path / "out.csv"}
    return lambda source, **more: Options(source, **given | more)


@pytest.fixture
def walk(tmp_path, paint, write_video):
    """A person who walks 3 px a frame to the right, at 30 frames/s."""
    frames = [paint((240, 320), (100 + 3 * k, 120, 120)) for k in range(FRAMES)]
    return write_video(tmp_path / "walk.avi", frames)


def noses(path):
    return pd.read_csv(path)[["nose_x_px", "nose_y_px"]].to_numpy()


def test_a_video_becomes_a_table(walk, options, tmp_path, capsys):
    run(options(walk))
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["frame"].tolist() == list(range(FRAMES)) and (table["person"] == 0).all()
    np.testing.assert_allclose(table["time_s"], np.arange(FRAMES) / 30, atol=1e-4)
    np.testing.assert_allclose(noses(tmp_path / "out.csv"), [(100 + 3 * k, 60) for k in range(FRAMES)], atol=3)
    assert (table["nose_score"] > 0.5).all() and not any(name.endswith("_deg") for name in table)
    printed = capsys.readouterr().out
    assert "24 frames, 1 person in " in printed and "with saved-model" in printed
    assert "smoothed: 0 pairs of left and right exchanged, 0 leaps rejected, 0 joints interpolated" in printed
    assert printed.endswith(f"wrote {tmp_path / 'out.csv'}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "walk.avi"]


def test_without_smoothing_the_table_is_that_of_demo_batch(walk, options, tmp_path, fake_export, capsys):
    run(options(walk, smooth="none"))
    assert "smoothed" not in capsys.readouterr().out
    batch = demo.batch.__main__.Options(walk, model=fake_export, batch=8, out=tmp_path / "batch.csv")
    demo.batch.__main__.run(batch)
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "out.csv"), pd.read_csv(tmp_path / "batch.csv"), atol=1e-2, rtol=0
    )


def test_frames_in_which_the_person_is_not_seen_are_filled_up_to_the_limit(options, tmp_path, paint, write_video):
    frames = [paint((240, 320), (100 + 3 * k, 120, 120)) for k in range(FRAMES)]
    frames[10:13] = 3 * [paint((240, 320), None)]
    video = write_video(tmp_path / "gap.avi", frames)
    run(options(video))
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["frame"].tolist() == list(range(FRAMES))
    assert table.index[table["nose_score"] == 0].tolist() == [10, 11, 12]
    np.testing.assert_allclose(table["nose_x_px"][10:13], [130, 133, 136], atol=3)
    run(options(video, max_gap_s=0.1))
    assert pd.read_csv(tmp_path / "out.csv")["frame"].tolist() == [*range(10), *range(13, FRAMES)]


def test_two_people_and_an_annotated_video(options, tmp_path, paint, write_video, read_video, one_at_a_time, capsys):
    video = write_video(tmp_path / "two.avi", [paint((240, 320), None)] + 6 * [two_people(paint)], fps=10)
    run(options(video, output=tmp_path / "drawn.mp4"))
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["frame"].tolist() == [frame for frame in range(1, 7) for _ in TWO]
    assert set(table["person"]) == {0, 1} and (table.groupby("person")["nose_x_px"].std() < 3).all()
    printed = capsys.readouterr().out
    assert "7 frames, 2 people in" in printed and "in 1 of 7 frames nobody was found: 0" in printed
    assert f"wrote {tmp_path / 'drawn.mp4'}" in printed
    pictures, fps = read_video(tmp_path / "drawn.mp4")
    before, _ = read_video(video)
    changed = [(np.abs(a.astype(int) - b).max(axis=-1) > 60).sum() for a, b in zip(pictures, before, strict=True)]
    assert fps == pytest.approx(10) and changed[0] == 0 and min(changed[1:]) > 200


def test_frames_at_uneven_intervals_keep_their_times(options, tmp_path, paint):
    times_s = [0, 0.033, 0.066, 0.5, 1.25]
    source = write_clip(tmp_path / "uneven.mkv", 5 * [paint((120, 160), (80, 60, 80))], times_s)
    run(options(source))
    np.testing.assert_allclose(pd.read_csv(tmp_path / "out.csv")["time_s"], times_s, atol=1.1e-3)


def test_angles_on_request(walk, options, tmp_path):
    run(options(walk, angles=True, angle=("sit=left_shoulder,left_hip,left_knee",)))
    table = pd.read_csv(tmp_path / "out.csv")
    assert len([name for name in table if name.endswith("_deg")]) == 12
    # The fake model's shoulders lie over the hips, and the legs are straight.
    assert (table["trunk_inclination_deg"].abs() < 2).all() and (table["left_knee_flexion_deg"] < 4).all()
    # Shoulder and knee of the same side: 0.1 widths right of and below the hip; the box is 60 x 120 px.
    expected = 180 - np.degrees(np.arctan2(6, 48))
    np.testing.assert_allclose(table["sit_deg"], expected, atol=4)


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".parquet"])
def test_other_endings_hold_the_same_people(walk, options, tmp_path, ending):
    out = tmp_path / f"out{ending}"
    run(options(walk, out=out, angles=True))
    if ending == ".parquet":
        count = len(pd.read_parquet(out))
    elif ending == ".json":
        content = json.loads(out.read_text())
        count = len(content["annotations"])
        assert content["videos"][0]["file_name"] == "walk.avi" and "angles_deg" in content["annotations"][0]
    else:
        count = sum(len(json.loads(line)["people"]) for line in out.read_text().splitlines())
    assert count == FRAMES


def test_a_long_table_has_a_row_for_each_joint(walk, options, tmp_path):
    run(options(walk, table="long"))
    assert len(pd.read_csv(tmp_path / "out.csv")) == FRAMES * 19


def test_a_truncated_video_is_reported(walk, options, tmp_path, capsys):
    walk.write_bytes(walk.read_bytes()[: walk.stat().st_size // 2])
    run(options(walk))
    count = len(pd.read_csv(tmp_path / "out.csv"))
    assert 0 < count < FRAMES and f"{count} frames of {FRAMES} announced" in capsys.readouterr().out


def test_a_video_of_nobody_has_an_empty_table(options, tmp_path, paint, write_video, capsys):
    video = write_video(tmp_path / "none.avi", 3 * [paint((240, 320), None)])
    run(options(video, output=tmp_path / "out.mp4"))
    assert len(pd.read_csv(tmp_path / "out.csv")) == 0
    assert "in 3 of 3 frames nobody was found: 0, 1, 2" in capsys.readouterr().out
    assert (tmp_path / "out.mp4").is_file()


def test_on_a_terminal_the_progress_is_shown(walk, options, tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    run(options(walk, output=tmp_path / "out.mp4"))
    shown = sys.stderr.getvalue()
    for what in ("following people", "drawing"):
        assert f"{what}: 100%" in shown, shown
    assert "24/24" in shown and "frame/s" in shown


def arguments_of(walk, fake_export, *more):
    given = ("--model", fake_export, "--out", walk.parent / "out.csv")
    return [str(word) for word in (walk, *given, *more)]


def test_ctrl_c_while_people_are_followed_leaves_nothing(walk, fake_export, tmp_path, monkeypatch, capsys):
    def stopped(frames, *arguments, **more):
        next(iter(frames))
        raise KeyboardInterrupt

    monkeypatch.setattr(demo.offline.track, "track_frames", stopped)
    (tmp_path / "out.csv").write_text("yesterday's")
    before = sorted(tmp_path.iterdir())
    assert main(arguments_of(walk, fake_export, "--output", tmp_path / "out.mp4")) == 130
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / "out.csv").read_text() == "yesterday's"
    assert "stopped; files that were not complete are removed" in capsys.readouterr().err


def test_ctrl_c_while_the_video_is_drawn_keeps_the_table_alone(walk, fake_export, tmp_path, monkeypatch, capsys):
    write = VideoSink.write
    written = []

    def stopped(sink, picture, time_s, duration_s):
        write(sink, picture, time_s, duration_s)
        written.append(time_s)
        if len(written) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(VideoSink, "write", stopped)
    assert main(arguments_of(walk, fake_export, "--output", tmp_path / "out.mp4")) == 130
    assert len(pd.read_csv(tmp_path / "out.csv")) == FRAMES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "walk.avi"]


@pytest.mark.parametrize(
    "changes, code, message",
    [
        ({"out": "out.xlsx"}, 2, "--out must end in .parquet, .csv, .json or .jsonl, got"),
        ({"out": "none/out.csv"}, 2, "there is no folder"),
        ({"out": "walk.csv", "source": "walk.csv"}, 2, "is the source itself; choose another name"),
        ({"output": "out.gif"}, 2, "--output must end in one of .mp4, .mov, .mkv, .avi, got"),
        ({"output": "walk.avi"}, 2, "is the source itself; choose another name"),
        ({"people": MOST_SEARCHED + 1}, 2, f"--people must be 1 to {MOST_SEARCHED}, got {MOST_SEARCHED + 1}"),
        ({"people": 0}, 2, "--people must be 1 or more, got 0"),
        ({"min-score": 1.5}, 2, "--min-score must be 0 to 1, got 1.5"),
        ({"threads": 0}, 2, "--threads must be 1 or more, got 0"),
        ({"runtime": "onyx"}, 2, "runtime must be auto or one of"),
        ({"cutoff-hz": 0}, 2, "--cutoff-hz must be above 0, got 0.0; or give --smooth none"),
        ({"cutoff-hz": "nan"}, 2, "--cutoff-hz must be above 0, got nan"),
        ({"max-gap-s": -1}, 2, "--max-gap-s must be 0 or more, got -1.0"),
        ({"angle": "sit"}, 2, "--angle 'sit' must be NAME=JOINT,JOINT,JOINT, such as sit=left_shoulder,left_hip,"),
        ({"angle": "sit=a,b"}, 2, "must be NAME=JOINT,JOINT,JOINT"),
        ({"angle": "sit=nose,tail,neck"}, 2, "panoptic19 has no joint 'tail'; it has neck, nose,"),
        ({"angle": "trunk_inclination=nose,neck,nose"}, 2, "there is an angle 'trunk_inclination' already"),
        ({"table": "long", "angles": True}, 2, "--table long has a row for each joint: it needs a .csv or .parquet"),
        ({"table": "long", "out": "out.json"}, 2, "--table long has a row for each joint"),
        ({"source": "missing.mp4"}, 3, "missing.mp4' does not exist; give a video file"),
        ({"source": "folder"}, 3, "folder' does not exist; give a video file"),
        ({"source": "rubbish.mp4"}, 3, "rubbish.mp4' cannot be read as a video"),
        ({"source": "empty.mp4"}, 3, "empty.mp4' cannot be read as a video"),
        ({"model": "missing"}, 2, "missing' does not exist"),
    ],
)
def test_errors_end_with_their_exit_code(walk, fake_export, tmp_path, capsys, changes, code, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "walk.csv").touch()
    (tmp_path / "rubbish.mp4").write_bytes(b"rubbish" * 1000)
    (tmp_path / "empty.mp4").touch()
    given = {"source": "walk.avi", "out": "out.csv", "model": fake_export}
    given |= changes
    given |= {name: tmp_path / given[name] for name in ("source", "out", "output", "model") if name in given}
    source, *rest = given.items()
    words = [str(source[1]), *(word for name, value in rest for word in (f"--{name}", str(value)) if word != "True")]
    before = sorted(tmp_path.rglob("*"))
    returned = main(words)
    told = capsys.readouterr().err
    assert (returned, message in told, len(told.splitlines())) == (code, True, 1), told
    assert sorted(tmp_path.rglob("*")) == before


def test_an_angle_named_twice_is_refused(walk, fake_export, capsys):
    same = "--angle", "sit=neck,nose,neck"
    assert main(arguments_of(walk, fake_export, *same, *same)) == 2
    assert "names an angle that was named before" in capsys.readouterr().err


def test_importing_the_command_imports_nothing_heavy():
    heavy = ("tensorflow", "pandas", "scipy", "tqdm", "matplotlib", "onnxruntime", "pygame")
    code = f"import sys, demo.video.__main__; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_as_a_user_types_it(walk, fake_export, tmp_path):
    words = arguments_of(
        walk, fake_export, "--smooth", "savgol", "--no-swaps", "--no-leaps", "--facing", "right", "--finder", "squares"
    )
    done = subprocess.run([sys.executable, "-m", "demo.video", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "wrote " in done.stdout and len(pd.read_csv(tmp_path / "out.csv")) == FRAMES


def test_real_clips_become_tables(shared_data, tmp_path):
    """Joints near MoveNet's, which are no more exact; raw ones differ by 40 thousandths of the person's length."""
    clip = shared_data / "clips/pose_1.mp4"
    assert main([str(clip), "--model", "fast", "--out", str(tmp_path / "out.csv")]) == 0
    table = pd.read_csv(tmp_path / "out.csv")
    golden = json.loads(clip.with_suffix(".json").read_text())
    assert len(table) == len(golden) == 120 and table["person"].nunique() == 1
    length_px = np.median([np.ptp([joint["y"] for joint in frame.values()]) for frame in golden])
    joints = [f"{side}_{name}" for side in ("left", "right") for name in ("elbow", "wrist", "knee", "ankle")]
    misses = [
        np.hypot(
            table[f"{name}_x_px"] - [frame[name]["x"] for frame in golden],
            table[f"{name}_y_px"] - [frame[name]["y"] for frame in golden],
        )
        for name in joints
    ]
    assert np.mean(misses) / length_px < 0.06
