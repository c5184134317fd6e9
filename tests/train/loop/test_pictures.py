"""The curves and the image grid of a run, checked on the figure before it is drawn."""

import math

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from pose import LSP14
from train.loop import pictures as pictures_module
from train.loop.history import History
from train.loop.pictures import write_curves, write_predictions
from train.loop.validation import Validation

NAN = math.nan


@pytest.fixture
def figures(monkeypatch):
    drawn, save = [], Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *args, **options: drawn.append(self) or save(self, *args, **options)
    )
    return drawn


def history_of(rows, best_by="val_pck@0.2"):
    history = History(None, best_by=best_by)
    names = ("joint_loss", "val_joint_loss", "val_error", "val_pck@0.2", "learning_rate")
    for epoch, row in enumerate(rows):
        history.add(epoch, dict(zip(names, row, strict=True)))
    return history


def line(axes, label):
    (found,) = (one for one in axes.lines if one.get_label() == label)
    return found


def test_training_and_validation_share_one_panel(figures, tmp_path):
    rows = [(0.9, 1.0, 0.3, 0.05, 1e-3), (0.5, 0.7, 0.2, 0.40, 5e-4), (0.2, 0.8, 0.25, 0.35, 1e-4)]
    write_curves(tmp_path / "curves.png", history_of(rows), {"val_error": 0.22, "val_pck@0.2": 0.061}, 10)
    loss, error, pck, rate = figures[0].axes
    assert line(loss, "training (augmented)").get_ydata() == pytest.approx([0.9, 0.5, 0.2])
    assert line(loss, "validation").get_ydata() == pytest.approx([1.0, 0.7, 0.8])
    assert line(error, "validation").get_ydata() == pytest.approx([30, 20, 25])
    assert line(pck, "validation").get_ydata() == pytest.approx([5, 40, 35])
    assert line(pck, "mean pose (6.1 %)").get_ydata() == pytest.approx([6.1, 6.1])
    assert line(error, "mean pose (22.0 %)").get_ydata() == pytest.approx([22, 22])
    # Every panel marks the best epoch; the panel of the figure that decides has it in its legend.
    assert {text.get_text() for text in pck.get_legend().get_texts()} >= {"best epoch (2)"}
    assert all(any(list(one.get_xdata()) == [2, 2] for one in axes.lines) for axes in (loss, error, pck, rate))
    for axes in (loss, error, pck, rate):
        assert axes.get_xlim() == (0, 10) and axes.get_ylim()[0] == 0
        assert all(float(tick).is_integer() for tick in axes.get_xticks())
    assert pck.get_ylim()[1] > 40 and list(line(loss, "validation").get_xdata()) == [1, 2, 3]


def test_legends_are_above_the_points(figures, tmp_path):
    rows = [(0.9, 1.0, 0.3, 0.05, 1e-3)]
    write_curves(tmp_path / "curves.png", history_of(rows), {"val_error": 0.22, "val_pck@0.2": 0.061}, 1)
    for axes in figures[0].axes[:3]:
        assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1 - 1
    assert figures[0].axes[2].get_ylim() == (0, 20)


@pytest.mark.parametrize("worst", [NAN, math.inf, -math.inf])
def test_what_is_not_finite_is_left_out(worst, figures, tmp_path):
    rows = [(0.9, worst, 0.3, NAN, 1e-3), (worst, 0.7, 0.2, NAN, 5e-4)]
    write_curves(tmp_path / "curves.png", history_of(rows, "val_error"), {"val_error": 0.2, "val_pck@0.2": NAN}, 2)
    loss, _, pck, _ = figures[0].axes
    assert list(line(loss, "training (augmented)").get_ydata()) == [0.9]
    assert list(line(loss, "validation").get_ydata()) == [0.7]
    assert [text.get_text() for text in pck.texts] == ["cannot be measured"]
    assert all(np.isfinite([*axes.get_xlim(), *axes.get_ylim()]).all() for axes in figures[0].axes)


def test_a_loss_below_0_is_shown_and_so_is_a_run_of_an_older_version(figures, tmp_path):
    history = history_of([(-0.5, -2.0, 0.3, 0.1, 1e-3)])
    del history.rows[0]["val_joint_loss"]
    write_curves(tmp_path / "curves.png", history, {"val_error": 0.2, "val_pck@0.2": 0.1}, 3)
    assert figures[0].axes[0].get_ylim()[0] < -0.5


def test_predictions_are_captioned(tmp_path, monkeypatch):
    written, put = [], cv2.putText

    def put_text(picture, text, *args):
        written.append((text, args[3]))
        return put(picture, text, *args)

    monkeypatch.setattr(cv2, "putText", put_text)
    gray, joints = np.full((2, 64, 64, 3), 90, np.uint8), np.full((3, 14, 2), 31.5)
    joints[:, :, 1] += np.linspace(-20, 20, 14)
    scores = np.repeat([[0.25], [0.5], [1]], 14, axis=1)
    keys = ["lspet/im1//0/0", "a/" + "b" * 60 + "/the_end", "not shown"]
    labels = {"joints_xy_px": joints, "visible": np.full((3, 14), 2)}
    validation = Validation({}, gray, labels, {"joints_xy_px": joints + [8, 0], "scores": scores}, keys)
    write_predictions(tmp_path / "predictions.png", validation, LSP14, 7, 60)
    texts = [text for text, _ in written if text]
    assert [text for text in texts if "score" in text] == ["mean score 25 %", "mean score 50 %"]
    assert "lspet/im1//0/0" in texts and "epoch 7 of 60, people of the val split" in texts
    assert "the_end" in texts[texts.index("mean score 50 %") + 2] and "not shown" not in texts
    assert "white: label   in color: predicted," in texts and {"left", "right", "middle"} <= set(texts)
    sheet = cv2.imread(str(tmp_path / "predictions.png"))[..., ::-1]
    # Two lines of caption, a gap, an image of 288 px with its label in white, and the prediction right of it.
    tile = sheet[56 + 4 : 56 + 4 + 288, 4 : 4 + 288].astype(int)
    row = tile[144]
    assert row[[142, 143, 144, 145]].min(axis=1).max() > 240
    assert np.ptp(row[[178, 179, 180, 181]], axis=1).max() > 60


def test_everybody_is_drawn_with_the_joints_that_were_found(tmp_path, monkeypatch):
    written, drawn, draw = [], [], pictures_module.draw_skeleton

    def draw_skeleton(picture, xy_px, shown, skeleton, **options):
        drawn.append((round(float(xy_px[0, 0])), np.asarray(shown).sum(), options.get("color")))
        return draw(picture, xy_px, shown, skeleton, **options)

    monkeypatch.setattr(pictures_module, "draw_skeleton", draw_skeleton)
    monkeypatch.setattr(cv2, "putText", lambda picture, text, *_: written.append(text))
    # Two people are labeled, the third row is of nobody. One person is found without the last joint.
    joints = np.full((1, 3, 14, 2), 31.5) + np.array([-16, 0, 16])[:, None, None]
    visible = np.full((1, 3, 14), 2)
    visible[0, 1, :4], visible[0, 2] = 0, 0
    scores = np.full((1, 3, 14), 0.5)
    scores[0, 0, -1] = 0.05
    answers = {"joints_xy_px": joints + 1, "scores": scores, "person_scores": np.array([[0.4, 0.05, 0]])}
    labels = {"joints_xy_px": joints, "visible": visible}
    validation = Validation({}, np.full((1, 96, 96, 3), 90, np.uint8), labels, answers, ["coco/7//0"])
    write_predictions(tmp_path / "predictions.png", validation, LSP14, 1, 2)
    # From 96 to 288 px: (x + 0.5) * 3 - 0.5.
    assert drawn == [(48, 14, (255, 255, 255)), (96, 10, (255, 255, 255)), (144, 0, (255, 255, 255)), (50, 13, None)]
    assert "1 found, 2 labeled" in written and "epoch 1 of 2, images of the val split" in written
