"""Lasting numbers for the people whom a finder gives in each frame of a video."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pose.crop import box_from_joints
from pose.similarity import box_iou_matrix, oks_suppression
from pose.tracking.appearance import JointColors
from pose.tracking.association import Candidates, box_similarity, cost_of_return, match, oks_similarity
from pose.tracking.flow import JointFlow
from pose.tracking.rule import TrackRule
from pose.tracking.state import PredictedPerson, TrackState, area_px


class PeopleTracker:
    """Gives the people of successive frames numbers that last, whatever found them.

    In each frame, the people of high score are matched with the tracks by OKS to the joints that each track's motion
    predicts, or optical flow if the rule asks for it (Xiao et al., arXiv 1804.06208); then those of low score with the
    tracks left (Zhang et al., ByteTrack, arXiv 2110.06864); then, by the overlap of boxes, whoever is left. All
    matchings are those of greatest total similarity. People of high score who match no track start one, and get its
    number after `TrackRule.birth_s`, or at once where they are sure or nobody was there before. A person who was lost
    and appears near where they may be gets the old number. Where images are given, colors help to tell who it is.

    Args:
        sigmas: J constants of OKS, `Skeleton.sigmas`.
        rule: when tracks start, go on and end.
    """

    def __init__(self, sigmas: Sequence[float], rule: TrackRule | None = None) -> None:
        self._sigmas = np.array(sigmas, np.float64)
        self._rule = rule or TrackRule()
        self._flow = JointFlow()
        self._last_number = 0
        self.reset()

    def reset(self) -> None:
        """Forgets everybody, as after a cut; numbers are not given again."""
        self._tracks: list[TrackState] = []
        self._lost: list[TrackState] = []
        self._time_s = -np.inf
        self._flow.next(None)

    def predict(self, time_s: float) -> list[PredictedPerson]:
        """The people who have numbers, as expected at a time, for instance that of the next frame.

        At the time of the last frame it gives those who were seen in it, with `missed_s` 0, and those who were missed.
        People who have not been seen for `TrackRule.lost_s` are left out.
        """
        tracks = [track for track in self._tracks if track.number and time_s - track.time_s <= self._rule.lost_s]
        return [track.at(time_s) for track in sorted(tracks, key=lambda track: track.number)]

    def update(
        self,
        xy_px: np.ndarray,
        scores: np.ndarray,
        person_scores: np.ndarray,
        time_s: float,
        picture: np.ndarray | None = None,
    ) -> np.ndarray:
        """Numbers the people of the next frame.

        Args:
            xy_px: float (P, J, 2), each person's joints.
            scores: float (P, J), 0 to 1; joints of score 0, or that are not finite, are missing.
            person_scores: float (P,), 0 to 1.
            time_s: when the frame was taken; must increase from call to call.
            picture: uint8 RGB (H, W, 3), the frame, for colors and optical flow; the same choice in every call.

        Returns:
            int64 (P,): each person's number from 1 up; -1 for people who are not tracked, or not yet.

        Raises:
            ValueError: the shapes do not fit each other, or the time does not increase.
        """
        people = self._people(xy_px, scores, person_scores)
        if not time_s > self._time_s:
            raise ValueError(
                f"time must go on from {self._time_s} s, got {time_s} s; call reset() before another video"
            )
        first = not self._tracks and not self._lost
        self._flow.next(picture if self._rule.flow else None)
        self._forget(time_s)
        counted = self._counted(people)
        if picture is not None and self._rule.colors:
            self._take_colors(people, counted, picture)
        owners = self._continue(people, counted, time_s)
        for k in counted:
            if k not in owners and people.person_scores[k] >= self._rule.high_score:
                owners[k] = TrackState(people.xy_px[k], people.scores[k], people.trusted[k], time_s, people.colors[k])
                self._tracks.append(owners[k])
        for k in sorted(owners, key=lambda k: -people.person_scores[k]):
            self._maybe_number(owners[k], people.person_scores[k], time_s, first)
        self._time_s = time_s
        return np.array([owners[k].number or -1 if k in owners else -1 for k in range(len(people.xy_px))], np.int64)

    def _people(self, xy_px: np.ndarray, scores: np.ndarray, person_scores: np.ndarray) -> Candidates:
        joints = len(self._sigmas)
        xy, scores, person_scores = (np.asarray(values, np.float64) for values in (xy_px, scores, person_scores))
        count = len(person_scores)
        if xy.shape != (count, joints, 2) or scores.shape != (count, joints) or person_scores.shape != (count,):
            raise ValueError(
                f"people to track need joints (P, {joints}, 2), scores (P, {joints}) and person scores (P,); got "
                f"{xy.shape}, {scores.shape} and {person_scores.shape}"
            )
        scores = np.nan_to_num(scores)
        trusted = np.isfinite(xy).all(axis=-1) & (scores >= self._rule.joint_score) & (scores > 0)
        return Candidates(xy, scores, np.nan_to_num(person_scores), trusted, np.full((count, joints, 3), np.nan))

    @staticmethod
    def _take_colors(people: Candidates, counted: list[int], picture: np.ndarray) -> None:
        colors = JointColors(picture)
        for k in counted:
            people.colors[k] = colors.at(people.xy_px[k], people.trusted[k])

    def _counted(self, people: Candidates) -> list[int]:
        """Those with enough score and joints who are no duplicates."""
        enough = (people.person_scores >= self._rule.low_score) & (people.trusted.sum(axis=1) >= people.min_joints)
        rows = np.flatnonzero(enough)
        some = people.some(rows)
        areas = np.array([area_px(xy, trusted) for xy, trusted in zip(some.xy_px, some.trusted, strict=True)])
        kept = oks_suppression(
            some.xy_px, some.person_scores, areas, self._sigmas, self._rule.duplicate_oks, some.trusted
        )
        return sorted(rows[kept].tolist())

    def _continue(self, people: Candidates, counted: list[int], time_s: float) -> dict[int, TrackState]:
        """Matches people with tracks, in three passes; returns the track of each person who has one."""
        rule = self._rule
        high = [k for k in counted if people.person_scores[k] >= rule.high_score]
        passes = (
            (high, self._by_oks, rule.min_oks),
            (counted, self._by_oks, rule.min_low_oks),
            (high, self._by_box, rule.min_iou),
        )
        owners: dict[int, TrackState] = {}
        for chosen, similarity, minimum in passes:
            tracks = [track for track in self._tracks if track not in owners.values()]
            left = [k for k in chosen if k not in owners]
            if tracks and left:
                pairs = match(similarity(tracks, people.some(left), time_s), minimum)
                owners |= {left[k]: tracks[i] for i, k in pairs}
        for k, track in owners.items():
            track.see(people.xy_px[k], people.scores[k], people.trusted[k], time_s, people.colors[k])
        return owners

    def _by_oks(self, tracks: list[TrackState], people: Candidates, time_s: float) -> np.ndarray:
        """OKS to the joints that motion predicts, or optical flow if that is greater."""
        predicted_px = np.array([track.predict(time_s) for track in tracks])
        similarity = oks_similarity(tracks, predicted_px, people, time_s, self._sigmas, self._rule.lost_s)
        seen = [track.time_s == self._time_s for track in tracks]
        if self._flow.known and any(seen):
            moved_px = self._flow.move(np.array([track.xy_px for track in tracks]))
            by_flow = oks_similarity(tracks, moved_px, people, time_s, self._sigmas, self._rule.lost_s)
            similarity = np.where(np.array(seen)[:, None], np.maximum(similarity, by_flow), similarity)
        return similarity

    def _by_box(self, tracks: list[TrackState], people: Candidates, time_s: float) -> np.ndarray:
        return box_similarity(tracks, np.array([track.predict(time_s) for track in tracks]), people)

    def _forget(self, time_s: float) -> None:
        """Moves tracks that end to the memory, and drops those that are too old or never got a number."""
        # Where frames are rare, whoever was in the last one has not been missed yet.
        missed = [track for track in self._tracks if track.time_s < self._time_s]
        lost = [track for track in missed if time_s - track.time_s > self._rule.lost_s]
        lost += [track for track in self._tracks if time_s - track.time_s > self._rule.remember_s]
        # Those without numbers may be missed for as long as they must be seen.
        gone = [track for track in missed if not track.number and time_s - track.time_s > self._rule.birth_s]
        self._tracks = [track for track in self._tracks if track not in lost and track not in gone]
        self._lost += [track for track in lost if track.number]
        self._lost = [track for track in self._lost if time_s - track.time_s <= self._rule.remember_s]

    def _maybe_number(self, track: TrackState, person_score: float, time_s: float, first: bool) -> None:
        """Gives a track its number, an old or a new one, if it has been seen for long enough."""
        long_enough = self._seen_for(track, time_s, self._rule.birth_s)
        beside = not first and self._beside_another(track, time_s)
        if track.number or not (first or long_enough or (person_score >= self._rule.sure_score and not beside)):
            return
        absent = self._lost + [other for other in self._tracks if other.number and other.time_s < track.started_s]
        nearest = min(absent, key=lambda other: cost_of_return(other, track), default=None)
        if nearest is None or cost_of_return(nearest, track) == np.inf:
            # Somebody new who overlaps another is often this one once more.
            if not beside or self._seen_for(track, time_s, self._rule.beside_s):
                self._last_number += 1
                track.number = self._last_number
            return
        track.number, track.since_s = nearest.number, nearest.since_s
        self._lost = [other for other in self._lost if other is not nearest]
        self._tracks = [other for other in self._tracks if other is not nearest]

    @staticmethod
    def _seen_for(track: TrackState, time_s: float, least_s: float) -> bool:
        return track.sightings > 1 and time_s - track.started_s >= least_s - 1e-6

    def _beside_another(self, track: TrackState, time_s: float) -> bool:
        """Whether somebody overlaps another who has a number and is seen at this time."""
        others = [other for other in self._tracks if other.number and other.time_s == time_s and other is not track]
        if not others:
            return False
        boxes = np.array([box_from_joints(one.xy_px, one.known()) for one in (track, *others)])
        return bool(box_iou_matrix(boxes[:1], boxes[1:]).max() >= self._rule.beside_iou)
