"""Runs the command: `python -m panopose VERB ...` is `panopose VERB ...`."""

import sys

if __name__ == "__main__":
    from panopose.commands import main

    sys.exit(main())
