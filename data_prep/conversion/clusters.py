"""Makes parts on several machines: on a Dask cluster, or by an Apache Beam runner."""

from __future__ import annotations

import importlib
import logging
import re
import shlex
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2

from data_prep.conversion.record_parts import Parts
from data_prep.reader import Unit
from records import SPLITS

_DASK_RUNNER = "apache_beam.runners.dask.dask_runner.DaskRunner"


@dataclass(frozen=True)
class SharedParts:
    """Makes parts on other machines, which may be killed and may lack files.

    Attributes:
        parts: makes one part.
        root: the data set's folder, if it has one.
    """

    parts: Parts
    root: Path | None = None

    def make(self, number: int, unit: Unit) -> int:
        """Makes one part, unless a machine that was lost since has made it.

        Returns:
            The part's number.

        Raises:
            OSError: the machine lacks the data set or the folder of the parts, or the disk is full.
        """
        for path in (self.root, self.parts.folder):
            # Otherwise the reader would skip every person as a broken input.
            if path is not None and not path.exists():
                raise FileNotFoundError(
                    f"{socket.gethostname()} lacks {path}; all machines must find the data set and the output folder "
                    "at the same paths, as on a network drive"
                )
        if not self._is_made(number, unit):
            cv2.setNumThreads(1)  # There is a process for each core.
            self.parts.make(number, unit)
        return number

    def _is_made(self, number: int, unit: Unit) -> bool:
        part = self.parts.read(number, unit)
        return part is not None and all(
            self.parts.is_whole(number, split, part) for split in SPLITS if part.counts[split]
        )


def beam_arguments(options: Sequence[str]) -> list[str]:
    """Converts pipeline options to Apache Beam's command line.

    Args:
        options: each "name=value" or "name"; one that begins with a dash is a command line of several options.

    Raises:
        ValueError: an option has another form.
    """
    arguments = []
    for option in map(str.strip, options):
        if option.startswith("-"):
            arguments += shlex.split(option)
        elif re.fullmatch(r"\w+(=.*)?", option, re.DOTALL):
            arguments.append(f"--{option}")
        else:
            raise ValueError(f"beam_options must be pairs such as runner=FlinkRunner, got {option!r}")
    return arguments


def run_beam(shared: SharedParts, todo: list[tuple[int, Unit]], arguments: Sequence[str]) -> Iterator[int]:
    """Makes parts with Apache Beam.

    Yields nothing before the pipeline has finished.

    Args:
        shared: makes the parts.
        todo: the number and the unit of each part.
        arguments: Beam's command line, such as "--runner=FlinkRunner", "--parallelism=64".

    Yields:
        The numbers of the parts.

    Raises:
        ValueError: Apache Beam is not installed, or has no such runner.
        OSError: the pipeline failed, or its machines write to another folder.
    """
    beam = _import("apache_beam", "beam", "apache-beam")
    if todo:
        try:
            _pipeline(beam, shared, todo, arguments).run().wait_until_finish()
        except (ImportError, ValueError) as error:
            raise ValueError(f"Beam refuses {' '.join(arguments)}: {' '.join(str(error).split())}") from error
        except RuntimeError as error:  # Of another machine; the last line is its message.
            raise OSError(f"the Beam pipeline failed: {str(error).strip().splitlines()[-1]}") from error
    yield from _found(shared, todo)


def run_dask(shared: SharedParts, todo: list[tuple[int, Unit]], scheduler: str | None, workers: int) -> Iterator[int]:
    """Makes parts on a Dask cluster, through Apache Beam's Dask runner.

    Other workers take over the parts of one that dies. Yields nothing before all parts are made.

    Args:
        shared: makes the parts.
        todo: the number and the unit of each part.
        scheduler: HOST:PORT of the cluster's scheduler; None for a cluster of local processes.
        workers: how many processes the local cluster has.

    Yields:
        The numbers of the parts.

    Raises:
        ValueError: Apache Beam or Dask is not installed.
        OSError: there is no scheduler or it was lost, all workers that tried a part died, a disk is full, or the
            machines write to another folder.
    """
    beam = _import("apache_beam", "dask", "apache-beam dask distributed")
    distributed = _import("distributed", "dask", "apache-beam dask distributed")
    if todo:
        with _cluster(distributed, scheduler, min(workers, len(todo))) as address:
            # By default Beam puts 128 parts into a task, which would leave most workers idle.
            arguments = (
                f"--runner={_DASK_RUNNER}",
                f"--dask_client_address={address}",
                f"--dask_npartitions={len(todo)}",
            )
            result = _pipeline(beam, shared, todo, arguments).run()
            with closing(result.client):
                _wait(distributed, result, todo)
    yield from _found(shared, todo)


def _wait(distributed: ModuleType, result: Any, todo: list[tuple[int, Unit]]) -> None:
    try:
        result.wait_until_finish()
    except distributed.scheduler.KilledWorker as error:
        # The key of a part's task ends with its index in `todo`; one more task gathers the results.
        name = todo[error.task[1]][1].name if isinstance(error.task, tuple) else "the end"
        raise ChildProcessError(
            f"each of the {error.allowed_failures + 1} workers that tried {name} died, out of memory (have fewer on a "
            "machine) or by a crash of the decoder; run the same command again to resume"
        ) from error
    # Beam counts tasks that were canceled because the scheduler was lost as done.
    if any(future.status != "finished" for future in result.futures):
        raise ConnectionError("the Dask scheduler was lost; start it, and run the same command again to resume")


@contextmanager
def _cluster(distributed: ModuleType, scheduler: str | None, workers: int) -> Iterator[str]:
    """The address of a running scheduler."""
    # Errors are printed in one line; the cluster's own processes log the details.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if scheduler is None:
        with distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
        ) as cluster:
            yield cluster.scheduler_address
        return
    try:
        with distributed.Client(scheduler) as client:
            count = len(client.nthreads())
    except OSError as error:
        raise ConnectionError(
            f"no Dask scheduler answers at {scheduler} ({error}); start one with `dask scheduler`"
        ) from error
    waiting = "" if count else f"; waiting for one, as `dask worker {scheduler}` starts it"
    print(f"Dask cluster at {scheduler}: {count} workers{waiting}", file=sys.stderr)
    yield scheduler


def _pipeline(beam: ModuleType, shared: SharedParts, todo: list[tuple[int, Unit]], arguments: Sequence[str]) -> Any:
    from apache_beam.options.pipeline_options import PipelineOptions

    pipeline = beam.Pipeline(options=PipelineOptions(list(arguments)))
    _ = pipeline | beam.Create(todo) | beam.Reshuffle() | beam.MapTuple(shared.make)
    return pipeline


def _found(shared: SharedParts, todo: list[tuple[int, Unit]]) -> Iterator[int]:
    """The numbers of the parts, after checking that each is on the disk."""
    for number, unit in todo:
        if shared.parts.read(number, unit) is None:
            raise OSError(
                f"{shared.parts.folder} lacks part {number}; all machines must find the folder at this path, as on a "
                "network drive"
            )
        yield number


def _import(name: str, runner: str, packages: str) -> ModuleType:
    # Beam warns of missing packages that only other parts of it need.
    logging.disable(logging.WARNING)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"the {runner} runner needs {name}; install it with `pip install {packages}`") from error
    finally:
        logging.disable(logging.NOTSET)
