"""The table of recipes: rows that the commands accept, runs that are done once, differences to the base."""

import importlib

import pytest
import tyro

from benchmarks.accuracy import ablation
from benchmarks.accuracy.ablation import ROWS, Ablation, command, main, table

CONFIGS = {
    "train.movenet": "MoveNetConfig",
    "train.mobilenet_v2": "MobileNetV2Config",
    "train.efficientnet_lite": "EfficientNetLiteConfig",
}
_HEADS = ("coordinates", "likelihood", "integral", "simcc")


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_a_command_that_training_accepts(name, tmp_path):
    options = Ablation(tmp_path, tmp_path, tmp_path / "out")
    _, _, module, *words = command(ROWS[name], options, tmp_path / name)
    config = tyro.cli(getattr(importlib.import_module(module), CONFIGS[module]), args=words)
    _, _, module, *words = command(ROWS[ROWS[name].base], options, tmp_path / name)
    base = tyro.cli(getattr(importlib.import_module(module), CONFIGS[module]), args=words)
    assert (config.epochs, config.input_size, config.head == base.head) == (3, 128, name not in _HEADS)
    assert (config == base) is (name == ROWS[name].base)


def test_finished_runs_are_not_repeated(tmp_path, monkeypatch, capsys):
    made = []

    def run(words, check):
        folder = tmp_path / words[words.index("--run") + 1].rsplit("/", 1)[1]
        made.append((folder.name, "--resume" in words))
        folder.mkdir(exist_ok=True)
        (folder / "run.json").write_text("{}")
        pck = 0.5 if folder.name == "base" else 0.4375
        (folder / "history.csv").write_text(f"epoch,val_pck@0.2\n1,0.1\n2,{pck}\n")

    monkeypatch.setattr(ablation, "subprocess", type("", (), {"run": staticmethod(run)}))
    (tmp_path / "simcc").mkdir()
    (tmp_path / "simcc/run.json").write_text("{}")
    options = Ablation(tmp_path, tmp_path, tmp_path, epochs=2, only=("base", "simcc"))
    main(options)
    assert made == [("base", False), ("simcc", True)]
    main(options)
    assert len(made) == 2
    assert capsys.readouterr().out.rstrip().endswith("| head: SimCC | 0.438 | -0.062 |")


def test_without_the_base_there_is_no_difference():
    assert table({"simcc": 0.5}).splitlines()[-1] == "| head: SimCC | 0.500 |  |"


def test_differences_are_to_what_a_row_changes():
    rows = table({"base": 0.5, "movenet": 0.625, "turn": 0.25, "movenet-turn": 0.5}).splitlines()
    assert [row.split(" | ")[-1] for row in rows[2:]] == [" |", "+0.125 |", "-0.250 |", "-0.125 |"]


def test_unknown_rows_raise(tmp_path):
    with pytest.raises(ValueError, match="only must name rows, got magic; there are base, coordinates, integral"):
        Ablation(tmp_path, tmp_path, tmp_path, only=("magic",))
