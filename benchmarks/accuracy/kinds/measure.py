"""A model's predictions for people, and their metrics."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.accuracy.kinds.classes import Alteration
from benchmarks.accuracy.kinds.people import People
from demo.runtimes.pose_model import PoseModel
from demo.tracking.estimator import confidence
from demo.tracking.rule import FollowRule
from evaluate.pose_2d.metrics import joint_distances, pck
from evaluate.pose_2d.oks_ap import average_precision
from evaluate.pose_2d.summary import mean_of_known
from evaluate.predictor import SCORE_REACH
from pose import Crop, convert_joints
from pose.skeleton import joint_stem

_NEAR, _NEARER = 0.2, 0.1
# Groups of joints beside arms and legs, by their names without a side.
_GROUPS = {"face": ("nose", "eye", "ear"), "feet": ("heel", "big_toe", "small_toe")}


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's predictions for N people, and the labels that count.

    Attributes:
        joints_px: float (N, J, 2) in px of the people's images and in their joints; NaN where it has no such joint.
        scores: float (N, J), NaN likewise.
        labels: the people's, with visibility 0 for all but limb joints and for joints outside the model's crop.
        all_visible: int (N, J), visibility of every joint that the model has, 0 outside its crop.
        found: bool (N,), whether the demos would start to track the person.
        crop: the part of each image that it was shown.
    """

    joints_px: np.ndarray
    scores: np.ndarray
    labels: dict[str, np.ndarray]
    all_visible: np.ndarray
    found: np.ndarray
    crop: Crop


def ask(model: PoseModel, people: People, alteration: Alteration) -> Answers:
    """Runs a model on everyone's altered image, one at a time, since some take no batches."""
    crop = _crop(people.pictures.shape[1], model.size, alteration)
    least = FollowRule().for_model(model.follow).found_score
    xy_px, scores, found = [], [], []
    for picture in people.pictures:
        joints_px, own_scores = model.predict(crop.cut(alteration.change(picture))[None])
        xy_px.append(crop.points_to_frame(joints_px[0]))
        scores.append(own_scores[0])
        found.append(confidence(own_scores[0], model.skeleton) >= least)
    both = np.concatenate([np.array(xy_px), np.array(scores)[..., None]], axis=2)
    both, has = convert_joints(both, np.full(both.shape[:2], 2), model.skeleton, people.skeleton)
    both = np.where(has[..., None] > 0, both, np.nan)
    shown_px = crop.points_to_crop(people.labels["joints_xy_px"])
    counted = ((shown_px >= -0.5) & (shown_px < model.size - 0.5)).all(axis=2)
    visible = np.where(counted & (has > 0), people.labels["visible"], 0)
    others = [j for j in range(people.skeleton.num_joints) if j not in people.skeleton.main_joints]
    counted[:, others] = False
    labels = {**people.labels, "visible": np.where(counted, people.labels["visible"], 0)}
    return Answers(both[..., :2], both[..., 2], labels, visible, np.array(found), crop)


def _crop(size: int, wanted: int, alteration: Alteration) -> Crop:
    """The crop of an image for an alteration: rotated about the center, at another size."""
    middle = (size - 1) / 2
    scale = alteration.margin * size / wanted
    matrix = cv2.getRotationMatrix2D(((wanted - 1) / 2,) * 2, -alteration.turn_deg, scale)
    matrix[:, 2] += middle - (wanted - 1) / 2
    return Crop(matrix, wanted)


def torso_errors(answers: Answers) -> np.ndarray:
    """Distances from the labels in torso lengths, (N, J): NaN where not counted or without a known torso."""
    labels = answers.labels
    distances = joint_distances(answers.joints_px, labels["joints_xy_px"], labels["visible"])
    return distances / np.where(labels["torso_px"] > 0, labels["torso_px"], np.nan)[:, None]


def swapped(answers: Answers, flip_order: np.ndarray) -> np.ndarray:
    """Which joints are wrong, but right for the same joint of the person's other side: bool (N, J)."""
    labels = answers.labels
    visible = np.where(labels["visible"][:, flip_order] > 0, labels["visible"], 0)
    truth = labels["joints_xy_px"][:, flip_order]
    other = joint_distances(answers.joints_px, truth, visible)
    return (torso_errors(answers) > _NEAR) & (other <= _NEAR * labels["torso_px"][:, None])


def figures(people: People, answers: Answers, rows: np.ndarray) -> dict[str, float]:
    """The metrics of some of the people.

    Args:
        people: all of them.
        answers: about all of them.
        rows: bool (N,), which of them to count.

    Returns:
        n: people with a torso and a limb joint that count. PCK@0.2 and PCK@0.1: of the 12 limb joints. face and feet:
            PCK@0.2 of these, where model and labels have them. swapped: the share of the joints wrong at 0.2 that lie
            within 0.2 of the other side's label. score: the joints' mean score. near: the share of joints within the
            distance whose probability the score is. found: the share of people whom the demos would track. NaN where
            there is nothing to count.
    """
    labels, joints_px = {name: values[rows] for name, values in answers.labels.items()}, answers.joints_px[rows]
    pose = (joints_px, labels["joints_xy_px"], labels["visible"])
    limbs = list(people.skeleton.main_joints)
    errors = torso_errors(answers)[rows]
    distances = joint_distances(*pose)
    labelled = ~np.isnan(distances)
    wrong, swaps = errors > _NEAR, swapped(answers, people.skeleton.flip_order)[rows]
    reach_px = SCORE_REACH * people.pictures.shape[1]
    joints = pck(joints_px, labels["joints_xy_px"], answers.all_visible[rows], labels["torso_px"], _NEAR)
    stems = [joint_stem(joint) for joint in people.skeleton.joints]
    groups = {title: joints[[stem in group for stem in stems]] for title, group in _GROUPS.items()}
    return {
        "n": int((~np.isnan(errors)).any(axis=1).sum()),
        **{f"PCK@{near:g}": mean_of_known(pck(*pose, labels["torso_px"], near)[limbs]) for near in (_NEAR, _NEARER)},
        **{title: mean_of_known(values) for title, values in groups.items()},
        "swapped": float(swaps.sum() / wrong.sum()) if wrong.any() else float("nan"),
        "score": mean_of_known(answers.scores[rows][labelled]),
        "near": mean_of_known((distances <= reach_px)[labelled]),
        "found": mean_of_known(answers.found[rows]),
    }


def oks_ap(people: People, answers: Answers) -> float:
    """COCO's average precision over OKS 0.50 to 0.95, of the 12 limb joints alone."""
    return average_precision(answers.joints_px, answers.scores, answers.labels, people.skeleton).ap
