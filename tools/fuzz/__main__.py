"""Coverage-guided fuzzing of the parsers: searches files on which one fails other than by its documented errors.

    python -m tools.fuzz bvh --seconds 60

Needs `pip install atheris`. The tests in `tests/fuzz` try a few hundred damaged files for each parser, always the same;
this tries as many as the time allows, hundreds per second for most, and keeps those that reached new lines in the
corpus, to start from the next time. Exit code 0 when the time is over. A fault ends it at once: the traceback is
printed, and the file is left beside the corpus. `python -m tools.fuzz bvh --again FILE` tries that file alone.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

try:
    import atheris
except ImportError:
    sys.exit("error: tools.fuzz needs Atheris; install it with `pip install atheris`")

# Only modules imported here are instrumented.
with atheris.instrument_imports(include=["data_prep", "records", "pose"]):
    from tools.fuzz.attempt import attempt
    from tools.fuzz.targets import TARGETS

_LONGEST_SECONDS = 10
_MOST_MEGABYTES = 3000


@dataclass(frozen=True)
class Options:
    """What to try.

    Attributes:
        target: the parser.
        seconds: how long.
        corpus: folder of the files found so far; made if it is not there.
        again: try this file alone.
        seed: random seed of the mutations.
    """

    target: Annotated[str, tyro.conf.Positional]
    seconds: int = 60
    corpus: Path = Path("data/fuzz")
    again: Path | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.target not in TARGETS:
            raise ValueError(f"target must be one of {', '.join(TARGETS)}, got {self.target!r}")
        if self.seconds < 1 or self.seed < 1:
            raise ValueError(f"seconds and seed must be 1 or more, got {self.seconds} and {self.seed}")


def main(options: Options) -> None:
    """Runs until the time is over or a fault is found, and ends the process."""
    target = TARGETS[options.target]
    # Not removed: libFuzzer ends the process itself.
    folder = Path(tempfile.mkdtemp(prefix="fuzz-")) / "sequence"
    folder.mkdir()
    path, valid = target.prepare(folder)
    if options.again:
        print(attempt(target, folder, path, options.again.read_bytes()) or "read")
        return
    corpus = options.corpus / options.target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(valid):
        (corpus / f"valid-{number}").write_bytes(data)
    arguments = [
        sys.argv[0],
        str(corpus),
        f"-max_total_time={options.seconds}",
        f"-seed={options.seed}",
        f"-timeout={_LONGEST_SECONDS}",
        f"-rss_limit_mb={_MOST_MEGABYTES}",
        f"-max_len={4 * max(map(len, valid))}",
        f"-artifact_prefix={options.corpus / options.target}-",
    ]
    atheris.Setup(arguments, lambda data: attempt(target, folder, path, data))
    atheris.Fuzz()


if __name__ == "__main__":
    try:
        main(tyro.cli(Options, prog="python -m tools.fuzz", description=__doc__))
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
