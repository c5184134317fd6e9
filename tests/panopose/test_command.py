"""`panopose VERB ...` runs the verb's command and nothing else."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from commands import call

import panopose
from machine.command import missing_package
from panopose import commands
from panopose.commands import VERBS, main

ROOT = Path(__file__).parents[2]


def test_help_lists_every_verb_and_imports_no_other_package():
    code = (
        "import sys\nfrom panopose.commands import main\nbefore = len(sys.argv)\ncode = main(['--help'])\n"
        "print(code, *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    *shown, last = done.stdout.splitlines()
    code, *imported = last.split()
    assert code == "0" and shown[0] == "usage: panopose COMMAND [options]"
    assert [line.split()[0] for line in shown if line.startswith("  ")] == list(VERBS)
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert ours & set(imported) == {"panopose", "machine"}
    assert not {"numpy", "tyro", "cv2"} & set(imported)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "train"])
def test_help_of_a_verb_calls_it_what_the_user_typed(verb):
    done = call(main, verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: panopose {verb} ")


def test_models_are_listed_and_trained_by_name():
    done = call(main, "train", "--help")
    assert done.returncode == 0
    listed = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert {"resnet", "densenet", "efficientnet_lite", "mobilenet_v2", "movenet"} <= set(listed)
    assert not {"cli", "config"} & set(listed)
    done = call(main, "train", "movenet", "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: panopose train movenet ")


def test_arguments_and_exit_codes_are_the_commands_own(tmp_path):
    done = call(main, "inspect", tmp_path / "none")
    assert (done.returncode, done.stdout) == (2, "") and "none is no shard set" in done.stderr
    done = call(main, "train", "resnet", "--records", tmp_path / "none")
    assert done.returncode == 2 and "none is no shard set" in done.stderr


def test_without_a_verb_or_a_model_the_help_is_an_error():
    done = call(main)
    assert (done.returncode, done.stdout) == (2, call(main, "--help").stdout)
    done = call(main, "train")
    assert (done.returncode, done.stdout) == (2, call(main, "train", "--help").stdout)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["webcan"], "no command 'webcan'; did you mean webcam? `panopose --help` lists them"),
        (["xyz", "--help"], "no command 'xyz'; `panopose --help` lists them"),
        (["train", "resnt"], "no model 'resnt'; did you mean resnet? `panopose train --help` lists them"),
        (["train", "--records"], "no model '--records'; `panopose train --help` lists them"),
    ],
)
def test_unknown_names_are_one_line(words, message):
    done = call(main, *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {message}\n")


def test_the_older_scripts_are_verbs():
    for script, verb in ((commands.webcam, "webcam"), (commands.web, "web")):
        assert call(script, "--help").stdout == call(main, verb, "--help").stdout


def test_the_version_is_the_packages():
    assert call(main, "--version").stdout == f"panopose {panopose.__version__}\n"


@pytest.fixture
def requirements(monkeypatch):
    lines = [
        "opencv-python<6",
        "opencv-python-headless<6,>=5",
        'tensorflow-text<3; extra == "words"',
        'tensorflow<2.22,>=2.21; extra == "train"',
        'google-crc32c<2; extra == "train"',
    ]
    monkeypatch.setattr(metadata, "requires", {"panopose": lines}.__getitem__)


@pytest.mark.parametrize(
    ("module", "package", "install"),
    [
        ("tensorflow", "tensorflow", "'panopose[train]'"),
        ("tensorflow.python", "tensorflow", "'panopose[train]'"),
        ("google_crc32c", "google-crc32c", "'panopose[train]'"),
        ("cv2", "opencv-python-headless", "--force-reinstall --no-deps opencv-python-headless"),
    ],
)
def test_a_missing_package_is_one_line(module, package, install, requirements, monkeypatch):
    def import_module(name):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(commands, "import_module", import_module)
    done = call(main, "evaluate", "run")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: this needs packages that are not installed, such as {package}: pip install {install}\n"
    )


@pytest.mark.parametrize("module", ["misspelt", "tensor", "numpy.random"])
def test_other_missing_modules_are_tracebacks(module, requirements):
    error = ModuleNotFoundError(name=module)
    with pytest.raises(ModuleNotFoundError) as raised:
        missing_package(error)
    assert raised.value is error
