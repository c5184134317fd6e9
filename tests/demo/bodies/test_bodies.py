"""Bodies in the demos: a fake model finds one in each rectangle, which is drawn there and written as files."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
from commands import call
from scipy.spatial.transform import Rotation
from two_people import TWO, two_people
from upright import upright_body

from body.human import BONES
from body.seen import SeenBody
from demo.batch.__main__ import main as batch
from demo.bodies.live import BodyTracker
from demo.bodies.model import BodyModel, MeshOptions, load_bodies
from demo.errors import ModelError
from demo.offline.bodies import body_tracks
from demo.offline.recording import PersonTrack, Recording
from demo.offline.smooth import Smoothing
from demo.tracking.people import TrackedFrame, TrackedPerson
from demo.video.__main__ import main as video
from demo.video.capture import Frame
from demo.webcam import main as webcam
from pose import PANOPTIC19, Crop
from pose.space.bvh import read_bvh
from pose.space.lifting import usual_camera

SIZE = (240, 320)
# x, y and height of a rectangle.
ONE = (200, 100, 120)


@pytest.fixture(scope="module")
def model(fake_bodies):
    return BodyModel(fake_bodies)


@pytest.fixture(scope="module")
def walk(tmp_path_factory, paint, write_video):
    """A second of somebody who comes nearer on the way to the right."""
    pictures = [paint(SIZE, (60 + 6 * k, 120, 100 + 2 * k)) for k in range(30)]
    return write_video(tmp_path_factory.mktemp("videos") / "walk.avi", pictures, fps=30)


def span(xy_px):
    return xy_px[:, 1].min(), xy_px[:, 1].max()


def drawn_on(picture, before):
    """The rows and columns from which on, and up to which, an image was drawn on."""
    there = np.abs(picture.astype(int) - before).max(axis=2) > 40
    rows, columns = (np.flatnonzero(there.sum(axis=axis) > 1) for axis in (1, 0))
    return rows[[0, -1]], columns[[0, -1]]


def vertices_of(path):
    lines = [line.split() for line in path.read_text().splitlines()]
    return 1000 * np.array([line[1:] for line in lines if line[0] == "v"], float)


def test_a_body_is_where_its_box_is(model, paint):
    """Boxes of any place and size: the crop's matrix is inverted."""
    rectangles = [(60, 60, 80), (230, 150, 160)]
    picture = np.maximum(*(paint(SIZE, one) for one in rectangles))
    boxes = [np.array([x - h / 4, y - h / 2, h / 2, h]) for x, y, h in rectangles]
    for body, (x, y, height) in zip(model.find(picture, boxes), rectangles, strict=True):
        xy = body.project(body.skin()[1])
        np.testing.assert_allclose(span(xy), (y - height / 2, y + height / 2), atol=2.5)
        assert abs(xy[:, 0].mean() - x) < 2
        assert body.px_per_m == pytest.approx(height / 1.69, rel=0.06)
    assert model.find(picture, []) == [] and len(model.find(picture, 9 * boxes)) == 18
    # A single joint's box has no extent.
    assert len(model.find(picture, [np.array([60.0, 60, 0, 0])])) == 1


def test_pictures_become_obj_files_a_table_and_drawings(fake_export, fake_bodies, tmp_path, paint, one_at_a_time):
    (tmp_path / "in/deeper").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "in/a.png"), paint(SIZE, ONE)[..., ::-1])
    cv2.imwrite(str(tmp_path / "in/deeper/b.png"), two_people(paint)[..., ::-1])
    cv2.imwrite(str(tmp_path / "in/empty.png"), paint(SIZE, None))
    options = ("--model", fake_export, "--batch", 2, "--mesh", fake_bodies)
    folders = ("--bodies", tmp_path / "out", "--draw", tmp_path / "drawn")
    done = call(batch, tmp_path / "in", *options, *folders)
    assert done.returncode == 0 and f"wrote {tmp_path / 'out'} and 3 pictures" in done.stdout, done.stderr
    files = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert files == ["a_0.obj", "deeper/b_0.obj", "deeper/b_1.obj", "rotations.csv"]
    table = pd.read_csv(tmp_path / "out/rotations.csv").set_index(["picture", "person"])
    assert len(table) == 3 and len(table.columns) == 3 + 10 + 93
    assert abs(table.loc[("a.png", 0), "Hips_x_deg"]) == pytest.approx(180, abs=20) and (table["Head_y_deg"] == 0).all()
    # A camera at the origin sees the vertices where the rectangles are; at the edges of the image people look wider.
    camera = usual_camera(SIZE)
    heights = {"a_0": [ONE], "deeper/b_0": TWO, "deeper/b_1": TWO}
    for name, rectangles in heights.items():
        xyz = vertices_of(tmp_path / f"out/{name}.obj") * (1, -1, -1)
        xy = camera.project_camera(xyz)
        away = [
            abs(xy[:, 0].mean() - x) + np.abs(span(xy) - np.array([y - h / 2, y + h / 2])).max()
            for x, y, h in rectangles
        ]
        assert min(away) < 14, (name, away)
    drawn = cv2.imread(str(tmp_path / "drawn/a.png"))[..., ::-1]
    rows, columns = drawn_on(drawn, paint(SIZE, ONE))
    np.testing.assert_allclose(rows, (40, 160), atol=4)
    np.testing.assert_allclose(columns, (161, 239), atol=5)  # The arms are held off.
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "drawn/empty.png")), paint(SIZE, None))


def test_a_videos_tracks_become_animations(fake_export, fake_bodies, walk, tmp_path, one_at_a_time):
    options = ("--model", fake_export, "--batch", 1, "--people", 1, "--mesh", fake_bodies)
    done = call(batch, walk, *options, "--out", tmp_path / "t.csv", "--bodies", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("person_0.bvh", "person_0.glb"),
        "rotations.csv",
    ]
    table = pd.read_csv(tmp_path / "out/rotations.csv")
    assert table["frame"].tolist() == pd.read_csv(tmp_path / "t.csv")["frame"].tolist() == list(range(30))
    bvh = read_bvh(tmp_path / "out/person_0.bvh")
    places = 10 * bvh.forward(np.arange(30))[0]
    roots = table[["root_x_mm", "root_y_mm", "root_z_mm"]].to_numpy()
    np.testing.assert_allclose(places[:, 0], roots * (1, -1, -1), atol=0.01)
    # To the right, and nearer.
    assert roots[-1, 0] > roots[0, 0] + 500 and roots[-1, 2] < 0.75 * roots[0, 2]
    assert bvh.frame_seconds == pytest.approx(1 / 30, rel=1e-4)
    head, foot = BONES.index("Head"), BONES.index("LeftFoot")
    assert 1200 < places[0, head, 1] - places[0, foot, 1] < 1500
    assert (tmp_path / "out/person_0.glb").read_bytes()[:4] == b"glTF"


def test_a_video_is_looked_at_again_and_drawn(fake_export, fake_bodies, walk, tmp_path, read_video, one_at_a_time):
    options = ("--model", fake_export, "--runtime", "saved-model", "--people", 1, "--mesh", fake_bodies)
    files = ("--out", tmp_path / "t.jsonl", "--output", tmp_path / "drawn.mp4", "--bodies", tmp_path / "out")
    done = call(video, walk, *options, *files)
    assert done.returncode == 0 and f"t.jsonl and {tmp_path / 'out'}" in done.stdout, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    body = lines[15]["people"][0]["body"]
    assert np.array(body["rotations_deg"]).shape == (31, 3) and len(body["shape"]) == 10
    assert body["root_px"][0] == pytest.approx(150, abs=4)
    assert body["px_per_m"] == pytest.approx(130 / 1.69, rel=0.06)
    pictures, _ = read_video(tmp_path / "drawn.mp4")
    rows, columns = drawn_on(pictures[15], read_video(walk)[0][15])
    np.testing.assert_allclose(rows, (55, 185), atol=8)
    assert 100 < columns[0] < 125 and 175 < columns[1] < 200
    assert len(read_bvh(tmp_path / "out/person_0.bvh").values) == 30
    assert (tmp_path / "out/rotations.csv").is_file()


def test_the_webcam_draws_bodies(fake_export, fake_bodies, walk, tmp_path, read_video, one_at_a_time):
    options = ("--source", walk, "--no-window", "--model", fake_export, "--runtime", "saved-model")
    files = ("--output", tmp_path / "out.mp4", "--jsonl", tmp_path / "out.jsonl")
    done = call(webcam, *options, "--mesh", fake_bodies, *files)
    assert done.returncode == 0, done.stderr
    pictures, _ = read_video(tmp_path / "out.mp4")
    rows, columns = drawn_on(pictures[20], read_video(walk)[0][20])
    np.testing.assert_allclose(rows, (50, 190), atol=12)
    assert 130 < columns[0] < 175 and 180 < columns[1] < 230
    people = [json.loads(line)["people"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert all("body" in one for frame in people for one in frame) and len(people) == 30


@pytest.mark.parametrize(
    ("command", "words", "message"),
    [
        (batch, ("--bodies", "new"), "--bodies is for the bodies of a model; give --mesh MODEL too"),
        (batch, ("--mesh", "{bodies}", "--out", "t.csv"), "--mesh finds bodies; say where they go: --bodies FOLDER"),
        (batch, ("--mesh", "{pose}", "--bodies", "new"), "answers no bodies; train a model that does with"),
        (batch, ("--mesh", "nowhere", "--bodies", "new"), "'nowhere'"),
        (batch, ("--mesh", "{bodies}", "--bodies", "full"), "must be a new folder or an empty one"),
        (video, ("--mesh", "{bodies}", "--out", "t.csv"), "--mesh finds bodies; give --bodies FOLDER, --output VIDEO"),
        (webcam, ("--no-window", "--mesh", "{pose}"), "answers no bodies"),
        (
            webcam,
            ("--no-window", "--model", "{bodies}"),
            "is a model of the task pose-body, and the demos run those of",
        ),
    ],
)
def test_wrong_options(command, words, message, fake_export, fake_bodies, walk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    words = [word.format(bodies=fake_bodies, pose=fake_export) for word in words]
    source = ("--source", walk) if command is webcam else (walk,)
    own = () if "--model" in words else ("--model", fake_export)
    done = call(command, *source, *own, "--runtime", "saved-model", *words)
    assert done.returncode == 2 and message in done.stderr, done.stderr
    assert not (tmp_path / "new").exists() and not (tmp_path / "t.csv").exists()


def test_nothing_is_loaded_without_mesh(fake_bodies):
    assert MeshOptions().load_mesh() is None
    assert isinstance(load_bodies(fake_bodies), BodyModel)


def body_at(x_px, turn_deg=0.0, shape=0.0):
    """A body in a crop about its place, whose hips turn about the vertical."""
    rotations, _, _, _ = upright_body()
    rotations[0] = rotations[0] @ Rotation.from_euler("y", turn_deg, degrees=True).as_matrix()
    return SeenBody(np.array([0.9, 0.0, 0.0]), rotations, np.full(10, shape), Crop.centered((x_px, 100), 100, 64))


class Noisy:
    """A model whose bodies tremble about where they are."""

    def __init__(self, bodies):
        self.bodies, self.rng = bodies, np.random.default_rng(0)

    def find(self, picture, boxes_px):
        found = []
        for _ in boxes_px:
            body = next(self.bodies)
            values = body.values() + self.rng.normal(0, 0.05, body.values().shape) * (20, 20, 20, *np.ones(289))
            found.append(body.of_values(values))
        return found


def person(number, shown=True):
    xy_px = np.random.default_rng(number).uniform(50, 150, (19, 2)).astype(np.float32)
    return TrackedPerson(number, xy_px, np.full(19, 0.9), np.full(19, shown))


def frames(count):
    return [
        Frame(picture=np.zeros((*SIZE, 3), np.uint8), index=index, time_s=index / 30, duration_s=1 / 30)
        for index in range(count)
    ]


def test_live_bodies_tremble_less():
    model = Noisy(body_at(100) for _ in range(200))
    track = BodyTracker(lambda frame: TrackedFrame(frame, (person(1), person(2, shown=False))), model, 1.0, 0.0)
    found = [track(frame).people for frame in frames(60)]
    assert all(second.body is None for _, second in found)
    values = np.array([first.body.values() for first, _ in found])
    raw = np.array([body.values() for body in Noisy(body_at(100) for _ in range(60)).find(None, range(60))])
    assert (values[20:].std(axis=0) < 0.5 * raw[20:].std(axis=0) + 1e-6).mean() > 0.95
    np.testing.assert_allclose(values[20:].mean(axis=0)[:3], body_at(100).values()[:3], atol=1)
    turns = found[-1][0].body.rotations
    np.testing.assert_allclose(turns @ np.swapaxes(turns, 1, 2), np.tile(np.eye(3), (31, 1, 1)), atol=1e-9)


def test_values_go_from_crop_to_crop():
    body = body_at(100, 30.0, 0.5)
    other = replace(body, crop=Crop.centered((70, 120), 180, 64)).of_values(body.values())
    points = body.skin()[1]
    np.testing.assert_allclose(other.project(points), body.project(points), atol=1e-6)
    np.testing.assert_allclose(other.values(), body.values(), atol=1e-9)


def test_a_recordings_bodies_are_smoothed_and_have_one_shape():
    """Somebody who turns about: the filter neither lags behind nor tears a gap's sides together."""
    there = np.r_[0:40, 60:100]
    degrees = 90 * np.sin(np.arange(100) / 30 * 2 * np.pi * 0.5)
    xy_px = np.full((100, 19, 2), np.nan, np.float32)
    xy_px[there] = person(0).xy_px
    track = PersonTrack(0, xy_px, np.full((100, 19), 0.9, np.float32), np.zeros((100, 19), bool))
    recording = Recording(PANOPTIC19, np.arange(100) / 30, SIZE, 0.2, {0: track})

    def found(smoothing):
        bodies = (body_at(100, degrees[k], shape=(k % 2) - 0.5) for k in there)
        return body_tracks(frames(100), recording, Noisy(bodies), smoothing).people[0]

    def errors(track):
        true = [body_at(100, degrees[k]).rotations[0] for k in track]
        turns = [body.rotations[0] @ right.T for body, right in zip(track.values(), true, strict=True)]
        return np.degrees(np.linalg.norm(Rotation.from_matrix(np.stack(turns)).as_rotvec(), axis=1))

    raw, smooth = found(None), found(Smoothing(cutoff_hz=4.0))
    assert list(raw) == list(smooth) == there.tolist()
    assert errors(smooth).mean() < 0.7 * errors(raw).mean() and errors(smooth).max() < 8
    shapes = np.array([body.shape_values for body in smooth.values()])
    np.testing.assert_allclose(shapes, np.broadcast_to(shapes[0], shapes.shape))
    assert np.ptp([body.shape_values[0] for body in raw.values()]) > 0.9
    assert body_tracks(frames(100), recording, Noisy(iter(raw.values())), None).at(50, 0) is None


def test_answers_that_are_no_numbers_raise(model, monkeypatch):
    monkeypatch.setattr(
        model,
        "run",
        lambda pictures: {name: np.full((1, 3), np.nan) for name in ("camera", "rotations", "shape_values")},
    )
    with pytest.raises(ModelError, match="answers numbers that are not finite"):
        model.find(np.zeros((*SIZE, 3), np.uint8), [np.array([0, 0, 10, 10])])
