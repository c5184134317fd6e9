"""What can go wrong for reasons outside the program, each with the exit code that the command returns."""


class DemoError(Exception):
    """Something to tell the user in one message, without a traceback."""

    exit_code = 2


class ArgumentError(DemoError):
    """An argument has a value that is not allowed. No ValueError: tyro would draw a box around the message."""


class ModelError(DemoError):
    """There is no exported model, or the folder is not one."""


class OutputError(DemoError):
    """The output video cannot be written."""


class SourceError(DemoError):
    """There is no such camera or file, or it gives no picture."""

    exit_code = 3


class DisplayError(DemoError):
    """There is no display for the window to open on."""

    exit_code = 4
