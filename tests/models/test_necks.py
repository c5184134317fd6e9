"""Backbone, neck and head are chosen apart."""

import pytest

from models import FORMS, NECKS, build_densenet, build_movenet, build_resnet, form_of, heatmap_head


@pytest.mark.parametrize(
    ("neck", "head"), [*((neck, "heatmaps") for neck in NECKS), *(("narrow", head) for head in FORMS)]
)
def test_movenet_takes_every_neck_and_every_head(neck, head):
    net = build_movenet(0.25, 5, input_size=64, neck=NECKS[neck], head=FORMS[head].head)
    assert form_of(net) is FORMS[head]
    reads_fine_features = head in ("heatmaps", "integral")
    assert any(layer.name.startswith("pyramid") for layer in net.layers) == (neck != "none" and reads_fine_features)


def test_without_a_neck_maps_are_made_of_the_finest_features():
    net = build_resnet(18, 3, input_size=64, width=4, neck=NECKS["none"], head=heatmap_head)
    maps = net.output["heatmap_logits"]
    assert maps.shape == (None, 16, 16, 3)
    assert net.get_layer("heatmap_conv").input is net.get_layer("conv2_block2_out").output


def test_the_narrow_neck_takes_four_levels():
    with pytest.raises(ValueError, match="the narrow neck takes features of 4 levels, got 2; choose another"):
        build_densenet((1, 1), 3, input_size=32, growth_rate=4, neck=NECKS["narrow"], head=heatmap_head)
