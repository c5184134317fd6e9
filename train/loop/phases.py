"""Training in phases: each is a run of its own, which starts from the weights of the one before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artefact.formats import MODEL_FILE, RUN_FILE
from train.config import TrainConfig
from train.loop import train
from train.loop.run_folder import check_run, folder_of

if TYPE_CHECKING:
    import keras

    from train.loop.fitting import BuildNet, StartNet
    from train.loop.trainer import Forward


@dataclass(frozen=True)
class Phase:
    """One phase.

    Attributes:
        name: of its folder in the run's, in which the last phase has none.
        build: builds its net, which may have more layers than that of the phase before.
        forward: makes the function that runs the net in training from the folder of the phase before (None in the
            first); None where the net runs as it is.
        frozen: beginnings of the names of layers that this phase does not train, such as "coarse/".
        share: of the run's epochs, in proportion to the other phases.
        stage_weights: weights of the stages' losses.
    """

    name: str
    build: BuildNet
    forward: Callable[[Path | None], Forward] | None = None
    frozen: tuple[str, ...] = ()
    share: float = 1.0
    stage_weights: Mapping[str, float] | None = None


def train_in_phases(
    config: TrainConfig, model_name: str, phases: Sequence[Phase], start: StartNet | None = None, **options: Any
) -> Path:
    """Trains a net in phases and returns the run folder, which holds the last phase and folders of those before.

    Every phase has its share of the epochs, a warm-up and decay of its own, and its best epoch.

    Args:
        config: the options; a resumed run goes on in the phase where it stopped.
        model_name: as in `train.loop.train`.
        phases: in order.
        start: loads published weights into each phase's net, before those of the phase before.
        options: of `train.loop.train`.

    Raises:
        ValueError: as `train.loop.train`, or there are fewer epochs than phases.
    """
    run = folder_of(config, model_name)
    if config.epochs < len(phases):
        listed = ", ".join(phase.name for phase in phases)
        raise ValueError(
            f"there must be an epoch for each of the {len(phases)} phases ({listed}), got {config.epochs} epochs; pass "
            f"--epochs {len(phases)} or more"
        )
    if not config.resume and config.distribute != "hosts":
        # Otherwise it would be found taken only after the other phases.
        check_run(run, config)
    before: Path | None = None
    for phase, epochs in zip(phases, _shared_out(config.epochs, phases), strict=True):
        folder = run if phase is phases[-1] else run / phase.name
        own = replace(
            config,
            run=folder,
            epochs=epochs,
            warmup_epochs=config.warmup_epochs * epochs / config.epochs,
            resume=config.resume and (before is None or (folder / RUN_FILE).is_file()),
        )
        if before is not None:
            own = replace(own, initial=None, initial_share=1.0)
        if len(phases) > 1:
            print(f"phase {phases.index(phase) + 1} of {len(phases)}: {phase.name}", flush=True)
        forward = phase.forward and phase.forward(before)
        begin = _beginning(start, before, phase.frozen)
        train(own, model_name, phase.build, begin, stage_weights=phase.stage_weights, forward=forward, **options)
        before = folder
    return run


def _shared_out(epochs: int, phases: Sequence[Phase]) -> list[int]:
    """The epochs of each phase, 1 or more, which sum to all."""
    total = sum(phase.share for phase in phases)
    counts = [max(1, int(epochs * phase.share / total)) for phase in phases]
    while sum(counts) > epochs:
        counts[counts.index(max(counts))] -= 1
    # What is left over by rounding is the last one's.
    return [*counts[:-1], counts[-1] + epochs - sum(counts)]


def _beginning(start: StartNet | None, before: Path | None, frozen: tuple[str, ...]) -> StartNet | None:
    """What happens to a phase's fresh net: published weights, those of the phase before, layers frozen."""
    if start is None and before is None and not frozen:
        return None

    def begin(net: keras.Model) -> None:
        if start is not None:
            start(net)
        if before is not None:
            copy_layers(net, before)
        freeze(net, frozen)

    return begin


def copy_layers(net: keras.Model, run: Path) -> None:
    """Copies the weights of a trained net into another that has all of its layers, and perhaps more.

    The layer of the scores stays as it is if the other net's has more inputs.

    Raises:
        ValueError: the other lacks a layer, or has it in another shape.
    """
    import keras

    from models import SCORES, inner_net, named_layers

    ours = dict(named_layers(net))
    for name, layer in named_layers(inner_net(keras.models.load_model(run / MODEL_FILE))):
        if not layer.weights:
            continue
        if name not in ours:
            raise ValueError(f"the next phase must have all layers of {run}, it lacks {name}")
        same = [weight.shape for weight in ours[name].weights] == [weight.shape for weight in layer.weights]
        if same or name != SCORES:
            ours[name].set_weights(layer.get_weights())


def freeze(net: keras.Model, beginnings: tuple[str, ...]) -> None:
    """Freezes the layers whose names begin so, and their statistics of batch normalization.

    Raises:
        ValueError: no layer's name begins so.
    """
    from models import named_layers

    for beginning in beginnings:
        found = [layer for name, layer in named_layers(net) if name.startswith(beginning)]
        if not found:
            raise ValueError(f"no layer's name begins with {beginning!r}")
        for layer in found:
            layer.trainable = False
