import cv2
import numpy as np
import pandas as pd
import pytest
from people import write_shard_set

from benchmarks.accuracy import comparison
from benchmarks.accuracy.comparison import Accuracy, markdown, measure
from benchmarks.peers.contender import Contender, from_path
from benchmarks.peers.timing import Timing
from pose import COCO17, LSP14
from records import dataset

SIZE = 64


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records") / "made"
    write_shard_set(folder, train=1, val=1, test=6, size=SIZE)
    return folder


@pytest.fixture(scope="module")
def truth_px(records):
    (_, labels), *_ = dataset(records, "test", batch_size=6).as_numpy_iterator()
    return labels["joints_xy_px"]


def fake(title, xy_px, *, margins=(1.0,), skeleton=LSP14, timed_size=SIZE, size_bytes=2_500_000):
    """Answers the same joints (N, J, 2) for the N people, whatever it is shown."""
    return Contender(
        title, SIZE, skeleton, lambda pictures: xy_px[: len(pictures)], margins, None, timed_size, size_bytes
    )


def test_figures_are_means_over_arms_and_legs_alone():
    torso_px, limbs = 10.0, list(LSP14.main_joints)
    true_px = np.random.default_rng(0).uniform(0, 50, (3, 14, 2))
    labels = {
        "joints_xy_px": true_px,
        "visible": np.full((3, 14), 2),
        **{name: np.full(3, torso_px) for name in ("torso_px", "head_px", "head_size_px", "area_px")},
    }
    predicted_px = true_px.copy()
    # A third of the limb joints off by 0.05, by 0.15 and by 0.4 of the torso each; the head has no answer at all.
    predicted_px[:, limbs[:4], 0] += 0.05 * torso_px
    predicted_px[:, limbs[4:8], 0] += 0.15 * torso_px
    predicted_px[:, limbs[8:], 0] += 0.4 * torso_px
    predicted_px[:, LSP14.index("head_top")] = np.nan
    figures = measure(predicted_px, labels, LSP14)
    assert figures == pytest.approx({"PCK@0.1": 1 / 3, "PCK@0.2": 2 / 3, "AUC": (0.9 + 0.7 + 0.2) / 3})


def test_two_models_make_a_table_files_and_sheets(records, truth_px, tmp_path, monkeypatch, capsys):
    wrong_px = np.full((6, 17, 2), 1e4)
    contenders = [fake("right", truth_px), fake("far off", wrong_px, skeleton=COCO17)]
    monkeypatch.setattr(comparison, "enter", lambda options, scratch: contenders)
    comparison.main(Accuracy((tmp_path,), records, out=tmp_path / "out", rounds=0, people=4))
    table = pd.read_csv(tmp_path / "out/table.csv")
    assert table.to_dict("list") == {
        "model": ["right", "far off"],
        "px": [64, 64],
        "margin": [1.0, 1.0],
        "PCK@0.1": [1.0, 0.0],
        "PCK@0.2": [1.0, 0.0],
        "AUC": [1.0, 0.0],
        "MB": [2.5, 2.5],
    }
    assert "| right | 64 | 1.0 | 1.0 | 1.0 | 1.0 | 2.5 |\n" in (tmp_path / "out/table.md").read_text()
    assert "6 people of" in capsys.readouterr().out
    sizes = {path.name: cv2.imread(str(path)).shape for path in (tmp_path / "out/pictures").iterdir()}
    # Four people in a row of six, and four rows of two models; 4 px between the pictures of 64.
    sheet, pairs = (72, 6 * 68 + 4, 3), (4 * 68 + 4, 2 * 68 + 4, 3)
    assert sizes == {"right.jpg": sheet, "far-off.jpg": sheet, "side-by-side.jpg": pairs}


def test_each_model_keeps_its_best_margin(records, truth_px, tmp_path, monkeypatch):
    # What is right without a margin is put elsewhere by one, and the other way round.
    middle = (SIZE - 1) / 2
    peers = [
        fake("narrow", truth_px, margins=(1.0, 2.0)),
        fake("wide", (truth_px - middle) / 2 + middle, margins=(1.0, 2.0)),
    ]
    monkeypatch.setattr(comparison, "enter", lambda options, scratch: peers)
    comparison.main(Accuracy((tmp_path,), records, out=tmp_path, rounds=0, people=1))
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["margin"].tolist() == [1.0, 2.0]
    assert table["PCK@0.2"].tolist() == [1.0, 1.0]
    tried = pd.read_csv(tmp_path / "margins.csv")
    assert tried["margin"].tolist() == [1.0, 2.0, 2.0, 1.0]
    assert (tried["PCK@0.2"][[1, 3]] < 1).all()


def test_each_model_is_timed_in_its_own_runtime_on_its_own_pictures(records, truth_px, tmp_path, monkeypatch):
    seen = []

    def time_in_turns(contenders, pictures, threads, rounds, scratch):
        seen.append((threads, rounds, [own.shape for own in pictures]))
        return [Timing("openvino", 10.04 / threads), Timing("mediapipe", 20.0 / threads, 9_040_000)]

    rivals = [fake("a", truth_px, timed_size=48), fake("b", truth_px, size_bytes=None)]
    monkeypatch.setattr(comparison, "time_in_turns", time_in_turns)
    monkeypatch.setattr(comparison, "enter", lambda options, scratch: rivals)
    comparison.main(Accuracy((tmp_path,), records, out=tmp_path, rounds=3, pictures=5, people=1))
    assert seen == [(threads, 3, [(5, 48, 48, 3), (5, 64, 64, 3)]) for threads in (1, 2)]
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["ms, 1 thread"].tolist() == [10.0, 20.0]
    assert table["ms, 2 threads"].tolist() == [5.0, 10.0]
    assert table["runtime, 2 threads"].tolist() == ["openvino", "mediapipe"]
    assert table["MB"].tolist() == [2.5, 9.0]


def test_markdown_has_a_line_for_each_model():
    table = pd.DataFrame({"model": ["a", "b"], "PCK@0.2": [0.5, 0.25]})
    assert markdown(table) == "| model | PCK@0.2 |\n| --- | --- |\n| a | 0.5 |\n| b | 0.25 |\n"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"models": ()}, "nothing to measure; give a model, --peers or --mediapipe"),
        ({"margins": (0.1,)}, r"--margins must lie between 0.5 and 4.0, got \(0.1,\)"),
        ({"threads": (0,)}, "must be 1 or more and --rounds 0 or more"),
        ({"limit": 0}, "must be 1 or more and --rounds 0 or more"),
    ],
)
def test_wrong_options_raise(tmp_path, options, reason):
    with pytest.raises(ValueError, match=reason):
        Accuracy(**{"models": (tmp_path,), "records": tmp_path, **options})


def test_a_path_without_a_model_raises(tmp_path):
    with pytest.raises(ValueError, match="is neither a training run nor an exported model"):
        from_path(tmp_path, tmp_path)
