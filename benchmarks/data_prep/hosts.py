"""Conversion by a Dask cluster of several hosts, each a network namespace of this machine, with a host lost half-way.

    python -m benchmarks.data_prep.hosts --lsp lspet --folder data/hosts          (as root, on Linux)

Every host has its own network behind a bridge, as if cabled to a switch, and one worker; the scheduler has a host too.
All share one disk, which stands for a network drive. Printed for one worker, two and so on are the seconds from the
call to the manifest (medians over the rounds, after imports), people per second, and whether the shards equal those of
the local runner byte for byte. In two more rows, with the most workers, one host is lost when a third of the parts are
made: its worker is killed, or its cable is pulled. The hosts share this machine's processors, so more workers than
processors cannot be faster.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import tyro

from data_prep.conversion.convert import Conversion, convert
from data_prep.lsp.reader import Lsp
from machine.processor import usable_cpus
from records import Manifest

_NET = "10.213.77"
_PORT = 8786


@dataclass(frozen=True)
class Hosts:
    """Times conversions on several hosts.

    Attributes:
        lsp: Leeds Sports Pose or its extension, as archived.
        folder: for the shards; the benchmark's folders in it are emptied.
        workers: number of hosts, for each row.
        rounds: number of rounds, whose median is printed.
    """

    lsp: Path
    folder: Path
    workers: tuple[int, ...] = (1, 2, 3)
    rounds: int = 3

    def __post_init__(self) -> None:
        if self.rounds < 1 or not self.workers or min(self.workers) < 1 or max(self.workers) > 200:
            raise ValueError(f"rounds and workers must be 1 or more, got {self.rounds} and {self.workers}")
        if sys.platform != "linux" or os.geteuid():
            raise ValueError("hosts are network namespaces, which only root on Linux can make")


class Network:
    """Hosts 1, 2, ... behind a bridge, through which this process reaches them."""

    def __init__(self, stack: ExitStack) -> None:
        """Makes the bridge; it and the hosts are removed when the stack closes."""
        self._stack, self._bridge = stack, f"pp{os.getpid()}"
        _ip("link", "add", self._bridge, "type", "bridge")
        stack.callback(_ip, "link", "del", self._bridge)
        _ip("address", "add", f"{_NET}.254/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")

    def add(self, host: int) -> None:
        """Makes a host."""
        name = f"{self._bridge}h{host}"
        _ip("netns", "add", name)
        self._stack.callback(_ip, "netns", "del", name)
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", name, "master", self._bridge, "up")
        for words in (f"address add {_NET}.{host}/24 dev eth0", "link set eth0 up", "link set lo up"):
            _ip("-n", name, *words.split())

    def start(self, host: int, *command: str) -> subprocess.Popen:
        """Runs a command on a host."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", f"{self._bridge}h{host}", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def pull_cable(self, host: int) -> None:
        """Disconnects a host from the network, without notifying the others."""
        _ip("link", "set", f"{self._bridge}h{host}", "down")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def cluster(workers: int) -> Iterator[tuple[Network, list[subprocess.Popen]]]:
    """A scheduler on host 1 and a worker on each of the next."""
    from distributed import Client

    with ExitStack() as stack:
        network = Network(stack)
        network.add(1)
        dask = (sys.executable, "-m", "dask")
        network.start(1, *dask, "scheduler", "--host", f"{_NET}.1", "--port", str(_PORT), "--no-dashboard")
        processes = []
        for host in range(2, workers + 2):
            network.add(host)
            options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", f"{_NET}.{host}")
            processes.append(network.start(host, *dask, "worker", f"{_NET}.1:{_PORT}", *options))
        with Client(f"{_NET}.1:{_PORT}") as client:
            client.wait_for_workers(workers, timeout=120)
            client.run(__import__, "data_prep.conversion.convert")
            client.run(__import__, "apache_beam")
        yield network, processes


def timed(options: Hosts, name: str, lose: Callable[[], None] | None = None) -> tuple[float, Manifest]:
    """Converts on the running cluster; returns the seconds and the manifest."""
    out = options.folder / name
    shutil.rmtree(out, ignore_errors=True)
    if lose is not None:
        threading.Thread(target=_lose_after, args=(out, len(Lsp(options.lsp).units()) // 3, lose), daemon=True).start()
    conversion = Conversion(runner="dask", scheduler=f"{_NET}.1:{_PORT}")
    start = time.perf_counter()
    manifest = convert(Lsp(options.lsp), out, conversion)
    return time.perf_counter() - start, manifest


def _lose_after(out: Path, parts: int, lose: Callable[[], None]) -> None:
    while len(list(out.glob(".partial/parts/*.json"))) < parts:
        time.sleep(0.02)
    lose()


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a shard set."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def measure(options: Hosts) -> Iterator[dict[str, object]]:
    """Measures all rows and prints the table."""
    alone = options.folder / "local"
    shutil.rmtree(alone, ignore_errors=True)
    convert(Lsp(options.lsp), alone, Conversion())
    expected = contents(alone)
    for workers in options.workers:
        seconds = []
        with cluster(workers):
            for _ in range(options.rounds):
                took, manifest = timed(options, "dask")
                seconds.append(took)
        yield _row(f"{workers}", statistics.median(seconds), manifest, contents(options.folder / "dask") == expected)
    most = max(options.workers)
    for what in ("killed", "unplugged"):
        with cluster(most) as (network, processes):
            lose = processes[-1].kill if what == "killed" else lambda network=network: network.pull_cable(most + 1)
            took, manifest = timed(options, "dask", lose)
        yield _row(f"{most}, one {what}", took, manifest, contents(options.folder / "dask") == expected)


def _row(workers: str, seconds: float, manifest: Manifest, same: bool) -> dict[str, object]:
    people = sum(manifest.counts.values())
    return {"workers": workers, "s": round(seconds, 1), "people/s": round(people / seconds), "byte-equal": same}


def main() -> None:
    """The command line."""
    options = tyro.cli(Hosts, description=__doc__)
    options.folder.mkdir(parents=True, exist_ok=True)
    print(f"{usable_cpus()} processors")
    for row in measure(options):
        print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
