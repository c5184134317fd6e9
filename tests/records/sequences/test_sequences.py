"""Records of sequences: what they hold, how clips are cut, and the windows that cameras see."""

import numpy as np
import pytest
from waving import SKELETON, moving, sequence, write_sequences

from data_prep.mix import Mix
from pose import COCO17, BadInput
from pose.space.lifting import SIZE_SHARE, STATURE_MM, in_camera, placed, seen, size_mm
from records import ShardSetWriter, dataset, read_manifest, steps_per_epoch, training_dataset
from records.features import SEQUENCE_FIELDS, read_features
from records.sequences.clips import as_one_camera, read_clips
from records.sequences.schema import encode_sequence
from records.sequences.views import MEASURED, Viewing, view, windows


def test_a_record_holds_the_clip():
    one = sequence(70)
    records = list(encode_sequence(one, 50, SKELETON))
    found = [read_features(record, 19, "sequences") for record in records]
    assert [len(one["frames/number"]) for one in found] == [50, 20]
    np.testing.assert_array_equal(found[1]["joints/xyz_mm"], one.joints_xyz_mm[50:])
    assert found[1]["source/frame"] == 50 and found[0]["source/sequence"] == b"person_0"
    assert found[0]["person/size_mm"] == pytest.approx(420.1 + 400 + 500, abs=0.5)
    assert set(found[0]) == {field.feature for field in SEQUENCE_FIELDS.values()}


def test_clips_end_where_frames_are_missing_or_the_hips_unknown():
    number = np.array([*range(10), *range(20, 40)])
    known = np.ones((30, 19), bool)
    known[2:10, SKELETON.index("left_hip")] = False
    records = list(encode_sequence(sequence(30, number=number, known=known), 50, SKELETON))
    found = [read_features(record, 19, "sequences")["frames/number"].tolist() for record in records]
    assert found == [list(range(10)), list(range(20, 40))]
    known[1, SKELETON.index("left_hip")] = False
    assert len(list(encode_sequence(sequence(30, number=number, known=known), 50, SKELETON))) == 1
    # Every second frame of a recording is no gap.
    assert len(list(encode_sequence(sequence(30, number=np.arange(30) * 2), 50, SKELETON))) == 1


def test_what_cannot_be_a_record():
    broken = moving()
    broken[3, 4] = np.nan
    with pytest.raises(BadInput, match="NaN"):
        list(encode_sequence(sequence(joints_xyz_mm=broken), 50, SKELETON))
    known = np.ones((60, 19), bool)
    known[:, [SKELETON.index("left_knee"), SKELETON.index("right_ankle")]] = False
    with pytest.raises(BadInput, match="size is unknown"):
        list(encode_sequence(sequence(known=known), 50, SKELETON))
    with pytest.raises(ValueError, match="19 joints"):
        list(encode_sequence(sequence(number=np.arange(5)), 50, SKELETON))


def test_another_skeleton():
    one = sequence().in_skeleton(SKELETON, COCO17)
    assert one.joints_xyz_mm.shape == (60, 17, 3) and one.known.all()
    np.testing.assert_array_equal(one.joints_xyz_mm[:, COCO17.index("nose")], moving()[:, SKELETON.index("nose")])


def seen_by(options, count=40, **changes):
    xyz = np.tile(moving(9), (count, 1, 1, 1))
    known = changes.get("known", np.ones(xyz.shape[:3], bool))
    sizes = np.full(count, size_mm(xyz[0], known[0], SKELETON))
    return view(np.random.default_rng(5), xyz, known, sizes, np.full(count, 30.0), SKELETON, options), xyz


EXACT = Viewing(flip=0, errors=0, hidden=0, without_face=0, cut=0, live=0, still=0)


def test_poses_project_to_what_is_seen():
    """The true pose has exactly the image that is shown, from a camera at the stated distance."""
    views, _ = seen_by(EXACT)
    assert views.known.all() and (views.scores == 1).all()
    pose, rays = views.xyz_mm[:, 4], views.rays[:, 4]
    points = pose + placed(pose, rays, np.ones(rays.shape[:2]))[:, None]
    np.testing.assert_allclose(points[..., :2] / points[..., 2:], rays, atol=1e-6)
    np.testing.assert_allclose(points[..., 2].mean(axis=1), views.distance_mm, atol=150)
    joints, labels = windows(views, np.zeros((40, 1), int), 9)
    shown = seen(views.rays, views.scores)
    np.testing.assert_array_equal(joints, shown.joints)
    np.testing.assert_allclose(in_camera(labels["joints_xyz_mm"], shown.turn), pose, atol=1e-2)


def test_everybody_is_scaled_to_one_stature():
    views, _ = seen_by(EXACT)
    sizes = [size_mm(one, known, SKELETON) for one, known in zip(views.xyz_mm, views.known, strict=True)]
    np.testing.assert_allclose(sizes, STATURE_MM * SIZE_SHARE, rtol=1e-6)


def test_cameras_look_down_by_their_elevation():
    low, _ = seen_by(Viewing(**{**vars(EXACT), "elevation_deg": (40, 40), "roll_deg": 0}))
    up = low.xyz_mm[:, 0, SKELETON.index("neck")] - low.xyz_mm[:, 0, SKELETON.index("body_center")]
    # Seen from above, the neck is nearer than the hips and still higher in the image.
    angle = np.degrees(np.arctan2(-up[:, 2], -up[:, 1]))
    np.testing.assert_allclose(angle, 40, atol=1e-6)


def test_mirrored_people_wave_with_the_other_hand():
    straight, _ = seen_by(EXACT)
    mirrored, _ = seen_by(Viewing(**{**vars(EXACT), "flip": 1.0}))
    left, right = (SKELETON.index(f"{side}_wrist") for side in ("left", "right"))

    def moves(views, joint):
        return np.ptp(views.xyz_mm[:, :, joint, 1], axis=1).mean()

    assert moves(straight, left) > 10 * moves(straight, right)
    assert moves(mirrored, right) > 10 * moves(mirrored, left)


def test_measured_errors_are_those_of_2d_models():
    exact, _ = seen_by(EXACT)
    noisy, _ = seen_by(Viewing(**{**vars(EXACT), "errors": 1.0}))
    box = np.ptp(exact.rays, axis=2).max(axis=-1)
    shares = np.linalg.norm(noisy.rays - exact.rays, axis=-1) / box[..., None]
    assert 0.01 < np.median(shares) < 0.08
    assert 0 < noisy.scores.min() or (noisy.scores == 0).mean() < 0.2
    # Neighboring frames are wrong alike.
    steps = np.linalg.norm(np.diff(noisy.rays - exact.rays, axis=1), axis=-1) / box[:, 1:, None]
    assert np.median(steps) < 0.5 * np.median(shares)


@pytest.mark.parametrize(
    ("option", "joints", "share"), [("without_face", ["nose", "left_eye"], 1.0), ("hidden", ["left_knee"], 0.5)]
)
def test_joints_are_hidden(option, joints, share):
    views, _ = seen_by(Viewing(**{**vars(EXACT), option: share}), count=200)
    for joint in joints:
        hidden = (views.scores[:, :, SKELETON.index(joint)] == 0).all(axis=1).mean()
        assert hidden == pytest.approx(share, abs=0.1)
    assert views.known.all()


def test_images_are_cut_below():
    views, _ = seen_by(Viewing(**{**vars(EXACT), "cut": 1.0, "roll_deg": 0, "elevation_deg": (0, 0)}), count=100)
    ankles = views.scores[:, :, SKELETON.index("left_ankle")]
    assert (ankles == 0).mean() > 0.9
    assert (views.scores[:, :, SKELETON.index("neck")] > 0).all()


def test_live_cameras_and_single_images():
    views, _ = seen_by(EXACT, count=3)
    draws = np.array([[0.05], [0.3], [0.9]])
    options = Viewing(live=0.4, still=0.1)
    joints, labels = windows(views, np.zeros((3, 1), int), 9, draws, options)
    shown = joints[..., 2].any(axis=2)
    assert shown[0].tolist() == [frame == 4 for frame in range(9)]
    assert shown[1].tolist() == [frame <= 4 for frame in range(9)]
    assert shown[2].all() and labels["seen"].all()


def test_windows_at_the_ends_of_a_clip():
    views, _ = seen_by(EXACT, count=1)
    joints, labels = windows(views, np.array([[-4, 4]]), 9)
    assert joints[..., 2].any(axis=2).sum(axis=1).tolist() == [5, 5]
    assert labels["joints_xyz_mm"].shape == (2, 19, 3) and labels["xyz_known"].all()


def test_measured_windows_do_not_change(tmp_path):
    folder = write_sequences(tmp_path / "set")
    manifest = read_manifest(folder, "sequences")
    assert manifest.counts["train"] == 12 and steps_per_epoch(folder, "train", 8) == 3

    def all_of(**options):
        return list(dataset(folder, "val", input_size=9, kind="sequences", **options).as_numpy_iterator())

    first, second = all_of(batch_size=7), all_of(batch_size=100)
    np.testing.assert_array_equal(np.concatenate([joints for joints, _ in first]), second[0][0])
    assert first[0][0].shape == (7, 9, 19, 3) and len(second) == 1
    keys = second[0][1]["key"].tolist()
    # Clips of 50 and 10 frames, a window for every fifth.
    assert len(keys) == len(set(keys)) == 6 * (10 + 2) and keys[1] == b"test/person_0/0/0+5"
    clip = read_clips(folder, "val", manifest)[0]
    np.testing.assert_array_equal(as_one_camera(clip, SKELETON).rays, as_one_camera(clip, SKELETON).rays)


def test_training_windows_depend_on_seed_epoch_and_step_alone(tmp_path):
    folder = write_sequences(tmp_path / "set")

    def batches(**options):
        made = {"batch_size": 8, "epochs": 2, "seed": 3, "input_size": 9, "kind": "sequences"} | options
        return [joints for joints, _ in training_dataset(folder, "train", **made).as_numpy_iterator()]

    whole = batches()
    assert len(whole) == 6 and whole[0].shape == (8, 9, 19, 3)
    np.testing.assert_array_equal(batches(first_epoch=1, first_step=1)[0], whole[4])
    halves = [batches(shard=(k, 2))[2] for k in range(2)]
    np.testing.assert_array_equal(np.concatenate(halves), whole[2])
    assert not np.array_equal(batches(seed=4)[0], whole[0])
    assert not np.array_equal(whole[0], whole[3])


def test_a_mix_gives_each_set_its_share(tmp_path):
    large, small = write_sequences(tmp_path / "large", people=8), write_sequences(tmp_path / "small", people=1)
    Mix(sets=(large, small), out=tmp_path / "mix", shares=(1.0, 3.0)).write()
    keys = [
        key
        for _, labels in training_dataset(
            tmp_path / "mix", "train", batch_size=12, epochs=10, seed=0, input_size=3, kind="sequences"
        ).as_numpy_iterator()
        for key in labels["key"]
    ]
    # The one person of the small set is the first of the large one, too.
    of_small = np.mean([key.startswith(b"test/person_0/") for key in keys])
    assert of_small == pytest.approx(0.75 + 0.25 / 8, abs=0.07)


def test_unknown_fields_and_other_kinds(tmp_path):
    folder = write_sequences(tmp_path / "set", people=1)
    with pytest.raises(ValueError, match="no field visible"):
        dataset(folder, "val", batch_size=1, kind="sequences", fields=("visible",))
    with pytest.raises(ValueError, match="holds no sequences in its test split"):
        dataset(folder, "test", batch_size=1, kind="sequences")
    with pytest.raises(ValueError, match="records of people are needed"):
        dataset(folder, "val", batch_size=1)
    with pytest.raises(ValueError, match="windows of sequences"):
        steps_per_epoch(folder, "train", 100)


@pytest.mark.parametrize(
    "options", [{"hidden": 2}, {"distance_m": (3, 2)}, {"elevation_deg": (-95, 0)}, {"errors": -1}, {"still": -0.1}]
)
def test_wrong_options(options):
    with pytest.raises(ValueError, match=f"augmentation {next(iter(options))}"):
        Viewing(**options)


def test_a_clip_without_a_frame_rate_is_named(tmp_path):
    writer = ShardSetWriter(
        tmp_path, skeleton=SKELETON, size=50, source={"padding": 1.0}, split_rule={}, kind="sequences"
    )
    for record in encode_sequence(sequence(fps=0.0), 50, SKELETON):
        writer.add("train", record)
    with pytest.raises(ValueError, match="frame rate or size is not above 0"):
        read_clips(tmp_path, "train", writer.finish())


def test_people_are_measured_whole():
    assert MEASURED.errors == 1 and not any((MEASURED.flip, MEASURED.hidden, MEASURED.cut, MEASURED.live))
