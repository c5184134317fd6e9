"""`python -m demo.batch` with the fake model."""

import subprocess
import sys

import cv2
import numpy as np
import pandas as pd
import pytest
from two_people import TWO, two_people
from video_files import write_clip

from demo.batch.__main__ import Options, main, run
from demo.batch.inputs import pictures_in, read_folder
from pose import PANOPTIC19

HEADING = "picture,x_px,y_px,width_px,height_px\n"
# x, y and height of a rectangle that the fake model takes for a person; it is half as wide.
PEOPLE = {"a.png": (160, 120, 160), "b.jpg": (200, 100, 120), "deeper/c.png": (100, 130, 180)}


def nose_and_feet(table):
    """Upper and lower edge of each person in the table, (N, 4)."""
    return table[["nose_x_px", "nose_y_px", "left_ankle_x_px", "left_ankle_y_px"]].to_numpy()


def expected(people):
    """The same of the painted rectangles; the left ankle is 0.2 widths to the right."""
    return [(x, y - height / 2, x + 0.2 * height / 2, y + height / 2) for x, y, height in people]


@pytest.fixture
def folder(tmp_path, paint):
    pictures = tmp_path / "pictures"
    (pictures / "deeper").mkdir(parents=True)
    for name, person in PEOPLE.items():
        cv2.imwrite(str(pictures / name), paint((240, 320), person)[..., ::-1])
    (pictures / "broken.jpg").write_bytes(b"no picture")
    (pictures / "notes.txt").write_text("no picture either")
    return pictures


@pytest.fixture
def options(fake_export, tmp_path):
    """Makes options that need no measurement."""
    return lambda source, **more: Options(
        source, **{"model": fake_export, "batch": 2, "out": tmp_path / "out.csv"} | more
    )


def test_a_folder_of_whole_images(folder, options, tmp_path, capsys):
    run(options(folder, whole_picture=True))
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["picture"].tolist() == sorted(PEOPLE) and (table["person"] == 0).all()
    assert table.filter(like="box_").to_numpy().tolist() == 3 * [[-0.5, -0.5, 320, 240]]
    np.testing.assert_allclose(nose_and_feet(table), expected(PEOPLE[name] for name in sorted(PEOPLE)), atol=4)
    assert list(table.columns[6:9]) == ["neck_x_px", "neck_y_px", "neck_score"]
    assert len(table.columns) == 6 + 3 * 19 and (table["neck_score"] > 0.5).all()
    printed = capsys.readouterr().out
    assert "3 pictures, 3 people in" in printed and "with saved-model, 2 pictures at once" in printed
    assert "1 could not be read: broken.jpg" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "pictures"]


def test_people_in_images_are_searched_for_and_drawn(folder, options, tmp_path, paint, one_at_a_time, capsys):
    """One small person, two people, nobody, and files that are not images."""
    cv2.imwrite(str(folder / "a.png"), paint((240, 320), (60, 60, 80))[..., ::-1])
    cv2.imwrite(str(folder / "deeper/c.png"), two_people(paint)[..., ::-1])
    cv2.imwrite(str(folder / "empty.png"), paint((240, 320), None))
    (folder / "b.jpg").rename(folder / "b.JFIF")
    (folder / "photo.heic").write_bytes(b"no picture that OpenCV reads")
    (folder / "README").write_text("nor this")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    run(options(folder, draw=tmp_path / "drawn"))
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["picture"].tolist() == ["a.png", "b.JFIF", "deeper/c.png", "deeper/c.png"]
    assert table["person"].tolist() == [0, 0, 0, 1]
    found = table.sort_values(["picture", "nose_x_px"])
    np.testing.assert_allclose(nose_and_feet(found), expected([(60, 60, 80), PEOPLE["b.jpg"], *TWO]), atol=4)
    np.testing.assert_allclose(found["box_height_px"], [80, 120, 120, 150], atol=5)
    printed = capsys.readouterr().out
    assert "4 pictures, 4 people in" in printed and "in 1 of 4 pictures nobody was found: empty.png" in printed
    assert "1 could not be read: broken.jpg" in printed
    for part in ("passed over 3 files with endings", "1 .txt", "1 .heic", "1 without an ending"):
        assert part in printed
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    drawn = sorted(path.relative_to(tmp_path / "drawn").as_posix() for path in (tmp_path / "drawn").rglob("*.*"))
    assert drawn == ["a.png", "b.JFIF.png", "deeper/c.png", "empty.png"]
    changed = [
        (cv2.imread(str(tmp_path / "drawn" / name)) != cv2.imread(str(folder / name))).any(axis=-1)
        for name in ("empty.png", "a.png")
    ]
    # Nobody: as it was. A person: lines within the box, their dark edges a pixel beyond it, and none elsewhere.
    assert not changed[0].any() and changed[1][20:100, 35:85].any()
    changed[1][14:107, 34:86] = False
    assert not changed[1].any()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn", "out.csv", "pictures"]


def test_no_more_people_than_the_maximum_are_found(tmp_path, options, paint, one_at_a_time, capsys):
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures/two.png"), two_people(paint)[..., ::-1])
    run(options(tmp_path / "pictures", people=2))
    assert len(pd.read_csv(tmp_path / "out.csv")) == 2
    assert "in 1 of 1 picture 2 people were found, as many as are searched for" in capsys.readouterr().out
    run(options(tmp_path / "pictures/two.png", people=1))
    assert pd.read_csv(tmp_path / "out.csv")["picture"].tolist() == ["two.png"]


@pytest.mark.parametrize("min_score, count", [(None, 1), (0.0, 1), (0.9, 1), (0.97, 0)])
def test_rows_below_the_minimum_score_are_not_written(tmp_path, options, paint, capsys, min_score, count):
    """The fake model's confidence is 0.95."""
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures/one.png"), paint((240, 320), PEOPLE["a.png"])[..., ::-1])
    for how in ({}, {"whole_picture": True}):
        run(options(tmp_path / "pictures", min_score=min_score, **how))
        table = pd.read_csv(tmp_path / "out.csv")
        assert len(table) == count and "neck_score" in table
        assert ("in 1 of 1 picture nobody was found: one.png" in capsys.readouterr().out) == (count == 0)


def test_a_whole_image_without_a_person_has_no_row_but_a_box_has(tmp_path, options, paint):
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures/none.png"), paint((240, 320), None))
    run(options(tmp_path / "pictures", whole_picture=True))
    assert len(pd.read_csv(tmp_path / "out.csv")) == 0
    (tmp_path / "boxes.csv").write_text(f"{HEADING}none.png,10,10,50,100")
    run(options(tmp_path / "pictures", boxes=tmp_path / "boxes.csv"))
    assert pd.read_csv(tmp_path / "out.csv")["neck_score"].tolist() == pytest.approx([0.05])


def test_people_in_a_video_are_tracked(tmp_path, options, paint, write_video, one_at_a_time):
    frames = [paint((240, 320), None)] + 6 * [two_people(paint)]
    run(options(write_video(tmp_path / "two.avi", frames, fps=10)))
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["frame"].tolist() == [frame for frame in range(1, 7) for _ in TWO]
    assert set(table["person"]) == {0, 1} and (table.groupby("person")["nose_x_px"].std() < 3).all()


@pytest.mark.parametrize("ending", [".gif", ".jp2", ".avif", ".webp", ".bmp", ".tif", ".jfif", ".PNG"])
def test_every_ending_that_opencv_reads_is_read(tmp_path, ending):
    ok, data = cv2.imencode(
        ".jpg" if ending == ".jfif" else ending.lower(), np.full((40, 60, 3), (200, 100, 50), np.uint8)
    )
    (tmp_path / f"picture{ending}").write_bytes(data.tobytes())
    names, others = pictures_in(tmp_path)
    (item,) = read_folder(tmp_path, names)
    assert names == [f"picture{ending}"] and others == ""
    np.testing.assert_allclose(item.picture.mean(axis=(0, 1)), (50, 100, 200), atol=15)


def test_half_a_jpeg_is_not_read(folder, options, tmp_path, capsys):
    whole = (folder / "b.jpg").read_bytes()
    (folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
    run(options(folder, draw=tmp_path / "drawn"))
    assert "2 could not be read: broken.jpg, half.jpg" in capsys.readouterr().out
    assert "half.jpg" not in set(pd.read_csv(tmp_path / "out.csv")["picture"])
    assert not (tmp_path / "drawn/half.jpg").exists()


def test_boxes_in_a_video(options, tmp_path, paint, write_video, capsys):
    left, right = (80, 120, 120), (240, 120, 150)
    both = np.concatenate([paint((240, 160), left), paint((240, 160), (80, 120, 150))], axis=1)
    video = write_video(tmp_path / "two.avi", [paint((240, 320), None), both, both, both], fps=10)
    rows = ["frame,x_px,y_px,width_px,height_px"]
    rows += [f"{frame},{x - h / 4},{y - h / 2},{h / 2},{h}" for frame in (1, 3) for x, y, h in (left, right)]
    (tmp_path / "boxes.csv").write_text("\n".join([*rows, "9,0,0,10,10"]))
    run(options(video, boxes=tmp_path / "boxes.csv", batch=3))
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["frame"].tolist() == [1, 1, 3, 3] and table["person"].tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(table["time_s"], [0.1, 0.1, 0.3, 0.3])
    np.testing.assert_allclose(nose_and_feet(table), expected(2 * [left, right]), atol=3)
    np.testing.assert_allclose(table["box_height_px"], [120, 150, 120, 150])
    assert f"not in {video}: 1 frame with boxes, the first of them 9" in capsys.readouterr().out


def test_frames_at_uneven_intervals_keep_their_times(options, tmp_path, paint):
    times_s = [0, 0.033, 0.066, 0.5, 1.25]
    source = write_clip(tmp_path / "uneven.mkv", 5 * [paint((120, 160), (80, 60, 80))], times_s)
    run(options(source))
    np.testing.assert_allclose(pd.read_csv(tmp_path / "out.csv")["time_s"], times_s, atol=1.1e-3)


def test_a_truncated_video_is_reported(options, tmp_path, paint, write_video, capsys):
    video = write_video(tmp_path / "cut.avi", [paint((240, 320), (160, 120, 160))] * 20)
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    run(options(video))
    count = len(pd.read_csv(tmp_path / "out.csv"))
    assert 0 < count < 20 and f"{count} frames of 20 announced, {count} people in" in capsys.readouterr().out


def test_parquet_holds_the_same_and_the_skeleton(folder, options, tmp_path):
    pytest.importorskip("pyarrow")
    run(options(folder))
    run(options(folder, out=tmp_path / "out.parquet", batch=1))
    table = pd.read_parquet(tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(table, pd.read_csv(tmp_path / "out.csv"), check_dtype=False, atol=1e-3)
    assert table["nose_x_px"].dtype == np.float32
    assert table.attrs["skeleton"]["joints"] == list(PANOPTIC19.joints)


def test_images_of_a_folder_come_in_order_and_in_rgb(tmp_path):
    for k in range(30):
        cv2.imwrite(str(tmp_path / f"{k:02d}.png"), np.full((4, 6, 3), (0, 0, 5 * k), np.uint8))
    names = [f"{k:02d}.png" for k in range(30)]
    items = list(read_folder(tmp_path, names))
    assert [item.key for item in items] == names
    assert [item.picture[0, 0].tolist() for item in items] == [[5 * k, 0, 0] for k in range(30)]


def boxes(text):
    return lambda folder: (folder / "boxes.csv").write_text(text)


@pytest.mark.parametrize(
    "prepare, changes, code, message",
    [
        (None, {"out": "out.xlsx"}, 2, "--out must end in .parquet or .csv, got"),
        (None, {"batch": 0}, 2, "--batch must be 1 or more, got 0"),
        (None, {"runtime": "onyx"}, 2, "runtime must be auto or one of"),
        (None, {"out": "none/out.csv"}, 2, "there is no folder"),
        (boxes(HEADING), {"boxes": "boxes.csv", "out": "boxes.csv"}, 2, "is the --boxes file itself; choose another"),
        (None, {"source": "video.csv", "out": "video.csv"}, 2, "is the source itself; choose another name"),
        (None, {"source": "missing.mp4"}, 3, "missing.mp4' does not exist; give a folder with pictures, or a video"),
        (None, {"people": 5}, 2, "--people must be 1 to 4, got 5"),
        (None, {"min-score": 1.5}, 2, "--min-score must be 0 to 1, got 1.5"),
        (boxes("no"), {"boxes": "boxes.csv", "whole-picture": True}, 2, "--whole-picture and --boxes both say where"),
        (None, {"draw": "pictures"}, 2, "which is read; choose another folder"),
        (None, {"draw": "pictures/drawn"}, 2, "which is read; choose another folder"),
        (None, {"draw": "broken"}, 2, "broken' must be a new folder or an empty one"),
        (None, {"draw": "none/drawn"}, 2, "cannot be made: make the folder that it lies in"),
        (None, {"draw": "drawn", "source": "video.avi"}, 2, "for a video use python -m demo.webcam"),
        (None, {"draw": "drawn", "source": "broken"}, 3, "1 could not be read; nothing was written"),
        (None, {"source": "empty"}, 3, "empty' holds no pictures"),
        (None, {"source": "texts"}, 3, "but 1 other file (1 .txt); give another folder"),
        (None, {"source": "video.avi"}, 3, "video.avi' cannot be read as a video"),
        (None, {"source": "broken"}, 3, "1 could not be read; nothing was written"),
        (boxes("no"), {"boxes": "boxes.csv"}, 3, "must have the columns picture, x_px, y_px, width_px, height_px"),
        (boxes(HEADING + "a.png,0,0,x,5"), {"boxes": "boxes.csv"}, 3, "in row 1"),
        (boxes(HEADING + "a.png,0,0,5,5\nb.jpg,0,0,-3,5"), {"boxes": "boxes.csv"}, 3, "in row 2"),
        (boxes(HEADING + "z.png,0,0,5,5"), {"boxes": "boxes.csv"}, 3, "names 'z.png', which is no picture in"),
        (
            boxes("frame" + HEADING[7:] + "1.5,0,0,5,5"),
            {"boxes": "boxes.csv", "source": "video.avi"},
            3,
            "whole number",
        ),
    ],
)
def test_errors_end_with_their_exit_code(
    folder, fake_export, tmp_path, monkeypatch, capsys, prepare, changes, code, message
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.txt").touch()
    (tmp_path / "broken/a.png").touch()
    (tmp_path / "video.avi").touch()
    (tmp_path / "video.csv").touch()
    if prepare:
        prepare(tmp_path)
    arguments = {"source": folder, "out": "out.csv", "model": fake_export, "batch": 2} | changes
    paths = {name: tmp_path / arguments[name] for name in ("source", "out", "boxes", "draw") if name in arguments}
    before = sorted(tmp_path.rglob("*"))
    source, *rest = (arguments | paths).items()
    words = [str(source[1]), *(word for name, value in rest for word in (f"--{name}", str(value)) if word != "True")]
    monkeypatch.setattr(sys, "argv", ["batch", *words])
    returned = main()
    told = capsys.readouterr().err
    assert (returned, message in told, len(told.splitlines())) == (code, True, 1), told
    assert sorted(tmp_path.rglob("*")) == before


def test_the_command_as_a_user_types_it(folder, fake_export, tmp_path):
    command = [sys.executable, "-m", "demo.batch", folder, "--out", tmp_path / "out.csv", "--model", fake_export]
    done = subprocess.run(
        [*map(str, command), "--batch", "8", "--finder", "squares"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "wrote " in done.stdout and len(pd.read_csv(tmp_path / "out.csv")) == 3
