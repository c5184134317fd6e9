"""`python -m train.movenet`: which options go together, and scores that are learned on published weights."""

from pathlib import Path

import pytest

from train.movenet import MoveNetConfig


def test_scores_alone_need_weights_that_answer():
    records, package = Path("records"), Path("package")
    assert MoveNetConfig(records, learn="scores", movenet=package, centers=True).is_trained
    assert MoveNetConfig(records, learn="scores", head="simcc", initial=Path("run")).is_trained
    # Of MoveNet's weights another head or neck has none.
    for options in ({}, {"movenet": package, "head": "simcc"}, {"movenet": package, "neck": "pyramid"}):
        with pytest.raises(ValueError, match="only a trained net can learn its scores alone, got no initial"):
            MoveNetConfig(records, learn="scores", **options)


def test_centers_are_for_maps():
    with pytest.raises(ValueError, match='centers are for the head "heatmaps", got "simcc"; leave --centers out'):
        MoveNetConfig(Path("records"), head="simcc", centers=True)
