"""`python -m train.multipose`: options, the wrong ones, and a few images learned by heart."""

import tomllib

import keras
import numpy as np
import pytest
from by_heart import train_by_heart
from commands import call

from models import build_movenet, stages_of
from models.forms.centers import FORM
from train.loop.trainer import PoseTrainer
from train.multipose import MultiPoseConfig, main

SIZE = 96


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/frames", "--width", "1.0", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert options["model"] == "multipose" and options["head"] == "centers" and options["width"] == 1.0
    assert options["neck"] == "narrow" and options["augmentation"]["scale"] == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "heatmaps"}, "head must be one of centers, got heatmaps"),
        ({"width": 0}, "width must be above 0, got 0; 1.5 is the published net"),
        ({"neck": "none"}, 'needs fine features, got the neck "none"; choose narrow or pyramid'),
        ({"learn": "scores", "initial": "run"}, "has no scores to learn alone; leave --learn out"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        MultiPoseConfig(records=tmp_path, **options)


def crosses():
    """Four images with one to three bright crosses, whose ends are the joints of a person."""
    pictures = np.full((4, SIZE, SIZE, 3), 60, np.uint8)
    labels = {"joints_xy_px": np.zeros((4, 3, 4, 2), "float32"), "visible": np.zeros((4, 3, 4), "int32")}
    labels |= {"box_px": np.zeros((4, 3, 4), "float32"), "unlabeled": np.zeros((4, SIZE, SIZE), "uint8")}
    places = [[(30, 40, 14)], [(24, 24, 12), (68, 60, 16)], [(70, 26, 10), (26, 66, 18)], [(20, 70, 10), (50, 30, 12)]]
    places[3].append((78, 72, 12))
    for row, people in enumerate(places):
        for number, (x, y, half) in enumerate(people):
            pictures[row, y - half : y + half + 1, x - 1 : x + 2] = (250, 120, 80)
            pictures[row, y - 1 : y + 2, x - half : x + half + 1] = (80, 250, 120)
            joints = [(x, y - half), (x + half, y), (x, y + half), (x - half, y)]
            labels["joints_xy_px"][row, number], labels["visible"][row, number] = joints, 2
            labels["box_px"][row, number] = x - half - 0.5, y - half - 0.5, 2 * half + 1, 2 * half + 1
    return pictures, labels


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_a_few_images_are_learned_by_heart():
    keras.utils.set_random_seed(0)
    pictures, labels = crosses()
    net = build_movenet(0.25, 4, input_size=SIZE, neck=FORM.neck, head=FORM.head)
    trainer = PoseTrainer(net, SIZE, 0.05, form=FORM)
    losses = train_by_heart(trainer, 120, pictures, labels)
    assert set(FORM.terms) <= losses[0].keys()
    assert all(losses[-1][term] < 0.2 * losses[0][term] for term in FORM.terms)
    outputs = stages_of(net(pictures, training=True))[""]
    found = {name: keras.ops.convert_to_numpy(value) for name, value in FORM.decode(outputs, SIZE).items()}
    for row, visible in enumerate(labels["visible"]):
        people = found["joints_xy_px"][row][found["person_scores"][row] > 0.3]
        true = labels["joints_xy_px"][row][visible[:, 0] > 0]
        assert len(people) == len(true)
        assert np.linalg.norm(people[:, None] - true, axis=-1).max(axis=-1).min(axis=0).max() < 2.0
