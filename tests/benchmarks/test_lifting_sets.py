"""`python -m benchmarks.lifting_sets`: a row for each lifter, set and way."""

import pandas as pd
from commands import call
from waving import SKELETON, sequence, write_sequences

from benchmarks.lifting_sets import main
from records import ShardSetWriter
from records.sequences.schema import encode_sequence


def write_test_split(folder):
    writer = ShardSetWriter(
        folder, skeleton=SKELETON, size=50, source={"padding": 1.0}, split_rule={}, kind="sequences"
    )
    for record in encode_sequence(sequence(40), 50, SKELETON):
        writer.add("test", record)
    writer.finish()
    return folder


def test_a_row_for_each_lifter_and_the_mean_pose(tmp_path):
    done = call(main, "lift", "--records", write_test_split(tmp_path / "walks"), "--out", tmp_path / "a.csv")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "a.csv")
    assert table["net"].tolist() == ["`lift`", "mean pose"] * 2 and set(table["people"]) == {"walks"}
    assert (table["MPJPE, mm"][0::2] > 0).all()


def test_a_set_without_a_test_split_is_one_line(tmp_path):
    done = call(main, "lift", "--records", write_sequences(tmp_path / "set", people=1))
    assert done.returncode == 2 and "holds no sequences in its test split" in done.stderr
