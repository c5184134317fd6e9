"""--config and --print-config: a recipe's options in a TOML file."""

import json
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import get_args, get_type_hints

import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from records import Augmentation
from train import densenet, resnet
from train.config import TrainConfig
from train.config_file import as_toml, read_options
from train.densenet import DenseNetConfig
from train.resnet import ResNetConfig

RECIPES = {
    name: import_module(f"train.{name}")
    for name in ("resnet", "densenet", "efficientnet_lite", "mobilenet_v2", "movenet")
}


@pytest.fixture
def parsed(monkeypatch, tmp_path):
    """Calls a recipe with a file of options; returns what would be trained, or the command's result if nothing is."""

    def parse(text, *words, recipe="resnet"):
        seen = []

        def train(config, *rest):
            seen.append(config)
            raise ValueError("enough")

        monkeypatch.setattr(RECIPES[recipe], "train", train)
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        done = call(RECIPES[recipe].main, "--config", path, *words)
        return seen[0] if seen else done

    return parse


def test_a_file_gives_the_options(parsed):
    text = """
        records = "data/ü"
        epochs = 20
        learning_rate = 1
        learn = "all"
        resume = true
        log = ["tensorboard", "mlflow"]
        width = 8
        [augmentation]
        rotation_deg = 45
    """
    assert parsed(text) == ResNetConfig(
        Path("data/ü"),
        epochs=20,
        learning_rate=1.0,
        resume=True,
        log=("tensorboard", "mlflow"),
        width=8,
        augmentation=Augmentation(rotation_deg=45.0),
    )
    config = parsed('records = "x"\nblocks = [4, 8, 16, 8]', recipe="densenet")
    assert config == DenseNetConfig(Path("x"), blocks=(4, 8, 16, 8))
    # As from a command line, a whole number for a float is one: run.json and checks of --resume see no difference.
    assert isinstance(parsed('records = "x"\nlearning_rate = 1').learning_rate, float)


def test_the_command_line_overrides_the_file(parsed):
    text = 'records = "a"\nepochs = 20\ninput_size = 64\nresume = true\nlog = ["wandb"]\n'
    text += "[augmentation]\nblur = 0.1\nflip = 0"
    config = parsed(text, "--records", "b", "--input-size", "None", "--no-resume", "--log", "--augmentation.flip", 1)
    assert config == ResNetConfig(Path("b"), epochs=20, log=(), augmentation=Augmentation(blur=0.1, flip=1.0))


def unwrapped(text):
    """What tyro prints in a box."""
    return " ".join(text.replace("│", " ").split())


def test_options_are_checked_together_with_those_of_the_command_line(parsed):
    text = 'records = "a"\nlearn = "scores"\n'
    assert parsed(text, "--initial", "fast").initial == Path("fast")
    done = parsed(text)
    assert done.returncode == 2 and "got no initial" in unwrapped(done.stderr)
    done = parsed('records = "a"\nepochs = 0\n')
    assert done.returncode == 2 and "epochs must be 1 or more, got 0" in unwrapped(done.stderr)
    assert parsed('records = "a"\nepochs = 0\n', "--epochs", 1).epochs == 1
    done = parsed("epochs = 3")
    assert done.returncode == 2 and "--records PATH" in done.stderr


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('records = "x"\n\nepoch = 3\n', 3, "there is no option epoch; did you mean epochs?"),
        ("batch-size = 3", 1, "there is no option batch-size; did you mean batch_size?"),
        ("[augmentation]\nscal = 0.1\n", 2, "there is no option augmentation.scal; did you mean scale?; options that"),
        ("[augmentation]\nxyz = 3\n", 2, "no option augmentation.xyz; there are flip, rotation_deg, scale, shift, "),
        ("[augmentation]\nepochs = 3", 2, "augmentation.epochs; there are flip, "),
        ("[augmentation]\nepochs = 3", 2, "mosaic, clutter; options that are not in this table stand above it"),
        ("config = 'other.toml'", 1, "there is no option config; "),
        ("print_config = true", 1, "there is no option print_config; "),
        ("epochs = 3\nhead = 'heatmap'", 2, 'head must be one of "coordinates", "heatmaps", "integral", "simcc"'),
        ("head = 'heatmap'", 1, 'got "heatmap"'),
        ("depth = true", 1, "depth must be one of 10, 18, 26, 34, 50, 101, 152, got true"),
        ("epochs = 2.0", 1, "epochs must be a whole number, got 2.0"),
        ("epochs = '2'", 1, 'epochs must be a whole number, got "2"'),
        ("epochs = true", 1, "epochs must be a whole number, got true"),
        ("learning_rate = true", 1, "learning_rate must be a number, got true"),
        ("resume = 1", 1, "resume must be true or false, got 1"),
        ("input_size = 'small'", 1, 'input_size must be a whole number, got "small"'),
        ("records = 3", 1, "records must be text in quotes, got 3"),
        ("run = 2026-01-31", 1, 'run must be text in quotes, got "2026-01-31"'),
        ("log = 'wandb'", 1, 'log must be a list, each item one of "tensorboard", "wandb", "mlflow", got "wandb"'),
        ("log = [\n'wandb',\n'wandbb']", 3, 'got ["wandb", "wandbb"]'),
        ("augmentation = 3", 1, "augmentation must be a table, got 3"),
        ("[augmentation]\n# none\nflip = 'no'", 3, 'augmentation.flip must be a number, got "no"'),
        ("[seed]\nx = 1", 1, 'seed must be a whole number, got {"x": 1}'),
        ('seed = 1\nmodel = "movenet"', 2, 'model is "movenet", but this is the recipe resnet; run python -m train.mo'),
    ],
)
def test_wrong_options_are_one_line_with_the_place(text, line, message, parsed, tmp_path):
    done = parsed(text, "--records", "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith(f"error: {tmp_path / 'own.toml'}, line {line}: ") and message in done.stderr


def test_a_file_that_cannot_be_read_is_one_line(parsed, tmp_path):
    done = parsed("epochs = ")
    assert done.returncode == 2 and done.stderr == (
        f"error: {tmp_path / 'own.toml'} is no TOML: Invalid value (at end of document)\n"
    )
    done = call(resnet.main, "--records", "x", "--config", tmp_path / "none.toml")
    assert done.returncode == 2 and done.stderr == f"error: there is no file {tmp_path / 'none.toml'}\n"
    (tmp_path / "latin.toml").write_bytes("run = 'ü'".encode("latin-1"))
    done = call(resnet.main, "--records", "x", f"--config={tmp_path / 'latin.toml'}")
    assert done.returncode == 2 and f"{tmp_path / 'latin.toml'} is no TOML: " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    done = call(resnet.main, "--records", "x", "--config")
    assert done.returncode == 2 and "--config" in done.stderr and "Traceback" not in done.stderr


def test_a_file_of_an_editor_on_windows_is_read(tmp_path):
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xef\xbb\xbfmodel = 'resnet'\r\nepochs = 3\r\n")
    assert read_options(path, ResNetConfig, "resnet") == {"epochs": 3}


@pytest.mark.parametrize("recipe", RECIPES)
def test_printed_options_are_read_back(recipe, parsed):
    words = ["--records", 'a "b"\\c\x7f\U0001f938', "--epochs", 3, "--patience", 2, "--learning-rate", "1e-5"]
    words += ["--log", "tensorboard", "wandb", "--augmentation.blur", 0.1, "--run", "runs/x", "--no-measure-again"]
    words += {"densenet": ["--blocks", 1, 2], "movenet": ["--movenet", "package"]}.get(recipe, [])
    printed = call(RECIPES[recipe].main, *words, "--print-config")
    assert printed.returncode == 0, printed.stderr
    config = parsed(printed.stdout, recipe=recipe)
    assert config == parsed("", *words, recipe=recipe) and config.epochs == 3 and config.patience == 2
    assert f'model = "{recipe}"' in printed.stdout.splitlines()
    assert as_toml(config, recipe) == printed.stdout


@pytest.mark.parametrize("recipe", RECIPES)
def test_options_that_may_be_none_are_none_by_default(recipe):
    """Otherwise printed options, which leave None out, would be read as others."""
    (config_class,) = (
        value
        for value in vars(RECIPES[recipe]).values()
        if isinstance(value, type) and issubclass(value, TrainConfig) and value is not TrainConfig
    )
    hints = get_type_hints(config_class)
    optional = {field.name: field.default for field in fields(config_class) if NoneType in get_args(hints[field.name])}
    assert {"run", "patience"} <= optional.keys() and set(optional.values()) == {None}


def test_a_run_by_a_file_notes_its_options_and_is_resumed_by_it(tmp_path):
    write_shard_set(tmp_path / "records", train=8, val=4, size=64)
    options = {"records": str(tmp_path / "records"), "run": str(tmp_path / "run"), "epochs": 1, "batch_size": 8}
    options |= {"blocks": [1], "growth_rate": 4, "log": [], "learning_rate": 1} | AS_GIVEN
    lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    path = tmp_path / "own.toml"
    path.write_text("\n".join([*lines, "[augmentation]", "blur = 0.5"]))
    done = call(densenet.main, "--config", path, "--learning-rate", 1e-3)
    assert done.returncode == 0, done.stderr
    noted = json.loads((tmp_path / "run/run.json").read_text())["config"]
    assert (noted["epochs"], noted["blocks"], noted["learning_rate"]) == (1, [1], 1e-3)
    assert noted["augmentation"]["blur"] == 0.5 and "config" not in noted
    done = call(densenet.main, "--config", path, "--learning-rate", 1e-3, "--resume")
    assert done.returncode == 0 and "all 1 epochs were done before" in done.stdout, done.stderr
    # The file alone has another learning rate.
    done = call(densenet.main, "--config", path, "--resume")
    assert done.returncode == 2 and "begun with other options (learning_rate: 0.001 -> 1.0)" in done.stderr
