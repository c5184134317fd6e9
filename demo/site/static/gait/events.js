// When feet touch the ground and leave it, by coordinates (Zeni et al. 2008) and by velocities (O'Connor et al. 2007):
// gait/events.py. Without heels or toes the ankle stands for them.
import { SIDES } from "./motion.js";
import { findPeaks } from "./peaks.js";
import { EVENTS } from "./rules.js";
import { dot, finite, gradient, middle, quantile, roundEven, subtract } from "./series.js";

const {
  _STRIDE_S: STRIDE_S, _PROMINENCE: PROMINENCE, _FALL_PROMINENCE: FALL_PROMINENCE, _RISE_PROMINENCE: RISE_PROMINENCE,
  _LOW: LOW, MIN_SWING, SAME_S,
} = EVENTS;

/**
 * @typedef {object} Event
 * @property {string} side "left" or "right"
 * @property {string} kind "contact" or "off"
 * @property {number} timeS when, from the motion's first frame: the mean of both methods where they agree
 * @property {number} coordinatesS by coordinates
 * @property {?number} velocitiesS by velocities; null where they find nothing near
 */

/** All events of both feet in order of time. */
export function findEvents(motion) {
  const events = [];
  for (const side of SIDES) {
    const [byCoordinates, byVelocities] = [coordinateEvents(motion, side), velocityEvents(motion, side)];
    for (const kind of ["contact", "off"]) {
      for (const coordinatesS of byCoordinates[kind]) {
        const velocitiesS = nearest(byVelocities[kind], coordinatesS);
        const timeS = velocitiesS === null ? coordinatesS : (coordinatesS + velocitiesS) / 2;
        events.push({ side, kind, timeS, coordinatesS, velocitiesS });
      }
    }
  }
  return events.sort((a, b) => a.timeS - b.timeS);
}

function nearest(timesS, wantedS) {
  const off = (timeS) => Math.abs(timeS - wantedS);
  const best = timesS.reduce((near, timeS) => (near === null || off(timeS) < off(near) ? timeS : near), null);
  return best !== null && off(best) <= SAME_S ? best : null;
}

/** How far a foot's heel and toe are ahead of the pelvis, in px. */
export function footAhead(motion, side) {
  return foot(motion, side).map((points) => (
    points.map((point, k) => dot(subtract(point, motion.pelvis[k]), motion.ahead[k]))
  ));
}

function coordinateEvents(motion, side) {
  const [heel, toe] = footAhead(motion, side);
  return {
    contact: peakTimes(heel, motion, PROMINENCE, MIN_SWING),
    off: peakTimes(toe.map((value) => -value), motion, PROMINENCE, MIN_SWING),
  };
}

function velocityEvents(motion, side) {
  const [heel, toe] = foot(motion, side);
  const rise = gradient(motion.height(heel.map((point, k) => middle(point, toe[k])))).map((step) => step * motion.fps);
  const height = motion.height(heel);
  const known = finite(height);
  if (!known.length) return { contact: [], off: [] };
  // The lowest of a few frames may be a mistake.
  const [floor, top] = [quantile(known, 0.02), quantile(known, 1)];
  const falls = peakTimes(rise.map((value) => -value), motion, FALL_PROMINENCE, 0, 0);
  const isLow = (timeS) => {
    const frame = roundEven(timeS * motion.fps);
    return height[frame] - floor < LOW * (top - floor) && rise[frame] < 0;
  };
  return { contact: falls.filter(isLow), off: peakTimes(rise, motion, RISE_PROMINENCE, 0) };
}

/** A foot's heel and toe; the ankle where they are not known at all. */
export function foot(motion, side) {
  return ["heel", "big_toe"].map((stem) => (
    motion.joint(motion.has(`${side}_${stem}`) ? `${side}_${stem}` : `${side}_ankle`)
  ));
}

/** Times of the maxima of a series, between frames where a parabola says so. */
function peakTimes(values, motion, prominence, least, apartS = STRIDE_S) {
  const known = values.map(Number.isFinite);
  const [low, high] = finite(values).reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  const span = high - low;
  if (known.filter(Boolean).length < 3 || span < least * motion.leg) return [];
  const filled = values.map((value, k) => (known[k] ? value : low - span));
  const frames = findPeaks(filled, prominence * span, Math.max(1, roundEven(apartS * motion.fps)));
  // Beside a gap, the highest known value need not be the maximum.
  return frames.filter((frame) => known[frame - 1] && known[frame + 1]).map((frame) => {
    const [before, at, after] = [filled[frame - 1], filled[frame], filled[frame + 1]];
    const bend = before - 2 * at + after;
    return (frame + (bend < 0 ? (before - after) / (2 * bend) : 0)) / motion.fps;
  });
}
