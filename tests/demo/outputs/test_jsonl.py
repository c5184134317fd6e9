"""One line of JSON a frame."""

import json

import numpy as np
import pytest

from demo.errors import OutputError
from demo.outputs.jsonl import JsonlSink
from demo.tracking.people import Person, Seen
from demo.video.capture import Frame
from pose import LSP14

FRAME = Frame(np.zeros((48, 64, 3), np.uint8), 0.5, 15)


def someone(number=3):
    xy = np.arange(28.0).reshape(14, 2) + 0.1234
    scores = np.full(14, 0.87654, np.float32)
    xy[0], scores[0] = (np.nan, np.inf), np.nan
    return Person(number, xy, scores, np.arange(14) > 0)


def test_a_line_by_hand(tmp_path):
    path = tmp_path / "people.jsonl"
    with JsonlSink(path, LSP14) as sink:
        sink.write(Seen(FRAME, (someone(),)))
        sink.write(Seen(FRAME, ()))
        assert not path.exists()
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    (person,) = first.pop("people")
    assert first == {"frame": 15, "time_s": 0.5, "size": [48, 64], "skeleton": "lsp14"}
    # The joints shown run from (2.1234, 3.1234) to (26.1234, 27.1234).
    assert person["id"] == 3 and person["box_px"] == [2.12, 3.12, 24.0, 24.0]
    assert person["joints_px"][:2] == [[None, None], [2.12, 3.12]]
    assert person["scores"][:2] == [None, 0.8765]
    assert second["people"] == [] and list(tmp_path.iterdir()) == [path]


def test_what_was_written_is_kept_when_the_run_breaks(tmp_path):
    path = tmp_path / "people.jsonl"
    with pytest.raises(RuntimeError), JsonlSink(path, LSP14) as sink:
        sink.write(Seen(FRAME, (someone(),)))
        raise RuntimeError
    assert len(path.read_text().splitlines()) == 1


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(OutputError, match="--jsonl .*cannot be written: No such file or directory") as error:
        JsonlSink(tmp_path / "nowhere" / "people.jsonl", LSP14)
    assert error.value.exit_code == 2


def test_nothing_written_leaves_what_was_there(tmp_path):
    path = tmp_path / "people.jsonl"
    path.write_text("yesterday's")
    with JsonlSink(path, LSP14):
        pass
    assert path.read_text() == "yesterday's" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("lines", [3, 200])
def test_a_disk_that_is_full_raises_and_leaves_nothing(tmp_path, lines):
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        with JsonlSink(tmp_path / "people.jsonl", LSP14) as sink:
            sink._output.file.close()
            sink._output.file = open("/dev/full", "wb")
            for _ in range(lines):
                sink.write(Seen(FRAME, (someone(),)))
    assert not list(tmp_path.iterdir())
