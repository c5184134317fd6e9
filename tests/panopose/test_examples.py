"""The programs in examples/, on small images and clips, with the fake model."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import pandas as pd
import pytest
from browser_parts import GRAY, painted
from rectangles import PERSON

from demo.outputs.video_sink import VideoSink

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def clip(tmp_path):
    with VideoSink(tmp_path / "clip.mp4", 10.0) as sink:
        for number in range(3):
            sink.write(painted(GRAY, PERSON), number / 10)
    return tmp_path / "clip.mp4"


@pytest.fixture
def example(export, monkeypatch, capsys):
    """Runs an example with the fake model, and returns what it prints."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments), str(export)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_every_example_is_short_and_run_here():
    text = Path(__file__).read_text()
    paths = sorted(EXAMPLES.glob("*.py"))
    assert len(paths) == 4
    for path in paths:
        assert len(path.read_text().splitlines()) <= 25 and f'example("{path.name}"' in text


def test_a_picture(example, image, tmp_path):
    cv2.imwrite(str(tmp_path / "in.png"), image[..., ::-1])
    printed = example("picture.py", tmp_path / "in.png", tmp_path / "out.png")
    assert "Person(number=0, score=" in printed and "Joint(x=" in printed
    drawn = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_COLOR_RGB)
    changed = (drawn != image).any(axis=-1)
    assert changed[160:340, 120:210].sum() > 500 and not changed[:, 300:].any()


def test_a_video_becomes_a_table(example, clip, tmp_path):
    printed = example("video_to_csv.py", clip, tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["frame"].tolist() == [0, 1, 2] and printed == "3 rows, number of people: 1\n"


def test_a_webcam(example, clip):
    printed = example("webcam.py", clip)
    # The fake model puts LSP's wrists below its shoulders.
    assert printed.splitlines() == [f"frame {k}, people: 1, left hand raised: nobody" for k in range(3)]


def test_a_folder_becomes_a_coco_file(example, image, tmp_path):
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images/a.png"), image[..., ::-1])
    cv2.imwrite(str(tmp_path / "images/b.png"), GRAY)
    printed = example("batch_to_coco.py", tmp_path / "images", tmp_path / "people.json")
    coco = json.loads((tmp_path / "people.json").read_text())
    assert [entry["file_name"] for entry in coco["images"]] == ["a.png", "b.png"]
    assert [entry["image_id"] for entry in coco["annotations"]] == [1] and "people: 1, images: 2" in printed
