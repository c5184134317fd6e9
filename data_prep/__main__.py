"""Runs the command line: `python -m data_prep`."""

import sys

# Workers import this module too, and need no command line.
if __name__ == "__main__":
    from data_prep.command import main

    sys.exit(main())
