"""Calls our commands in this process, as a new one would import everything again."""

import io
import subprocess
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

#: Options of a training that avoid measurements, which take longer than the trainings of tests.
AS_GIVEN = {"precision": "float32", "normalization": "fused", "xla": "off"}


def call(main: Callable[[list[str]], int], *arguments: object) -> subprocess.CompletedProcess:
    """A command's exit code and output, as from `subprocess.run`."""
    words = [str(argument) for argument in arguments]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
