// Lasting numbers for the people whom a finder gives in each frame: pose/tracking/tracks.py without images, that
// is without optical flow and colors. Points are [x, y].
import { matchBest } from "./assignment.js";
import { boxOf, boxSimilarity, costOfReturn, isFinitePoint, lengthOf, oks, overlap, TrackState } from "./track_state.js";

/** Gives the people of successive frames numbers that last; see `PeopleTracker` in pose/tracking/tracks.py. */
export class PeopleTracker {
  /**
   * @param {number[]} sigmas constants of OKS
   * @param {object} trackRule the fields of `TrackRule` in pose/tracking/rule.py, as in the tracks of settings.json
   * @param {object} motion the fields of `Motion` in pose/tracking/motion.py, as in settings.json
   */
  constructor(sigmas, trackRule, motion) {
    Object.assign(this, { sigmas, trackRule, motion, lastNumber: 0 });
    this.minJoints = Math.min(motion.min_joints, sigmas.length);
    this.reset();
  }

  /** Forgets everybody; numbers are not given again. */
  reset() {
    Object.assign(this, { tracks: [], lost: [], timeS: -Infinity });
  }

  /** The people who have numbers, as expected at a time. */
  predict(timeS) {
    const tracks = this.tracks.filter((track) => track.number && timeS - track.timeS <= this.trackRule.lost_s);
    return tracks.sort((a, b) => a.number - b.number).map((track) => ({
      number: track.number,
      joints: track.predict(timeS),
      scores: track.scores.map((score, j) => (track.known[j] ? score : 0)),
      length: track.length,
      missedS: timeS - track.timeS,
    }));
  }

  /**
   * Numbers the people of the next frame.
   *
   * @param {{joints: number[][], scores: number[], score: number}[]} found
   * @param {number} timeS when the frame was taken; must increase from call to call
   * @returns {number[]} the people's numbers from 1 up; -1 for those who are not tracked, or not yet
   */
  update(found, timeS) {
    const { trackRule } = this;
    const people = found.map(({ joints, scores, score }) => ({
      joints,
      scores,
      score,
      trusted: joints.map((point, j) => isFinitePoint(point) && scores[j] > 0 && scores[j] >= trackRule.joint_score),
    }));
    const first = !this.tracks.length && !this.lost.length;
    this.#forget(timeS);
    const counted = this.#counted(people);
    const owners = this.#continue(people, counted, timeS);
    for (const k of counted) {
      if (owners.has(k) || people[k].score < trackRule.high_score) continue;
      owners.set(k, new TrackState(people[k], timeS, this.motion));
      this.tracks.push(owners.get(k));
    }
    const order = [...owners.keys()].sort((a, b) => people[b].score - people[a].score);
    for (const k of order) this.#maybeNumber(owners.get(k), people[k].score, timeS, first);
    this.timeS = timeS;
    return people.map((_, k) => owners.get(k)?.number || -1);
  }

  /** Those with enough score and joints who are no duplicates. */
  #counted(people) {
    const enough = people.map((_, k) => k).filter((k) => {
      const joints = people[k].trusted.filter(Boolean).length;
      return people[k].score >= this.trackRule.low_score && joints >= this.minJoints;
    });
    const kept = [];
    const isOther = (k) => (other) => this.#duplicateOks(people[other], people[k]) < this.trackRule.duplicate_oks;
    for (const k of enough.sort((a, b) => people[b].score - people[a].score)) {
      if (kept.every(isOther(k))) kept.push(k);
    }
    return kept.sort((a, b) => a - b);
  }

  /** OKS of a person to one of higher score, whose trusted joints count; others of the person are far off. */
  #duplicateOks(better, person) {
    const counted = better.joints.map((_, j) => j).filter((j) => better.trusted[j]);
    const finite = counted.filter((j) => isFinitePoint(person.joints[j]));
    const area = this.motion.area_share * lengthOf(better.joints, better.trusted) ** 2;
    return (oks(better.joints, person.joints, area, this.sigmas, 0, finite) * finite.length) / counted.length;
  }

  /** Matches people with tracks, in three passes. */
  #continue(people, counted, timeS) {
    const { trackRule } = this;
    const high = counted.filter((k) => people[k].score >= trackRule.high_score);
    const byOks = (track, person) => this.#oks(track, person, timeS);
    const byBox = (track, person) =>
      boxSimilarity(boxOf(track.predict(timeS), track.known), boxOf(person.joints, person.trusted), this.motion);
    const owners = new Map();
    const passes = [
      [high, byOks, trackRule.min_oks],
      [counted, byOks, trackRule.min_low_oks],
      [high, byBox, trackRule.min_iou],
    ];
    for (const [chosen, similarity, minimum] of passes) {
      const taken = new Set(owners.values());
      const tracks = this.tracks.filter((track) => !taken.has(track));
      const left = chosen.filter((k) => !owners.has(k));
      const matrix = tracks.map((track) => left.map((k) => similarity(track, people[k])));
      for (const [i, k] of matchBest(matrix, minimum)) owners.set(left[k], tracks[i]);
    }
    for (const [k, track] of owners) track.see(people[k], timeS);
    return owners;
  }

  #oks(track, person, timeS) {
    const known = track.known;
    const common = person.joints.map((_, j) => j).filter((j) => known[j] && person.trusted[j]);
    if (common.length < this.minJoints) return 0;
    const missed = Math.min((timeS - track.timeS) / Math.max(this.trackRule.lost_s, 1e-9), 1);
    const expected = track.predict(timeS);
    const similarity = oks(expected, person.joints, track.area, this.sigmas, track.spread(timeS), common);
    return similarity * (1 - this.motion.missed_share * missed);
  }

  /** Moves tracks that end to the memory, and drops those that are too old or never got a number. */
  #forget(timeS) {
    const { trackRule } = this;
    const age = (track) => timeS - track.timeS;
    // Where frames are rare, whoever was in the last one has not been missed yet.
    const wasMissed = (track) => track.timeS < this.timeS;
    const isLost = (track) =>
      age(track) > trackRule.remember_s || (wasMissed(track) && age(track) > trackRule.lost_s);
    const isGone = (track) => !track.number && wasMissed(track) && age(track) > trackRule.birth_s;
    this.lost.push(...this.tracks.filter((track) => isLost(track) && track.number));
    this.lost = this.lost.filter((track) => age(track) <= trackRule.remember_s);
    this.tracks = this.tracks.filter((track) => !isLost(track) && !isGone(track));
  }

  /** Gives a track its number, an old or a new one, if it has been seen for long enough. */
  #maybeNumber(track, score, timeS, first) {
    const seenFor = (leastS) => track.sightings > 1 && timeS - track.startedS >= leastS - 1e-6;
    const beside = !first && this.#besideAnother(track, timeS);
    const sure = score >= this.trackRule.sure_score && !beside;
    if (track.number || !(first || seenFor(this.trackRule.birth_s) || sure)) return;
    const absent = [...this.lost, ...this.tracks.filter((other) => other.number && other.timeS < track.startedS)];
    const costs = absent.map((other) => costOfReturn(other, track));
    const least = Math.min(...costs);
    if (least === Infinity) {
      // Somebody new who overlaps another is often this one once more.
      if (beside && !seenFor(this.trackRule.beside_s)) return;
      this.lastNumber += 1;
      track.number = this.lastNumber;
      return;
    }
    const nearest = absent[costs.indexOf(least)];
    Object.assign(track, { number: nearest.number, sinceS: nearest.sinceS });
    this.lost = this.lost.filter((other) => other !== nearest);
    this.tracks = this.tracks.filter((other) => other !== nearest);
  }

  /** Whether somebody overlaps another who has a number and is seen at this time. */
  #besideAnother(track, timeS) {
    const box = boxOf(track.joints, track.known);
    return this.tracks.some((other) => other !== track && other.number && other.timeS === timeS
      && overlap(box, boxOf(other.joints, other.known)) >= this.trackRule.beside_iou);
  }
}
