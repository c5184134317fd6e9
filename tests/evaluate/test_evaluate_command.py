"""`python -m evaluate` as a user types it: what it prints, what it writes, and its errors."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from commands import call

from artefact.origin import ORIGIN
from evaluate.__main__ import Options, main, records_of_run
from pose import LSP14

FILES = ["metrics.json", "per_joint.csv", "per_limb.csv", "predictions.csv", "report.html"]


def run_main(arguments):
    """The exit code, standard output and standard error."""
    done = call(main, *arguments)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def finished(records, run_folder):
    """The command's standard output, and the folder it wrote by default."""
    done = call(main, run_folder, "--records", records, "--gallery", 3)
    assert done.returncode == 0, done.stderr
    return done.stdout, run_folder / "evaluation-test"


def expected_pck(random_people, threshold):
    """PCK by the torso, per joint, of a model that always predicts the center, computed independently."""
    xy = np.array([xy for xy, _ in random_people(5, seed=2)])
    torso = np.linalg.norm(xy[:, LSP14.index("left_shoulder")] - xy[:, LSP14.index("right_hip")], axis=1)
    return (np.linalg.norm(xy - 31.5, axis=2) <= threshold * torso[:, None]).mean(axis=0)


def test_tables_on_the_screen(finished, records, run_folder):
    out, folder = finished
    assert f"{run_folder} on the 5 people of {records}, test split" in out
    assert re.search(r"within 5 % of the crop's side: expected calibration error [0-9.]+ %\.", out)
    # From head to foot, left and right side by side, and no name with an underscore.
    rows = re.findall(r"^([a-z ]+?) +(5(?: \| 5)?) ", out, re.MULTILINE)
    assert rows == [("head top", "5"), ("neck", "5")] + [
        (kind, "5 | 5") for kind in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    ]
    assert re.search(
        r"^left \| right +labels +PCK@0.2 % +PCK@0.1 % +PCK@0.5 head % +error px +mean pose PCK", out, re.M
    )
    assert re.search(r"^[\d.]+ % of the joints of arms and legs lie within a fifth of the torso's length", out, re.M)
    assert "PCKh is measured on the people whose head has a labelled box, 0 of 5." in out
    assert re.search(r"^ +model +mean pose$", out, re.MULTILINE)
    assert re.search(r"^PCK@0.2, arms and legs +[\d.]+ +[\d.]+ %$", out, re.MULTILINE)
    assert "OKS takes 0.53 of the box about their joints" in out
    assert out.endswith(f"report: {folder / 'report.html'}; beside it {', '.join(FILES[:-1])}\n")


def test_files(finished, random_people):
    _, folder = finished
    assert sorted(path.name for path in folder.iterdir()) == FILES
    content = json.loads((folder / "metrics.json").read_text())
    assert (content["people"], content["skeleton"], content["crop_size"]) == (5, "lsp14", 64)
    assert content["mean_pose"]["split"] == "train"
    pck = expected_pck(random_people, 0.2)
    assert content["metrics"]["pck@0.2"] == pytest.approx(pck.mean())
    assert content["metrics"][content["headline"]] == pytest.approx(pck[list(LSP14.main_joints)].mean())
    joints = pd.read_csv(folder / "per_joint.csv")
    assert joints["joint"].tolist() == list(LSP14.joints)
    np.testing.assert_allclose(joints["pck@0.2"], pck, rtol=1e-9)
    assert {"mean_pose_pck@0.2", "mean_pose_error_px", "auc", "pckh@0.5"} <= set(joints.columns)
    near = (np.linalg.norm(np.array([xy for xy, _ in random_people(5, seed=2)]) - 31.5, axis=2) <= 0.05 * 64).mean(
        axis=0
    )
    np.testing.assert_allclose(joints["found_right"], near)
    assert joints["score"].between(0, 1).all()
    # Errors are in px of the records, though the model's images have half their size.
    people = pd.read_csv(folder / "predictions.csv")
    xy = np.array([xy for xy, _ in random_people(5, seed=2)])
    np.testing.assert_allclose(people["error_px"], np.linalg.norm(xy - 31.5, axis=2).mean(axis=1), rtol=1e-4)
    assert people["key"].tolist() == [f"made/<b>one & two</b>//{i}/0" for i in range(5)]
    limbs = pd.read_csv(folder / "per_limb.csv")
    assert limbs["limb"].tolist()[0] == "head_top-neck"


def test_the_page_holds_everything_and_escapes_its_texts(finished):
    _, folder = finished
    page = (folder / "report.html").read_text()
    sources = re.findall(r'(?:src|srcset|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "data:image/jpeg;base64,")) for source in sources)
    assert not re.search(r"https?://|url\(|@import|<script|<link", page)
    assert "Expected calibration error" in page
    headings = [re.sub("<.*?>", "", heading) for heading in re.findall("<th>(.*?)</th>", page)]
    assert headings == [
        *("Figure", "Model", "Mean pose"),
        *("Left | right", "Labels", "PCK@0.2 (%)", "PCK@0.1 (%)", "PCK@0.05 (%)", "PCK@0.5 of the head (%)"),
        *("AUC of PCK to 0.5 (%)", "mean pixel error (px)", "Mean pose PCK@0.2 (%)"),
        *("Left | right", "Model", "Mean pose"),
        *("Left | right", "Mean score (%)", "Found right (%)"),
    ]
    # The most important parts come first, and notes are folded.
    places = [
        page.index(f"<h2>{title}</h2>") for title in ("Worst cases", "At random", "All figures", "Joint by joint")
    ]
    assert places == sorted(places)
    assert "is unknown" in re.search("<summary>How it was measured</summary>(.*?)</details>", page)[1]
    assert '<abbr title="COCO&#39;s average precision' in page and '<abbr title="PCK@0.2 is the share' in page
    assert "left hip \u2013 right hip" in page and "shoulder \u2013 elbow" in page and "left_" not in page
    assert "made/&lt;b&gt;one &amp; two&lt;/b&gt;//0/0" in page
    assert "<b>one" not in page
    assert page.count('<figure class="card"><img') == 3 + 3  # The worst and the random ones.
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page


@pytest.mark.slow
def test_the_same_evaluation_in_another_folder_gives_the_same_files(finished, records, run_folder, tmp_path):
    _, folder = finished
    arguments = [run_folder / "best.keras", "--records", records, "--gallery", "3", "--out", tmp_path / "new"]
    code, _, _ = run_main([*arguments, "--batch-size", "2"])
    assert code == 0
    for name in ("per_joint.csv", "per_limb.csv", "predictions.csv"):
        assert (tmp_path / "new" / name).read_text() == (folder / name).read_text()


@pytest.mark.slow
def test_without_a_train_split_a_note_is_printed(run_folder, tmp_path, write_records, random_people):
    records = write_records(tmp_path / "records", {"val": random_people(3, seed=4)}, area_px=900.0)
    code, out, _ = run_main(
        [run_folder, "--records", records, "--split", "val", "--out", tmp_path / "out", "--flip-test"]
    )
    assert code == 0
    assert "no train split: the mean pose is that of val itself" in out
    assert "is unknown" not in out
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert content["flip_test"] is True


@pytest.mark.slow
def test_predictions_that_are_not_finite_print_a_warning(records, tmp_path, constant_model, write_run):
    joints = np.full((14, 2), 10.0)
    joints[3] = np.nan
    run = write_run(tmp_path / "run", constant_model(joints, np.full(14, np.nan), size=64), size=64)
    code, out, _ = run_main([run, "--records", records])
    assert code == 0
    assert "WARNING: 5 predictions are not finite" in out
    assert "WARNING: 70 scores do not lie between 0 and 1" in out
    content = json.loads((run / "evaluation-test" / "metrics.json").read_text())
    assert (content["invalid_predictions"], content["metrics"]["error_px"]) == (5, None)
    assert content["per_joint"][3]["pck@0.2"] == 0
    assert '<p class="warning">WARNING: 5' in (run / "evaluation-test" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["RUN", "--records", "TMP/none"], "TMP/none is no shard set: it has no manifest.json"),
        (["RUN", "--records", "RECORDS", "--split", "val"], "holds no people in its val split"),
        (["TMP/none", "--records", "RECORDS"], "TMP/none does not exist; give a training run's folder"),
        (["TMP", "--records", "RECORDS"], "TMP is neither a training run nor an exported model"),
        (["RUN", "--records", "RECORDS", "--out", "RUN/run.json"], "is a file, and the report goes into a folder"),
        (["RUN"], "run.json names no records of its training; give --records FOLDER"),
        (["TMP"], "TMP has no run.json that names the records of its training; give --records FOLDER"),
    ],
)
def test_errors_print_one_line_and_exit_with_2(arguments, message, records, run_folder, tmp_path):
    def filled(text):
        for name, path in (("RUN", run_folder), ("RECORDS", records), ("TMP", tmp_path)):
            text = re.sub(rf"\b{name}\b", str(path), text)
        return text

    code, _, err = run_main([filled(argument) for argument in arguments])
    last = err.splitlines()[-1]
    assert code == 2
    assert last.startswith("error: ")
    assert filled(message) in last
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--batch-size", "0", "--batch-size must be 1 or more, got 0"),
        ("--gallery", "-1", "--gallery must be 0"),
        ("--seed", "-1", "--seed must be 0 or more, got -1"),
        ("--split", "tset", "tset"),
        ("--recrods", "x", "--recrods"),
        ("--record", "x", "Perhaps you meant"),
    ],
)
def test_wrong_options_exit_with_2(option, value, message):
    code, _, err = run_main(["run", "--records", "records", option, value])
    assert code == 2
    assert message in err


def test_a_damaged_record_exits_with_2(run_folder, tmp_path, write_records, random_people):
    records = write_records(tmp_path / "records", {"test": random_people(2, seed=1)})
    shard = next(records.glob("test-*.tfrecord"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 3] ^= 255
    shard.write_bytes(content)
    code, _, err = run_main([run_folder, "--records", records, "--out", tmp_path / "out"])
    assert code == 2
    assert "has a damaged record in its test split" in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_without_records_those_of_the_run_are_taken(records, run_folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(run_folder, run, ignore=shutil.ignore_patterns("evaluation-*"))
    notes = json.loads((run / "run.json").read_text())
    notes["config"]["records"] = str(records)
    (run / "run.json").write_text(json.dumps(notes))
    code, out, _ = run_main([run, "--gallery", 0])
    assert code == 0 and f"{run} on the 5 people of {records} (as run.json names them), test split" in out
    notes["config"]["records"] = str(tmp_path / "moved")
    (run / "run.json").write_text(json.dumps(notes))
    code, _, err = run_main([run])
    moved = f"names the records {tmp_path / 'moved'}, which are not there; give --records FOLDER"
    assert (code, err) == (2, f"error: {run / 'run.json'} {moved}\n")
    # Of an export in the run's folder too.
    export = run / "export"
    export.mkdir()
    with pytest.raises(ValueError, match=re.escape(moved)):
        records_of_run(export)


@pytest.mark.parametrize("name", FILES)
def test_other_files_are_not_replaced(name, records, run_folder, tmp_path):
    (tmp_path / name).write_text("mine")
    code, _, err = run_main([run_folder, "--records", records, "--out", tmp_path])
    assert code == 2 and err == (
        f"error: {tmp_path / name} is not of an evaluation, and would be replaced; give another --out\n"
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_a_report_replaces_a_report_and_leaves_other_files(finished, records, run_folder, tmp_path):
    for path in finished[1].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "report.html.tmp").write_text("mine")
    assert run_main([run_folder, "--records", records, "--out", tmp_path, "--gallery", 0])[0] == 0
    assert (tmp_path / "report.html").stat().st_size < (finished[1] / "report.html").stat().st_size
    assert (tmp_path / "report.html.tmp").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES, "report.html.tmp"])


def test_an_export_older_than_its_run_prints_a_notice(records, run_folder, tmp_path):
    (tmp_path / "best.keras").write_text("other weights")
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "pose.json").write_text(json.dumps({ORIGIN: {"bytes": 3, "sha256": "0"}}))
    code, _, err = run_main([tmp_path / "export", "--records", records])
    assert code == 2 and err.splitlines()[0] == (
        f"note: {tmp_path / 'export'} is older than the run's best.keras; `python -m export {tmp_path}` makes it anew"
    )


def test_the_reports_default_folder(run_folder, tmp_path):
    assert Options(run_folder, tmp_path).folder == run_folder / "evaluation-test"
    assert Options(run_folder / "best.keras", tmp_path, split="val").folder == run_folder / "evaluation-val"
    export = tmp_path / "export"
    export.mkdir()
    (export / "saved_model.pb").touch()
    # Beside the export, because exports are shipped and replaced as a whole.
    assert Options(export, tmp_path).folder == tmp_path / "export-evaluation-test"
    assert Options(export, tmp_path, out=tmp_path / "x").folder == tmp_path / "x"


@pytest.mark.parametrize("words", [["--model", "{}"], ["--model={}"]])
def test_the_model_may_be_named_as_in_the_demos(words, records, run_folder, tmp_path):
    words = [word.format(run_folder) for word in words]
    code, out, _ = run_main([*words, "--records", records, "--out", tmp_path, "--gallery", 0])
    assert code == 0 and f"{run_folder} on the 5 people of {records}" in out
