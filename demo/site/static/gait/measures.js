// Strides, and the measures of gait with their intervals: gait/measures.py.
import { Random } from "./bootstrap.js";
import { foot } from "./events.js";
import { SIDES } from "./motion.js";
import { EVENTS, MEASURES, MOTION } from "./rules.js";
import { dot, finite, mean, median, norm, roundEven, subtract, sum } from "./series.js";

const { STRIDE_S, _LEAST_STEP_S: LEAST_STEP_S, MIN_VALUES } = MEASURES;
const { MIN_SWING } = EVENTS;
const { STANDING } = MOTION;
const OTHER = { left: "right", right: "left" };

/**
 * @typedef {object} Stride
 * @property {string} side of the foot
 * @property {number} startS its contact
 * @property {number} endS its next contact
 * @property {?number} stanceS until it left the ground; null if that was not seen
 * @property {?number} stepS from the other foot's contact in between to the end; null likewise
 * @property {?number} doubleS for how long both feet stood; null likewise
 * @property {number} length way of the heel over ground in px; NaN where not known
 * @property {number} stepLength how far ahead of the other heel this one is at the end; NaN likewise
 * @property {number} pelvis way of the pelvis; NaN likewise
 */

export function strideSeconds(stride) {
  return stride.endS - stride.startS;
}

/** The strides between successive contacts of each foot, in order of time. */
export function findStrides(motion, events) {
  const contacts = (side) => timesOf(events, side, "contact");
  const strides = SIDES.flatMap((side) => {
    const [own, others] = [contacts(side), contacts(OTHER[side])];
    return own.slice(1).map((endS, k) => [own[k], endS])
      .filter(([startS, endS]) => {
        const between = others.filter((timeS) => startS < timeS && timeS < endS).length;
        // Of someone who jumps both feet touch the ground at once.
        const isNear = (timeS) => Math.min(Math.abs(timeS - startS), Math.abs(timeS - endS)) < LEAST_STEP_S;
        const fits = STRIDE_S[0] <= endS - startS && endS - startS <= STRIDE_S[1] && between <= 1;
        return fits && !others.some(isNear) && swings(motion, side, startS, endS);
      })
      .map(([startS, endS]) => strideOf(motion, events, side, startS, endS));
  });
  return strides.sort((a, b) => a.startS - b.startS);
}

function timesOf(events, side, kind) {
  return events.filter((one) => one.side === side && one.kind === kind).map((one) => one.timeS);
}

/** Whether the foot moves, and not the pelvis alone. */
function swings(motion, side, startS, endS) {
  const [first, last] = [startS, endS].map((timeS) => roundEven(timeS * motion.fps));
  const heel = motion.level(foot(motion, side)[0].slice(first, last + 1));
  return heel.some((point) => norm(subtract(point, heel[0])) >= MIN_SWING * motion.leg);
}

function strideOf(motion, events, side, startS, endS) {
  // The one event of its kind within the stride; null if there is none, or are several.
  const only = (of, kind) => {
    const found = timesOf(events, of, kind).filter((timeS) => startS < timeS && timeS < endS);
    return found.length === 1 ? found[0] : null;
  };
  const [offS, otherOffS, otherS] = [only(side, "off"), only(OTHER[side], "off"), only(OTHER[side], "contact")];
  const seen = offS !== null && otherOffS !== null && otherS !== null;
  // Both feet stand from this foot's contact to the other's off, and from the other's contact to this one's off.
  const doubleS = seen && otherOffS < otherS && otherS < offS ? (otherOffS - startS) + (offS - otherS) : null;
  const [heel, other] = [side, OTHER[side]].map((one) => foot(motion, one)[0]);
  const [first, last] = [startS, endS].map((timeS) => Math.min(roundEven(timeS * motion.fps), heel.length - 1));
  const [apart, ...ways] = motion.level([
    subtract(heel[last], other[last]),
    ...[heel, motion.pelvis].map((points) => subtract(points[last], points[first])),
  ]);
  const size = mean(motion.enlargement.slice(first, last + 1));
  return {
    side,
    startS,
    endS,
    stanceS: offS === null ? null : offS - startS,
    stepS: otherS === null ? null : endS - otherS,
    doubleS,
    length: norm(ways[0]) / size,
    stepLength: dot(apart, motion.ahead[last]) / motion.enlargement[last],
    pelvis: norm(ways[1]) / size,
  };
}

/** The measures of a walk, in the order of gait/measures.py: `name`, `unit`, `value`, `low`, `high` and `count`. */
export function measure(motion, strides) {
  const random = new Random();
  const made = [];
  const add = (name, unit, statistic, samples, least = 1) => {
    const count = Math.min(...samples.map((sample) => sample.length));
    const value = count >= least ? statistic(...samples) : NaN;
    const [low, high] = count < MIN_VALUES ? [NaN, NaN] : random.interval(statistic, samples);
    made.push({ name, unit, value, low, high, count });
  };
  const addMean = (name, unit, values, share = 1) => {
    add(name, unit, mean, [finite(values).map((value) => share * value)]);
  };
  const of = (side) => strides.filter((stride) => stride.side === side);
  const addSides = (name, unit, value, share = 1) => {
    for (const side of SIDES) addMean(`${name}, ${side}`, unit, of(side).map(value), share);
  };
  add("cadence", "steps/min", (stepsS) => 60 / mean(stepsS), [finite(strides.map(({ stepS }) => stepS ?? NaN))]);
  addSides("stride time", "s", strideSeconds);
  addSides("step time", "s", ({ stepS }) => stepS);
  addSides("stance", "% of the stride", (stride) => percent(stride.stanceS, stride));
  addSides("swing", "% of the stride", (stride) => 100 - percent(stride.stanceS, stride));
  addMean("double support", "% of the stride", strides.map((stride) => percent(stride.doubleS, stride)));
  add("variability of the stride time", "%", variation, [strides.map(strideSeconds)], MIN_VALUES);
  for (const [name, by] of [["step time", "stepS"], ["stance", "stanceS"]]) {
    add(`left to right, ${name}`, "%", symmetry, SIDES.map((side) => finite(of(side).map((stride) => stride[by]))));
  }
  const moves = movesOn(motion, strides);
  const units = [["legs", 1 / motion.leg]];
  if (motion.mmPerUnit) units.push(["m", 1e-3 * motion.mmPerUnit]);
  for (const [unit, share] of units) {
    if (moves) {
      addMean("speed", `${unit}/s`, strides.map((stride) => stride.pelvis / strideSeconds(stride)), share);
      addSides("stride length", unit, ({ length }) => length, share);
    }
    addSides("step length", unit, ({ stepLength }) => stepLength, share);
  }
  return made;
}

/** Whether the person gets anywhere: on a treadmill the way over ground says nothing. */
export function movesOn(motion, strides) {
  const speeds = finite(strides.map((stride) => stride.pelvis / strideSeconds(stride)));
  return speeds.length > 0 && median(speeds) > STANDING * motion.leg;
}

function percent(seconds, stride) {
  return seconds === null ? NaN : (100 * seconds) / strideSeconds(stride);
}

/** The coefficient of variation in per cent. */
function variation(values) {
  const usual = mean(values);
  const squares = sum(values.map((value) => (value - usual) ** 2));
  return (100 * Math.sqrt(squares / (values.length - 1))) / usual;
}

/** The symmetry index of Robinson, Herzog and Nigg (1987); 0 is symmetric. */
function symmetry(left, right) {
  const [a, b] = [mean(left), mean(right)];
  return (200 * (a - b)) / (a + b);
}
