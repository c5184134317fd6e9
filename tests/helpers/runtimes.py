"""Exports a model to every runtime's format and compares what each answers with what Keras does."""

import keras
import numpy as np

from artefact.formats import FORMATS
from artefact.model import Model
from export.differences import differences
from export.write import write_formats


def check_runtimes(model, form, skeleton, pictures, folder, limit_px=0.05, names=("litert", "onnx", "openvino")):
    """Checks LiteRT, ONNX and OpenVINO, as far as they are installed, on images (N, S, S, 3)."""
    names = [name for name in names if not FORMATS[name].missing]
    task, size = form.task, pictures.shape[1]
    notes = {
        "model": "net",
        **task.describe(),
        "skeleton": skeleton.describe(),
        "input_size": size,
        "record_size": size,
        "padding": 1.25,
        "score": "probability",
        "score_radius": 0.05,
        "config": {},
    }
    expected = {name: keras.ops.convert_to_numpy(value) for name, value in model(pictures).items()}
    if task.scored_by:
        assert (expected[task.scored_by] > 0.1).sum(axis=1).min() >= 2
    assembled = task.assembled(expected, skeleton, size)
    assert np.ptp(assembled["joints_xy_px"], axis=0).mean() > 1
    write_formats(model, notes, names, folder)
    for name in names:
        loaded = Model(folder, name, 1)
        assert loaded.description["skeleton"]["joints"] == list(skeleton.joints)
        answers = [loaded.run({"pictures": picture[None]}) for picture in pictures]
        found = {answer: np.concatenate([one[answer] for one in answers]) for answer in task.answers}
        for answer, values in differences(found, expected, task).items():
            # OpenVINO's weights have 16 bits.
            limit = limit_px if answer == "joints_xy_px" else 1e-3 * max(1.0, np.ptp(expected[answer]))
            assert values.max() < limit, (name, answer, values.max())
