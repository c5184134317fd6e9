"""Runs the command line: `python -m data_prep`."""

import sys

# The processes that make parts import this module too, and need nothing of the command line.
if __name__ == "__main__":
    from data_prep.command import main

    sys.exit(main())
