"""Runs the command line: `python -m data_prep`."""

import sys

# Worker processes import this module too, and do not need the command line.
if __name__ == "__main__":
    from data_prep.command import main

    sys.exit(main())
