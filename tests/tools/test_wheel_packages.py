"""In a wheel every package lies inside `panopose`, and the code finds itself there."""

import ast
import re
from pathlib import Path

import pytest

import panopose
from tools.wheel_packages import (
    FACE,
    all_packages,
    commands_rewritten,
    layout,
    package_files,
    rewritten,
    top_packages,
    verbs_by_module,
)

ROOT = Path(__file__).parents[2]
NAMES = {"panopose", "pose", "records", "train", "demo", "evaluate"}
VERBS = {"records": "inspect", "train.": "train", "demo.batch": "batch", "evaluate": "evaluate"}

BEFORE = '''"""Prints; see `python -m records`."""
from pose import Crop; from pose.crop import é, box  # é
from keras.models import train
import pose as own, numpy.records, records.writer as w
from . import near
from panopose import face
if TYPE_CHECKING:
    from train.config import (
        TrainConfig,
    )
def f():
    ö = "ü"; from records import pipeline
    return "from records import this", "records.writer", pose.x
'''
AFTER = '''"""Prints; see `panopose inspect`."""
from panopose.pose import Crop; from panopose.pose.crop import é, box  # é
from keras.models import train
import panopose.pose as own, numpy.records, panopose.records.writer as w
from . import near
from panopose import face
if TYPE_CHECKING:
    from panopose.train.config import (
        TrainConfig,
    )
def f():
    ö = "ü"; from panopose.records import pipeline
    return "from records import this", "records.writer", pose.x
'''


def test_imports_are_rewritten_and_nothing_else():
    assert rewritten(BEFORE, NAMES, VERBS) == AFTER


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import evaluate\n", "line 1: write `from ... import` instead of `import evaluate`"),
        ("import os\nimport train.loop\n", "line 2: write `from ... import` instead of `import train.loop`"),
        ("from  pose import x\n", "line 1: write `from` and one space"),
    ],
)
def test_imports_that_cannot_be_rewritten_raise(source, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        rewritten(source, NAMES, VERBS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`python -m records {folder}` checks", "`panopose inspect {folder}` checks"),
        ("python -m train.resnet --records x", "panopose train resnet --records x"),
        ('f"python -m train.{name}"', 'f"panopose train {name}"'),
        ("(as `python -m train...` does)", "(as `panopose train...` does)"),
        ("run python -m evaluate.", "run panopose evaluate."),
        ("python -m demo.batch, demo", "panopose batch, demo"),
        ("python -m demo.runtimes.measure x", "python -m panopose.demo.runtimes.measure x"),
        ("python -m records_of python -m pytest", "python -m records_of python -m pytest"),
        ("python -m tools.make_weights", "python -m tools.make_weights"),
    ],
)
def test_texts_name_the_commands_of_the_wheel(text, expected):
    assert commands_rewritten(text, NAMES, VERBS) == expected


def test_packages_are_found_with_their_folders(tmp_path):
    for place in ("panopose", "train", "train/loop"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "__init__.py").touch()
    for place in ("train/loop/page.html", "train/data/x.bin", "train/__pycache__/a.pyc", "train/.cache/y", "docs/a.py"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    assert top_packages(tmp_path) == ["panopose", "train"]
    assert all_packages(tmp_path) == ["panopose", "train", "train.loop"]
    assert layout(tmp_path) == (["panopose", "panopose.train", "panopose.train.loop"], {"panopose.train": "train"})
    places = {str(place): str(path.relative_to(tmp_path)) for path, place in package_files(tmp_path)}
    assert places == {
        "panopose/__init__.py": "panopose/__init__.py",
        "panopose/train/__init__.py": "train/__init__.py",
        "panopose/train/data/x.bin": "train/data/x.bin",
        "panopose/train/loop/__init__.py": "train/loop/__init__.py",
        "panopose/train/loop/page.html": "train/loop/page.html",
    }
    (tmp_path / "panopose/train.py").touch()
    with pytest.raises(ValueError, match=r"panopose/train.py has the name of a package"):
        list(package_files(tmp_path))


def modules():
    return [path for path, _ in package_files() if path.suffix == ".py"]


def test_every_module_can_be_rewritten():
    names, verbs = set(top_packages()), verbs_by_module()
    left = re.compile(rf"^\s*(?:from|import) (?:{'|'.join(names - {FACE})})\b|python -m (?!{FACE})\w", re.MULTILINE)
    others = re.compile(r"python -m (?:pytest|tools|benchmarks)")
    for path in modules():
        found = left.findall(others.sub("", rewritten(path.read_text(), names, verbs)))
        assert not found, f"{path}: {found}"


def test_no_string_names_a_module():
    # Where a package lies at run time, `__name__` and `__package__` say.
    named = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules()} | set(all_packages())
    named = {name for name in named if name.partition(".")[0] != FACE}
    for path in modules():
        if path == ROOT / "panopose" / "commands.py":  # It adds where they lie.
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
                # An f-string may end the name: f"models.forms.{name}".
                assert node.value.rstrip(".") not in named, f"{path}:{node.lineno} has {node.value!r}"


def test_public_names_are_not_those_of_packages():
    # In a wheel `panopose.evaluate` is the package, once anything of it is imported.
    assert not set(getattr(panopose, "__all__", ())) & set(top_packages())
