"""`python -m train.openpose`: options, and the wrong ones."""

import tomllib

import pytest
from commands import call

from train.openpose import OpenPoseConfig, main


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/frames", "--variant", "published", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert options["model"] == "openpose" and options["head"] == "fields" and options["variant"] == "published"
    assert options["augmentation"]["scale"] == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "fast"}, "variant must be one of light, published, fields-first, got fast"),
        ({"head": "heatmaps"}, "head must be one of fields, got heatmaps"),
        ({"width": 0}, "width must be above 0, got 0; 1.0 is MoveNet Lightning's"),
        ({"refinements": -1}, "refinements must be 0 or more, got -1"),
        ({"variant": "published", "neck": "narrow"}, "the published net has no neck, got narrow; leave --neck out"),
        (
            {"variant": "fields-first", "movenet": "package"},
            "MoveNet's weights are for the light net, got fields-first",
        ),
        ({"learn": "scores", "initial": "run"}, "has no scores to learn alone; leave --learn out"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        OpenPoseConfig(records=tmp_path, **options)
