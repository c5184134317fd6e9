"""Tables of joints."""

import numpy as np
import pandas as pd
import pytest

from demo.errors import OutputError
from demo.outputs.table import Table, TableRow, long_table, wide_table, write_table
from pose import LSP14, PANOPTIC19

FIRST = {"frame": [3, 3, 4], "person": [0, 1, 0]}
XY = np.arange(84.0).reshape(3, 14, 2)
SCORES = np.linspace(0, 1, 42).reshape(3, 14)


def test_a_wide_table_has_a_row_for_each_person():
    boxes_px = np.arange(12.0).reshape(3, 4)
    table = wide_table(FIRST, boxes_px, XY, SCORES, LSP14)
    assert list(table)[:6] == ["frame", "person", "box_x_px", "box_y_px", "box_width_px", "box_height_px"]
    assert list(table)[6:9] == ["right_ankle_x_px", "right_ankle_y_px", "right_ankle_score"] and len(table) == 3
    assert table["frame"].tolist() == [3, 3, 4] and table.loc[1, "box_width_px"] == 6
    assert table.loc[2, ["head_top_x_px", "head_top_y_px", "head_top_score"]].tolist() == [82, 83, 1]
    assert table.attrs["skeleton"]["name"] == "lsp14"


def test_a_long_table_has_a_row_for_each_joint_with_a_place():
    xy_px = XY.copy()
    xy_px[0, 1:] = np.nan
    table = long_table(FIRST, xy_px, SCORES, LSP14)
    assert list(table) == ["frame", "person", "joint", "x_px", "y_px", "score"] and len(table) == 1 + 2 * 14
    assert table.iloc[0].tolist() == [3, 0, "right_ankle", 0, 1, 0]
    assert table.iloc[-1].tolist() == [4, 0, "head_top", 82, 83, 1]
    assert table["joint"].tolist()[1:15] == list(LSP14.joints)
    # All names, also those of joints that are nowhere.
    assert list(table["joint"].cat.categories) == list(LSP14.joints)


def test_tables_of_nobody_have_their_columns():
    none = {"frame": [], "person": []}
    wide = wide_table(none, np.zeros((0, 4)), np.zeros((0, 14, 2)), np.zeros((0, 14)), LSP14)
    long = long_table(none, np.zeros((0, 14, 2)), np.zeros((0, 14)), LSP14)
    assert len(wide) == len(long) == 0 and len(wide.columns) == 6 + 42 and len(long.columns) == 6


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_files_hold_the_table(tmp_path, ending):
    table = long_table(FIRST, XY, SCORES, LSP14)
    write_table(table, tmp_path / f"out{ending}")
    read = pd.read_csv(tmp_path / "out.csv") if ending == ".csv" else pd.read_parquet(tmp_path / "out.parquet")
    assert list(read) == list(table) and read["joint"].tolist() == table["joint"].tolist()
    np.testing.assert_allclose(read[["x_px", "y_px", "score"]], table[["x_px", "y_px", "score"]], atol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == [f"out{ending}"]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_full_disk_raises_and_leaves_nothing(tmp_path, room, name):
    table, random = Table(PANOPTIC19, "frame"), np.random.default_rng(0)
    box_px = np.array([0, 0, 10, 10])
    table.add([TableRow(k, k / 30, 0, box_px, random.random((19, 2)), random.random(19)) for k in range(200)])
    with room(10_000), pytest.raises(OutputError, match="--out .* cannot be written: ") as error:
        table.write(tmp_path / name)
    assert error.value.exit_code == 2 and not list(tmp_path.iterdir())
