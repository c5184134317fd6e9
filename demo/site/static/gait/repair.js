// One person's joints as tracked, put right: left and right exchanged back, leaps rejected, short gaps filled, as
// `panopose gait` does before it reads a video: demo/offline/smooth.py and leaps.py without the low-pass filter.
import { fill, pieces, runs } from "./gaps.js";
import { LEAPS, MOTION, SMOOTH } from "./rules.js";
import { findSwaps } from "./swaps.js";
import { interpolate, isKnown, median, norm, range, roundEven, subtract, UNKNOWN } from "./series.js";

const { LEAP, DEVIATIONS, WINDOW_S, MIN_NEIGHBORS, MAX_WINDOW_S, _NORMAL: NORMAL } = LEAPS;
const { _LENGTH_S: LENGTH_S } = SMOOTH;
const { MAX_GAP_S } = MOTION;

/**
 * @param {{joints: number[][], scores: number[]}[]} track of successive frames; in those in which the person was not
 *     seen all joints are NaN
 * @param {number[]} timesS of the frames
 * @param {object} skeleton with `pairs` and `limbs`
 * @param {number} jointScore the least score of a measurement
 * @param {number} minJoints the least number of joints that have a box
 * @returns {{joints: number[][], scores: number[]}[]} NaN and 0 where not known, 0 where filled
 */
export function repair(track, timesS, skeleton, jointScore, minJoints) {
  const measured = track.map(({ joints, scores }) => joints.map((point, j) => isKnown(point) && scores[j] >= jointScore));
  const points = track.map(({ joints }, k) => joints.map((point, j) => (measured[k][j] ? point : UNKNOWN)));
  const scores = track.map((frame, k) => frame.scores.map((score, j) => (measured[k][j] ? score : 0)));
  const lengths = personLengths(points, measured, timesS, minJoints);
  const piece = pieces(points, measured, timesS, lengths);
  exchangeBack([points, measured, scores], timesS, lengths, piece, skeleton);
  for (const joint of range(skeleton.joints.length)) {
    const seen = measured.map((row) => row[joint]);
    for (const run of runs(seen, timesS, MAX_GAP_S, piece)) {
      const leaps = findLeaps(run.map((k) => points[k][joint]), run.map((k) => timesS[k]), run.map((k) => lengths[k]));
      run.filter((_, k) => leaps[k]).forEach((k) => {
        seen[k] = false;
        [points[k][joint], scores[k][joint]] = [UNKNOWN, 0];
      });
    }
    const [xs, ys] = [0, 1].map((axis) => points.map((frame) => frame[joint][axis]));
    for (const run of runs(seen, timesS, MAX_GAP_S, piece)) for (const values of [xs, ys]) fill(values, timesS, run);
    points.forEach((frame, k) => (frame[joint] = [xs[k], ys[k]]));
  }
  return points.map((joints, k) => ({ joints, scores: scores[k] }));
}

function exchangeBack(tables, timesS, lengths, piece, skeleton) {
  const [points, measured] = tables;
  const seen = measured.map((row) => row.some(Boolean));
  for (const run of runs(seen, timesS, MAX_GAP_S, piece)) {
    const of = (values) => run.map((k) => values[k]);
    const swapped = findSwaps(of(points), of(measured), of(timesS), of(lengths), skeleton);
    swapped.forEach((states, k) => skeleton.pairs.forEach(([left, right], pair) => {
      if (!states[pair]) return;
      for (const table of tables) {
        const row = table[run[k]];
        [row[left], row[right]] = [row[right], row[left]];
      }
    }));
  }
}

/** The longer side of the box around a person's joints: its median within half a second of each frame. */
function personLengths(points, measured, timesS, minJoints) {
  const frames = range(points.length).filter((k) => measured[k].filter(Boolean).length >= minJoints);
  if (!frames.length) return points.map(() => Infinity);
  const lengths = frames.map((k) => {
    const spans = [0, 1].map((axis) => {
      const values = points[k].filter((_, j) => measured[k][j]).map((point) => point[axis]);
      return Math.max(...values) - Math.min(...values);
    });
    return Math.max(...spans, 1);
  });
  if (frames.length === 1) return points.map(() => lengths[0]);
  const usualS = median(frames.slice(1).map((frame, k) => timesS[frame] - timesS[frames[k]]));
  const window = Math.min(2 * roundEven(LENGTH_S / 2 / usualS) + 1, frames.length);
  return interpolate(timesS, frames.map((k) => timesS[k]), medianFilter(lengths, window));
}

/** SciPy's median_filter with the mode "nearest": of an even window the upper of the middle two. */
function medianFilter(values, window) {
  const reach = Math.floor(window / 2);
  return values.map((_, k) => {
    const near = Array.from({ length: window }, (__, j) => (
      values[Math.min(Math.max(k - reach + j, 0), values.length - 1)]
    ));
    return near.sort((a, b) => a - b)[reach];
  });
}

/** Whether each measurement of a joint leaps away and back: a Hampel filter. */
function findLeaps(points, timesS, lengths) {
  const none = points.map(() => false);
  if (points.length < 2 * MIN_NEIGHBORS + 1) return none;
  const intervalS = median(timesS.slice(1).map((timeS, k) => timeS - timesS[k]));
  if (MIN_NEIGHBORS * intervalS > MAX_WINDOW_S) return none;
  const most = Math.floor((points.length - 1) / 2);
  const side = Math.min(Math.max(MIN_NEIGHBORS, roundEven(WINDOW_S / intervalS)), most);
  return points.map((point, k) => {
    const center = Math.min(Math.max(k, side), points.length - 1 - side);
    const near = points.slice(center - side, center + side + 1);
    const usual = [0, 1].map((axis) => median(near.map((one) => one[axis])));
    const spread = NORMAL * median(near.map((one) => norm(subtract(one, usual))));
    return norm(subtract(point, usual)) > Math.max(LEAP * lengths[k], DEVIATIONS * spread);
  });
}
