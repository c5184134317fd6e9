"""The study of where a model fails, as a user runs it."""

import cv2
import numpy as np
import pandas as pd
import pytest
from people import write_shard_set

from benchmarks.accuracy import generalization
from benchmarks.accuracy.generalization import Options
from pose import LSP14
from records import dataset

SIZE = 64


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records") / "made"
    write_shard_set(folder, train=1, val=1, test=24, size=SIZE)
    return folder


class Knowing:
    """Knows the joints of everyone, in the order of the records, but for a picture that is not as it was."""

    skeleton, size, padding, runtime, follow = LSP14, SIZE, 1.25, "made", {}

    def __init__(self, records):
        batches = dataset(records, "test", batch_size=24).as_numpy_iterator()
        (pictures, labels), *_ = batches
        self.known = {picture.tobytes(): xy for picture, xy in zip(pictures, labels["joints_xy_px"], strict=True)}

    def predict(self, pictures):
        joints_px = self.known.get(pictures[0].tobytes(), np.full((14, 2), -1e3))
        return joints_px[None], np.full((1, 14), 0.5)


def test_the_table_shows_that_a_model_memorized_the_pictures(records, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generalization, "enter", lambda options: {"Knowing It": Knowing(records)})
    generalization.main(Options((tmp_path,), records, out=tmp_path / "out", worst=3))
    table = pd.read_csv(tmp_path / "out/table.csv").set_index("kind")
    assert set(table["model"]) == {"Knowing It"} and set(table["set"]) == {"made"}
    assert (table.loc["everyone", ["n", "PCK@0.2", "PCK@0.1", "near", "found"]] == [24, 1, 1, 1, 1]).all()
    assert (table.loc["light x 0.5", ["PCK@0.2", "change", "near"]] == [0, -1, 0]).all()
    assert table.loc["shrunk to 32 px", "change"] == -1
    shown = capsys.readouterr().out
    assert "OKS-AP" in shown and "upside down" in shown
    assert (tmp_path / "out/table.md").read_text().startswith("| model | set | kind |")
    # Three people in a row of tiles.
    assert cv2.imread(str(tmp_path / "out/knowing-it/made-light-x-0.5.jpg")).shape[0] == 264


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"models": ()}, "nothing to measure; give a model or --peers"),
        ({"records": None}, "nobody to measure on; give --records, --shared or both"),
        ({"worst": 0}, "--worst and --limit must be 1 or more, got 0 and None"),
    ],
)
def test_wrong_options_raise(options, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        Options(**{"models": (tmp_path,), "records": tmp_path, **options})


def test_two_models_of_one_name_raise(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "export").mkdir(parents=True)
        (tmp_path / name / "export/model.onnx").touch()
    paths = (tmp_path / "a/export", tmp_path / "a/export")
    with pytest.raises(ValueError, match="different names, got a twice"):
        generalization.enter(Options(paths, tmp_path))
