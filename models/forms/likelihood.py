"""Joints as coordinates with their uncertainty: residual log-likelihood estimation, Li et al., arXiv 2107.11291."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import keras
from keras import ops

from models.blocks import Normalization, readout
from models.forms.coordinates import decode_coordinates, encode, point_layer
from models.forms.losses import joint_term, labeled_mean
from models.forms.output_form import Term, pose_form
from models.forms.scores import score_head

# In the coordinates' unit: a twentieth of a pixel at 100 px. Without a floor, the loss of an exact prediction has no
# minimum.
_LEAST_SIGMA = 1e-3
_STEPS = 6
_UNITS = 64


def likelihood_head(
    features: list, num_joints: int, *, normalization: Normalization | None = None, prefix: str = ""
) -> dict[str, Any]:
    """Regress the joints' coordinates, their standard deviations along x and y, and a score for each joint.

    All come from the coarsest features, globally averaged, as with `coordinate_head`. The density that the deviations
    scale is learned by a `ResidualFlow`, which only training needs.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        num_joints: Number of joints J.
        normalization: Not used; heads of other forms normalize.
        prefix: Prefix of the layers' names.

    Returns:
        "coordinates" (B, J, 2) float32, (x, y) where -1 and 1 are the image's edges, "sigmas" (B, J, 2) float32 in
        the same unit, in (0, 1], and "score_logits" (B, J) float32, whose sigmoid estimates the probability that the
        predicted joint is right.
    """
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{prefix}pooled")(features[-1])
    doubts = readout(pooled, 2 * num_joints, name=f"{prefix}sigmas_dense")
    sigmas = ops.maximum(ops.sigmoid(doubts), _LEAST_SIGMA)
    evidence = keras.layers.Concatenate(dtype="float32", name=f"{prefix}score_evidence")([pooled, ops.log(sigmas)])
    return {
        "coordinates": point_layer(pooled, num_joints, prefix=prefix),
        "sigmas": keras.layers.Reshape((num_joints, 2), dtype="float32", name=f"{prefix}sigmas")(sigmas),
        "score_logits": score_head(evidence, num_joints, prefix=prefix),
    }


class ResidualFlow(keras.layers.Layer):
    """A learned density of residuals in the plane: RealNVP, Dinh et al., arXiv 1605.08803.

    Each of six steps shifts and scales one coordinate by the outputs of two small nets of the other, until the
    residuals are normally distributed; the nets are those of the RLE paper's code.
    """

    def build(self, input_shape) -> None:
        """Creates the nets' weights: one tensor per layer, stacked over all steps and both nets."""
        self._kernels, self._biases = [], []
        for i, (inputs, units) in enumerate(pairwise((1, _UNITS, _UNITS, 1))):
            # A hundredth of Glorot's, so that the density starts close to normal.
            limit = 0.01 * math.sqrt(6 / (inputs + units))
            start = keras.initializers.RandomUniform(-limit, limit)
            self._kernels.append(
                self.add_weight(shape=(_STEPS, 2, inputs, units), initializer=start, name=f"kernel{i}")
            )
            self._biases.append(self.add_weight(shape=(_STEPS, 2, 1, units), initializer="zeros", name=f"bias{i}"))

    def call(self, residuals):
        """Returns the log density (N,) of residuals (N, 2), float32."""
        kept, moved = residuals[:, :1], residuals[:, 1:]
        log_volume = 0.0
        for step in range(_STEPS):
            nets = self._nets(step, kept)
            log_scale = ops.tanh(nets[0])
            moved = (moved - nets[1]) * ops.exp(-log_scale)
            log_volume = log_volume - log_scale
            kept, moved = moved, kept
        return (log_volume - (kept**2 + moved**2) / 2)[:, 0] - math.log(2 * math.pi)

    def _nets(self, step, x):
        """Outputs (2, N, 1) of a step's two nets for x (N, 1)."""
        x = ops.matmul(x[None], self._kernels[0][step]) + self._biases[0][step]
        for kernel, bias in zip(self._kernels[1:], self._biases[1:], strict=True):
            x = ops.matmul(ops.leaky_relu(x, 0.01), kernel[step]) + bias[step]
        return x


class ResidualLikelihood(keras.layers.Layer):
    """Negative log-likelihood of the labeled joints, under a distribution whose shape is learned: RLE.

    Li et al., arXiv 2107.11291, model the density of a residual, scaled by the predicted deviations, as the product of
    a Laplace density and a learned flow. As in their code, and unlike equation 9, the flow is a density by itself, so
    the loss is the sum of two negative log-likelihoods. Here both of them, not only one, include the deviations'
    logarithm, so that growing deviations always cost.
    """

    def __init__(self) -> None:
        """Creates the flow; its weights are trained with the net's."""
        super().__init__(dtype="float32", name="residual_likelihood")
        self.flow = ResidualFlow(dtype="float32", name="flow")
        self.flow.build((None, 2))
        self.built = True

    def call(self, labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
        """Labels joints_xy_px and visible (B, J), outputs "coordinates" and "sigmas" (B, J, 2) -> the loss."""
        weight = ops.cast(labels["visible"] > 0, "float32")
        sigmas = outputs["sigmas"]
        true = ops.where(weight[..., None] > 0, encode(labels["joints_xy_px"], size), 0.0)
        residuals = (true - outputs["coordinates"]) / sigmas
        laplace = ops.sum(math.log(2) + ops.abs(residuals), axis=-1)
        learned = -ops.reshape(self.flow(ops.reshape(residuals, (-1, 2))), ops.shape(weight))
        loss = laplace + learned + 2 * ops.sum(ops.log(sigmas), axis=-1)
        return joint_term(labeled_mean(loss, weight), labels)


FORM = pose_form(
    "likelihood",
    {"coordinates", "sigmas"},
    likelihood_head,
    ResidualLikelihood,
    decode_coordinates,
    {"coordinates_dense": 2, "sigmas_dense": 2},
    2,
    layers=("coordinates", "sigmas"),
)
