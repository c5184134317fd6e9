from pathlib import Path

import keras
import numpy as np
import pytest
from commands import AS_GIVEN
from people import write_shard_set

from artefact.formats import FORMATS
from export.__main__ import Options, export
from train.densenet import DenseNetConfig, train_densenet


@pytest.fixture(scope="session")
def shards(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    write_shard_set(folder, train=8, val=6, test=4, size=64)
    return folder


@pytest.fixture(scope="session")
def run(shards, tmp_path_factory) -> Path:
    """A run whose net takes images of half the records' size, so that the export has to resize."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    return train_densenet(
        DenseNetConfig(
            records=shards,
            run=folder,
            epochs=1,
            batch_size=4,
            input_size=32,
            blocks=(1, 1),
            growth_rate=4,
            log=(),
            **AS_GIVEN,
        )
    )


@pytest.fixture(scope="session")
def moved_run(run, tmp_path_factory) -> Path:
    """The same run with weights large enough that joints depend on the image."""
    folder = tmp_path_factory.mktemp("runs") / "moved"
    folder.mkdir()
    model = keras.models.load_model(run / "best.keras")
    rng = np.random.default_rng(0)
    net = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    for name in ("coordinates_dense", "score_logits"):
        layer = net.get_layer(name)
        layer.set_weights([rng.normal(0, 1, weights.shape) for weights in layer.get_weights()])
    model.save(folder / "best.keras")
    for name in ("run.json", "samples.npy"):
        (folder / name).write_bytes((run / name).read_bytes())
    return folder


@pytest.fixture(scope="session")
def exported(moved_run, tmp_path_factory) -> Path:
    """The moved run in every format that can be written here."""
    folder = tmp_path_factory.mktemp("exports") / "export"
    names = tuple(name for name, form in FORMATS.items() if not (form.missing or form.by_name))
    with pytest.MonkeyPatch.context() as patch:
        # With only one thread, which halves the number of processes.
        patch.setattr("export.check.THREADS", (1,))
        assert export(Options(moved_run, to=names, out=folder)) == 0
    return folder
