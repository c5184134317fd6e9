"""Human Mesh Recovery: Kanazawa et al., "End-to-end Recovery of Human Shape and Pose", arXiv 1712.06584.

A net sees the image once. A regressor reads its features beside the camera, pose and shape as estimated so far, and
answers what to add to them; it starts from a mean, which is trained too, and is run T times.

The published regressor answers the axes times angles of SMPL's 24 bones. By default ours answers six numbers for each
rotation (arXiv 1812.07035), which have no jump at half a turn, of the 31 bones of our free body.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from body.nets import from_axis_angle, from_six
from models.blocks import Normalization, staged_net
from models.movenet import movenet
from models.resnet import resnet
from pose.space.turns import nearest_rotations
from pose.tasks import stages_of

#: Iterations T, units of both hidden layers, and the share of them that training drops.
STEPS, UNITS, DROPOUT = 3, 1024, 0.5
#: The camera that the mean begins with: scale, and where in the image the body is.
MEAN_CAMERA = (0.9, 0.0, 0.0)
#: Our body stands with y up and looks along z; half a turn about x puts it upright before the camera, looking into it.
UPRIGHT = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class BodyValues:
    """What is regressed, as one row of numbers: the camera, each bone's rotation, the shape.

    Attributes:
        bones: number of bones B, of which the first is the root.
        shape: number of shape values S.
        axis_angle: whether a rotation is an axis times an angle, three numbers, or else the six of arXiv 1812.07035.
    """

    bones: int = 31
    shape: int = 10
    axis_angle: bool = False

    def __post_init__(self) -> None:
        if self.bones < 1 or self.shape < 1:
            raise ValueError(f"bones and shape must be 1 or more, got {self.bones} and {self.shape}")

    @property
    def per_bone(self) -> int:
        """Numbers for a rotation."""
        return 3 if self.axis_angle else 6

    @property
    def size(self) -> int:
        """Numbers in a row."""
        return 3 + self.per_bone * self.bones + self.shape

    def split(self, values: Any) -> dict[str, Any]:
        """Take rows (N, `size`) apart.

        Returns:
            "camera" (N, 3), scale and place, see `models.forms.bodies.project`; "rotations" (N, B, 3, 3), each
            bone's relative to its parent and the root's in the camera's frame; "shape_values" (N, S).
        """
        end = self.size - self.shape
        turns = ops.reshape(values[:, 3:end], (-1, self.bones, self.per_bone))
        rotations = from_axis_angle(turns) if self.axis_angle else from_six(turns)
        return {"camera": values[:, :3], "rotations": rotations, "shape_values": values[:, end:]}

    def mean(self, rotations: np.ndarray | None = None) -> np.ndarray:
        """The row (`size`,) to start from: upright in the middle of the image, of mean shape.

        Args:
            rotations: Poses (N, B, 3, 3) whose mean is taken, without the root's; the pose at rest if None.
        """
        turns = np.tile(np.eye(3), (1, self.bones, 1, 1)) if rotations is None else np.array(rotations, np.float64)
        turns[:, 0] = UPRIGHT
        nearest = nearest_rotations(turns.mean(axis=0))
        if self.axis_angle:
            from scipy.spatial.transform import Rotation

            numbers = Rotation.from_matrix(nearest).as_rotvec()
        else:
            numbers = np.concatenate([nearest[..., 0], nearest[..., 1]], axis=-1)
        return np.concatenate([MEAN_CAMERA, numbers.ravel(), np.zeros(self.shape)]).astype(np.float32)


#: What is regressed of the dome's body.
FREE_VALUES = BodyValues()
#: The published regressor's 85 numbers, of SMPL.
SMPL_VALUES = BodyValues(24, 10, axis_angle=True)
#: The published encoder.
RESNET50 = partial(resnet, depth=50)
# What the critic sees.
_JUDGED = ("fake_rotations", "fake_shape", "real_rotations", "real_shape")


def regressor(num_features: int, size: int, *, units: int = UNITS, dropout: float = DROPOUT) -> keras.Model:
    """Build the net that answers what to add to a row of values: 3 321 941 parameters for 2048 features and 85 values.

    Args:
        num_features: Number of features C.
        size: Number of values P.
        units: Units of both hidden layers.
        dropout: Share of them that training drops.

    Returns:
        A model "regressor" from features (B, C) and values (B, P) to (B, P), float32.
    """
    features = keras.Input((num_features,), name="features")
    values = keras.Input((size,), name="values")
    x = keras.layers.Concatenate(dtype="float32", name="features_and_values")([features, values])
    for number in (1, 2):
        x = keras.layers.Dense(units, activation="relu", name=f"body_dense{number}")(x)
        x = keras.layers.Dropout(dropout, name=f"body_dropout{number}")(x)
    # Small at first, so that the mean is corrected little.
    small = keras.initializers.VarianceScaling(0.01, mode="fan_avg", distribution="uniform")
    x = keras.layers.Dense(size, kernel_initializer=small, dtype="float32", name="body_change")(x)
    return keras.Model([features, values], x, name="regressor")


def build_hmr(
    values: BodyValues = SMPL_VALUES,
    *,
    backbone: Callable[..., list] = RESNET50,
    mean: np.ndarray | None = None,
    steps: int = STEPS,
    units: int = UNITS,
    dropout: float = DROPOUT,
    input_size: int = 224,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str = "hmr",
) -> keras.Model:
    """Build the published net: a pre-activation ResNet-50, and the regressor on its pooled features.

    Args:
        values: What is regressed.
        backbone: Function `(x, normalization=...) -> features`, whose coarsest are read.
        mean: Values (P,) to start from, which are trained; `values.mean()` if None.
        steps: Number of iterations T.
        units: Units of the regressor's hidden layers.
        dropout: Share of them that training drops.
        input_size: Side S of the square input in pixels, at least 32.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer of the backbone.
        name: Name of the model.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to "camera", "rotations" and "shape_values", as
        of `BodyValues.split`, after every iteration; those before the last are named "stage1/camera" and so on.

    Raises:
        ValueError: If a number is too small, or the mean has another length.
    """
    if steps < 1 or units < 1 or not 0 <= dropout < 1:
        raise ValueError(
            f"steps and units must be 1 or more and dropout from 0 to below 1, got {steps}, {units} and {dropout}; "
            f"published are {STEPS}, {UNITS} and {DROPOUT}"
        )
    start = values.mean() if mean is None else np.asarray(mean, np.float32)
    if start.shape != (values.size,):
        raise ValueError(f"mean must have the {values.size} numbers of the values, got {start.shape}")

    def run(x) -> list[dict[str, Any]]:
        features = backbone(x, normalization=normalization)[-1]
        pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name="body_pooled")(features)
        # A layer without input: its kernel is the mean.
        found = keras.layers.Dense(
            values.size,
            use_bias=False,
            kernel_initializer=keras.initializers.Constant(start),
            dtype="float32",
            name="body_mean",
        )(ops.ones_like(pooled[:, :1]))
        step, stages = regressor(pooled.shape[-1], values.size, units=units, dropout=dropout), []
        for _ in range(steps):
            found = found + step([pooled, found])
            stages.append(values.split(found))
        return stages

    return staged_net(run, values.bones, input_size=input_size, smallest=32, name=name)


def build_hmr_light(
    width: float, values: BodyValues = FREE_VALUES, *, name: str | None = None, **options: Any
) -> keras.Model:
    """Build the light net: the same on MoveNet's backbone, a MobileNetV2.

    Args:
        width: Multiplier of the backbone's numbers of channels; 1.0 is MoveNet Lightning's, 1.75 Thunder's.
        values: What is regressed; by default of our free body.
        name: Name of the model; `hmr_light_<width>` if None.
        options: As for `build_hmr`.

    Returns:
        A model as of `build_hmr`.

    Raises:
        ValueError: As `build_hmr`, or `width` is not above 0.
    """
    return build_hmr(values, backbone=partial(movenet, width=width), name=name or f"hmr_light_{width:g}", **options)


def hmr_forward(rotations: np.ndarray, shape_values: np.ndarray) -> Callable[..., dict[str, Any]]:
    """Make the function that runs the net in training, and draws real people for the critic beside its bodies.

    The critic sees the bodies of all iterations, and as many real ones.

    Args:
        rotations: Poses of people (N, B, 3, 3), each bone's rotation relative to its parent.
        shape_values: Their shapes (N, S).

    Returns:
        `forward(net, inputs, labels, training=..., seeds=...)`, whose outputs hold the net's and what
        `models.forms.bodies.BodyLoss` says of the critic.
    """
    poses, shapes = np.ascontiguousarray(rotations[:, 1:], np.float32), np.asarray(shape_values, np.float32)

    def forward(net: keras.Model, inputs: Any, labels: Any, training: bool | None = None, seeds: Any = None) -> dict:
        outputs = dict(net(inputs, training=training))
        stages = list(stages_of(outputs).values())
        fake = [ops.concatenate([one["rotations"][:, 1:] for one in stages], axis=0)]
        fake.append(ops.concatenate([one["shape_values"] for one in stages], axis=0))
        rows = keras.random.randint((ops.shape(fake[0])[0],), 0, len(poses), seed=seeds)
        real = [ops.take(one, rows, axis=0) for one in (poses, shapes)]
        return outputs | dict(zip(_JUDGED, [*fake, *real], strict=True))

    return forward
