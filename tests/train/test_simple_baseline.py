"""`python -m train.simple_baseline`: options, the wrong ones, and runs of the nets."""

import json
import tomllib

import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from train.simple_baseline import SimpleBaselineConfig, main, train_simple_baseline


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/people", "--variant", "published", "--deconv-kernel", "2", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert options["model"] == "simple_baseline" and options["head"] == "heatmaps" and options["depth"] == 50
    assert options["deconv_kernel"] == 2 and options["deconv_layers"] == 3 and "deconv_filters" not in options
    assert options["augmentation"]["rotation_deg"] == 40 and options["augmentation"]["scale"] == 0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "fast"}, "variant must be one of light, published, pre-activation, got fast"),
        ({"neck": "narrow"}, "has the neck deconv, got narrow; leave --neck out"),
        ({"width": 0}, "width must be above 0, got 0; 1.0 is MoveNet Lightning's"),
        ({"deconv_layers": 0}, "deconv_layers must be 1 or more, got 0; the paper has 3"),
        ({"deconv_filters": 0}, "deconv_filters must be 1 or more, got 0; the paper has 256"),
        ({"deconv_kernel": 5}, "deconv_kernel must be 2, 3 or 4, got 5; the paper has 4"),
        ({"variant": "published", "movenet": "package"}, "MoveNet's weights are for the light net, got published"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        SimpleBaselineConfig(records=tmp_path, **options)


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"width": 0.25}, "simple_baseline_light_0.25"),
        ({"variant": "published", "depth": 10, "head": "integral"}, "simple_baseline_published_10"),
        ({"variant": "pre-activation", "depth": 10, "deconv_layers": 2}, "simple_baseline_pre-activation_10"),
    ],
)
def test_every_variant_trains(options, name, tmp_path):
    write_shard_set(tmp_path / "shards", train=4, val=2, size=64)
    common = {"epochs": 1, "batch_size": 2, "deconv_filters": 8, "log": (), **AS_GIVEN}
    run = train_simple_baseline(SimpleBaselineConfig(tmp_path / "shards", tmp_path / "run", **common, **options))
    assert json.loads((run / "run.json").read_text())["model"] == name and (run / "best.keras").is_file()
