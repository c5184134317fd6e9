"""Training GaitSet on people whose widths tell them apart: it learns, it resumes exactly, and errors are said."""

from itertools import islice

import cv2
import keras
import numpy as np
import pandas as pd
import pytest
from commands import call

from train.gaitset import GaitSetConfig, any_frames, main, read_silhouettes, train_gaitset
from train.loop.walkers import batches

OPTIONS = {"channels": (4, 6, 8), "people": 3, "walks": 3, "frames": 3, "test_people": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight people, of another width each, who swing one arm, in two walks from two sides."""
    place = tmp_path_factory.mktemp("silhouettes")
    for who in range(8):
        for kind in ("nm-01", "nm-02"):
            for view in (0, 90):
                of_walk = place / f"{who:03d}" / kind / f"{view:03d}"
                of_walk.mkdir(parents=True)
                for frame in range(4):
                    mask = np.zeros((80, 60), np.uint8)
                    wide = 3 + 2 * ((5 * who) % 8)
                    mask[5:75, 30 - wide : 30 + wide] = 255
                    mask[30 + 4 * frame : 34 + 4 * frame, 10 : 30 + view // 9] = 255
                    cv2.imwrite(str(of_walk / f"{frame:03d}.png"), mask)
    return place


def test_what_is_read(folder, tmp_path):
    found = read_silhouettes(folder)
    assert len(found) == 8 * 2 * 2
    assert found["003", "nm-02", 90].shape == (4, 64, 44)
    with pytest.raises(ValueError, match="must lie in PERSON/CLOTHES-WALK/VIEW"):
        read_silhouettes(tmp_path)


def test_batches_depend_on_their_numbers_alone(folder):
    config = GaitSetConfig(folder, **OPTIONS)
    silhouettes = read_silhouettes(folder)
    started, resumed = (batches(silhouettes, config, done, any_frames(3)) for done in (0, 3))
    for (one, people), (other, others) in zip(islice(started, 3, 6), islice(resumed, 3), strict=True):
        assert one.shape == (9, 3, 64, 44) and len(set(people)) == 3
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(people, others)


@pytest.mark.slow
def test_it_learns_who_walks_and_goes_on_after_a_stop(folder, tmp_path):
    whole = train_gaitset(GaitSetConfig(folder, tmp_path / "whole", **OPTIONS, steps=100))
    rows = pd.read_csv(whole / "history.csv")
    assert rows["epoch"].tolist() == [1, 2] and rows["loss"].iloc[1] < rows["loss"].iloc[0] / 2
    table = pd.read_csv(whole / "rank1.csv")
    assert table["recognizer"].tolist() == ["gaitset", "energy image"] and set(table["clothes"]) == {"nm"}
    # From another side an arm hides much of the mean, and little of what the net looks at.
    assert table["mean"].tolist()[0] == 100.0
    loaded = keras.models.load_model(whole / "best.keras")
    assert loaded(np.zeros((1, 2, 64, 44), "uint8"))["parts"].shape == (1, 62, 256)

    class Stop(Exception):
        pass

    config = GaitSetConfig(folder, tmp_path / "halves", **OPTIONS, steps=100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pandas.DataFrame.to_csv", _stopping(Stop, after=1))
        with pytest.raises(Stop):
            train_gaitset(config)
    assert not (config.folder / "best.keras").exists()
    words = ["--records", folder, "--run", config.folder, "--steps", "100", "--resume"]
    for name, value in OPTIONS.items():
        words += [f"--{name.replace('_', '-')}", *map(str, value if isinstance(value, tuple) else (value,))]
    done = call(main, *words)
    assert done.returncode == 0, done.stderr
    again = pd.read_csv(config.folder / "history.csv")
    assert again["epoch"].tolist() == [1, 2]
    # Sums of several threads differ in their last digits, and training magnifies that.
    np.testing.assert_allclose(again["loss"], rows["loss"], rtol=0.2)
    assert (config.folder / "rank1.csv").read_text() == (whole / "rank1.csv").read_text()


def _stopping(error, after):
    calls, original = [], pd.DataFrame.to_csv

    def to_csv(self, *args, **kwargs):
        calls.append(1)
        if len(calls) > after:
            raise error
        return original(self, *args, **kwargs)

    return to_csv


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--people", "1"], "people must be 2 or more, got 1"),
        (["--people", "6", "--test-people", "3"], "a batch needs 6 others"),
        (["--learning-rate", "0"], "learning_rate must be above 0"),
    ],
)
def test_errors(folder, tmp_path, words, message):
    done = call(main, "--records", folder, "--run", tmp_path / "run", *words)
    assert done.returncode == 2 and message in done.stderr and not (tmp_path / "run").exists()


def test_a_run_is_not_overwritten_and_not_resumed_with_other_options(folder, tmp_path):
    (tmp_path / "run").mkdir()
    words = ["--records", folder, "--run", tmp_path / "run", "--people", "3", "--test-people", "3"]
    done = call(main, *words)
    assert done.returncode == 2 and "exists; pass --resume" in done.stderr
    (tmp_path / "run/options.json").write_text('{"people": "4"}')
    done = call(main, *words, "--resume")
    assert done.returncode == 2 and "has other options: records, test_people" in done.stderr
