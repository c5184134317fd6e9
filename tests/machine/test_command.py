"""What all commands share: exit codes, errors in one line, Ctrl-C, and a fast --help."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from people import write_shard_set

from machine.command import run_command
from machine.interrupts import heed_ctrl_c

ROOT = Path(__file__).parents[2]
COMMANDS = [
    *("data_prep", "records", "evaluate", "export", "demo.webcam", "demo.batch", "demo.web"),
    *(f"train.{recipe}" for recipe in ("resnet", "densenet", "efficientnet_lite", "mobilenet_v2", "movenet")),
]
# A stand-in for a package, which sends Ctrl-C at once and then waits to be ended.
PRESS = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n"
# Packages that no command may import before it has read its arguments.
SLOW = ("tensorflow", "keras", "pandas", "matplotlib", "jax")


@dataclass(frozen=True)
class Options:
    """Options of the test's command."""

    number: int = 1


def run(work, *words):
    return run_command(Options, work, list(words), prog="command", description="Does nothing.")


class Mendable(ValueError):
    exit_code = 7


def test_the_return_value_is_the_exit_code(capsys):
    assert run(lambda options: None) == 0
    assert run(lambda options: options.number, "--number", "5") == 5
    assert run(lambda options: 1 / 0, "--help") == 0
    assert "Does nothing." in capsys.readouterr().out
    assert run(lambda options: 1 / 0, "--numbr", "5") == 2
    assert "--number" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code"), [(ValueError("x is wrong"), 2), (OSError("full"), 2), (Mendable("m"), 7)])
def test_user_errors_are_one_line(error, code, capsys):
    def fail(options):
        raise error

    assert run(fail) == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_other_errors_are_tracebacks():
    with pytest.raises(ZeroDivisionError):
        run(lambda options: 1 / 0)


def test_ctrl_c_ends_with_130(capsys):
    assert run(lambda options: os.kill(os.getpid(), signal.SIGINT) or time.sleep(20)) == 130
    assert capsys.readouterr().err == "stopped\n"


def test_a_process_that_ignores_ctrl_c_keeps_ignoring_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        heed_ctrl_c()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert run(lambda options: os.kill(os.getpid(), signal.SIGINT)) == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_closed_pipe_is_no_error():
    code = (
        "import sys; from machine.command import run_command\n"
        "sys.exit(run_command(int, lambda n: print('x' * 10**6), ['1'], prog='command', description=''))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.read(1)
        process.stdout.close()
        assert process.wait() == 141
        assert process.stderr.read() == b""


def without_slow_imports(folder, *arguments):
    """Runs a command in a process in which nothing slow can be imported."""
    for package in SLOW:
        (folder / f"{package}.py").write_text(f"raise RuntimeError('{package} was imported')")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", COMMANDS)
def test_help_is_printed_before_anything_slow_is_imported(module, tmp_path):
    done = without_slow_imports(tmp_path, module, "--help")
    assert (done.returncode, done.stderr) == (0, "") and f"python -m {module}" in done.stdout


def test_wrong_options_exit_before_anything_slow_is_imported(tmp_path):
    write_shard_set(tmp_path / "records", test=0)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text('{"config": {}}')
    records = ("--records", tmp_path / "records")
    eight = (*records, "--batch-size", 8)
    for arguments, message in (
        (
            ("train.resnet", *eight, "--run", tmp_path / "run"),
            "run already holds a run; pass --resume to go on",
        ),
        (("train.resnet", *records, "--batch-size", 64), "a batch of 64 needs at least as many people"),
        (("train.movenet", "--records", tmp_path / "none"), "none is no shard set: it has no manifest.json"),
        (
            ("train.densenet", *eight, "--run", tmp_path / "new", "--resume"),
            "there is no run to resume in",
        ),
        (("evaluate", "run", *records), "holds no people in its test split; splits with people: train, val"),
        (("export", tmp_path / "run"), "has no best.keras; train for at least one epoch"),
        (("records", tmp_path / "none"), "none is no shard set: it has no manifest.json"),
    ):
        done = without_slow_imports(tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (2, "") and message in done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr


def test_records_are_checked_and_drawn_without_tensorflow(tmp_path):
    write_shard_set(tmp_path / "records")
    done = without_slow_imports(tmp_path, "records", tmp_path / "records")
    assert done.returncode == 0, done.stderr
    assert "all 5 shards are whole" in done.stdout and (tmp_path / "records/contact_sheet.jpg").is_file()


@pytest.mark.parametrize(
    ("module", "package"),
    [("demo.webcam", "numpy"), ("demo.web", "tyro"), ("export", "tyro"), ("train.resnet", "numpy")],
)
def test_ctrl_c_during_the_first_imports_prints_nothing(module, package, tmp_path):
    done = press_in(package, [sys.executable, "-m", module, "--help"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_an_installed_script_prints_nothing_on_ctrl_c_during_imports(tmp_path):
    script = tmp_path / "panopose-webcam"
    script.write_text("import sys\nfrom panopose.commands import webcam\nsys.exit(webcam())\n")
    done = press_in("numpy", [sys.executable, str(script), "--help"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_while_tensorflow_is_imported_prints_no_traceback(tmp_path):
    (tmp_path / "run").mkdir()
    for name in ("run.json", "best.keras", "samples.npy"):
        (tmp_path / "run" / name).touch()
    done = press_in("keras", [sys.executable, "-m", "export", "run"], tmp_path)
    assert (done.returncode, done.stderr) == (130, "stopped; the export is as it was\n")


def test_a_program_that_imports_the_packages_keeps_its_own_ctrl_c():
    code = "import signal, demo, export\nprint(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_importing_tensorflow_prints_nothing():
    code = (
        "from machine.quiet import import_tensorflow\nimport_tensorflow()\n"
        "import tensorflow as tf\nprint(int(tf.constant(1) + 1))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_output_of_a_failing_import_is_printed(tmp_path):
    (tmp_path / "keras.py").write_text("import os\nos.write(2, b'the reason\\n')\nraise ImportError('no keras')\n")
    code = "from machine.quiet import import_tensorflow\nimport_tensorflow()"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stderr.startswith("the reason\n") and "no keras" in done.stderr


def press_in(package: str, command: list[str], folder: Path) -> subprocess.CompletedProcess:
    (folder / f"{package}.py").write_text(PRESS)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
