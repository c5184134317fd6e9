import cv2
import numpy as np
from commands import call
from people import write_shard_set

from records.__main__ import main


def test_shows_checks_and_draws(tmp_path):
    write_shard_set(tmp_path, train=20)
    done = call(main, tmp_path, "--count", 10)
    assert done.returncode == 0, done.stderr
    assert "lsp14, 64 x 64 px" in done.stdout and "train:       20 people in 4 shards" in done.stdout
    assert "all 6 shards are whole" in done.stdout
    sheet = cv2.imread(str(tmp_path / "contact_sheet.png"))
    # Ten people in rows of eight, each row followed by the same people augmented.
    assert sheet.shape == (4 * 68 + 4, 8 * 68 + 4, 3)
    tiles = [sheet[4 + 68 * row : 68 + 68 * row, 4 + 68 * 2 : 68 + 68 * 2] for row in range(4)]
    assert np.abs(tiles[0].astype(int) - tiles[1]).mean() > 5
    assert (tiles[2] == 255).all() and (tiles[3] == 255).all()


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
    assert "moved 1 damaged shards" in done.stdout
    done = call(main, tmp_path)
    assert done.returncode == 0 and "all 4 shards are whole" in done.stdout


def test_wrong_arguments_are_told_in_one_line(tmp_path):
    done = call(main, tmp_path / "nowhere")
    assert done.returncode == 2 and "is no shard set: it has no manifest.json" in done.stderr
    assert "Traceback" not in done.stderr
    assert call(main, tmp_path, "--split", "tset").returncode == 2
