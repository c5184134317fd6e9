// Everybody in the frames of a video: as tracked, put right, and as the records that `panopose video --out FILE.jsonl`
// writes and `panopose gait FILE.jsonl` reads.
import { CrowdTracker } from "../crowd.js";
import { confidence } from "../estimator.js";
import { Tracker } from "../tracker.js";
import { isLeapOfAll } from "./gaps.js";
import { repair } from "./repair.js";
import { isKnown, norm, range, subtract, UNKNOWN } from "./series.js";

/** Follows the people, by a model that sees one of them in a crop or by one that sees everybody. */
export class Follower {
  #number = 0;
  #last = null;

  /** @param {object} settings the page's settings.json */
  constructor(model, settings) {
    const tracker = settings.everybody ? new CrowdTracker(model.find, settings) : new Tracker(model.predict, settings);
    Object.assign(this, { settings, tracker, timesS: [], seen: new Map() });
  }

  /** Adds the next frame; returns the people in it, as `joints` in px of it, `scores` and `shown`. */
  async next(picture, timeS) {
    const { follow, main_joints: mainJoints } = this.settings;
    const update = await this.tracker.update(picture, timeS);
    const poses = this.settings.everybody ? update : this.#numbered(update, timeS);
    const shown = [];
    for (const [number, { joints, scores }] of poses) {
      if (confidence(scores, mainJoints) < follow.lost_score) continue;
      if (!this.seen.has(number)) this.seen.set(number, new Map());
      this.seen.get(number).set(this.timesS.length, { joints, scores });
      shown.push({ number, joints, scores, shown: scores.map((score) => score >= follow.joint_score) });
    }
    this.timesS.push(timeS);
    return shown;
  }

  /** The one person of a frame with a number, which changes where a new track begins too far away. */
  #numbered(pose, timeS) {
    if (!pose) return new Map();
    const { center, side } = pose.crop;
    const last = this.#last;
    if (pose.fresh && last) {
      const moved = (this.settings.pose.padding * norm(subtract(center, last.center))) / last.side;
      if (isLeapOfAll(moved, timeS - last.timeS)) this.#number += 1;
    }
    this.#last = { center, side, timeS };
    return new Map([[this.#number, pose]]);
  }

  /**
   * A record for each frame.
   *
   * @param {{width: number, height: number}} size of the video, to whose px the joints are scaled
   * @param {number} scale px of the video for each of the pictures
   */
  records(size, scale) {
    const { skeleton } = this.settings.pose;
    const records = this.timesS.map((timeS, frame) => ({
      frame,
      time_s: rounded(timeS - this.timesS[0], 6),
      size: [size.height, size.width],
      skeleton: skeleton.name,
      joints: skeleton.joints,
      people: [],
    }));
    for (const [number, sightings] of this.seen) {
      for (const [frame, person] of this.#repaired(sightings)) {
        const known = person.joints.filter(isKnown);
        if (!known.length) continue;
        const joints = person.joints.map((point) => point.map((value) => scale * (value + 0.5) - 0.5));
        records[frame].people.push({
          id: number,
          box_px: box(joints.filter(isKnown)),
          joints_px: joints.map((point) => point.map((value) => (Number.isFinite(value) ? rounded(value, 2) : null))),
          scores: person.scores.map((score) => rounded(score, 4)),
        });
      }
    }
    return records;
  }

  #repaired(sightings) {
    const { follow, pose: { skeleton }, tracking } = this.settings;
    const first = Math.min(...sightings.keys());
    const frames = range(Math.max(...sightings.keys()) - first + 1).map((k) => first + k);
    const missing = { joints: skeleton.joints.map(() => UNKNOWN), scores: skeleton.joints.map(() => 0) };
    const track = frames.map((frame) => sightings.get(frame) ?? missing);
    const timesS = frames.map((frame) => this.timesS[frame]);
    const repaired = repair(track, timesS, skeleton, follow.joint_score, tracking.min_joints);
    return frames.map((frame, k) => [frame, repaired[k]]);
  }
}

function rounded(value, digits) {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

function box(points) {
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top].map((value) => rounded(value, 2));
}
