import cv2
import numpy as np
import pytest
import tensorflow as tf
from frames import NO_AUGMENTATION
from people import make_person, write_shard_set

from pose import LSP14, Camera, Crop
from records import Augmentation, ShardSetWriter, dataset, encode_example, training_dataset
from records.augment import NUM_DRAWS, augment, changes_of
from records.manifest import shard_paths
from records.pipeline import decode_picture, parse_example


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard_set(folder, train=30, size=96)
    return folder


def batches(shards, **options):
    options = {"batch_size": 8, "epochs": 3, "seed": 5, **options}
    return list(training_dataset(shards, "train", **options).as_numpy_iterator())


def assert_same(first, second):
    assert len(first) == len(second) > 0
    for (pictures, labels), (again, labels_again) in zip(first, second, strict=True):
        assert (pictures == again).all()
        assert set(labels) == set(labels_again)
        assert all((labels[name] == labels_again[name]).all() for name in labels)


def test_one_pass_keeps_order_and_counts(shards):
    found = list(dataset(shards, "train", batch_size=8).as_numpy_iterator())
    assert [len(pictures) for pictures, _ in found] == [8, 8, 8, 6]
    pictures, labels = found[0]
    assert pictures.shape == (8, 96, 96, 3) and pictures.dtype == np.uint8
    assert labels["joints_xy_px"].shape == (8, 14, 2) and labels["visible"].dtype == np.int32
    assert labels["key"].tolist() == [f"made_up/s{i:03d}//{i}/1".encode() for i in range(8)]
    assert len(list(dataset(shards, "train", batch_size=8, limit=9))) == 2


def test_half_size_is_the_mean_of_two_by_two(shards):
    whole, labels = next(dataset(shards, "val", batch_size=4).as_numpy_iterator())
    half, half_labels = next(dataset(shards, "val", batch_size=4, input_size=48).as_numpy_iterator())
    mean = whole.reshape(4, 48, 2, 48, 2, 3).mean(axis=(2, 4))
    assert np.abs(half - mean).max() <= 0.5
    np.testing.assert_allclose(half_labels["joints_xy_px"], (labels["joints_xy_px"] + 0.5) / 2 - 0.5, atol=1e-4)
    np.testing.assert_allclose(half_labels["torso_px"], labels["torso_px"] / 2, rtol=1e-5)


def test_joints_on_the_outermost_pixels_stay_at_every_size(tmp_path):
    """At -0.4 and 63.4 of 64 px, which are -0.45 and 31.45 of 32, and -0.3 and 127.3 of 128."""
    writer = ShardSetWriter(tmp_path, skeleton=LSP14, size=64, source={}, split_rule={})
    person = make_person(0)
    person.joints_xy_px[:2] = (-0.4, 20), (63.4, -0.4)
    writer.add("val", encode_example(person, Crop(np.array([[1.0, 0, 0], [0, 1, 0]]), 64), LSP14))
    writer.finish()
    for size, low, high in ((32, -0.45, 31.45), (64, -0.4, 63.4), (128, -0.3, 127.3)):
        _, labels = next(dataset(tmp_path, "val", batch_size=1, input_size=size).as_numpy_iterator())
        assert labels["visible"][0, :2].tolist() == [2, 2]
        expected = [(low, 20.5 * size / 64 - 0.5), (high, low)]
        np.testing.assert_allclose(labels["joints_xy_px"][0, :2], expected, atol=1e-4)


def test_training_batches_have_the_shapes_of_evaluation(shards):
    spec = training_dataset(shards, "train", batch_size=8, epochs=1, seed=0, input_size=48).element_spec
    whole = dataset(shards, "train", batch_size=8, input_size=48).element_spec
    assert spec[0].shape == (8, 48, 48, 3) and spec[0].dtype == tf.uint8
    shapes = {name: (value.shape[1:], value.dtype) for name, value in spec[1].items()}
    assert shapes.pop("left") == ((14,), tf.bool)
    assert shapes == {name: (value.shape[1:], value.dtype) for name, value in whole[1].items()}


def test_every_epoch_holds_everyone_once_in_another_order(shards):
    keys = [key for _, labels in batches(shards, batch_size=10, epochs=2) for key in labels["key"]]
    assert len(keys) == 60
    assert set(keys[:30]) == set(keys[30:]) and len(set(keys[:30])) == 30
    assert keys[:30] != keys[30:]


def test_starting_later_gives_the_same_batches(shards):
    """What resuming rests on; the global seed must not matter."""
    tf.random.set_seed(0)
    whole = batches(shards)
    assert len(whole) == 9
    tf.random.set_seed(77)
    assert_same(whole[6:], batches(shards, first_epoch=2))
    assert_same(whole[5:], batches(shards, first_epoch=1, first_step=2))
    other = batches(shards, seed=6)
    assert (other[0][1]["key"] != whole[0][1]["key"]).any()


def test_varied_from_epoch_to_epoch_and_within(shards):
    """The same person never meets the same draws twice, although the seed is one."""
    matrices = [labels["to_frame"][:, :, :2] for _, labels in batches(shards)]
    angles = [np.arctan2(m[:, 0, 1], m[:, 1, 1]) for m in matrices]
    assert len(np.unique(np.round(np.concatenate(angles), 5))) == 72


@pytest.mark.parametrize("workers", [2, 4])
def test_the_workers_batches_are_one_workers_batches(shards, workers):
    shares = [batches(shards, epochs=2, first_step=1, shard=(index, workers)) for index in range(workers)]
    assert {len(pictures) for share in shares for pictures, _ in share} == {8 // workers}
    together = [
        (
            np.concatenate([pictures for pictures, _ in parts]),
            {name: np.concatenate([labels[name] for _, labels in parts]) for name in parts[0][1]},
        )
        for parts in zip(*shares, strict=True)
    ]
    assert_same(batches(shards, epochs=2, first_step=1), together)


def test_without_augmentation_training_gets_the_same_as_evaluation(shards):
    stored = {}
    for pictures, labels in dataset(shards, "train", batch_size=5).as_numpy_iterator():
        stored |= {
            key: (picture, xy) for key, picture, xy in zip(labels["key"], pictures, labels["joints_xy_px"], strict=True)
        }
    found = batches(shards, augmentation=NO_AUGMENTATION)
    assert len(found) == 9
    for pictures, labels in found:
        for key, picture, xy in zip(labels["key"], pictures, labels["joints_xy_px"], strict=True):
            assert (picture == stored[key][0]).all()
            np.testing.assert_allclose(xy, stored[key][1], atol=1e-4)


def test_pipeline_does_what_eager_augmentation_does(shards):
    """From the very JPEGs, with the draws that the documented seeds give."""
    pictures, labels = batches(shards, epochs=1)[1]
    examples = {}
    for example in tf.data.TFRecordDataset(shard_paths(shards, "train")):
        _, own = parse_example(example, 14)
        examples[own["key"].numpy()] = example.numpy()
    jpegs, stored = parse_example(tf.constant([examples[key] for key in labels["key"]]), 14)
    decoded = np.stack([decode_picture(jpeg, 96) for jpeg in jpegs])
    # The order's seeds are of (seed, epoch), a batch's draws of the first of them and the step.
    order = tf.random.stateless_uniform([2], [5, 0], 0, 2**31 - 1, tf.int64)
    draws = tf.random.stateless_uniform([8, NUM_DRAWS], [order[0], 1]).numpy()
    stored = {name: value.numpy() for name, value in stored.items()}
    changes, flip_order = changes_of(draws, Augmentation(), 96, 96), np.array(LSP14.flip_order)
    for given in (jpegs.numpy(), decoded):
        assert_same([(pictures, labels)], [augment(given, stored, changes, size=96, flip_order=flip_order)])


def test_a_record_without_a_whole_picture_raises(tmp_path):
    write_shard_set(tmp_path, train=4, size=64)
    for path in shard_paths(tmp_path, "train"):
        cut = []
        for record in tf.data.TFRecordDataset(path):
            example = tf.train.Example.FromString(record.numpy())
            jpeg = example.features.feature["image/jpeg"].bytes_list
            # As long as before, so that the shard keeps its size.
            jpeg.value[0] = jpeg.value[0][:-40] + bytes(40)
            cut.append(example.SerializeToString(deterministic=True))
        with tf.io.TFRecordWriter(path) as writer:
            for record in cut:
                writer.write(record)
    with pytest.raises(tf.errors.OpError, match="no whole JPEG; check it with `python -m records`"):
        batches(tmp_path, batch_size=4, epochs=1)


def test_training_leaves_opencv_one_thread(shards):
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        training_dataset(shards, "train", batch_size=8, epochs=1, seed=0)
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


def test_wrong_options_raise(shards):
    with pytest.raises(ValueError, match="a batch of 31 needs at least as many people, the train split of .* has 30"):
        batches(shards, batch_size=31)
    for step in (-1, 3, 4):
        with pytest.raises(ValueError, match=f"first_step must lie between 0 and 2, an epoch's last step, got {step}"):
            batches(shards, first_step=step)
    for index in (-1, 2, 3):
        with pytest.raises(ValueError, match=rf"an index from 0 to count - 1, got \({index}, 2\)"):
            batches(shards, shard=(index, 2))
    with pytest.raises(ValueError, match="must divide the batch size, got 3 workers and 8 people"):
        batches(shards, shard=(0, 3))


@pytest.fixture(scope="module")
def spatial(tmp_path_factory):
    """Records with 3D joints, the crop's camera, and a depth picture whose value is the column's number."""
    folder = tmp_path_factory.mktemp("spatial")
    writer = ShardSetWriter(folder, skeleton=LSP14, size=96, source={}, split_rule={})
    matrix = np.array([[300.0, 0, 100], [0, 320, 90], [0, 0, 1]])
    for i in range(8):
        person = make_person(i)
        depths = np.linspace(1500, 2500, 14)[:, None]
        rays = np.concatenate([person.joints_xy_px, np.ones((14, 1))], axis=1) @ np.linalg.inv(matrix).T
        person.joints_xyz_mm = rays * depths
        person.camera_model = Camera("00", (200, 200), matrix, np.zeros(5), np.eye(3), np.zeros(3))
        person.depth_mm = np.tile(np.arange(200, dtype=np.uint16) + 1, (200, 1))
        writer.add("train", encode_example(person, Crop.from_box(person.box_px, 96), LSP14))
    writer.finish()
    return folder


SPATIAL = ("joints_xy_px", "visible", "to_frame", "joints_xyz_mm", "xyz_known", "camera_matrix", "depth_mm")


def check_spatial(pictures, labels):
    size = pictures.shape[1]
    assert labels["joints_xyz_mm"].shape == (len(pictures), 14, 3) and (labels["xyz_known"] == 1).all()
    assert labels["depth_mm"].shape == (len(pictures), size, size) and labels["depth_mm"].dtype == np.uint16
    projected = labels["joints_xyz_mm"] @ labels["camera_matrix"].swapaxes(1, 2)
    projected = projected[..., :2] / projected[..., 2:]
    seen = labels["visible"] > 0
    np.testing.assert_allclose(projected[seen], labels["joints_xy_px"][seen], atol=2e-3)
    # Depth tells each pixel's column in the frame, to which the matrix leads as well.
    y, x = np.mgrid[4 : size - 4 : 7, 4 : size - 4 : 7]
    for depth, to_frame in zip(labels["depth_mm"], labels["to_frame"], strict=True):
        column = to_frame[0, 0] * x + to_frame[0, 1] * y + to_frame[0, 2]
        known = depth[y, x] > 0
        assert known.sum() > 20
        assert np.abs(depth[y, x] - 1 - column)[known].max() < 2


def test_3d_joints_cameras_and_depth_are_augmented_like_the_picture(spatial):
    found = list(training_dataset(spatial, "train", batch_size=4, epochs=3, seed=1, fields=SPATIAL).as_numpy_iterator())
    assert len(found) == 6
    for pictures, labels in found:
        assert set(labels) == set(SPATIAL)
        check_spatial(pictures, labels)


@pytest.mark.parametrize("size", [None, 48])
def test_3d_joints_cameras_and_depth_are_resized_like_the_picture(spatial, size):
    (batch,) = dataset(spatial, "train", batch_size=8, input_size=size, fields=SPATIAL).as_numpy_iterator()
    assert batch[0].shape[1] == (size or 96)
    check_spatial(*batch)


def test_only_what_is_asked_for_is_read(shards):
    (batch, *_) = batches(shards, fields=("visible", "joints_xy_px"))
    assert set(batch[1]) == {"visible", "joints_xy_px"}
    (_, labels), *_ = dataset(shards, "val", batch_size=4, input_size=48, fields=("key", "frame")).as_numpy_iterator()
    assert labels["frame"].tolist() == [30, 31, 32, 33] and labels["key"][0] == b"made_up/s030//30/1"


def test_missing_fields_raise(shards):
    with pytest.raises(ValueError, match="the records of .* lack joints_xyz_mm, depth_mm: their source does not know"):
        dataset(shards, "val", batch_size=4, fields=("visible", "joints_xyz_mm", "depth_mm"))
    with pytest.raises(ValueError, match="records have no field knees; they have picture, joints_xy_px, "):
        batches(shards, fields=("knees",))
