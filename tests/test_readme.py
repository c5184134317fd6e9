"""README.md: short, with the two commands of a fresh machine, and with code that runs."""

import ast

import pytest
from documented import ROOT, blocks
from PIL import Image

README = ROOT / "README.md"
# Other programs and people rely on these lines.
TWO_COMMANDS = """\
make quickstart   # sets up, draws synthetic people, makes records, trains, evaluates, exports, annotates a video
make test         # sets up and runs the tests
"""


def test_it_is_short():
    assert len(README.read_text().splitlines()) <= 150


def test_the_two_commands_are_there_word_for_word():
    assert TWO_COMMANDS in blocks(README, "sh")


def test_it_says_what_replaced_tensorflow_addons():
    paragraphs = README.read_text().split("\n\n")
    told = next(text for text in paragraphs if text.startswith("**tensorflow-addons**"))
    assert "replaced it" in told and "AdamW" in told


@pytest.mark.parametrize("path", sorted((ROOT / "docs/moving").glob("*.webp")), ids=lambda path: path.stem)
def test_a_moving_image_is_small_and_shown(path):
    with Image.open(path) as picture:
        assert picture.width == 480 and picture.n_frames >= 20
    assert path.stat().st_size < 2_000_000
    assert f"docs/moving/{path.name}" in README.read_text()


def test_its_python_names_what_there_is():
    panopose = pytest.importorskip("panopose")
    tree = ast.parse("\n".join(blocks(README, "python")))
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    used = {(node.value.id, node.attr) for node in attributes if isinstance(node.value, ast.Name)}
    assert {("panopose", "load"), ("model", "draw")} <= used
    owners = {"panopose": panopose, "model": panopose.Model}
    assert [name for owner, name in used if not hasattr(owners[owner], name)] == []
