"""`python -m evaluate` of results files, and of models that find many people."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from commands import call

import evaluate.predictor
from evaluate.__main__ import main
from evaluate.poses_2d.evaluation import evaluate_model
from evaluate.predictor import Predictor
from pose import COCO17
from pose.results.coco import coco_results
from pose.results.people import ImagePeople
from pose.results.posetrack import posetrack_content
from pose.tasks import POSE_2D, Answer, Task
from records import Frame, Person, Region, ShardSetWriter, encode_frame

FILES = ["frames.csv", "joints.csv", "kinds.csv", "metrics.json", "report.html"]
CENTERS = {139: [(100, 100), (220, 110)], 285: [(160, 90)]}


@pytest.fixture(scope="module")
def frames(tmp_path_factory, upright):
    """Two images of 320 x 200 px with upright people, and a crowd in the second; records of 160 px."""
    folder, random = tmp_path_factory.mktemp("frames") / "set", np.random.default_rng(0)
    writer = ShardSetWriter(folder, skeleton=COCO17, size=160, source={}, split_rule={}, kind="frames")
    for number, centers in CENTERS.items():
        picture = random.integers(60, 200, (200, 320, 3)).astype(np.uint8)
        source = {"dataset": "made", "sequence": "<b>" + str(number), "frame": number}
        people = [
            Person(
                picture,
                np.array([x - 20, y - 60, 40, 120]),
                upright + (x, y),
                np.full(17, 2),
                person=k,
                area_px=4000.0,
                **source,
            )
            for k, (x, y) in enumerate(centers)
        ]
        crowd = [Region.of_box(np.array([260.0, 0, 30, 60]))] if number == 285 else []
        writer.add("test", encode_frame(Frame(picture, people, crowd, **source), 160, COCO17))
    writer.finish(max_people=2)
    return folder


@pytest.fixture
def predictions(tmp_path, upright):
    """Of the first image one of two, and someone who is not there; in the second one found, and one in the crowd."""

    def image(number, places, scores):
        xy = np.array([upright + place for place in places])
        return ImagePeople(
            number, f"{number}.jpg", xy, np.full(xy.shape[:2], 0.5), np.array(scores), np.full(len(xy), -1)
        )

    images = [image(139, [(101, 100), (40, 140)], [0.9, 0.2]), image(285, [(160, 91), (275, 30)], [0.8, 0.7])]
    (tmp_path / "results.json").write_text(json.dumps(coco_results(images)))
    return tmp_path / "results.json"


def test_predictions_on_frame_records(frames, predictions):
    done = call(main, "--predictions", predictions, "--records", frames, "--gallery", 2)
    assert done.returncode == 0, done.stderr
    folder = predictions.with_name("results-evaluation")
    assert f"{predictions} on the 2 images of {frames}, test split" in done.stdout
    assert re.search(r"^people found +66\.7 %$", done.stdout, re.M)
    assert re.search(r"^people: 2 +1 +2 +50\.0 ", done.stdout, re.M)
    assert done.stdout.endswith(
        f"report: {folder / 'report.html'}; beside it metrics.json, kinds.csv, joints.csv, frames.csv\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == FILES
    content = json.loads((folder / "metrics.json").read_text())
    assert (content["frames"], content["people"], content["answers"], content["headline"]) == (2, 3, 4, "ap")
    # Recall 2/3 with precision 1: 67 of COCO's 101 recalls; the one in the crowd is left out, the other comes later.
    assert content["metrics"]["ap50"] == pytest.approx(67 / 101) and content["metrics"]["mpii_map"] is None
    table = pd.read_csv(folder / "frames.csv")
    assert table["key"].tolist() == ["made/<b>139//139", "made/<b>285//285"]
    assert table[["labeled", "answers", "found", "missed", "false"]].to_numpy().tolist() == [
        [2, 2, 1, 1, 1],
        [1, 2, 1, 0, 0],
    ]
    assert set(pd.read_csv(folder / "joints.csv")["found"].round(4)) == {0.6667}


def test_the_page_holds_everything_and_escapes_its_texts(frames, predictions):
    assert call(main, "--predictions", predictions, "--records", frames).returncode == 0
    page = (predictions.with_name("results-evaluation") / "report.html").read_text()
    sources = re.findall(r'(?:src|srcset|href)="([^"]*)"', page)
    # Two images are the worst, and the same two the random ones.
    assert len(sources) == 4 and all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert not re.search(r"https?://|url\(|@import|<script|<link", page)
    assert "made/&lt;b&gt;139//139" in page and "<b>139" not in page
    assert "1 of 2 found, mean OKS" in page and "1 missed, 1 false" in page
    headings = [re.sub("<.*?>", "", heading) for heading in re.findall("<th>(.*?)</th>", page)]
    assert headings[:8] == ["Figure", "Value", "", "Images", "People", "Found (%)", "AP (%)", "False in each"]
    assert "The best 20" not in page and '<abbr title="COCO&#39;s average precision' in page


def test_predictions_on_an_annotation_file(predictions, upright, tmp_path):
    annotations = [
        {
            "id": k + 1,
            "image_id": number,
            "category_id": 1,
            "keypoints": [v for x, y in upright + center for v in (float(x), float(y), 2)],
            "area": 4000.0,
        }
        for k, (number, center) in enumerate((number, center) for number, c in CENTERS.items() for center in c)
    ]
    content = {
        "images": [{"id": number} for number in CENTERS],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO17.joints)}],
    }
    (tmp_path / "labels.json").write_text(json.dumps(content))
    done = call(
        main, "--predictions", predictions, "--annotations", tmp_path / "labels.json", "--out", tmp_path / "out"
    )
    assert done.returncode == 0, done.stderr
    assert f"{predictions} on the 2 images of {tmp_path / 'labels.json'}\n" in done.stdout
    assert "data:image" not in (tmp_path / "out/report.html").read_text()
    # No crowd here, so the second false one comes between the two found ones and spoils nothing either.
    assert json.loads((tmp_path / "out/metrics.json").read_text())["metrics"]["false_per_frame"] == 1


def test_joints_that_both_have(frames, upright, tmp_path):
    """People without faces: 12 of COCO's 17 joints."""
    xy = np.array([upright[5:] + (100, 100)])
    image = ImagePeople(139, "", xy, np.full((1, 12), 0.5), np.array([0.5]), np.array([-1]))
    (tmp_path / "r.json").write_text(json.dumps(coco_results([image])))
    words = ["--predictions", tmp_path / "r.json", "--records", frames, "--joints", ",".join(COCO17.joints[5:])]
    for more, ar in (([], 0.5 / 3), (["--common-joints"], 1 / 3)):
        # 12 / 17 = 0.706 is right at the thresholds from 0.50 to 0.70, 5 of 10.
        done = call(main, *words, *more, "--out", tmp_path / "out")
        assert done.returncode == 0, done.stderr
        metrics = json.loads((tmp_path / "out/metrics.json").read_text())["metrics"]
        assert metrics["ar"] == pytest.approx(ar) and metrics["found"] == pytest.approx(1 / 3)
        assert ("has no nose, left_eye" in done.stdout) == (not more)
        assert ("Measured on left_shoulder, right_shoulder" in done.stdout) == bool(more)


def finder(upright, path):
    """A model of 80 px that finds a person at (160, 90) of every image, and nobody else."""

    # Half a pixel of the records' image, which is half of the original, lies between the centers of first pixels.
    def forward(inputs):
        count = len(inputs["pictures"])
        xy = np.zeros((count, 3, 17, 2))
        # The original's 320 x 200 px lie in the middle of a square of 320 px, four of its px to each of the model's.
        xy[:, 0] = (upright + (160, 90 + 60) + 0.5) / 4 - 0.5
        scores = np.full((count, 3, 17), 0.5)
        return {"joints_xy_px": xy, "scores": scores, "person_scores": np.tile([0.9, 0, 0], (count, 1))}

    shapes = {"joints_xy_px": (3, "J", 2), "scores": (3, "J"), "person_scores": (3,)}
    answers = {name: Answer(shape) for name, shape in shapes.items()}
    task = Task("poses-2d-centers", POSE_2D.inputs, (), answers, kind="frames")
    return Predictor(path, COCO17, 80, 0.05, task, forward)


def test_a_model_that_finds_many_people(frames, upright, tmp_path, monkeypatch):
    model = tmp_path / "model"
    model.mkdir()
    monkeypatch.setattr(evaluate.predictor, "load_predictor", lambda path, flip_test: finder(upright, path))
    done = call(main, model, "--records", frames, "--gallery", 1, "--batch-size", 1)
    assert done.returncode == 0, done.stderr
    assert f"{model} on the 2 images of {frames}, test split" in done.stdout
    content = json.loads((model / "evaluation-test/metrics.json").read_text())
    assert content["metrics"]["found"] == pytest.approx(1 / 3) and content["metrics"]["false_per_frame"] == 0.5
    evaluation = evaluate_model(finder(upright, model), frames, "test", gallery=0)
    np.testing.assert_allclose(evaluation.found[1].xy_px[0], upright + (160, 90), atol=1e-4)
    assert evaluation.pictures == {} and evaluation.summary.coco.ar == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give a model or --predictions FILE, one of the two"),
        (["fast", "--predictions", "P"], "give a model or --predictions FILE, one of the two"),
        (["--predictions", "P"], "--predictions needs labels: --records FOLDER or --annotations FILE"),
        (["--predictions", "P", "--records", "FRAMES", "--annotations", "A"], "one of the two"),
        (["fast", "--joints", "lsp14"], "--joints and --common-joints are for --predictions"),
        (["--predictions", "P", "--records", "FRAMES", "--joints", "lsp14"], "17 joints, --joints names 14"),
        (["fast", "--annotations", "A"], "--annotations is for --predictions"),
        (["--predictions", "P", "--records", "FRAMES", "--flip-test"], "--flip-test is for a model"),
        (["--predictions", "none.json", "--records", "FRAMES"], "none.json does not exist; give a results file"),
        (["--predictions", "P", "--records", "FRAMES", "--split", "val"], "in its val split"),
        (["--predictions", "P", "--records", "PEOPLE"], "holds records of people, and records of frames are needed"),
        (["--predictions", "P", "--annotations", "P"], "holds no annotations: a file of COCO's form has images"),
        (["--predictions", "OTHER", "--records", "FRAMES"], "is labeled; the labeled ones have the ids 139, 285"),
    ],
)
def test_errors_exit_with_2(words, message, frames, records, predictions, tmp_path):
    (tmp_path / "other.json").write_text(predictions.read_text().replace("139", "1").replace("285", "2"))
    places = {"P": predictions, "FRAMES": frames, "PEOPLE": records, "OTHER": tmp_path / "other.json"}
    done = call(main, *(places.get(word, word) for word in words), "--out", tmp_path / "out")
    text = " ".join(done.stderr.replace("│", " ").split())
    assert (done.returncode, message in text) == (2, True), done.stderr
    assert "Traceback" not in text and not (tmp_path / "out").exists()


def test_other_files_are_not_replaced(frames, predictions, tmp_path):
    (tmp_path / "out").mkdir()
    for name in FILES:
        (tmp_path / "out" / name).write_text("mine")
        done = call(main, "--predictions", predictions, "--records", frames, "--out", tmp_path / "out")
        assert done.returncode == 2 and "is not of an evaluation, and would be replaced" in done.stderr
        assert (tmp_path / "out" / name).read_text() == "mine"
        (tmp_path / "out" / name).unlink()


@pytest.fixture(scope="module")
def walks(tmp_path_factory, upright):
    """Two cameras' videos of one person in three frames; records of 160 px."""
    folder = tmp_path_factory.mktemp("walks") / "set"
    writer = ShardSetWriter(folder, skeleton=COCO17, size=160, source={}, split_rule={}, kind="frames")
    picture = np.full((200, 320, 3), 90, np.uint8)
    for camera in ("00_00", "00_01"):
        for frame in range(3):
            source = {"dataset": "made", "sequence": "walk", "camera": camera, "frame": frame}
            xy = upright + (100 + 10 * frame, 100)
            box = np.array([*xy.min(axis=0), *np.ptp(xy, axis=0)])
            person = Person(picture, box, xy, np.full(17, 2), person=4, area_px=4000.0, **source)
            writer.add("test", encode_frame(Frame(picture, [person], [], **source), 160, COCO17))
    writer.finish(max_people=1)
    return folder


@pytest.fixture
def videos(tmp_path, upright):
    """The right people of both videos, under one number in the first, and a new one at the end of the second."""
    for camera, numbers in {"00_00": (0, 0, 0), "00_01": (0, 0, 1)}.items():
        images = [
            ImagePeople(
                k,
                f"hd/{k:06d}.jpg",
                (upright + (100 + 10 * k, 100))[None],
                np.ones((1, 17)),
                np.ones(1),
                np.array([number]),
            )
            for k, number in enumerate(numbers)
        ]
        path = tmp_path / f"found/walk/{camera}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(posetrack_content(images, COCO17, "hd")))
    return tmp_path / "found"


def test_tracks_of_videos(walks, videos, tmp_path):
    pytest.importorskip("trackeval")
    done = call(main, "--predictions", videos, "--records", walks, "--out", tmp_path / "out", "--gallery", 1)
    assert done.returncode == 0, done.stderr
    rows = dict(re.findall(r"^(walk/\S+|all) +(.+)$", done.stdout, re.M))
    assert rows["walk/00_00"].split() == ["100.0", "100.0", "100.0", "0", "0", "0", "0", "3"]
    # Two right, one false and one missed.
    assert rows["walk/00_01"].split()[:2] == ["66.7", "66.7"] and rows["all"].split()[3] == "1"
    assert "tracks.csv" in done.stdout and "<h2>Tracks</h2>" in (tmp_path / "out/report.html").read_text()
    table = pd.read_csv(tmp_path / "out/tracks.csv")
    assert table["video"].tolist() == ["walk/00_00", "walk/00_01", "all"] and table["switches"].tolist() == [0, 1, 1]
    tracks = json.loads((tmp_path / "out/metrics.json").read_text())["tracks"]
    assert tracks[2]["idf1"] == pytest.approx(5 / 6) and tracks[2]["people"] == 6
    # A results file of one video alone cannot be told from that of the other.
    done = call(main, "--predictions", videos / "walk/00_00.json", "--records", walks, "--out", tmp_path / "out")
    assert done.returncode == 2 and "a folder with a file SEQUENCE/CAMERA.json for each" in " ".join(
        done.stderr.replace("│", " ").split()
    )


def test_tracks_of_labels_in_posetracks_form(videos, tmp_path):
    pytest.importorskip("trackeval")
    path = videos / "walk/00_01.json"
    done = call(main, "--predictions", path, "--annotations", videos / "walk/00_00.json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^hd +66\.7 +66\.7 ", done.stdout, re.M)


def test_a_folder_of_videos_holds_nothing_else(videos, walks, tmp_path):
    (videos / "list.json").write_text("[]")
    done = call(main, "--predictions", videos, "--records", walks, "--out", tmp_path / "out")
    assert done.returncode == 2 and "is no file of PoseTrack" in done.stderr
