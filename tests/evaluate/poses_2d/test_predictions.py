"""Results files are fitted to labeled images: by name, by id, and joint by joint."""

from pathlib import Path

import numpy as np
import pytest

from evaluate.poses_2d.predictions import ImageNames, fit, named, names_of_records
from pose import COCO17, LSP14
from pose.results.openpose import BODY_25
from pose.results.people import ImagePeople, Results

KEYS = ["coco/139//139", "coco/285//285"]


def people(number, name, count=1, joints=17, value=1.0):
    xy, scores = np.full((count, joints, 2), value), np.full((count, joints), 0.5)
    return ImagePeople(number, name, xy, scores, np.ones(count), np.full(count, -1))


def results(*images, joints=None):
    return Results(Path("r.json"), joints, list(images))


def test_ids_are_those_of_the_records_frames():
    fitted = fit(results(people(285, "000000000285.jpg", 2)), names_of_records(KEYS), COCO17)
    assert [len(one.xy_px) for one in fitted.found] == [0, 2] and fitted.known.all()
    assert fitted.found[0].xy_px.shape == (0, 17, 2)
    assert fitted.notes == ["r.json has no results for 1 of 2 images: nobody was found there."]


def test_names_are_the_records_keys_with_or_without_the_data_set():
    keys = ["panoptic/band//00_03/7", "panoptic/band/00_12/7"]
    names = names_of_records(keys)
    # The number of a frame is that of several images here.
    assert [image.number for image in names] == [None, None]
    fitted = fit(results(people(1, "band/00_12/7.jpg"), people(7, keys[0], 3)), names, COCO17)
    assert [len(one.xy_px) for one in fitted.found] == [3, 1] and fitted.notes == []
    with pytest.raises(ValueError, match="names, as their numbers are not unique panoptic/band//00_03/7, panoptic"):
        fit(results(people(7, "")), names, COCO17)


def test_images_that_are_not_labeled_are_left_out():
    fitted = fit(results(people(139, ""), people(140, ""), people(285, "")), names_of_records(KEYS), COCO17)
    assert fitted.notes == ["1 image of r.json left out, as they are not labeled here."]


def test_no_results_at_all_mean_that_nobody_was_found():
    assert [len(one.xy_px) for one in fit(results(), names_of_records(KEYS), COCO17).found] == [0, 0]


def test_joints_are_brought_into_the_labels_order():
    one = people(139, "", joints=25)
    one.xy_px[0] = np.arange(50).reshape(25, 2) + 1
    one.xy_px[0, BODY_25.index("left_ear")], one.scores[0, BODY_25.index("left_ear")] = np.nan, 0
    fitted = fit(results(one, joints=BODY_25.joints), names_of_records(KEYS), COCO17)
    found = fitted.found[0].xy_px[0]
    assert fitted.known.all() and np.isnan(found[COCO17.index("left_ear")]).all()
    for joint in ("nose", "right_wrist", "left_ankle"):
        assert found[COCO17.index(joint)].tolist() == one.xy_px[0, BODY_25.index(joint)].tolist()


def test_joints_that_the_results_lack_are_named():
    # The neck is the middle of the shoulders; there is no head top in COCO.
    fitted = fit(results(people(139, ""), joints=COCO17.joints), names_of_records(KEYS), LSP14)
    assert [LSP14.joints[j] for j in np.flatnonzero(~fitted.known)] == ["head_top"]
    assert np.isnan(fitted.found[0].xy_px[0, LSP14.index("head_top")]).all()
    assert any("has no head_top: wrong in AP and AR" in note for note in fitted.notes)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (results(people(1, "a.jpg")), r"none of the images of r.json \(a.jpg, ...\) is labeled.* ids 139, 285"),
        (
            results(people(139, "", joints=133)),
            "133 joints without names, the labels have the 17 of coco17; name theirs with --joints",
        ),
        (results(people(139, "", joints=2), joints=("paw", "tail")), "has none of the labeled joints.* paw, tail"),
        (results(people(139, "a"), people(139, "b")), "one image under several names, 'a' and 'b'"),
    ],
)
def test_what_does_not_fit_raises(found, message):
    with pytest.raises(ValueError, match=message):
        fit(found, names_of_records(KEYS), COCO17)


def test_joints_named_by_the_user():
    one = results(people(139, "", joints=14))
    assert named(one, None) is one and named(one, "lsp14").joints == LSP14.joints
    assert named(results(people(139, "", joints=2)), "Left Paw, tail").joints == ("left_paw", "tail")
    with pytest.raises(ValueError, match="people of 14 joints, --joints names 17"):
        named(one, "coco17")
    with pytest.raises(ValueError, match="--joints must be one of panoptic19.* body25, coco18, or joints' names"):
        named(one, "lsp")


def test_the_names_of_an_annotation_file_may_have_folders():
    names = [ImageNames(5, ("val/a", "a")), ImageNames(6, ("val/b", "b"))]
    fitted = fit(results(people(1, "b.png"), people(2, "val/a.jpg", 2)), names, COCO17)
    assert [len(one.xy_px) for one in fitted.found] == [2, 1]
