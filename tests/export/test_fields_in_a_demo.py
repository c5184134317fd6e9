"""A model of maps and fields on its whole way: exported, checked, and run by `python -m demo.batch`."""

import json

import cv2
import keras
import numpy as np
import pandas as pd
import pytest
from commands import call

from demo.batch.__main__ import main as batch_main
from demo.runtimes.pose_model import PoseModel
from export.__main__ import main as export_main
from pose import Skeleton
from pose.tasks import POSES_2D_FIELDS

SIZE = 96
CHAIN = Skeleton("chain", ("a", "b", "c"), limbs=((0, 1), (1, 2)))
#: Joints of a person from the first, which is red; the second is green and the third blue.
DOWN = np.array([(0, 0), (0, 20), (0, 40)])
PEOPLE = ((40, 30), (70, 34), (140, 120))


def painted(people, side):
    picture = np.zeros((side, side, 3), np.uint8)
    for person in people:
        for channel, (x, y) in enumerate(person + DOWN):
            color = [255 if channel == other else 0 for other in range(3)]
            cv2.circle(picture, (int(x), int(y)), 6, color, -1)
    return picture


def colors_model():
    """Takes red, green and blue for the maps of the joints, and all limbs to point downwards."""
    pictures = keras.Input((SIZE, SIZE, 3), dtype="uint8", name="pictures")
    x = keras.layers.Rescaling(1 / 255)(pictures)
    maps = keras.layers.AveragePooling2D(4)(x)
    down = keras.layers.Conv2D(4, 1, kernel_initializer="zeros", name="down")
    fields = down(maps)
    down.set_weights([np.zeros((1, 1, 3, 4)), np.array([0, 1, 0, 1])])
    return keras.Model(pictures, {"joint_maps": maps, "limb_fields": fields})


@pytest.fixture(scope="module")
def fields_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "fields"
    folder.mkdir()
    colors_model().save(folder / "best.keras")
    notes = {
        "model": "colors",
        **POSES_2D_FIELDS.describe(),
        "skeleton": CHAIN.describe(),
        "input_size": SIZE,
        "record_size": SIZE,
        "padding": 1.0,
        "score": "of maps and fields",
        "score_radius": 0.05,
        "config": {},
    }
    (folder / "run.json").write_text(json.dumps(notes))
    np.save(folder / "samples.npy", np.stack([painted([(30 + i, 20)], SIZE) for i in range(4)]))
    return folder


@pytest.mark.slow
def test_exported_and_found(fields_run, tmp_path, monkeypatch):
    monkeypatch.setattr("export.check.THREADS", (1,))
    done = call(export_main, fields_run, "--to", "litert", "saved-model")
    assert done.returncode == 0, done.stderr
    entry = json.loads((fields_run / "export" / "formats.json").read_text())["formats"]["litert"]
    assert entry["passed"] and entry["joint_maps_error"]["99 %"] < 1e-4 and entry["limb_fields_limit"] == 0.02
    model = PoseModel(fields_run / "export", "litert", 1)
    people = model.find(painted([(30, 20), (60, 40)], SIZE)[None])[0]
    assert model.finds_everybody and people.scores.shape == (2, 3)

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "three.png"), painted(PEOPLE, 2 * SIZE)[..., ::-1])
    arguments = ("--model", fields_run / "export", "--runtime", "litert", "--threads", 1, "--batch", 1)
    done = call(batch_main, pictures, *arguments, "--out", tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "out.csv").sort_values("a_x_px")
    assert table["picture"].tolist() == 3 * ["three.png"]
    found = table[[f"{joint}_{axis}_px" for joint in CHAIN.joints for axis in "xy"]].to_numpy().reshape(3, 3, 2)
    np.testing.assert_allclose(found, np.array(PEOPLE)[:, None] + DOWN, atol=1.5)
