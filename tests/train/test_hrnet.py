"""`python -m train.hrnet`: options, the wrong ones, and runs of the nets."""

import json
import tomllib

import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from train.hrnet import HRNetConfig, main, train_hrnet


def test_the_options_as_a_file():
    words = ["--variant", "published", "--modules", "1", "1", "2", "--exchanges", "last", "--print-config"]
    options = tomllib.loads(call(main, "--records", "data/people", *words).stdout)
    assert options["model"] == "hrnet" and options["head"] == "heatmaps" and options["channels"] == 32
    assert options["modules"] == [1, 1, 2] and options["exchanges"] == "last" and "units" not in options
    assert options["augmentation"]["rotation_deg"] == 45 and options["augmentation"]["scale"] == 0.35


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "fast"}, "variant must be one of light, published, got fast"),
        ({"exchanges": "none"}, "exchanges must be one of all, across-stages, last, got none"),
        ({"exchanges": "across-stages"}, "the light net has one stage"),
        ({"neck": "narrow"}, "the light net has a neck of its own, got narrow; leave --neck out"),
        ({"variant": "published", "neck": "exchange"}, "the published net has a neck of its own, got exchange"),
        ({"width": 0}, "width must be above 0, got 0; 1.0 is MoveNet Lightning's"),
        ({"modules": (1, 4, 3)}, r"modules must be 1 in the light net, got \[1, 4, 3\]"),
        ({"variant": "published", "modules": (2,)}, r"modules must be 3 in the published net, got \[2\]"),
        ({"channels": 0}, "channels, units and modules must be 1 or more, got 0, None and None"),
        ({"modules": (0,), "units": 0}, r"must be 1 or more, got 32, 0 and \[0\]"),
        ({"variant": "published", "movenet": "package"}, "MoveNet's weights are for the light net, got published"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        HRNetConfig(records=tmp_path, **options)


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"width": 0.25, "modules": (1,), "exchanges": "last"}, "hrnet_light_0.25"),
        ({"variant": "published", "modules": (1, 1, 1), "units": 1}, "hrnet_w8"),
    ],
)
def test_every_variant_trains(options, name, tmp_path):
    write_shard_set(tmp_path / "shards", train=4, val=2, size=64)
    common = {"epochs": 1, "batch_size": 2, "channels": 8, "log": (), **AS_GIVEN}
    run = train_hrnet(HRNetConfig(tmp_path / "shards", tmp_path / "run", **common, **options))
    assert json.loads((run / "run.json").read_text())["model"] == name and (run / "best.keras").is_file()
