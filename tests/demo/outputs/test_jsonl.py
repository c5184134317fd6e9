"""JSON lines."""

import json

import numpy as np
import pytest

from demo.errors import OutputError
from demo.outputs.jsonl import JsonlSink
from demo.tracking.people import TrackedFrame, TrackedPerson
from demo.video.capture import Frame
from pose import LSP14

FRAME = Frame(np.zeros((48, 64, 3), np.uint8), 0.5, 15)


def someone(number=3):
    xy = np.arange(28.0).reshape(14, 2) + 0.1234
    scores = np.full(14, 0.87654, np.float32)
    xy[0], scores[0] = (np.nan, np.inf), np.nan
    return TrackedPerson(number, xy, scores, np.arange(14) > 0)


def test_a_line_by_hand(tmp_path):
    path = tmp_path / "people.jsonl"
    with JsonlSink(path, LSP14) as sink:
        sink.write(TrackedFrame(FRAME, (someone(),)))
        sink.write(TrackedFrame(FRAME, ()))
        assert not path.exists()
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    (person,) = first.pop("people")
    assert first == {"frame": 15, "time_s": 0.5, "size": [48, 64], "skeleton": "lsp14"}
    # The joints shown run from (2.1234, 3.1234) to (26.1234, 27.1234).
    assert person["id"] == 3 and person["box_px"] == [2.12, 3.12, 24.0, 24.0]
    assert person["joints_px"][:2] == [[None, None], [2.12, 3.12]]
    assert person["scores"][:2] == [None, 0.8765]
    assert second["people"] == [] and list(tmp_path.iterdir()) == [path]


def test_an_interrupted_run_keeps_what_was_written(tmp_path):
    path = tmp_path / "people.jsonl"
    with pytest.raises(RuntimeError), JsonlSink(path, LSP14) as sink:
        sink.write(TrackedFrame(FRAME, (someone(),)))
        raise RuntimeError
    assert len(path.read_text().splitlines()) == 1


def test_an_unwritable_file_raises(tmp_path):
    with pytest.raises(OutputError, match="--jsonl .*cannot be written: No such file or directory") as error:
        JsonlSink(tmp_path / "nowhere" / "people.jsonl", LSP14)
    assert error.value.exit_code == 2


def test_without_a_line_an_existing_file_is_kept(tmp_path):
    path = tmp_path / "people.jsonl"
    path.write_text("yesterday's")
    with JsonlSink(path, LSP14):
        pass
    assert path.read_text() == "yesterday's" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("lines", [3, 200])
def test_a_full_disk_raises_and_leaves_nothing(tmp_path, lines):
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        with JsonlSink(tmp_path / "people.jsonl", LSP14) as sink:
            sink._output.file.close()
            sink._output.file = open("/dev/full", "wb")
            for _ in range(lines):
                sink.write(TrackedFrame(FRAME, (someone(),)))
    assert not list(tmp_path.iterdir())
