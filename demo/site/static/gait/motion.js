// A person's joints in time, prepared for the analysis of gait: gait/motion.py and gait/inputs/tracks.py for an image,
// whose y points down.
import { fill, runs } from "./gaps.js";
import { lowPass } from "./low_pass.js";
import { MOTION, TRACKS } from "./rules.js";
import {
  byAxis, dot, finite, gaussian, gradient, interpolate, isKnown, mean, median, middle, norm, percentileFilter, quantile,
  range, roundEven, smooth, smoothed, subtract, sum, UNKNOWN,
} from "./series.js";

const { MAX_GAP_S, CUTOFF_HZ, MIN_FPS, _HEADING_S: HEADING_S, STANDING, LEG_SHARE } = MOTION;
const { _MOST_FRAMES: MOST_FRAMES, _EVEN: EVEN } = TRACKS;

export const SIDES = ["left", "right"];

/** The joints of one person in time. */
export class Motion {
  #cached = new Map();

  /**
   * @param {Map<string, number[][]>} joints by name, [x, y] in px for each frame, NaN where not known
   * @param {number} frames how many
   * @param {number} fps frames per second
   * @param {number} startS time of the first frame in the recording
   */
  constructor(joints, frames, fps, startS) {
    Object.assign(this, { joints, frames, fps, startS, mmPerUnit: null });
  }

  /** The motion of joints at the times of their frames, which are interpolated where these are not even. */
  static of(names, timesS, frames) {
    if (timesS.length < 2) throw new Error("There is one frame of the person; gait needs a walk.");
    const [evenS, even] = evenly(timesS, frames);
    const fps = (evenS.length - 1) / (evenS.at(-1) - evenS[0]);
    if (!(fps >= MIN_FPS)) {
      throw new Error(`Gait needs ${MIN_FPS} frames per second or more, got ${Number(fps.toPrecision(6))}.`);
    }
    const joints = new Map(names.map((name, j) => [name, even.map((frame) => frame[j])]));
    const motion = new Motion(joints, even.length, fps, evenS[0]);
    const needed = SIDES.flatMap((side) => ["hip", "ankle"].map((stem) => `${side}_${stem}`));
    const lacking = needed.filter((name) => !motion.has(name));
    if (lacking.length) {
      const missing = lacking.join(", ");
      throw new Error(`Gait needs hips and ankles, and ${missing} is not known in any frame; record the whole legs.`);
    }
    const top = SIDES.every((side) => motion.has(`${side}_shoulder`)) ? "shoulder" : "hip";
    motion.up = mainAxis(SIDES.flatMap((side) => motion.#span(`${side}_ankle`, `${side}_${top}`)));
    return motion;
  }

  #span(from, to) {
    const [a, b] = [this.joint(from), this.joint(to)];
    return b.map((point, k) => subtract(point, a[k]));
  }

  #once(name, compute) {
    if (!this.#cached.has(name)) this.#cached.set(name, compute());
    return this.#cached.get(name);
  }

  /** How long it lasts. */
  get seconds() {
    return this.frames / this.fps;
  }

  /** Whether a joint is known in any frame. */
  has(name) {
    return Boolean(this.joints.get(name)?.some(isKnown));
  }

  joint(name) {
    return this.joints.get(name);
  }

  /** The motion with short gaps interpolated, low-pass filtered between longer ones. */
  filtered() {
    const timesS = range(this.frames).map((k) => k / this.fps);
    const joints = new Map([...this.joints].map(([name, points]) => [name, filteredJoint(points, timesS)]));
    return Object.assign(new Motion(joints, this.frames, this.fps, this.startS), { up: this.up });
  }

  /** Gives the motion a scale, from the person's height in m. */
  scaleBy(heightM) {
    this.mmPerUnit = (1000 * heightM * LEG_SHARE) / this.leg;
  }

  /** The middle of the hips. */
  get pelvis() {
    return this.#once("pelvis", () => (
      this.joint("left_hip").map((point, k) => middle(point, this.joint("right_hip")[k]))
    ));
  }

  /** The length of a leg in px: the 90th percentile of the way from the hip over the knee to the ankle. */
  get leg() {
    return this.#once("leg", () => quantile(finite(this.#legs.flat()), 0.9));
  }

  /** The way from the hip over the knee to the ankle of both legs, in each frame. */
  get #legs() {
    return this.#once("legs", () => SIDES.map((side) => {
      const names = ["hip", "knee", "ankle"].map((stem) => `${side}_${stem}`).filter((name) => this.has(name));
      const parts = names.slice(1).map((name, k) => this.#span(names[k], name).map(norm));
      return range(this.frames).map((k) => sum(parts.map((part) => part[k])));
    }));
  }

  /** How large the person is in each frame, averaged over about a stride; 1 where the leg is `leg` long. */
  get enlargement() {
    return this.#once("enlargement", () => {
      const [left, right] = this.#legs;
      const known = left.map((length, k) => finite([length, right[k]]));
      const longer = known.map((lengths) => (lengths.length ? Math.max(...lengths) : NaN));
      const filled = smoothed(longer, 0, this.fps);
      const near = percentileFilter(filled, 80, Math.max(1, roundEven(2 * HEADING_S * this.fps)));
      return smoothed(near, HEADING_S, this.fps).map((length) => length / this.leg);
    });
  }

  height(points) {
    return points.map((point) => dot(point, this.up));
  }

  /** Points or vectors without their height. */
  level(points) {
    return points.map((point) => subtract(point, this.up.map((axis) => axis * dot(point, this.up))));
  }

  /** How fast the pelvis moves over ground, averaged over about a stride, in px per second. */
  get speed() {
    return this.#once("speed", () => {
      const level = this.level(this.pelvis);
      if (level.filter(isKnown).length < 2) return level.map(() => UNKNOWN);
      return byAxis(smooth(level, HEADING_S, this.fps), (values) => gradient(values).map((step) => step * this.fps));
    });
  }

  /** The unit vector ahead over ground: where the pelvis moves, or where the person faces if it does not. */
  get ahead() {
    return this.#once("ahead", () => this.speed.map((speed, k) => {
      const moves = norm(speed) > STANDING * this.leg;
      const way = moves ? speed : this.#facing[k];
      return way.map((value) => value / Math.max(norm(way), 1e-9));
    }));
  }

  /** Where the feet point, or else the knees bend, averaged over about a stride. */
  get #facing() {
    return this.#once("facing", () => {
      const allOf = (stems, way) => SIDES.filter((side) => stems.every((stem) => this.has(`${side}_${stem}`)))
        .map((side) => range(this.frames).map((k) => way(...stems.map((stem) => this.joint(`${side}_${stem}`)[k]))));
      let ways = allOf(["heel", "big_toe"], (heel, toe) => subtract(toe, heel));
      if (!ways.length) {
        ways = allOf(["hip", "knee", "ankle"], (hip, knee, ankle) => subtract(knee, middle(hip, ankle)));
      }
      if (!ways.length) return this.pelvis.map(() => UNKNOWN);
      const levels = ways.map((points) => this.level(points));
      // The length does not matter, so the sum serves as the mean of those that are known.
      const total = range(this.frames).map((k) => [0, 1].map((axis) => sum(finite(levels.map((way) => way[k][axis])))));
      return byAxis(total, (values) => gaussian(values, HEADING_S * this.fps));
    });
  }
}

function filteredJoint(points, timesS) {
  const measured = points.map(isKnown);
  const filtered = points.map(() => UNKNOWN);
  const axes = [0, 1].map((axis) => points.map((point) => point[axis]));
  for (const run of runs(measured, timesS, MAX_GAP_S)) {
    const [first, end] = [run[0], run.at(-1) + 1];
    const [xs, ys] = axes.map((values) => {
      fill(values, timesS, run);
      return lowPass(values.slice(first, end), timesS.slice(first, end), CUTOFF_HZ);
    });
    xs.forEach((x, k) => (filtered[first + k] = [x, ys[k]]));
  }
  return filtered;
}

/** The axis, with its sign, along which vectors point in the mean. */
function mainAxis(vectors) {
  const [x, y] = [0, 1].map((axis) => mean(finite(vectors.map((vector) => vector[axis]))));
  return Math.abs(x) >= Math.abs(y) ? [Math.sign(x), 0] : [0, Math.sign(y)];
}

/** Times at even intervals, and the joints at them: interpolated where frames are not even, as phones record. */
function evenly(timesS, frames) {
  const steps = timesS.slice(1).map((timeS, k) => timeS - timesS[k]);
  const [usualS, lastS] = [median(steps), timesS.at(-1)];
  if (!(timesS.every(Number.isFinite) && steps.every((step) => step > 0)) || lastS - timesS[0] > MOST_FRAMES * usualS) {
    throw new Error(`Times of frames must increase, over ${MOST_FRAMES} frames at most.`);
  }
  const count = roundEven((lastS - timesS[0]) / usualS) + 1;
  const evenS = range(count).map((k) => timesS[0] + (k * (lastS - timesS[0])) / (count - 1));
  evenS[count - 1] = lastS;
  const isNear = (timeS, k) => Math.abs(timeS - timesS[k]) < EVEN * usualS;
  if (count === timesS.length && evenS.every(isNear)) return [evenS, frames];
  const columns = frames[0].map((_, j) => byAxis(
    frames.map((frame) => frame[j]),
    (values) => interpolate(evenS, timesS, values),
  ));
  return [evenS, range(count).map((k) => columns.map((column) => column[k]))];
}

/** Adds the frames in which a person was not seen to those in which they were. */
export function withGaps(numbers, timesS, frames) {
  const places = numbers.map((number) => number - numbers[0]);
  const count = places.at(-1) + 1;
  const full = Array.from({ length: count }, () => frames[0].map(() => UNKNOWN));
  frames.forEach((frame, k) => (full[places[k]] = frame));
  return [interpolate(range(count), places, timesS), full];
}
