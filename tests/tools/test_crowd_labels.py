"""Predictions of everybody, joined with the labels of one person in each image."""

import numpy as np
from lsp_archive import extended_joints, make_archive

from data_prep.conversion.splits import SplitRule
from pose import COCO17, LSP14
from pose.coco import coco_annotation, coco_image
from tools.crowd_labels import join


def predicted(number, image, xy_px, score):
    return coco_annotation(number, image, xy_px, np.full(17, 2), [*xy_px.min(0), *np.ptp(xy_px, axis=0)], score=score)


def test_labels_are_added_where_nobody_was_predicted_and_images_for_tests_are_left_out(tmp_path):
    lsp = make_archive(tmp_path / "lsp", extended_joints(people=60))
    splits = {number: SplitRule().split(f"im{number:05d}") for number in range(1, 61)}
    training = [number for number, split in splits.items() if split == "train"]
    assert len(training) < 60
    same, far, inside, unsure = training[:4]
    labeled = extended_joints(people=60)
    shared = [joint for joint in LSP14.joints if joint in COCO17.joints]

    def as_coco(number):
        xy_px = np.full((17, 2), 50.0)
        for joint in shared:
            xy_px[COCO17.index(joint)] = labeled[LSP14.index(joint), :2, number - 1]
        return xy_px

    rng = np.random.default_rng(1)
    annotations = [
        predicted(1, same, as_coco(same) + 1, 0.5),
        predicted(2, far, rng.uniform(200, 220, (17, 2)), 0.9),
        predicted(3, inside, rng.uniform(40, 60, (17, 2)), 0.9),
        predicted(4, unsure, as_coco(unsure), 0.29),
    ]
    images = [coco_image(number, f"im{number:05d}.jpg", (120, 100)) for number in splits]
    content = join({"images": images, "annotations": annotations, "categories": ["as they are"]}, lsp)
    assert [image["id"] for image in content["images"]] == training and content["categories"] == ["as they are"]
    people = {number: [a for a in content["annotations"] if a["image_id"] == number] for number in training}
    assert people[same] == [annotations[0]]
    assert people[far][0] == annotations[1] and len(people[far]) == 2
    for number in (far, inside, unsure):
        label = people[number][-1]
        points = np.reshape(label["keypoints"], (17, 3))
        assert "score" not in label and label["id"] > 4 and (points[:, 2] > 0).sum() == len(shared) == 12
        at = COCO17.index("left_knee")
        np.testing.assert_allclose(points[at, :2], labeled[LSP14.index("left_knee"), :2, number - 1], atol=0.01)
    assert [len(people[number]) for number in (inside, unsure)] == [1, 1]
    assert all(len(people[number]) == 1 for number in training[4:])
