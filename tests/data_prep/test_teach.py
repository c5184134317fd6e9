"""A shard set labeled once more by models: what reaches the records, what is refused, and a stopped run."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from artefact.formats import ArtefactError
from data_prep import teach
from data_prep.__main__ import main
from data_prep.teach import Teach
from pose import BODY26, COCO17, Crop
from records import Person, ShardSetWriter, dataset, encode_example, read_manifest, shard_paths

SIZE = 96
NOSE, LEFT, RIGHT = (BODY26.index(name) for name in ("nose", "left_ankle", "right_ankle"))
RED, GREEN, BLUE, MAGENTA = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 255)


def make_person(number):
    """An image with a red nose, a green left ankle, a blue right one, and a mark beside; the ankles are labeled."""
    random = np.random.default_rng(number)
    points = np.array([[48, 25], [30, 70], [66, 70], [70, 30]]) + random.uniform(-6, 6, (4, 2))
    picture = np.full((SIZE, SIZE, 3), 90, np.uint8)
    for point, color in zip(points, (RED, GREEN, BLUE, MAGENTA), strict=True):
        cv2.circle(picture, tuple(int(round(16 * value)) for value in point), 64, color, -1, shift=4)
    joints, visible = np.zeros((26, 2)), np.zeros(26, int)
    joints[[NOSE, LEFT, RIGHT]], visible[[LEFT, RIGHT]] = points[:3], 2
    box = np.array([10, 10, 76, 76])
    return Person(picture, box, joints, visible, dataset="made_up", sequence=f"s{number}", frame=number, person=0)


class FakeModel:
    """Finds the dots. In a mirror image, which the mark tells, left and right are the other way round, as for a net."""

    calls = 0

    def __init__(self, path, runtime, threads=None):
        self.description = {"skeleton": COCO17.describe(), "size": 64, "padding": 1.25}

    def run(self, inputs):
        FakeModel.calls += 1
        (picture,) = inputs["pictures"]
        nose, left, right, mark = (self._place(picture.astype(int), color) for color in (RED, GREEN, BLUE, MAGENTA))
        if np.linalg.det([left - nose, mark - nose]) > 0:
            left, right = right, left
        joints, scores = np.zeros((1, 17, 2), np.float32), np.full((1, 17), 0.01, np.float32)
        for name, place in (("nose", nose), ("left_ankle", left), ("right_ankle", right)):
            joints[0, COCO17.index(name)], scores[0, COCO17.index(name)] = place, 0.9
        return {"joints_xy_px": joints, "scores": scores}

    @staticmethod
    def _place(picture, color):
        near = np.maximum(0, 150 - np.abs(picture - color).sum(axis=2))
        rows, columns = np.indices(near.shape)
        return np.array([(near * columns).sum(), (near * rows).sum()]) / max(near.sum(), 1)


@pytest.fixture
def people(tmp_path, monkeypatch):
    """A set of people to train on, and one to validate on."""
    monkeypatch.setattr(teach, "Model", FakeModel)
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.onnx").touch()
    source = {"dataset": "made_up", "padding": 1.25}
    writer = ShardSetWriter(
        tmp_path / "set", skeleton=BODY26, size=SIZE, source=source, split_rule={}, people_per_shard=2
    )
    for number in range(6):
        split = "train" if number < 5 else "val"
        person = make_person(number)
        crop = Crop.from_box(np.array([0, 0, SIZE, SIZE], float) - (0.5, 0.5, 0, 0), SIZE, padding=1)
        writer.add(split, encode_example(person, crop, BODY26))
    writer.finish()
    return tmp_path


def joints_of(folder, split):
    batch = next(dataset(folder, split, batch_size=8, fields=("joints_xy_px", "visible", "key")).as_numpy_iterator())
    return batch[1]


def test_nobody_labeled_the_nose_and_the_model_sees_it(people):
    Teach(people / "set", people / "out", (people / "model",), turns_deg=(0, 15)).write()
    labels = joints_of(people / "out", "train")
    truth = np.array([make_person(int(key.split(b"/")[3])).joints_xy_px for key in labels["key"]])
    assert (labels["visible"][:, [NOSE, LEFT, RIGHT]] == 2).all() and np.count_nonzero(labels["visible"]) == 15
    np.testing.assert_allclose(labels["joints_xy_px"][:, [NOSE, LEFT, RIGHT]], truth[:, [NOSE, LEFT, RIGHT]], atol=0.7)


def test_the_other_splits_stay_as_they_are(people):
    manifest = Teach(people / "set", people / "out", (people / "model",)).write()
    before, after = ([Path(path).read_bytes() for path in shard_paths(people / name, "val")] for name in ("set", "out"))
    assert before == after and manifest.counts == {"train": 5, "val": 1, "test": 0}
    assert manifest.source["padding"] == 1.25 and manifest.source["of"]["dataset"] == "made_up"
    assert list(manifest.source["habits"]) == list(BODY26.joints)


def test_a_stopped_run_goes_on_and_gives_the_same(people, monkeypatch):
    FakeModel.calls = 0
    Teach(people / "set", people / "whole", (people / "model",)).write()
    once, FakeModel.calls, run = FakeModel.calls, 0, FakeModel.run

    def stopped(self, inputs):
        if FakeModel.calls == 11:
            raise KeyboardInterrupt
        return run(self, inputs)

    again = Teach(people / "set", people / "again", (people / "model",))
    monkeypatch.setattr(FakeModel, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        again.write()
    monkeypatch.setattr(FakeModel, "run", run)
    again.write()
    # Two shards of two people, four views each, were kept but for the half that was not asked to its end.
    assert once < FakeModel.calls <= once + 8
    for name in ("whole", "again"):
        assert not (people / name / ".partial").exists()
    assert [shard.sha256 for shard in read_manifest(people / "whole").shards["train"]] == [
        shard.sha256 for shard in read_manifest(people / "again").shards["train"]
    ]
    FakeModel.calls = 0
    again.write()
    assert FakeModel.calls == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"teachers": ()}, "--teachers needs one model or more"),
        ({"teachers": (Path("nowhere"),)}, "'nowhere' is no exported model that runs here"),
        ({"turns_deg": ()}, "--turns-deg needs one angle or more"),
        ({"min_score": 2}, "--min-score from 0 to 1, got 0.1 and 2"),
        ({"agreement": -1}, "--agreement must be 0 or more"),
        ({"out": Path("set")}, "--out must be another folder than that of the records"),
        ({"records": Path("none")}, "none is no shard set"),
    ],
)
def test_what_is_refused(people, monkeypatch, changes, message):
    monkeypatch.chdir(people)
    with pytest.raises((ValueError, ArtefactError), match=message):
        Teach(**{"records": Path("set"), "out": Path("out"), "teachers": (Path("model"),), **changes}).write()
    assert not Path("out").exists()


def test_the_command(people, monkeypatch, capsys):
    monkeypatch.chdir(people)
    assert main(["teach", "--records", "set", "--teachers", "model", "--out", "out"]) == 0
    assert "train       5" in capsys.readouterr().out
    assert main(["teach", "--records", "set", "--teachers", "nowhere", "--out", "other"]) == 2
    assert capsys.readouterr().err.startswith("error: 'nowhere' is no exported model")


def test_a_model_of_other_joints_is_refused(people, monkeypatch):
    only = {
        **COCO17.describe(),
        "joints": ["tail"],
        "limbs": [],
        "pairs": [],
        "torso": None,
        "head": None,
        "sigmas": [],
    }
    monkeypatch.setattr(
        FakeModel, "__init__", lambda self, *_: setattr(self, "description", {"skeleton": only, "size": 64})
    )
    with pytest.raises(ValueError, match="has none of the joints of body26; give another model"):
        Teach(people / "set", people / "out", (people / "model",)).write()
