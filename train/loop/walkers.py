"""The training of nets that recognize people by how they walk: options, batches, the loop, and the test."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from artefact.formats import MODEL_FILE
from machine.whole import whole

if TYPE_CHECKING:
    import keras

    from evaluate.recognition import Walks

_STEPS_PER_EPOCH, _OPTIONS_FILE = 50, "options.json"

#: Frames (F, ...) of a walk, by (person, walk, view).
Recordings = dict[tuple[str, str, int], np.ndarray]
#: Frames (F, ...) of a walk and a generator of random numbers -> some of the frames.
Draw = Callable[[np.ndarray, np.random.Generator], np.ndarray]
#: Frames (F, ...) of a walk -> what is said of it, (P, C).
Describe = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class WalkerConfig:
    """Options of every such training.

    Attributes:
        records: folder of the walks.
        run: folder for the net, its learning curve and its figures; `runs/NET-RECORDS` if not given.
        test_people: how many people, the last by name, are for the test.
        people: people in a batch.
        walks: walks of each of them, in any clothes and from any side.
        frames: of each walk, drawn at random.
        steps: batches; 50 make an epoch of the learning curve.
        learning_rate: at the start; it falls to 0 along a cosine.
        margin: of the triplets' distances.
        seed: of the weights and the batches.
        resume: go on with the run in the folder.
    """

    records: Path
    run: Path | None = None
    test_people: int = 30
    people: int = 8
    walks: int = 4
    frames: int = 12
    steps: int = 2000
    learning_rate: float = 1e-3
    margin: float = 0.2
    seed: int = 0
    resume: bool = False

    def __post_init__(self) -> None:
        for name, least in (("test_people", 2), ("people", 2), ("walks", 2), ("frames", 1), ("steps", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be {least} or more, got {getattr(self, name)}")
        for name in ("learning_rate", "margin"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


def train_recognizer(
    config: WalkerConfig,
    run: Path,
    recordings: Callable[[], Recordings],
    build: Callable[[], keras.Model],
    draw: Draw,
    others: Mapping[str, Describe],
) -> Path:
    """Trains a net with triplets of walks, measures the test people, and returns the run folder.

    Args:
        config: the options.
        run: the run's folder.
        recordings: reads the walks.
        build: makes the net, from frames (B, F, ...) to "parts" (B, P, C).
        draw: the frames of a walk for a batch.
        others: recognizers without any net, to compare with, by name.

    Raises:
        ValueError: there are too few people, or the run's folder exists without `resume`.
    """
    options = {name: str(value) for name, value in asdict(config).items() if name not in ("run", "resume")}
    _check_run(config, run, options)
    walks = recordings()
    people = sorted({person for person, *_ in walks})
    trained, tested = people[: -config.test_people], people[-config.test_people :]
    if len(trained) < config.people:
        raise ValueError(
            f"{config.records} has {len(people)} people, of whom {config.test_people} are for the test; a batch "
            f"needs {config.people} others: give more, or a smaller --test-people or --people"
        )
    if not run.exists():
        run.mkdir(parents=True)
        with whole(run / _OPTIONS_FILE) as unfinished:
            unfinished.write_text(json.dumps(options, indent=1) + "\n", encoding="utf-8")
    of_training, of_test = (
        {walk: frames for walk, frames in walks.items() if walk[0] in part} for part in (trained, tested)
    )
    import keras

    from evaluate.recognition import rank1
    from models.gaitset import triplet_loss

    keras.utils.set_random_seed(config.seed)
    net = build()
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, config.steps)
    loss = {"parts": lambda people, parts: triplet_loss(people, parts, config.margin)}
    net.compile(keras.optimizers.Adam(schedule), loss=loss)
    net.optimizer.build(net.trainable_variables)
    last, history = run / "last.weights.h5", run / "history.csv"
    if last.is_file():
        net.load_weights(last)
    done = int(net.optimizer.iterations)
    rows = pd.read_csv(history).to_dict("records")[: done // _STEPS_PER_EPOCH] if done else []

    def keep(epoch: int, logs: dict[str, float]) -> None:
        rows.append({"epoch": epoch + 1, **logs})
        with whole(history) as unfinished:
            pd.DataFrame(rows).to_csv(unfinished, index=False, float_format="%.5f")
        with whole(last) as unfinished:
            net.save_weights(unfinished)

    print(f"{net.count_params():,} parameters, {len(trained)} people to train on, {len(tested)} for the test -> {run}")
    net.fit(
        batches(of_training, config, done, draw),
        steps_per_epoch=_STEPS_PER_EPOCH,
        initial_epoch=done // _STEPS_PER_EPOCH,
        epochs=-(-config.steps // _STEPS_PER_EPOCH),
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=keep)],
        shuffle=False,
        verbose=2,
    )
    with whole(run / MODEL_FILE) as unfinished:
        # Without the loss, which no other program could load.
        keras.Model(net.input, net.output, name=net.name).save(unfinished)
    found = {name: rank1(_walks(of_test, one)) for name, one in {net.name: _parts_of(net), **others}.items()}
    table = pd.concat(found, names=["recognizer"]).droplevel(1).set_index("clothes", append=True)
    with whole(run / "rank1.csv") as unfinished:
        (100 * table).to_csv(unfinished, float_format="%.1f")
    print(f"rank 1 of {len(tested)} people who were not trained on, in %, by the side they are seen from:")
    print((100 * table).round(1).to_string())
    print(f"wrote {MODEL_FILE}, history.csv, rank1.csv in {run}")
    return run


def _check_run(config: WalkerConfig, run: Path, options: Mapping[str, str]) -> None:
    """Checks that the run's folder is free, or holds the run to resume, with the same options."""
    if not run.exists():
        return
    if not config.resume:
        raise ValueError(f"{run} exists; pass --resume to go on with it, or another --run")
    before = json.loads((run / _OPTIONS_FILE).read_text(encoding="utf-8"))
    if changed := [name for name in options if options[name] != before.get(name)]:
        raise ValueError(f"{run} has other options: {', '.join(changed)}; give those of {run / _OPTIONS_FILE}")


def _walks(recordings: Recordings, describe: Describe) -> Walks:
    """What is said of walks, each of which is seen whole."""
    from evaluate.recognition import Walks

    people, kinds, views = (np.array([name[i] for name in recordings]) for i in range(3))
    return Walks(np.stack([describe(frames) for frames in recordings.values()]), people, kinds, views)


def _parts_of(net: keras.Model) -> Describe:
    return lambda frames: np.asarray(net(frames[None], training=False)["parts"])[0]


def batches(
    recordings: Recordings, config: WalkerConfig, done: int, draw: Draw
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of some walks of some people; each depends on the seed and its number alone, also when resumed."""
    of_person: dict[str, list[np.ndarray]] = defaultdict(list)
    for (person, *_), frames in recordings.items():
        of_person[person].append(frames)
    everybody = list(of_person.values())
    for number in count(done):
        rng = np.random.default_rng([config.seed, number])
        people = rng.choice(len(everybody), config.people, replace=False)
        sets = []
        for person in people:
            walks = everybody[person]
            for walk in rng.choice(len(walks), config.walks, replace=len(walks) < config.walks):
                sets.append(draw(walks[walk], rng))
        yield np.stack(sets), np.repeat(people, config.walks)
