"""All metrics of one set of predictions in one place: what training logs each epoch and the report prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluate.pose_2d import metrics
from pose import Skeleton

PCK_THRESHOLDS = (0.05, 0.1, 0.2)
#: The one figure to compare models by: the mean PCK@0.2 (torso) of the 12 joints of arms and legs.
HEADLINE = "pck@0.2 limbs"
_NOT_IN_PCKH = ("pelvis", "thorax")


@dataclass(frozen=True, eq=False)
class Summary:
    """The metrics of one set of predictions. Fractions lie between 0 and 1; NaN if nothing was labeled.

    Attributes:
        joints: J joint names.
        main_joints: indices of the joints that the headline figure averages (`Skeleton.main_joints`).
        limbs: L names such as "left_hip-left_knee".
        people: N, how many people were predicted.
        labeled: int (J,), how many labels each joint has.
        invalid: how many predictions of labeled joints were not finite.
        pck: for each of `PCK_THRESHOLDS` the PCK by the torso, (J,).
        pck_head: PCK@0.5 by the skeleton's head span (neck to head top where labeled), (J,).
        pckh: PCKh@0.5 as MPII defines it, by 0.6 of the diagonal of the head's labeled box, (J,).
        pckh_total: of all joints but pelvis and thorax together.
        auc: area under the PCK curve by the torso up to 0.5, (J,).
        error_px: mean pixel error, (J,).
        pcp: strict PCP@0.5, (L,).
        oks: object keypoint similarity, (N,).
    """

    joints: tuple[str, ...]
    main_joints: tuple[int, ...]
    limbs: tuple[str, ...]
    people: int
    labeled: np.ndarray
    invalid: int
    pck: dict[float, np.ndarray]
    pck_head: np.ndarray
    pckh: np.ndarray
    pckh_total: float
    auc: np.ndarray
    error_px: np.ndarray
    pcp: np.ndarray
    oks: np.ndarray

    def scalars(self) -> dict[str, float]:
        """One number for each metric: the mean over joints (limbs, people) of those that have a value.

        Returns:
            "pck@0.2 limbs" first, unless it is the same as "pck@0.2"; then "pck@0.05", "pck@0.1", "pck@0.2",
            "pck_head@0.5", "pckh@0.5", "auc", "pcp@0.5", "oks" and "error_px".
        """
        return {
            self.headline_name: mean_of_known(self.pck[0.2][list(self.main_joints)]),
            **{f"pck@{threshold:g}": mean_of_known(values) for threshold, values in self.pck.items()},
            "pck_head@0.5": mean_of_known(self.pck_head),
            "pckh@0.5": self.pckh_total,
            "auc": mean_of_known(self.auc),
            "pcp@0.5": mean_of_known(self.pcp),
            "oks": mean_of_known(self.oks),
            "error_px": mean_of_known(self.error_px),
        }

    @property
    def headline(self) -> float:
        """The figure to compare models by."""
        return self.scalars()[self.headline_name]

    @property
    def headline_name(self) -> str:
        """The key of that figure in `scalars()`: PCK@0.2 of arms and legs, or of all joints of other skeletons."""
        return HEADLINE if len(self.main_joints) < len(self.joints) else "pck@0.2"


def summarize(predicted_px: np.ndarray, labels: Mapping[str, np.ndarray], skeleton: Skeleton) -> Summary:
    """Computes every metric but OKS-AP, which needs pycocotools (`evaluate.pose_2d.oks_ap`).

    Args:
        predicted_px: float (N, J, 2).
        labels: "joints_xy_px" (N, J, 2), "visible" (N, J), "torso_px", "head_px", "head_size_px" and "area_px" (N,), as
            `records.dataset` yields them, in px of the same image as the predictions.
        skeleton: of the J joints.

    Raises:
        ValueError: there are no people, or shapes do not fit each other or the skeleton.
    """
    true, visible = np.asarray(labels["joints_xy_px"]), np.asarray(labels["visible"])
    if not len(true):
        raise ValueError("metrics need at least one person, got none")
    if true.shape[1:] != (skeleton.num_joints, 2):
        raise ValueError(f"{skeleton.name} has {skeleton.num_joints} joints, got labels of shape {true.shape}")
    pose = (predicted_px, true, visible)
    distances = metrics.joint_distances(*pose)
    counted = np.array([joint not in _NOT_IN_PCKH for joint in skeleton.joints])
    torso, area = labels["torso_px"], metrics.oks_area_px(true, visible, labels["area_px"])
    return Summary(
        joints=skeleton.joints,
        main_joints=skeleton.main_joints,
        limbs=limb_names(skeleton),
        people=len(true),
        labeled=(visible > 0).sum(axis=0),
        invalid=int(np.isinf(distances).sum()),
        pck={threshold: metrics.pck(*pose, torso, threshold) for threshold in PCK_THRESHOLDS},
        pck_head=metrics.pck(*pose, labels["head_px"], 0.5),
        pckh=metrics.pck(*pose, labels["head_size_px"], 0.5),
        pckh_total=metrics.pooled_pck(predicted_px, true, visible * counted, labels["head_size_px"], 0.5),
        auc=metrics.pck_auc(*pose, torso),
        error_px=metrics.pixel_error(*pose),
        pcp=metrics.pcp(*pose, skeleton.limbs),
        oks=metrics.oks(*pose, area, np.array(skeleton.sigmas)),
    )


def limb_names(skeleton: Skeleton) -> tuple[str, ...]:
    """Names such as "left_hip-left_knee" for the skeleton's limbs, in order."""
    return tuple(f"{skeleton.joints[a]}-{skeleton.joints[b]}" for a, b in skeleton.limbs)


def mean_of_known(values: Sequence[float] | np.ndarray) -> float:
    """The mean of the values that are not NaN; NaN if there are none."""
    values = np.asarray(values, np.float64)
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
