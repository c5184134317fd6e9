"""Errors of the demos, each with the exit code of the command."""


class DemoError(Exception):
    """An error that is printed in one line, without a traceback."""

    exit_code = 2


class ArgumentError(DemoError):
    """An argument's value is not allowed. Not a ValueError, whose message tyro would print in a box."""


class ModelError(DemoError, ValueError):
    """The exported model is missing or invalid."""


class OutputError(DemoError):
    """An output cannot be written."""


class SourceError(DemoError, ValueError):
    """There is no such camera or file, or it yields no frame."""

    exit_code = 3


class DisplayError(DemoError):
    """There is no display for the window."""

    exit_code = 4
