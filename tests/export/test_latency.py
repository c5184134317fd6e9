"""`python -m export.latency`: the correction of sums, the errors, and a small table that is measured."""

import numpy as np
import pandas as pd
import pytest
from commands import call

from export.latency import Options, main
from export.latency_fit import errors_of, fitted, predicted_from_others
from models.latency_table import BlockPart, all_parts, parts_of, read_latency_table
from models.search_space import Space, space_of


def made_nets(count=12, noise=0.0):
    """Nets that take 0.3 + 0.8 * sum - 0.02 * blocks."""
    rng = np.random.default_rng(0)
    total, blocks = rng.uniform(2, 6, count), rng.integers(8, 16, count)
    measured = (0.3 + 0.8 * total - 0.02 * blocks) * (1 + noise * rng.normal(0, 1, count))
    return pd.DataFrame({"way": "litert, 1 thread", "sum_ms": total, "blocks": blocks, "measured_ms": measured})


def test_the_correction_is_found_again():
    np.testing.assert_allclose(fitted(made_nets()), (0.3, 0.8, -0.02), rtol=1e-6)
    np.testing.assert_allclose(fitted(made_nets(300, noise=0.01))[1], 0.8, atol=0.02)


def test_a_net_is_predicted_from_the_others_alone():
    nets = made_nets(12)
    nets.loc[4, "measured_ms"] *= 2
    found = predicted_from_others(nets)
    assert found["predicted_ms"][4] == pytest.approx(nets["measured_ms"][4] / 2)
    assert found["predicted_ms"][5] != pytest.approx(nets["measured_ms"][5], rel=1e-3)


def test_the_errors_are_those_of_each_way():
    nets = pd.DataFrame(
        {
            "way": ["a", "a", "b"],
            "measured_ms": [1.0, 2.0, 4.0],
            "sum_ms": [1.5, 2.0, 4.0],
            "predicted_ms": [1.1, 1.9, 4.0],
        }
    )
    first, second = errors_of(nets).to_dict("records")
    assert first["runtime"] == "a" and first["random nets"] == "2" and first["measured, ms"] == "1.00 to 2.00"
    assert first["sum of the parts: mean error, %"] == "25.0" and first["corrected: mean error, %"] == "7.5"
    assert first["greatest, %"] == "10.0" and first["rank correlation"] == "1.000" and second["greatest, %"] == "0.0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nets": 3}, "nets must be 0, or 8 or more to fit a correction, got 3"),
        ({"input_size": 16}, "images must be 32 px or more"),
        ({"threads": ()}, "give a runtime, and 1 or more threads"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        Options(tmp_path, **options)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kernels": [4]}, "kernels must be odd"),
        ({"units": [1, 2]}, "6 numbers of units"),
        ({"widths": [0.0]}, "widths must be above 0"),
    ],
)
def test_a_wrong_space_raises(values, message):
    with pytest.raises(ValueError, match=message):
        space_of(values)


def test_the_parts_are_those_of_all_nets():
    space = Space(kernels=(3, 7), widths=(0.5, 1.0))
    known, rng = {str(part): part for part in all_parts(space, 96)}, np.random.default_rng(0)
    met = set()
    for _ in range(3000):
        met |= {str(part) for part in parts_of(space.plan(space.random(rng)), space, 96)}
    assert met == known.keys()
    block = next(part for part in known.values() if isinstance(part, BlockPart))
    assert block.size == 48 and block.strides == 2 and block.filters_in == 16


@pytest.mark.slow
def test_a_small_table_is_measured_once(tmp_path):
    words = "--input-size 32 --joints 3 --runtimes litert onnx --threads 1 --kernels 3 --expansions 1 --widths 0.25 0.5"
    words = ["--out", tmp_path, *words.split(), "--units", *"111111", "--nets", 8]
    done = call(main, *words)
    assert done.returncode == 0, done.stderr
    table = read_latency_table(tmp_path / "latency.json")
    assert [*table.ms] == [*table.corrections] == ["litert, 1 thread", "onnx, 1 thread"]
    nets = pd.read_csv(tmp_path / "nets.csv")
    assert len(nets) == 16 and (nets["measured_ms"] > 0).all() and len(pd.read_csv(tmp_path / "errors.csv")) == 2
    assert [*pd.read_csv(tmp_path / "parts.csv")] == ["part", "litert, 1 thread, ms", "onnx, 1 thread, ms"]
    again = call(main, *words[:-1], 0)
    assert again.returncode == 0 and "has the parts already" in again.stdout
    assert read_latency_table(tmp_path / "latency.json").ms == table.ms
    other = call(main, *words, "--head", "simcc")
    assert other.returncode == 2 and "is of other nets" in other.stderr
