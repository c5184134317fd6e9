"""The files of configs/: their options exist, and are those of the commands that are documented."""

import json
import re
import shlex
import tomllib
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import call
from mpii_archive import joints, make_archive, person, picture

from data_prep.command import main as data_prep
from pose import BODY26, COCO17
from records import read_manifest

ROOT = Path(__file__).parents[2]
FILES = {path.name: path for path in sorted((ROOT / "configs").glob("*.toml"))}
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "weights").glob("*/README.md")]


def printed(recipe, *words):
    done = call(import_module(f"train.{recipe}").main, *words, "--print-config")
    assert done.returncode == 0, done.stderr
    return tomllib.loads(done.stdout)


def commands_in(path):
    """The trainings in a page's shell blocks by the name of their run, variables of the shell filled in."""
    found = {}
    for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL):
        variables = {}
        for line in block.replace("\\\n", " ").splitlines():
            for name, value in variables.items():
                line = line.replace(f"${name}", value)
            if given := re.fullmatch(r'(\w+)="(.*)"', line):
                variables[given[1]] = given[2]
            elif training := re.search(r"(?:-m train\.|panopose train )(\w+) (.*)", line):
                words = shlex.split(training[2], comments=True)
                if "--run" in words:
                    found[words[words.index("--run") + 1]] = training[1], words
    return found


@pytest.fixture(scope="module")
def documented():
    return {run: found for page in PAGES for run, found in commands_in(page).items()}


def test_there_are_files():
    assert {"fast.toml", "accurate.toml", "lsp_resnet18.toml", "quickstart.toml"} <= FILES.keys()


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_by_its_recipe(name):
    given = tomllib.loads(FILES[name].read_text())
    options = printed(given["model"], "--config", FILES[name])
    augmentation = options.pop("augmentation")
    assert given.pop("augmentation", {}).items() <= augmentation.items()
    assert {"records", "run"} <= given.keys() and all(options[key] == value for key, value in given.items())


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"quickstart.toml"}))
def test_a_file_has_the_options_of_the_documented_command(name, documented):
    given = tomllib.loads(FILES[name].read_text())
    recipe, words = documented[given["run"]]
    assert given["model"] == recipe
    assert printed(recipe, "--config", FILES[name]) == printed(recipe, *words)


@pytest.mark.slow
def test_the_commands_for_face_and_feet_run(tmp_path, monkeypatch):
    """On a few people of each set; only MoveNet's weights are left out."""
    coco, halpe, mpii = (tmp_path / name for name in ("coco", "halpe", "mpii"))
    write_keypoints(coco / "annotations/person_keypoints_train2017.json", coco / "train2017", 17, COCO17.joints)
    write_keypoints(halpe / "halpe_train_v1.json", halpe / "images", 136)
    people = [person(joints(start=1, count=10))]
    make_archive(mpii, [picture(f"{i}.jpg", people, separate=(1,), video=i) for i in range(40)])
    monkeypatch.chdir(tmp_path)
    file = ROOT / "configs/body26.toml"
    modules = [shlex.split(line)[3:] for line in file.read_text().splitlines() if line.startswith("#   python -m")]
    assert [module for module, *_ in modules] == ["data_prep"] * 4 + ["train.movenet"]
    for _, *words in modules[:-1]:
        assert call(data_prep, *words).returncode == 0
    words = ["--config", file, "--movenet", "None", "--epochs", "1", "--input-size", "64", "--batch-size", "8"]
    done = call(import_module("train.movenet").main, *words)
    assert done.returncode == 0, done.stderr
    manifest = read_manifest(tmp_path / "data/everybody26")
    assert manifest.skeleton == BODY26 and len(manifest.source["sets"]) == 3
    assert (tmp_path / "runs/body26/best.keras").is_file()


def write_keypoints(annotations, pictures, count, names=()):
    """40 images of a person each, in the form of COCO's files."""
    annotations.parent.mkdir(parents=True, exist_ok=True)
    pictures.mkdir(parents=True)
    keypoints = np.ravel([(60 + 5 * (i % 20), 40 + 7 * (i // 7), 2) for i in range(count)]).tolist()
    for i in range(1, 41):
        cv2.imwrite(str(pictures / f"{i}.jpg"), np.full((240, 320, 3), 4 * i, np.uint8))
    content = {
        "images": [{"id": i, "file_name": f"{i}.jpg", "width": 320, "height": 240} for i in range(1, 41)],
        "categories": [{"id": 1, "name": "person", "keypoints": list(names), "skeleton": []}],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "bbox": [50, 30, 120, 160], "area": 9000, "iscrowd": 0}
            | {"keypoints": keypoints, "num_keypoints": count}
            for i in range(1, 41)
        ],
    }
    annotations.write_text(json.dumps(content))


@pytest.mark.parametrize("name", FILES)
def test_cost_and_score_are_those_of_the_pages(name):
    head = [line for line in FILES[name].read_text().splitlines() if line.startswith("#")]
    assert any("Cost" in line for line in head) and any("Score" in line for line in head)
    pages = "\n".join(page.read_text() for page in PAGES)
    figures = re.findall(r"\d+[.:]\d+", "\n".join(head))
    assert [figure for figure in figures if figure not in pages] == []
