"""The pass over a split: no person is lost, and the right images are kept."""

from types import SimpleNamespace

import numpy as np
import pytest

from evaluate.pose_2d.collect import collect, person_errors


class Echo:
    """Answers that every joint lies `errors[i]` px to the right of the origin, for the i-th person asked."""

    def __init__(self, errors):
        self.errors, self.asked = np.asarray(errors, float), 0

    def predict(self, inputs):
        pictures = inputs["pictures"]
        part = self.errors[self.asked : self.asked + len(pictures)]
        self.asked += len(pictures)
        xy = np.stack([np.repeat(part[:, None], 3, axis=1), np.zeros((len(part), 3))], axis=-1)
        return {"joints_xy_px": xy, "scores": np.ones((len(part), 3))}


def batches(people, size=2):
    """People whose labels all lie at the origin; the image of person i is filled with i."""
    for start in range(0, people, size):
        index = np.arange(start, min(start + size, people))
        pictures = np.broadcast_to(index[:, None, None, None], (len(index), 4, 4, 3)).astype(np.uint8)
        n = len(index)
        labels = {
            "joints_xy_px": np.zeros((n, 3, 2)),
            "visible": np.full((n, 3), 2),
            "torso_px": np.full(n, 2.0),
            "head_px": np.full(n, 1.0),
            "head_size_px": np.full(n, 3.0),
            "area_px": np.full(n, 8.0),
            "key": np.array([b"p/%d" % i for i in index], object),
        }
        yield pictures, labels


def test_everyone_is_kept_in_order_and_the_worst_come_first():
    errors = [1, 9, 3, 9, 0, 5, 2]
    done = []
    progress = SimpleNamespace(update=done.append)
    answers = collect(Echo(errors), batches(7), gallery=3, seed=0, progress=progress)
    assert answers.predicted_px.shape == (7, 3, 2)
    np.testing.assert_array_equal(answers.error_px, errors)
    assert answers.keys == [f"p/{i}" for i in range(7)]
    assert answers.worst == [1, 3, 5]  # Of equal errors the earlier comes first.
    assert done == [2, 2, 2, 1]
    assert set(answers.pictures) == {*answers.worst, *answers.chosen}
    for index, picture in answers.pictures.items():
        np.testing.assert_array_equal(picture, np.full((4, 4, 3), index))
        assert picture.base is None  # A view would hold its whole batch.


def test_the_random_choice_depends_on_the_seed_and_is_uniform():
    chosen = [collect(Echo(np.zeros(9)), batches(9), gallery=3, seed=seed).chosen for seed in range(300)]
    assert chosen[0] == collect(Echo(np.zeros(9)), batches(9), gallery=3, seed=0).chosen
    assert all(len(set(people)) == 3 and people == sorted(people) for people in chosen)
    # Each of 9 people is expected in 100 of 300 samples of 3; 40 is five standard deviations.
    counts = np.bincount(np.ravel(chosen), minlength=9)
    assert np.abs(counts - 100).max() < 40


def test_small_splits_and_no_gallery():
    assert collect(Echo([1, 2]), batches(2), gallery=24, seed=0).chosen == [0, 1]
    assert collect(Echo([1, 2]), batches(2), gallery=0, seed=0).pictures == {}
    with pytest.raises(ValueError, match="no one to evaluate"):
        collect(Echo([]), batches(0), gallery=1, seed=0)


def test_people_without_labels_have_no_error():
    distances = np.array([[1, np.nan, 3], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(person_errors(distances), [2, np.nan])


def test_scaled_answers_keep_the_images_edge():
    answers = collect(Echo([3]), batches(1), gallery=1, seed=0).scaled(4, 8)
    # The first pixel's center (0, 0) of 4 px is the corner of four pixels of 8 px.
    np.testing.assert_array_equal(answers.labels["joints_xy_px"][0, 0], [0.5, 0.5])
    np.testing.assert_array_equal(answers.predicted_px[0, 0], [6.5, 0.5])
    assert (answers.error_px[0], answers.labels["torso_px"][0]) == (6, 4)
    assert [answers.labels[name][0] for name in ("head_px", "head_size_px", "area_px")] == [2, 6, 32]
