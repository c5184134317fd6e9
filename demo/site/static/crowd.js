// Everybody in the frames of a camera or video, by a model that sees everybody: demo/finding/finder.py and crowd.py
// with one view of each frame, which shows all of it.
import { Crop } from "./crop.js";
import { confidence } from "./estimator.js";
import { boxOf, oks } from "./track_state.js";
import { PeopleTracker } from "./tracks.js";

/**
 * @typedef {object} Found one person of a picture
 * @property {number[][]} joints [x, y] of each joint in px
 * @property {number[]} scores of each joint, 0 to 1
 * @property {number} score of the person, 0 to 1
 */

/** Finds everybody in a frame. */
export class Finder {
  /**
   * @param {function(Uint8Array): Promise<Found[]>} find from the RGB pixels of a square picture to the people in it
   * @param {object} settings the page's settings.json
   */
  constructor(find, settings) {
    const { finder, follow, motion, pose, sigmas } = settings;
    Object.assign(this, { findIn: find, finder, rule: follow, motion, size: pose.size, sigmas });
  }

  /**
   * @param {ImageData} picture
   * @returns {Promise<Found[]>} each person once, best first, in px of the frame
   */
  async find(picture) {
    const { width, height } = picture;
    const crop = Crop.centered([(width - 1) / 2, (height - 1) / 2], Math.max(width, height), this.size);
    const found = await this.findIn(crop.cut(picture));
    const likely = found.filter(({ score }) => score >= this.finder.least_score);
    return this.#withoutDuplicates(
      likely.map((person) => ({ ...person, joints: person.joints.map((point) => crop.toFrame(point)) })),
    );
  }

  /** The box [x, y, width, height] around the joints of sufficient score, or around the best where too few have it. */
  box({ joints, scores }) {
    const best = [...scores].sort((a, b) => b - a).slice(0, this.finder.box_joints);
    const minimum = Math.min(this.rule.joint_score, ...best);
    return boxOf(joints, scores.map((score) => score >= minimum));
  }

  /** Without those who are as good as another person of higher score; best first. */
  #withoutDuplicates(people) {
    const kept = [];
    for (const person of [...people].sort((a, b) => b.score - a.score)) {
      if (kept.every((other) => this.#similarity(other, person) < this.finder.same_oks)) kept.push(person);
    }
    return kept;
  }

  #similarity(better, person) {
    const area = this.motion.area_share * Math.max(...this.box(better).slice(2)) ** 2;
    return area > 0 ? oks(better.joints, person.joints, area, this.sigmas, 0, [...this.sigmas.keys()]) : 0;
  }
}

/** Finds everybody in each frame, and numbers those who are tracked. */
export class CrowdTracker {
  /** See `Finder`. */
  constructor(find, settings) {
    Object.assign(this, { settings, finder: new Finder(find, settings), tracked: new Set() });
    this.tracker = new PeopleTracker(settings.sigmas, settings.tracks, settings.motion);
  }

  /**
   * Tracks the people into the next frame.
   *
   * @param {ImageData} picture
   * @param {number} timeS when it was taken; must increase from call to call
   * @returns {Promise<Map<number, Pose>>} by the people's numbers, which stay the same while they are tracked
   */
  async update(picture, timeS) {
    if (picture.width !== this.width || picture.height !== this.height) {
      Object.assign(this, { width: picture.width, height: picture.height });
      this.tracker.reset();
    }
    const found = (await this.finder.find(picture)).map((person) => (
      { ...person, score: person.score * confidence(person.scores, this.settings.main_joints) }
    ));
    const numbers = this.tracker.update(found, timeS);
    const poses = new Map();
    numbers.forEach((number, k) => {
      if (number < 0) return;
      const { joints, scores } = found[k];
      poses.set(number, { joints, scores, crop: this.#crop(found[k]), fresh: !this.tracked.has(number) });
    });
    this.tracked = new Set(poses.keys());
    return poses;
  }

  /** The person's crop: nothing but a unit of length for the filters. */
  #crop(person) {
    const { finder, size } = this.finder;
    const [x, y, ...sides] = this.finder.box(person);
    const [width, height] = sides.map((side) => Math.max(side, 1));
    return Crop.centered([x + width / 2, y + height / 2], finder.padding * Math.max(width, height), size);
  }
}
