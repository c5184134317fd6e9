import cv2
import numpy as np
from commands import call
from people import write_shard_set
from waving import write_sequences

from records.__main__ import main


def test_shows_checks_and_draws(tmp_path):
    write_shard_set(tmp_path, train=20)
    done = call(main, tmp_path, "--count", 10)
    assert done.returncode == 0, done.stderr
    assert "lsp14, 64 x 64 px" in done.stdout and "train:       20 people in 4 shards" in done.stdout
    assert "all 6 shards are whole" in done.stdout
    assert (tmp_path / "contact_sheet.jpg").is_file()
    # Without the traces of JPEG.
    assert call(main, tmp_path, "--count", 10, "--sheet", tmp_path / "sheet.png").returncode == 0
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    # Ten people in rows of eight, each row followed by the same people augmented.
    # 24 px of legend above, pictures of at least 192 px, 16 px of names, gaps of 4 px.
    assert sheet.shape == (24 + 4 * 212 + 4, 8 * 196 + 4, 3)
    rows = [sheet[28 + 212 * row :][:208, 4 + 196 * 2 :][:, :192] for row in range(4)]
    assert np.abs(rows[0][:192].astype(int) - rows[1][:192]).mean() > 5
    # Below both stands the same name, and where nobody is left nothing.
    assert rows[0][192:].min() < 100 and np.abs(rows[0][193:].astype(int) - rows[1][193:]).max() < 40
    assert rows[2].min() == 255 and rows[3].min() == 255


def test_a_flipped_bit_is_found_and_the_rest_kept(tmp_path):
    write_shard_set(tmp_path)
    path = tmp_path / "train-00001-of-00003.tfrecord"
    data = bytearray(path.read_bytes())
    data[3000] ^= 1
    path.write_bytes(data)
    done = call(main, tmp_path)
    assert done.returncode == 1
    assert f"DAMAGED {path}: fails its checksum at record" in done.stderr
    assert "the other shards are whole; --drop-damaged" in done.stderr
    done = call(main, tmp_path, "--drop-damaged")
    assert done.returncode == 0, done.stderr
    assert "moved 1 damaged shard to" in done.stdout
    done = call(main, tmp_path)
    assert done.returncode == 0 and "all 4 shards are whole" in done.stdout


def test_wrong_arguments_exit_with_2(tmp_path):
    done = call(main, tmp_path / "nowhere")
    assert done.returncode == 2 and "is no shard set: it has no manifest.json" in done.stderr
    assert "Traceback" not in done.stderr
    assert call(main, tmp_path, "--split", "tset").returncode == 2
    done = call(main, tmp_path, "--sheet", tmp_path / "manifest.json")
    assert done.returncode == 2 and "must be a .jpg or .png file, got" in done.stderr
    write_shard_set(tmp_path / "one", train=1, val=0, test=0)
    done = call(main, tmp_path / "one", "--sheet", tmp_path / "new" / "sheet.png")
    assert "1 person in 1 shard," in done.stdout and "the shard is whole" in done.stdout
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["sheet.png"]


def test_sequences_are_shown_as_seen_and_in_space(tmp_path):
    write_sequences(tmp_path / "set", people=3)
    done = call(main, tmp_path / "set", "--count", 3, "--sheet", tmp_path / "sheet.png")
    assert done.returncode == 0, done.stderr
    assert "clips of at most 50 frames" in done.stdout and "train:         6 clips in 1 shard" in done.stdout
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    # Two clips in a row, each in four views of 180 px.
    assert sheet.shape[1] > 2 * 4 * 180 and (sheet < 200).any(axis=2).mean() > 0.005
