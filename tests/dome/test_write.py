"""The synthetic dome's files: the studio's layout, ground truth, the same for the same seed, and resumed."""

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from body import nets
from body.human import BONES, PARTS, Human, Shape, to_world
from body.linear import free_body
from data_prep.panoptic.kinect import PanopticKinect
from data_prep.panoptic.reader import Panoptic
from dome import Dome, write, write_dome
from dome.cast import Cast, nearest_mm
from dome.maps import PERSON_STEP
from dome.moves.archetypes import archetypes
from dome.moves.gait import GAITS
from dome.moves.motion import Motion
from dome.moves.paths import placed
from dome.settings import SequenceSettings
from dome.true_bodies import BODIES
from dome.visible_joints import read_visible
from pose import PANOPTIC19
from pose.panoptic_cameras import read_cameras
from records import BadInput, Person

ROOT = Path(__file__).parents[2]
SMALL = {"frames": 3, "cameras": 2, "people": "2", "height": 180, "width": 320, "fps": 2.0, "maps": True, "workers": 1}


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    (folder,) = write_dome(tmp_path_factory.mktemp("dome"), seed=3, **SMALL)
    return folder


def checksums(folder) -> dict:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_layout_is_the_studios_with_the_truth_beside_it(sequence):
    assert sequence.name == "dome_003"
    numbers = [f"{frame:08d}" for frame in range(3)]
    assert sorted(checksums(sequence)) == sorted(
        [
            "calibration_dome_003.json",
            "dome.json",
            *(f"hdPose3d_stage1_coco19/body3DScene_{number}.json" for number in numbers),
            "hdVideos/hd_00_00.mp4",
            "hdVideos/hd_00_01.mp4",
            "truth/bodies.npz",
            "truth/visible_00_00.json",
            "truth/visible_00_01.json",
            *(f"truth/{kind}_00_0{camera}/{n}.png" for kind in ("depth", "parts") for camera in "01" for n in numbers),
        ]
    )
    scene = json.loads((sequence / "hdPose3d_stage1_coco19/body3DScene_00000002.json").read_text())
    assert list(scene) == ["version", "univTime", "fpsType", "bodies"]
    assert scene["univTime"] == 1000.0 and scene["fpsType"] == "hd_2_00"
    assert [entry["id"] for entry in scene["bodies"]] == [0, 1]
    assert len(scene["bodies"][0]["joints19"]) == 76
    camera = json.loads((sequence / "calibration_dome_003.json").read_text())["cameras"][0]
    assert list(camera) == ["name", "type", "resolution", "panel", "node", "K", "distCoef", "R", "t"]
    assert camera["resolution"] == [320, 180]


@pytest.mark.slow
def test_same_seed_same_files_whatever_the_number_of_workers(sequence, tmp_path):
    (again,) = write_dome(tmp_path, seed=3, **{**SMALL, "workers": 2})
    assert checksums(again) == checksums(sequence)
    (other,) = write_dome(tmp_path, seed=4, **SMALL)
    ours, theirs = checksums(sequence), checksums(other)
    assert not [name for name in ours if ours[name] == theirs.get(name)]


@pytest.mark.slow
def test_whole_sequences_per_worker_give_the_same_files(tmp_path):
    options = {"sequences": 4, "frames": 1, "cameras": 1, "people": "1", "height": 32, "width": 48, "maps": True}
    write_dome(tmp_path / "one", workers=1, **options)
    # Four sequences for two workers: each takes whole ones.
    write_dome(tmp_path / "two", workers=2, **options)
    assert checksums(tmp_path / "one") == checksums(tmp_path / "two")
    assert len(list((tmp_path / "two").iterdir())) == 4


def bodies_of(sequence, person: int) -> tuple[Human, dict]:
    with np.load(sequence / "truth/bodies.npz") as stored:
        bodies = {name: stored[name] for name in stored.files}
    shape = {name: bodies[name][person].tolist() for name in Shape.__dataclass_fields__}
    shape["ancestry"] = tuple(shape["ancestry"])
    return Human(Shape(**shape)), bodies


def test_joints_are_those_of_the_stored_bodies(sequence):
    for person in (0, 1):
        human, bodies = bodies_of(sequence, person)
        assert tuple(bodies["bones"]) == BONES and tuple(bodies["parts"]) == PARTS
        posed = human.pose(bodies["rotations"][person], bodies["root_mm"][person])
        for frame in range(3):
            scene = json.loads((sequence / f"hdPose3d_stage1_coco19/body3DScene_{frame:08d}.json").read_text())
            joints_mm = np.array(scene["bodies"][person]["joints19"]).reshape(19, 4)[:, :3] * 10
            np.testing.assert_allclose(to_world(posed.joints_mm[frame]), joints_mm, atol=0.5)


def parts_picture(sequence, camera: str, frame: int) -> np.ndarray:
    return cv2.imread(str(sequence / f"truth/parts_{camera}/{frame:08d}.png"), cv2.IMREAD_UNCHANGED)


def test_seen_joints_lie_on_their_own_person_and_agree_with_the_depth(sequence):
    cameras, _ = read_cameras(sequence / "calibration_dome_003.json")
    seen = 0
    for name, camera in cameras.items():
        visible = read_visible(sequence, name)
        assert visible.shape == (3, 2, 19)
        for frame in range(3):
            parts = parts_picture(sequence, name, frame)
            depth = cv2.imread(str(sequence / f"truth/depth_{name}/{frame:08d}.png"), cv2.IMREAD_UNCHANGED)
            assert parts.dtype == np.uint8 and depth.dtype == np.uint16 and depth.shape == (180, 320)
            for person in (0, 1):
                human, bodies = bodies_of(sequence, person)
                joints = to_world(human.pose(bodies["rotations"][person], bodies["root_mm"][person]).joints_mm[frame])
                column, row = np.rint(camera.project(joints)).astype(int).T
                inside = camera.contains(camera.project(joints)) & camera.in_front(joints)
                assert ((visible[frame, person] > 0) == inside).all()
                at = np.flatnonzero(visible[frame, person] == 2)
                here, away = parts[row[at], column[at]], camera.to_camera(joints)[at, 2] - depth[row[at], column[at]]
                # Flesh lies before a joint that is seen, its own person's and not much of it; or nothing at all.
                own = (here > 0) & (here // PERSON_STEP == person)
                assert (own | (away <= 1)).all()
                assert (away < 260).all()
                seen += own.sum()
    assert seen > 60


def test_the_panoptic_reader_reads_it_and_knows_the_hidden_joints(sequence):
    items = list(Panoptic(sequence, min_box_px=8).people())
    assert not [item for item in items if isinstance(item, BadInput)]
    assert len(items) >= 10
    for person in items:
        assert person.load_picture().shape == (180, 320, 3)
        truth = read_visible(sequence, person.camera)[person.frame, person.person]
        assert ((person.visible == 1) == ((truth == 1) & (person.visible > 0))).all()
    values = np.concatenate([person.visible for person in items])
    assert (values == 1).any() and (values == 2).sum() > (values == 1).sum()


def test_a_broken_truth_file_is_reported_and_skipped(sequence, tmp_path):
    copy = tmp_path / "dome_003"
    shutil.copytree(sequence, copy)
    path = copy / "truth/visible_00_00.json"
    for text, why in (
        ("{", "is not a table"),
        ('{"frames": [[[3]]]}', "must hold 0, 1 or 2"),
        ("[]", "is not a table"),
    ):
        path.write_text(text)
        items = list(Panoptic(copy, min_box_px=8).people())
        (bad,) = [item for item in items if isinstance(item, BadInput)]
        assert why in bad.why and bad.what == str(path)
        assert all((item.visible != 1).all() for item in items if item is not bad and item.camera == "00_00")
    path.write_text(json.dumps({"frames": read_visible(sequence, "00_00")[:2].tolist()}))
    (bad,) = [item for item in Panoptic(copy, min_box_px=8).people() if isinstance(item, BadInput)]
    assert bad.why == "lacks frames or people that have poses"
    path.unlink()
    assert read_visible(copy, "00_00") is None


def test_finished_sequences_stay_and_unfinished_ones_resume(tmp_path):
    settings = {"frames": 1, "cameras": 2, "people": "1", "height": 32, "width": 48, "maps": True, "workers": 1}
    (whole,) = write_dome(tmp_path / "whole", **settings)
    before = checksums(whole)
    # The state of a run killed during its second camera.
    unfinished = tmp_path / "cut" / ".dome_000.unfinished"
    (tmp_path / "cut").mkdir()
    whole.rename(unfinished)
    (unfinished / "hdVideos/hd_00_01.mp4").rename(unfinished / "hdVideos/hd_00_01.partial.mp4")
    (unfinished / "truth/visible_00_01.json").unlink()
    first = unfinished / "hdVideos/hd_00_00.mp4"
    written = first.stat().st_mtime_ns
    (resumed,) = write_dome(tmp_path / "cut", **settings)
    assert checksums(resumed) == before
    assert (resumed / "hdVideos/hd_00_00.mp4").stat().st_mtime_ns == written
    assert write_dome(tmp_path / "cut", **settings) == [resumed]
    message = r"dome_000 exists with other settings .*frames: 1 -> 2.*remove it, or write to another"
    with pytest.raises(ValueError, match=message):
        write_dome(tmp_path / "cut", **{**settings, "frames": 2})


def wait_until(done) -> None:
    deadline = time.monotonic() + 180
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def members(group: int) -> list[int]:
    """The processes of a group that are alive."""
    listed = subprocess.run(["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, number, state in rows if int(number) == group and not state.startswith("Z")]


@pytest.mark.slow
def test_a_killed_command_is_resumed_to_the_same_files(tmp_path):
    options = (
        "--sequences 1 --frames 4 --cameras 3 --people 1 --height 90 --width 160 --maps --workers 2 --seed 5".split()
    )

    def command(folder) -> list:
        return [sys.executable, "-m", "data_prep", "dome", "--out", str(folder), *options]

    subprocess.run(command(tmp_path / "whole"), cwd=ROOT, check=True, capture_output=True)
    process = subprocess.Popen(command(tmp_path / "cut"), cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until(lambda: list((tmp_path / "cut").glob(".dome_005.unfinished/hdVideos/hd_00_??.mp4")))
        # Only the command: its workers must end by themselves.
        process.kill()
        process.wait()
        wait_until(lambda: not members(process.pid))
    finally:
        if members(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
    subprocess.run(command(tmp_path / "cut"), cwd=ROOT, check=True, capture_output=True)
    assert checksums(tmp_path / "cut") == checksums(tmp_path / "whole")


TINY = {"frames": 1, "cameras": 1, "people": "1", "height": 32, "width": 48, "maps": True, "workers": 1}


def test_depth_and_parts_are_written_only_with_maps(tmp_path):
    plain = {**TINY, "maps": False}
    (folder,) = write_dome(tmp_path / "plain", **{name: plain[name] for name in plain if name != "maps"})
    assert sorted(path.name for path in (folder / "truth").iterdir()) == ["bodies.npz", "visible_00_00.json"]
    assert json.loads((folder / "dome.json").read_text())["maps"] is False
    assert write_dome(tmp_path / "plain", **plain) == [folder]
    with pytest.raises(ValueError, match=r"dome_000 exists with other settings .*\(maps: False -> True\); remove it"):
        write_dome(tmp_path / "plain", **TINY)
    (mapped,) = write_dome(tmp_path / "maps", **TINY)
    described = json.loads((mapped / "dome.json").read_text())
    assert described == {**json.loads((folder / "dome.json").read_text()), "maps": True}
    without = {name: sum_ for name, sum_ in checksums(mapped).items() if "depth_" not in name and "parts_" not in name}
    assert without.keys() == checksums(folder).keys() and len(checksums(mapped)) == len(without) + 2
    assert {name for name in without if without[name] != checksums(folder)[name]} == {"dome.json"}


def test_an_unfinished_folder_of_the_other_flag_is_made_again(tmp_path):
    (whole,) = write_dome(tmp_path / "whole", **TINY)
    shutil.copytree(whole, tmp_path / "cut/.dome_000.unfinished")
    (again,) = write_dome(tmp_path / "cut", **{**TINY, "maps": False})
    assert not list((again / "truth").glob("*/*.png"))


def test_an_unfinished_folder_without_description_is_restarted(tmp_path):
    (whole,) = write_dome(tmp_path / "whole", **TINY)
    for text in ("", "[]", '{"version": 0}'):
        unfinished = tmp_path / "cut" / ".dome_000.unfinished"
        (unfinished / "truth").mkdir(parents=True)
        (unfinished / "dome.json").write_text(text)
        (unfinished / "truth" / "rubbish").write_text("x")
        (again,) = write_dome(tmp_path / "cut", **TINY)
        assert checksums(again) == checksums(whole)
        shutil.rmtree(tmp_path / "cut")


def test_a_sequence_of_another_version_or_without_a_video_raises(tmp_path, monkeypatch):
    (whole,) = write_dome(tmp_path, **TINY)
    before = checksums(tmp_path)
    monkeypatch.setattr(write, "_VERSION", write._VERSION + 1)
    with pytest.raises(ValueError, match=r"dome_000 exists with other settings .*version: \d+ -> \d+\); remove it"):
        write_dome(tmp_path, **TINY)
    monkeypatch.undo()
    assert checksums(tmp_path) == before
    (whole / "hdVideos/hd_00_00.mp4").unlink()
    with pytest.raises(ValueError, match=r"dome_000 lacks hd_00_00.mp4; remove it, and run the same command again"):
        write_dome(tmp_path, **TINY)


def test_a_sequence_with_changed_calibration_or_photographs_raises(tmp_path, sequence, capsys):
    calibration, pictures = tmp_path / "calibration.json", tmp_path / "pictures"
    shutil.copy(sequence / "calibration_dome_003.json", calibration)
    pictures.mkdir()
    cv2.imwrite(str(pictures / "a.png"), np.full((90, 160, 3), 99, np.uint8))
    settings = {**TINY, "height": 180, "width": 320, "calibration": calibration, "photographs": pictures}
    (written,) = write_dome(tmp_path / "out", **settings)
    (pictures / "notes.txt").write_text("no photograph")
    assert write_dome(tmp_path / "out", **settings) == [written]
    (pictures / "a.png").write_bytes((pictures / "a.png").read_bytes() + b"more")
    with pytest.raises(ValueError, match=r"other settings than those given \(inputs: \w{32} -> \w{32}\); remove it"):
        write_dome(tmp_path / "out", **settings)
    shutil.rmtree(written)
    (written,) = write_dome(tmp_path / "out", **settings)
    content = json.loads(calibration.read_text())
    content["cameras"][0]["t"][2][0] += 10
    calibration.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="inputs: "):
        write_dome(tmp_path / "out", **settings)
    # As versions before this one wrote it.
    described = json.loads((written / "dome.json").read_text())
    del described["inputs"]
    (written / "dome.json").write_text(json.dumps(described))
    assert write_dome(tmp_path / "out", **settings) == [written]
    assert "does not record whether its motion, photographs or calibration have changed" in capsys.readouterr().err


def test_a_video_cut_short_by_a_full_disk_exits_with_2(tmp_path):
    options = "--frames 8 --cameras 1 --people 1 --height 180 --width 320 --workers 1".split()
    command = [sys.executable, "-m", "data_prep", "dome", "--out", str(tmp_path), *options]

    def small_files() -> None:
        # 12 kB is room for all but the video, as a full disk is.
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=small_files, check=False)
    assert done.returncode == 2
    assert "hd_00_00.partial.mp4 could not be written completely; check whether the disk is full" in done.stderr
    assert not (tmp_path / "dome_000").exists()


@pytest.mark.slow
def test_ctrl_c_stops_soon_and_the_command_resumes(tmp_path):
    # Minutes of work, so that it is not done before it is stopped.
    options = "--frames 600 --cameras 31 --people 1 --height 180 --width 320 --workers 2".split()
    command = [sys.executable, "-m", "data_prep", "dome", "--out", str(tmp_path), *options]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_until(lambda: list(tmp_path.glob(".dome_000.unfinished/hdVideos/*.partial.mp4")))
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130
    assert told.splitlines()[-1] == "stopped; run the same command again to resume"
    assert "Traceback" not in told
    wait_until(lambda: not members(process.pid))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sequences": 0}, "sequences must be 1 or more, got 0"),
        ({"frames": 0}, "frames must be 1 or more, got 0"),
        ({"cameras": 32}, "cameras must be 1 or more and 31 or less, got 32"),
        ({"people": "8"}, "a range from 1 to 7, got 8-8"),
        ({"people": "3-2"}, "a range from 1 to 7, got 3-2"),
        ({"people": "some"}, "people must be a number or a range such as 1-4, got 'some'"),
        ({"people": "2-"}, "people must be a number or a range such as 1-4, got '2-'"),
        ({"width": 161}, "must be even"),
        ({"fps": 0}, "fps must be from 0.1 to 240, got 0"),
        ({"height": 640, "width": 360}, "height must be at most width"),
        ({"poses": ("upright", "seated")}, "poses must be of upright, low, lying, flying, got seated"),
        ({"places": ("moon",)}, "places must be of studio, room, hall, park, field, street, plain, chaos, got moon"),
        ({"poses": ("low",), "motion": Path()}, "poses are kinds of the dome's own motions, which motion replaces"),
        ({"places": ("park",), "photographs": Path()}, "places are kinds of the dome's own places, which photographs"),
        ({"motion": Path("nowhere")}, "motion must be a folder, got nowhere"),
        ({"photographs": Path("nowhere")}, "photographs must be a folder, got nowhere"),
        ({"calibration": Path("nowhere")}, "calibration must be a file, got nowhere"),
    ],
)
def test_wrong_options_raise(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        Dome(tmp_path, **change)


def test_empty_folders_of_motions_and_photographs_raise(tmp_path):
    settings = {"frames": 1, "cameras": 1, "people": "1", "height": 32, "width": 48, "workers": 1}
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="motion must be a folder with .bvh files, and .*empty has none"):
        write_dome(tmp_path / "a", motion=tmp_path / "empty", **settings)
    with pytest.raises(ValueError, match="photographs must be a folder with .jpg, .jpeg, .png files, and .* has none"):
        write_dome(tmp_path / "b", photographs=tmp_path / "empty", **settings)


def test_broken_files_of_motion_and_photographs_are_skipped(tmp_path, shared_data, capsys):
    recordings = sorted((shared_data / "mocap").glob("*.bvh"))
    folder = tmp_path / "motion"
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.bvh").write_text("HIERARCHY")
    with pytest.raises(ValueError, match="a readable .bvh file, but .*bvh: "):
        write_dome(tmp_path / "a", motion=folder, **TINY)
    shutil.copy(recordings[0], folder / "9.BVH")
    write_dome(tmp_path / "a", motion=folder, **TINY)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "cut.jpg").write_bytes(b"\xff\xd8")
    cv2.imwrite(str(pictures / "long.png"), np.zeros((1, 5000, 3), np.uint8))
    write_dome(tmp_path / "b", photographs=pictures, **TINY)
    assert "skipped: " in capsys.readouterr().err


def straight(frames: int, step_mm: float) -> Motion:
    """Walks along z, facing it."""
    root = np.zeros((frames, 3), np.float32)
    root[:, 1], root[:, 2] = 900, step_mm * np.arange(frames)
    return Motion(np.tile(np.eye(3, dtype=np.float32), (frames, 31, 1, 1)), root, 30.0)


def test_a_motion_is_placed_and_turned():
    moved = placed(straight(5, 10), np.array([300.0, -200.0]), np.pi / 2, 1000)
    # A quarter turn from z toward x: it walks along x now, and faces it.
    np.testing.assert_allclose(moved.root_mm[:, 0], 300 + 10 * np.arange(5), atol=1e-3)
    np.testing.assert_allclose(moved.root_mm[:, 1:], [[900, -200]] * 5, atol=1e-3)
    np.testing.assert_allclose(moved.rotations[:, 0] @ [0, 0, 1], [[1, 0, 0]] * 5, atol=1e-6)


def test_a_person_who_strays_walks_a_curve_back():
    moved = placed(straight(600, 40), np.zeros(2), 0.3, 1000)
    away = np.hypot(moved.root_mm[:, 0], moved.root_mm[:, 2])
    assert away.max() <= 1000.1
    steps = np.diff(moved.root_mm[:, [0, 2]], axis=0)
    np.testing.assert_allclose(np.hypot(*steps.T), 40, atol=0.5)
    facing = moved.rotations[1:, 0] @ [0, 0, 1]
    # Still walks to where it faces.
    assert (np.einsum("fi,fi->f", facing[:, [0, 2]], steps) > 39).all()


@pytest.mark.slow
def test_people_keep_apart():
    cast = Cast(SequenceSettings(1, 20, 4, (4, 4), 360, 640, 5.0))
    assert cast.joints_world_mm.shape == (20, 4, 19, 3)
    for i in range(4):
        for j in range(i):
            assert nearest_mm(cast.joints_world_mm[:, i], cast.joints_world_mm[:, j]) > 150
    # All in the cameras' sight: the farthest home, the roaming about it and an arm's reach.
    assert np.abs(cast.joints_world_mm[..., [0, 2]]).max() < 1600 + 400 + 700
    head = PANOPTIC19.index("nose")
    assert (cast.joints_world_mm[:, :, head, 1] < 0).all()


def test_poses_and_places_can_be_chosen():
    settings = SequenceSettings(3, 40, 1, (1, 1), 360, 640, 4.0, poses=("lying",), places=("studio",))
    assert set(Cast(settings).actors[0].motion.names) <= set(archetypes().groups["lying"][1])
    assert write._backdrop(settings).kind == "studio"
    upright = SequenceSettings(3, 40, 1, (1, 1), 360, 640, 4.0, poses=("upright",))
    names = set(Cast(upright).actors[0].motion.names)
    assert names & set(archetypes().groups["upright"][1])
    assert names <= {*archetypes().groups["upright"][1], *GAITS}


def test_recorded_motion_moves_the_people(shared_data):
    settings = SequenceSettings(1, 30, 4, (1, 1), 360, 640, 30.0, motion=shared_data / "mocap")
    cast = Cast(settings)
    ankles = [PANOPTIC19.index("left_ankle"), PANOPTIC19.index("right_ankle")]
    heights = -cast.joints_world_mm[:, 0, ankles, 1]
    assert 30 < heights.min() < 160
    travelled = np.ptp(cast.joints_world_mm[:, 0, PANOPTIC19.index("neck")], axis=0)
    assert np.hypot(travelled[0], travelled[2]) > 300


def test_an_unfinished_folder_with_foreign_files_raises(tmp_path):
    unfinished = tmp_path / ".dome_003.unfinished"
    unfinished.mkdir()
    (unfinished / "thesis.txt").write_text("mine")
    with pytest.raises(
        ValueError, match=r"\.dome_003\.unfinished holds thesis\.txt, and would be made anew; move that"
    ):
        write_dome(tmp_path, seed=3, **SMALL)
    assert (unfinished / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("depth", ["exact", "sensor"])
def test_people_of_the_dome_have_their_depth(sequence, depth):
    reader = Panoptic(sequence, min_box_px=4, depth=depth)
    people = [item for unit in reader.units() for item in unit.people() if isinstance(item, Person)]
    before = []
    for person in people:
        image = person.depth_mm()
        assert image.shape == (180, 320) and image.dtype == np.uint16
        seen = person.visible == 2
        column, row = np.round(person.joints_xy_px[seen]).astype(int).T
        before.append(person.joints_xyz_mm[seen, 2] - image[row, column])
    # The surface is a limb's radius before a joint that is seen; a sensor frays the edges.
    of_all = np.concatenate(before)
    assert len(of_all) > 50 and 0 < np.median(of_all) < 100
    assert (np.abs(of_all - 70) < 130).mean() > (0.9 if depth == "exact" else 0.8)
    assert (people[0].depth_mm() == 0).any() == (depth == "sensor")


def test_depth_of_a_dome_without_maps_is_broken(sequence, tmp_path):
    copy = tmp_path / sequence.name
    shutil.copytree(sequence, copy, ignore=shutil.ignore_patterns("depth_*"))
    person = next(
        item
        for unit in Panoptic(copy, min_box_px=4, depth="exact").units()
        for item in unit.people()
        if isinstance(item, Person)
    )
    with pytest.raises(BadInput, match="the dome writes depth with --maps"):
        person.depth_mm()


def test_a_kinect_has_depth_of_its_own(sequence):
    with pytest.raises(ValueError, match="a Kinect has depth of its own"):
        PanopticKinect(sequence, depth="sensor")


def test_people_have_the_bodies_that_their_joints_are_of(sequence):
    """In the camera's frame, about the middle of the hips; ten values are nearly the shape."""
    reader = Panoptic(sequence, min_visible_joints=1, min_box_px=1, bodies=True)
    people = [person for unit in reader.units() for person in unit.people() if isinstance(person, Person)]
    assert len(people) >= 6 and {person.person for person in people} == {0, 1}
    body = free_body(10)
    turns, values = (np.stack([getattr(one, name) for one in people]) for name in ("body_rotations", "body_shape"))
    joints = np.asarray(nets.joints(body, values, nets.pose_bones(body, turns, values)))
    true = np.stack([person.joints_xyz_mm for person in people])
    center = PANOPTIC19.index("body_center")
    errors = np.linalg.norm(joints - joints[:, [center]] - true + true[:, [center]], axis=2)
    assert errors.max() < 20 and errors.mean() < 5
    with_none = Panoptic(sequence, min_visible_joints=1, min_box_px=1)
    assert all(
        person.body_rotations is None
        for unit in with_none.units()
        for person in unit.people()
        if isinstance(person, Person)
    )


def test_broken_bodies_are_reported(sequence, tmp_path):
    folder = tmp_path / sequence.name
    shutil.copytree(sequence, folder)
    with np.load(folder / BODIES) as archive:
        arrays = dict(archive)

    def problem() -> str:
        reader = Panoptic(folder, min_visible_joints=1, min_box_px=1, bodies=True)
        return "; ".join(str(item) for unit in reader.units() for item in unit.people() if isinstance(item, BadInput))

    for changes, message in (
        ({"rotations": arrays["rotations"][:1]}, "is no file of true bodies"),
        ({"rotations": arrays["rotations"][:, :1]}, "lacks frames or people that have poses"),
        ({"bones": arrays["bones"][::-1]}, "it is of another body"),
        ({"sex": arrays["sex"] + 7}, "a shape's sex must be from 0 to 1"),
    ):
        np.savez(folder / BODIES, **arrays | changes)
        assert message in problem()
    (folder / BODIES).unlink()
    assert "is missing; only sequences of the synthetic dome have it" in problem()
