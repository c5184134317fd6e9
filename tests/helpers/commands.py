"""Our commands called in this process: a process of its own would import everything once more."""

import io
import subprocess
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

#: Options of a training that leave nothing to be measured, which takes longer than the trainings of tests.
AS_GIVEN = {"precision": "float32", "normalization": "fused", "xla": "off"}


def call(main: Callable[[list[str]], int], *arguments: object) -> subprocess.CompletedProcess:
    """What a command returned and printed, as `subprocess.run` would tell it."""
    words = [str(argument) for argument in arguments]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
