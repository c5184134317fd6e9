"""Exports print a notice once their run has another model."""

import json
import os

from artefact.origin import ORIGIN, origin_of, renewal_notice


def make_run(folder, content=b"weights"):
    export = folder / "export"
    export.mkdir(parents=True)
    (folder / "best.keras").write_bytes(content)
    (export / "pose.json").write_text(json.dumps({ORIGIN: origin_of(folder / "best.keras")}))
    return export


def test_another_model_of_the_same_size_and_time_gives_a_notice(tmp_path):
    export = make_run(tmp_path / "run")
    assert renewal_notice(export) is None
    before = (tmp_path / "run/best.keras").stat()
    (tmp_path / "run/best.keras").write_bytes(b"WEIGHTS")
    os.utime(tmp_path / "run/best.keras", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert renewal_notice(export) == (
        f"note: {export} is older than the run's best.keras; `python -m export {tmp_path / 'run'}` makes it anew"
    )
    (export / "openvino").mkdir()
    for file in (export / "model.onnx", export / "openvino/model.xml"):
        file.touch()
        assert renewal_notice(file) == renewal_notice(export)


def test_a_touched_model_is_the_same(tmp_path):
    export = make_run(tmp_path / "run")
    os.utime(tmp_path / "run/best.keras", (0, 0))
    assert renewal_notice(export) is None


def test_without_an_origin_there_is_no_notice(tmp_path):
    export = make_run(tmp_path / "run")
    (tmp_path / "run/best.keras").unlink()
    assert renewal_notice(export) is None
    (tmp_path / "run/best.keras").write_bytes(b"other")
    for content in ("{}", "[]", "no JSON", json.dumps({ORIGIN: 3})):
        (export / "pose.json").write_text(content)
        assert renewal_notice(export) is None
    assert renewal_notice(tmp_path / "nothing") is None
