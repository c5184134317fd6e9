"""Reads MATLAB files in a child process.

SciPy's reader trusts the file: a wrong type number makes it follow an invalid pointer and crash, and a wrong length
makes it allocate gigabytes. Here only the child crashes, and its memory is limited.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

#: Several times what MPII's labels need, the largest of these files.
_MOST_BYTES = 4 << 30
# It imports none of our modules, so that it starts in a third of a second.
_READ = """
import pickle, sys
import scipy.io
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]), int(sys.argv[3])))
except ImportError:  # There is none on Windows.
    pass
try:
    found = scipy.io.loadmat(sys.argv[1], variable_names=[sys.argv[2]], squeeze_me=sys.argv[4] == "True",
                             struct_as_record=False)
    answer = found[sys.argv[2]], ""
except BaseException as error:
    answer = None, f"{type(error).__name__}: {error}"
pickle.dump(answer, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
"""


def read_mat(path: str | Path, variable: str, *, squeeze: bool = False) -> object:
    """Reads one variable.

    Args:
        path: a MATLAB file of version 4 to 7.2.
        variable: its name there.
        squeeze: drop axes of length 1, and unwrap arrays of one element.

    Returns:
        The variable as `scipy.io.loadmat` gives it, structs as objects with attributes.

    Raises:
        ValueError: it is no MATLAB file, lacks the variable, or is damaged.
        OSError: it cannot be read.
    """
    open(path, "rb").close()
    command = [sys.executable, "-I", "-c", _READ, str(path), variable, str(_MOST_BYTES), str(squeeze)]
    child = subprocess.run(command, capture_output=True, check=False)
    found, why = (None, "it crashes the process that reads it") if child.returncode else pickle.loads(child.stdout)
    if why:
        raise ValueError(f"{path} cannot be read as a MATLAB file with a variable `{variable}`: {why[:500]}")
    return found
