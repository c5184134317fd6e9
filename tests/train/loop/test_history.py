import math

import numpy as np
import pytest

from train.loop.history import History

NAN = math.nan


def is_best(values, best_by="val_pck@0.2"):
    history = History(None, best_by=best_by)
    return [history.add(epoch, {best_by: value}) for epoch, value in enumerate(values)], history.best["epoch"]


@pytest.mark.parametrize(
    ("values", "expected", "epoch"),
    [
        ((0.1, 0.3, 0.2), [True, True, False], 2),
        ((0.1, 0.1), [True, True], 2),
        # NaN is worse than any number.
        ((NAN, 0.0, NAN, 0.0), [True, True, False, True], 4),
        ((0.2, NAN, 0.1), [True, False, False], 1),
        ((NAN, NAN), [True, True], 2),
    ],
)
def test_more_is_better_and_of_equals_the_last(values, expected, epoch):
    assert is_best(values) == (expected, epoch)


def test_of_errors_less_is_better():
    assert is_best((0.3, 0.1, NAN, 0.2, 0.1), "val_error") == ([True, True, False, False, True], 5)


def test_figures_come_back_to_the_last_bit(tmp_path):
    values = np.random.default_rng(0).random((500, 2)) * [1, 1e-5]
    history = History(tmp_path)
    for epoch, (pck, rate) in enumerate(values):
        history.add(epoch, {"val_pck@0.2": float(pck), "learning_rate": float(rate)})
    history.write()
    assert History(tmp_path, 500).rows == history.rows
    # A surplus row is of an epoch without a checkpoint.
    assert History(tmp_path, 499).rows == history.rows[:-1]


@pytest.mark.parametrize(
    "content", [None, "", "epoch,loss\n1,0.1\n", "no table", "epoch,loss\n2,0.1\n1,0.2\n", "epoch\n1\n2,5\n"]
)
def test_a_history_without_its_epochs_raises(content, tmp_path):
    if content is not None:
        (tmp_path / "history.csv").write_text(content)
    with pytest.raises(ValueError, match=r"history.csv does not hold the 2 epochs .*--initial") as raised:
        History(tmp_path, 2)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.1, 0.3, 0.2, 0.3, 0.4), [0, 0, 1, 2, 0]),
        # A figure that stays the same has not improved, though the last of equal epochs is the best.
        ((0.1, 0.1, 0.1), [0, 1, 2]),
        ((NAN, NAN, 0.0, NAN), [0, 1, 0, 1]),
    ],
)
def test_epochs_since_the_best_figure_was_reached(values, expected):
    history, errors = History(None), History(None, best_by="val_error")
    assert history.epochs_since_improvement == 0 and not history.has_stalled(1)
    for epoch, (value, count) in enumerate(zip(values, expected, strict=True)):
        history.add(epoch, {"val_pck@0.2": value})
        errors.add(epoch, {"val_error": -value})
        assert history.epochs_since_improvement == errors.epochs_since_improvement == count
        assert [history.has_stalled(patience) for patience in (None, 1, 2)] == [False, count >= 1, count >= 2]
