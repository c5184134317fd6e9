"""The number of usable processors, and the identification of a processor."""

import pytest

from machine import processor
from machine.processor import processor_key, processor_name, thread_counts, usable_cpus, versions


def test_threads_worth_trying():
    assert [thread_counts(cpus) for cpus in (1, 2, 3, 4, 6, 64)] == [
        [1],
        [1, 2],
        [1, 3],
        [1, 2, 4],
        [1, 3, 6],
        [2, 4, 8],
    ]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu.max": "6400000 100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({}, 8),
    ],
)
def test_the_quota_of_a_container_counts(tmp_path, monkeypatch, files, expected):
    monkeypatch.setattr(processor.os, "sched_getaffinity", lambda pid: set(range(8)))
    monkeypatch.setattr(processor, "_CGROUPS", tmp_path)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert usable_cpus() == expected


def test_processor_name(tmp_path, monkeypatch):
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: AMD EPYC 9000\nflags\t\t: fpu avx2 avx512f avx512_bf16\n" * 2)
    monkeypatch.setattr(processor, "_CPU_INFO", info)
    monkeypatch.setattr(processor, "usable_cpus", lambda: 2)
    assert processor_name() == "AMD EPYC 9000, 2 cores, avx512_bf16"
    before = processor_key()
    assert processor_key() == before
    info.write_text(info.read_text().replace("avx512_bf16", ""))
    assert processor_name().endswith("avx512f") and processor_key() != before


def test_versions_of_packages_that_are_and_are_not_installed():
    found = versions(["numpy", "no-such-package"])
    assert list(found) == ["no-such-package", "numpy"]
    assert found["no-such-package"] == "unknown" and found["numpy"][0].isdecimal()
