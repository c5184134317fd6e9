"""What a program's speed depends on: the processor, how many cores we may use, and the libraries' versions."""

from __future__ import annotations

import hashlib
import math
import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_CPU_KEYS = ("model name", "flags", "Features", "CPU part", "Model")
_CGROUPS = Path("/sys/fs/cgroup")
# Instruction sets that decide how fast a net is computed, newest first.
_FEATURES = ("amx_bf16", "avx512_bf16", "avx512f", "avx2", "bf16", "asimd")
_MOST_THREADS = 8


def usable_cpus() -> int:
    """Number of processors that this process may use: its affinity or the container's quota, whichever is lower."""
    affine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota()
    return affine if quota is None else max(1, min(affine, math.ceil(quota)))


def thread_counts(cpus: int) -> list[int]:
    """The numbers of threads worth trying: the processors but at most 8, half of that, and a quarter.

    >>> thread_counts(2), thread_counts(6), thread_counts(64)
    ([1, 2], [1, 3, 6], [2, 4, 8])
    """
    most = min(cpus, _MOST_THREADS)
    return sorted({max(1, most // share) for share in (1, 2, 4)})


def processor_name() -> str:
    """The processor's name as shown to users: "AMD EPYC, 2 cores, avx2"."""
    lines = _cpu_lines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    flags = {word for line in lines if line.startswith(("flags", "Features")) for word in line.split()}
    feature = next((name for name in _FEATURES if name in flags), None)
    count = usable_cpus()
    parts = [model or platform.processor() or platform.machine(), f"{count} core{'s' if count > 1 else ''}", feature]
    return ", ".join(filter(None, parts))


def processor_key() -> str:
    """A hash of the processor's description (by Linux, otherwise by Python) and of `usable_cpus`."""
    described = f"{platform.system()} {platform.machine()} {platform.processor()} {usable_cpus()}"
    described += "".join(sorted({line for line in _cpu_lines() if line.startswith(_CPU_KEYS)}))
    return hashlib.blake2b(described.encode(), digest_size=16).hexdigest()


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The version of each package, "unknown" if pip did not install it."""
    found = {}
    for package in sorted(set(packages)):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "unknown"
    return found


def _cpu_lines() -> list[str]:
    return _CPU_INFO.read_text(errors="replace").splitlines() if _CPU_INFO.is_file() else []


def _quota() -> float | None:
    """The processors granted by the control group (Docker's --cpus), None if unlimited."""
    try:
        limit, period = (_CGROUPS / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (_CGROUPS / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (_CGROUPS / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    return float(limit) / float(period) if limit.isdecimal() else None
