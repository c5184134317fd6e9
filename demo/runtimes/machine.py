"""What the speed of a runtime depends on: the processor, and the versions of the libraries."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib import metadata, util
from pathlib import Path

from demo.artefact import FORMATS

_CPU_INFO = Path("/proc/cpuinfo")
_CPU_KEYS = ("model name", "flags", "Features", "CPU part", "Model")


def installed(name: str) -> bool:
    """Whether the library that runs a format is there; it is not imported."""
    return util.find_spec(FORMATS[name].module) is not None


def usable_cpus() -> int:
    """Number of processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Tells processors apart: what Linux says of them, elsewhere what Python says."""
    described = f"{platform.system()} {platform.machine()} {platform.processor()} {usable_cpus()}"
    if _CPU_INFO.is_file():
        lines = _CPU_INFO.read_text(errors="replace").splitlines()
        described += "".join(sorted({line for line in lines if line.startswith(_CPU_KEYS)}))
    return hashlib.blake2b(described.encode(), digest_size=16).hexdigest()


def versions(names: list[str]) -> dict[str, str]:
    """The version of each package that runs one of the formats, "unknown" where pip did not install it."""
    found = {}
    for package in sorted({FORMATS[name].package for name in names}):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "unknown"
    return found
