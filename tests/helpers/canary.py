"""For tests of interfaces that libraries do not document: names what broke, what needs it, and the pinned versions."""

from contextlib import contextmanager
from pathlib import Path

import pytest

_REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"


def pinned(package):
    """The versions that requirements.txt allows, such as "tensorflow>=2.21,<2.22"."""
    lines = _REQUIREMENTS.read_text().splitlines()
    return next(line for line in lines if line.startswith((f"{package}>", f"{package}=")))


@contextmanager
def canary(package, interface, user):
    """Any error within fails the test in a sentence that names the interface, its user and the pinned versions."""
    try:
        yield
    except Exception as error:
        message = f"{interface} does not do what {user} needs any more (requirements.txt: {pinned(package)})"
        pytest.fail(f"{message}: {type(error).__name__}: {error}")
