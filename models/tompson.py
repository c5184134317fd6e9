"""Coarse maps, refined: Tompson et al., "Efficient Object Localization Using Convolutional Networks", arXiv 1411.4280.

A coarse net finds a map for each joint from a pyramid of images; `models.spatial_model` corrects it by where the other
joints are; a fine net looks at the coarse net's features in a square about each joint, and finds the joint in a map of
1 px cells there. The fine net's weights are shared by all joints, but for its last 1 x 1 convolution. In training its
squares are moved at random, as far as coarse estimates of other people may be wrong.

No table of layers was at hand, only figures. From these are: three images of a pyramid; 128 channels at the input's
resolution, twice at half and once at a quarter of it; their sum; three layers with dropout of whole maps before them;
squares of 36 x 36, 18 x 18, 18 x 18 and 9 x 9 cells of the four convolutions, and fine maps of 36 x 36, in images of
256 px; in smaller images they are smaller. Chosen here are
the kernels (5 x 5, and 9 x 9 before the maps), the 512 channels there, and the fine net's layers, so the number of
parameters (9 295 502 of the coarse net for 14 joints) is that of this reading. The losses are cross-entropies, as of
other nets here, where the paper has squared errors.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
from keras import ops

from models.blocks import SCORES, Head, Neck, Normalization, convolution, no_neck, staged_net
from models.fine_maps import FILTERS, fine_cells, fine_cross_entropy, fine_maps
from models.forms.coordinates import FORM, encode
from models.forms.heatmaps import decode_heatmaps, joint_maps, log_probabilities, map_cross_entropy
from models.forms.losses import joint_term
from models.forms.output_form import OutputForm, Term
from models.forms.scores import peak_score_head
from models.movenet import MAP_FILTERS, MAP_KERNEL, movenet
from models.necks import narrow_neck
from models.spatial_model import spatial_model

#: Channels before the published maps, images of the pyramid, and the share of maps that dropout leaves out.
WIDE_FILTERS, BANKS, DROPOUT = 512, 3, 0.5
# Standard deviation of the moves of squares in training, by half their side.
_JITTER = 0.25
#: The beginnings of the names of the coarse nets' layers.
COARSE = ("bank", "coarse", "stem", "stage", "pyramid")


def pyramid_banks(x) -> tuple[Any, list]:
    """Compute features of each image of the pyramid, and add them.

    Args:
        x: Images (B, S, S, 3), S a multiple of 16.

    Returns:
        Features (B, S / 4, S / 4, 128), and those of the largest image's four convolutions, from fine to coarse.
    """
    banks, taps = [], []
    for bank in range(1, BANKS + 1):
        features = local_contrast(x, name=f"bank{bank}_contrast")
        for number, pooled in ((1, False), (2, True), (3, False), (4, True)):
            if pooled:
                features = keras.layers.MaxPooling2D(2, name=f"bank{bank}_pool{number}")(features)
            features = convolution(features, FILTERS, 5, use_bias=True, name=f"bank{bank}_conv{number}")
            features = keras.layers.ReLU(name=f"bank{bank}_relu{number}")(features)
            if bank == 1:
                taps.append(features)
        if bank > 1:
            up = keras.layers.UpSampling2D(2 ** (bank - 1), interpolation="bilinear", name=f"bank{bank}_up")
            features = up(features)
        banks.append(features)
        if bank < BANKS:
            x = keras.layers.AveragePooling2D(2, name=f"bank{bank + 1}_half")(x)
    return keras.layers.Add(name="coarse_sum")(banks), taps


def local_contrast(x, *, size: int = 9, name: str):
    """Subtract images' mean over a window, and divide by the deviation there, or its mean over the image if larger."""
    mean = keras.layers.AveragePooling2D(size, 1, "same", name=f"{name}_mean")(x)
    x = x - mean
    square = keras.layers.AveragePooling2D(size, 1, "same", name=f"{name}_square")(
        ops.mean(x**2, axis=-1, keepdims=True)
    )
    deviation = ops.sqrt(square + 1e-6)
    return x / ops.maximum(deviation, ops.mean(deviation, axis=(1, 2), keepdims=True))


def coarse_maps(x, num_joints: int):
    """Compute maps (B, h, w, J) float32 from features (B, h, w, 128) as published."""
    for number, kernel_size in ((1, 9), (2, 1)):
        x = keras.layers.SpatialDropout2D(DROPOUT, name=f"coarse_dropout{number}")(x)
        x = convolution(x, WIDE_FILTERS, kernel_size, use_bias=True, name=f"coarse_conv{number}")
        x = keras.layers.ReLU(name=f"coarse_relu{number}")(x)
    x = keras.layers.SpatialDropout2D(DROPOUT, name="coarse_dropout3")(x)
    return keras.layers.Conv2D(num_joints, 1, dtype="float32", name="coarse_logits")(x)


def build_tompson(
    num_joints: int,
    *,
    width: float | None = 1.0,
    spatial: bool = True,
    fine: bool = True,
    shared: bool = True,
    input_size: int = 256,
    neck: Neck = no_neck,
    head: Head = FORM.head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str = "tompson",
) -> keras.Model:
    """Build the coarse net, the spatial model and the fine net.

    Args:
        num_joints: Number of joints J.
        width: Multiplier of the channels of MoveNet's MobileNetV2, whose features and the image itself the fine net
            sees; None for the published net.
        spatial: Whether there is a spatial model.
        fine: Whether there is a fine net.
        shared: Whether the joints share the fine net.
        input_size: Side S of the square input in pixels, a multiple of 32 from 64 on.
        neck: Not used: the light net has MoveNet's narrow one.
        head: Not used: the nets have heads of their own.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer of the light net.
        name: Name of the model.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the outputs of the coarse maps, the spatial
        model and the fine maps, those before the last named "stage1/..." and so on: "coordinates" (B, J, 2) of all;
        "heatmap_logits" (B, S / 4, S / 4, J) of the first two; "fine_logits" (B, 36, 36, J), in images of
        256 px, and "fine_middles" (B, J, 2) of the last; and "score_logits" (B, J) of the whole net's last.

    Raises:
        ValueError: If `num_joints` or `input_size` is too small, or `input_size` is no multiple of 32.
    """
    if input_size % 32:
        raise ValueError(f"input_size must be a multiple of 32, got {input_size}; pass {32 * -(-input_size // 32)}")

    def run(x) -> list[dict[str, Any]]:
        if width is None:
            fused, taps = pyramid_banks(x)
            logits, coarsest = coarse_maps(fused, num_joints), fused
        else:
            levels = movenet(x, width, normalization=normalization)
            finest, coarsest = narrow_neck(levels, normalization=normalization)[0], levels[-1]
            drop = keras.layers.SpatialDropout2D(DROPOUT / 2, name="coarse_dropout")
            options: dict[str, Any] = {"normalization": normalization, "name": "coarse_logits", "prefix": "coarse_"}
            logits = joint_maps(drop(finest), num_joints, MAP_FILTERS, MAP_KERNEL, **options)
            taps = [x, finest]
        stages = [_of_map(logits, input_size)]
        if spatial:
            stages.append(_of_map(spatial_model(logits), input_size))
        peaks = [_peak(stages[-1]["heatmap_logits"])]
        if fine:
            middles, cells = ops.stop_gradient(stages[-1]["coordinates"]), fine_cells(input_size)
            # Acts in training alone.
            jitter = keras.layers.GaussianNoise(_JITTER * cells / input_size, dtype="float32", name="fine_jitter")
            middles = jitter(middles)
            options = {"shared": shared, "normalization": None if width is None else normalization}
            maps = fine_maps(taps, middles, num_joints, input_size, **options)
            place = encode(decode_heatmaps({"heatmap_logits": maps}, cells), cells)
            points = middles + place * (cells / input_size)
            stages.append({"coordinates": points, "fine_logits": maps, "fine_middles": middles})
            peaks.append(_peak(maps))
        scores = peak_score_head(coarsest, num_joints, peaks)
        return [{**stage, SCORES: scores} for stage in stages]

    return staged_net(run, num_joints, input_size=input_size, smallest=64, name=name)


def tompson_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the cross-entropy of a stage's maps, coarse or fine."""
    joints, visible = labels["joints_xy_px"], labels["visible"]
    if "fine_logits" in outputs:
        loss = fine_cross_entropy(joints, outputs["fine_logits"], outputs["fine_middles"], visible, size)
    else:
        loss = map_cross_entropy(joints, outputs["heatmap_logits"], visible, size)
    return joint_term(loss, labels)


def tompson_form() -> OutputForm:
    """Return the form of the net's outputs: coordinates, whose loss is that of the maps that they are read from."""
    return replace(FORM, loss=lambda: tompson_loss)


def _of_map(logits, size: int) -> dict[str, Any]:
    points = decode_heatmaps({"heatmap_logits": logits}, size)
    return {"coordinates": encode(points, size), "heatmap_logits": logits}


def _peak(logits):
    return ops.max(log_probabilities(logits), axis=(1, 2))
