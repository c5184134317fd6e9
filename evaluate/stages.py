"""The answers of a net's earlier stages, which a trained model computes on the way and does not return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pose.tasks import stages_of

if TYPE_CHECKING:
    import keras


def with_stages(model: keras.Model) -> keras.Model:
    """A model that also returns the answers of earlier stages: "stage1/joints_xy_px" and so on.

    The step that turns outputs into answers is applied to the outputs of each stage, and to the last stage's scores,
    as earlier ones have none. A stage that lacks other outputs is left out.

    Args:
        model: an inference model, whose net has outputs named "stage1/..." of earlier stages; or any other, which is
            returned as it is.
    """
    import keras

    nets = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if len(nets) != 1 or not isinstance(nets[0].output, dict) or not isinstance(model.output, dict):
        return model
    by_stage = stages_of(nets[0].output)
    last = by_stage.pop("", {})
    needed = set(last) & {name for outputs in by_stage.values() for name in outputs}
    found = dict(model.output)
    for stage, outputs in by_stage.items():
        if needed <= set(outputs):
            decoded = _decoding(model, nets[0], stage).output
            found |= {f"{stage}/{name}": value for name, value in decoded.items()}
    return model if len(found) == len(model.output) else keras.Model(model.input, found, name=model.name)


def _decoding(model: keras.Model, net: keras.Model, stage: str) -> keras.Model:
    """The same model with the outputs of a stage of its net in the place of the last one's."""
    import keras

    def call(layer: keras.Layer, *inputs: object, **options: object) -> object:
        outputs = layer(*inputs, **options)
        if layer is net:
            return {name: outputs.get(f"{stage}/{name}", value) for name, value in outputs.items()}
        return outputs

    return keras.models.clone_model(
        model, input_tensors=model.input, clone_function=lambda layer: layer, call_function=call
    )
