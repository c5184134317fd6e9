"""Ctrl-C while a command still imports what it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What stands in for a package presses Ctrl-C at once, and then waits to be ended.
PRESS = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n"


def press_in(package: str, command: list[str], folder: Path) -> subprocess.CompletedProcess:
    (folder / f"{package}.py").write_text(PRESS)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "package"),
    [("demo.webcam", "numpy"), ("demo.web", "tyro"), ("demo.batch", "tyro"), ("export", "keras")],
)
def test_a_command_ends_without_a_word(module, package, tmp_path):
    done = press_in(package, [sys.executable, "-m", module, "--help"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_so_does_an_installed_script(tmp_path):
    script = tmp_path / "panopose-webcam"
    script.write_text("import sys\nfrom demo.webcam import main\nsys.exit(main())\n")
    done = press_in("numpy", [sys.executable, str(script), "--help"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_program_that_imports_the_packages_keeps_its_own_ctrl_c():
    code = "import signal, demo, export\nprint(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
