import cv2
import numpy as np
import pytest
import tensorflow as tf
from people import write_shard_set

from pose import LSP14
from records import Augmentation, dataset, training_dataset
from records.augment import augment

NOTHING = Augmentation(flip=0, rotation_deg=0, scale=0, shift=0, brightness=0, contrast=0, color=0, occlusion=0)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard_set(folder, train=30, size=96)
    return folder


def disc(size, xy, radius=4):
    picture = np.zeros((size, size, 3), np.uint8)
    cv2.circle(picture, tuple(xy), radius, (255, 255, 255), -1)
    return picture


def labels_of(xy, visible=None):
    joints = np.zeros((14, 2), np.float32)
    joints[: len(xy)] = np.reshape(xy, (-1, 2))
    seen = np.zeros(14, np.int32)
    seen[: len(xy)] = 2 if visible is None else visible
    one = np.float32(10)
    return {
        "joints_xy_px": joints,
        "visible": seen,
        "torso_px": one,
        "head_px": one,
        "area_px": one,
        "to_frame": np.array([[2, 0, 5], [0, 2, 7]], np.float32),
        "key": b"k",
    }


def run(picture, labels, options, seed=(1, 2), size=None):
    return augment(
        tf.constant(picture),
        {name: tf.constant(value) for name, value in labels.items()},
        seed=tf.constant(seed, tf.int64),
        options=options,
        size=size or len(picture),
        flip_order=tf.constant(LSP14.flip_order, tf.int32),
    )


def test_one_pass_keeps_order_and_counts(shards):
    batches = list(dataset(shards, "train", batch_size=8).as_numpy_iterator())
    assert [len(pictures) for pictures, _ in batches] == [8, 8, 8, 6]
    pictures, labels = batches[0]
    assert pictures.shape == (8, 96, 96, 3) and pictures.dtype == np.uint8
    assert labels["joints_xy_px"].shape == (8, 14, 2) and labels["visible"].dtype == np.int32
    assert labels["key"].tolist() == [f"made_up/s{i:03d}//{i}/1".encode() for i in range(8)]
    assert len(list(dataset(shards, "train", batch_size=8, limit=9))) == 2


def test_every_epoch_holds_everyone_once_in_another_order(shards):
    batches = training_dataset(shards, "train", batch_size=10, epochs=2, seed=3).as_numpy_iterator()
    keys = [key for _, labels in batches for key in labels["key"]]
    assert len(keys) == 60
    assert set(keys[:30]) == set(keys[30:]) and len(set(keys[:30])) == 30
    assert keys[:30] != keys[30:]


def test_starting_at_a_later_epoch_meets_the_same_batches(shards):
    """What resuming rests on; the global seed must not matter."""
    tf.random.set_seed(0)
    whole = list(training_dataset(shards, "train", batch_size=8, epochs=3, seed=5).as_numpy_iterator())
    tf.random.set_seed(77)
    rest = list(training_dataset(shards, "train", batch_size=8, epochs=3, seed=5, first_epoch=2).as_numpy_iterator())
    assert len(whole) == 9 and len(rest) == 3
    for (pictures, labels), (again, labels_again) in zip(whole[6:], rest, strict=True):
        assert (pictures == again).all()
        assert (labels["key"] == labels_again["key"]).all()
        assert (labels["joints_xy_px"] == labels_again["joints_xy_px"]).all()
    other = next(training_dataset(shards, "train", batch_size=8, epochs=3, seed=6).as_numpy_iterator())
    assert (other[1]["key"] != whole[0][1]["key"]).any()


def test_eager_and_pipeline_augmentation_agree(shards):
    pictures, labels = next(dataset(shards, "train", batch_size=1).as_numpy_iterator())
    one = {name: value[0] for name, value in labels.items()}
    eager = run(pictures[0], one, Augmentation(), seed=(9, 9))
    piped = (
        tf.data.Dataset.from_tensors((pictures[0], one))
        .map(
            lambda picture, values: augment(
                picture,
                values,
                seed=tf.constant([9, 9], tf.int64),
                options=Augmentation(),
                size=96,
                flip_order=tf.constant(LSP14.flip_order, tf.int32),
            )
        )
        .get_single_element()
    )
    assert np.abs(eager[0].numpy().astype(int) - piped[0].numpy()).max() <= 1
    np.testing.assert_allclose(eager[1]["joints_xy_px"], piped[1]["joints_xy_px"], atol=1e-4)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [64, 100, 128])
def test_joints_go_where_the_picture_goes(seed, size):
    """A white disc is found in the warped picture where its joint is said to be."""
    options = Augmentation(brightness=0, contrast=0, color=0, occlusion=0, rotation_deg=60)
    picture, labels = run(disc(128, (70, 50)), labels_of([(70, 50)]), options, seed=(seed, 1), size=size)
    shade = picture.numpy()[..., 0].astype(float)
    y, x = np.mgrid[0:size, 0:size]
    found = np.array([(shade * x).sum(), (shade * y).sum()]) / shade.sum()
    joint = np.flatnonzero(labels["visible"].numpy())
    assert len(joint) == 1 and joint[0] in (0, 5)  # the right ankle, or the left one where mirrored
    xy = labels["joints_xy_px"].numpy()[joint[0]]
    assert np.abs(found - xy).max() < 0.15
    # The matrix to the frame travels along: frame = 2 * stored + (5, 7).
    back = labels["to_frame"].numpy()
    np.testing.assert_allclose(back[:, :2] @ xy + back[:, 2], [145, 107], atol=1e-3)


def test_flip_swaps_sides():
    picture, labels = run(disc(64, (10, 20)), labels_of([(10, 20)]), Augmentation(1, 0, 0, 0, 0, 0, 0, 0))
    assert labels["visible"].numpy().tolist() == [0] * 5 + [2] + [0] * 8
    np.testing.assert_allclose(labels["joints_xy_px"][5], [53, 20], atol=1e-4)
    assert picture.numpy()[20, 53].min() == 255 and picture.numpy()[20, 10].max() == 0


def test_zoom_carries_the_spans_along():
    for seed in range(5):
        _, labels = run(
            disc(64, (30, 30)),
            labels_of([(20, 30), (44, 30)]),
            Augmentation(flip=0, rotation_deg=0, shift=0, scale=0.5, occlusion=0),
            seed=(seed, 0),
        )
        xy = labels["joints_xy_px"].numpy()
        zoom = (xy[1, 0] - xy[0, 0]) / 24
        assert 1 / 1.5 <= zoom <= 1.5
        assert labels["torso_px"].numpy() == pytest.approx(10 * zoom, rel=1e-4)
        assert labels["area_px"].numpy() == pytest.approx(10 * zoom**2, rel=1e-4)


def test_joints_that_leave_are_no_longer_labelled():
    gone = 0
    for seed in range(20):
        _, labels = run(disc(64, (2, 2)), labels_of([(2, 2)]), Augmentation(shift=0.3), seed=(seed, 4))
        xy, visible = labels["joints_xy_px"].numpy(), labels["visible"].numpy()
        inside = (xy >= -0.5).all(axis=1) & (xy < 63.5).all(axis=1)
        assert inside[visible > 0].all()
        assert (xy[visible == 0] == 0).all()
        gone += not visible.any()
    assert 0 < gone < 20


def test_no_augmentation_changes_nothing():
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    out, labels = run(picture, labels_of([(5, 6)]), NOTHING)
    assert (out.numpy() == picture).all()
    np.testing.assert_allclose(labels["joints_xy_px"][0], [5, 6], atol=1e-5)


def test_half_size_is_the_mean_of_two_by_two(shards):
    whole, labels = next(dataset(shards, "val", batch_size=4).as_numpy_iterator())
    half, half_labels = next(dataset(shards, "val", batch_size=4, input_size=48).as_numpy_iterator())
    mean = whole.reshape(4, 48, 2, 48, 2, 3).mean(axis=(2, 4))
    assert np.abs(half - mean).max() <= 0.5
    np.testing.assert_allclose(half_labels["joints_xy_px"], (labels["joints_xy_px"] + 0.5) / 2 - 0.5, atol=1e-4)
    np.testing.assert_allclose(half_labels["torso_px"], labels["torso_px"] / 2, rtol=1e-5)


def test_patches_hide_and_colors_vary():
    grey = np.full((64, 64, 3), 100, np.uint8)

    def pictures(options):
        return [run(grey, labels_of([]), options, seed=(seed, 0))[0].numpy() for seed in range(5)]

    patched = pictures(Augmentation(0, 0, 0, 0, 0, 0, 0, 1))
    assert all(0 < (p != 100).any(axis=-1).mean() < 0.3 for p in patched)
    colored = pictures(Augmentation(0, 0, 0, 0, occlusion=0))
    shades = {tuple(picture[32, 32]) for picture in colored}
    assert len(shades) == 5
    assert all((picture == picture[0, 0]).all() for picture in colored)


def test_wrong_options_are_told(shards):
    with pytest.raises(ValueError, match="flip must lie between 0 and 1, got 1.5"):
        Augmentation(flip=1.5)
    with pytest.raises(ValueError, match="rotation_deg must lie between 0 and 180, got 200"):
        Augmentation(rotation_deg=200)
    with pytest.raises(ValueError, match="a batch of 31 needs at least as many people, the train split of .* has 30"):
        training_dataset(shards, "train", batch_size=31, epochs=1, seed=0)
