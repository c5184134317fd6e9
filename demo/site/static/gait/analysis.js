// All that is found in the walk of one person, or of whoever walks most: gait/analysis.py and gait/inputs/people_files.py.
import { findActions } from "./actions.js";
import { findEvents } from "./events.js";
import { findStrides, measure, strideSeconds } from "./measures.js";
import { Motion, withGaps } from "./motion.js";
import { ANALYSIS } from "./rules.js";
import { isKnown, sum } from "./series.js";

const { _SPARED_S: SPARED_S, _NEAR_S: NEAR_S } = ANALYSIS;

/**
 * @typedef {object} Analysis
 * @property {number} person whose it is
 * @property {Motion} motion filtered, on which everything rests
 * @property {Event[]} events of the feet while they walk or turn
 * @property {{kind: string, startS: number, endS: number}[]} actions what the person does
 * @property {Stride[]} strides of walking straight ahead
 * @property {number} leftOut how many strides lie in turns, between standing and sitting, or where joints were lost
 * @property {object[]} measures of the strides; none without strides
 */

/** Finds the events and strides of one person. */
function analyze(person, raw, heightM) {
  const motion = raw.filtered();
  if (heightM) motion.scaleBy(heightM);
  const all = findEvents(motion);
  const found = findStrides(motion, all);
  const actions = findActions(motion, found);
  const strides = found.filter((stride) => isUndisturbed(stride, actions));
  const events = all.filter((event) => isAfoot(event, actions));
  const measures = strides.length ? measure(motion, strides) : [];
  return { person, motion, events, actions, strides, leftOut: found.length - strides.length, measures };
}

/** Whether the person walks or turns then; of someone who sits down the hips alone move, not the feet. */
function isAfoot({ timeS }, actions) {
  return actions.some(({ kind, startS, endS }) => (
    ["walking", "turning"].includes(kind) && startS - NEAR_S <= timeS && timeS <= endS + NEAR_S
  ));
}

/** Whether nearly all of a stride is walking or standing. */
function isUndisturbed(stride, actions) {
  const upright = actions.filter(({ kind }) => kind === "walking" || kind === "standing");
  const shared = upright.map((one) => Math.min(stride.endS, one.endS) - Math.max(stride.startS, one.startS));
  return sum(shared.map((seconds) => Math.max(0, seconds))) >= strideSeconds(stride) - SPARED_S;
}

/**
 * The people of a recording: by number the times and the joints of successive frames, NaN where not known.
 *
 * @param {object[]} records a frame each, as `panopose video --out FILE.jsonl` writes them
 */
export function peopleOf(records) {
  const seen = new Map();
  for (const { frame, time_s: timeS, people } of records) {
    for (const { id, joints_px: joints } of people) {
      if (!seen.has(id)) seen.set(id, [[], [], []]);
      const known = joints.map((point) => point.map((value) => value ?? NaN));
      [frame, timeS, known].forEach((value, k) => seen.get(id)[k].push(value));
    }
  }
  return new Map([...seen].map(([id, rows]) => [id, withGaps(...rows)]));
}

/**
 * Analyzes the person who makes most strides; of equal ones who is seen longest.
 *
 * @param {object[]} records see `peopleOf`
 * @param {string[]} names of the joints
 * @param {?number} heightM of the person, which gives a scale
 * @returns {Analysis}
 */
export function analyzePeople(records, names, heightM = null) {
  const people = peopleOf(records);
  const seenFor = ([, [, frames]]) => frames.filter((joints) => joints.some(isKnown)).length;
  const longestFirst = [...people].sort((a, b) => seenFor(b) - seenFor(a));
  let [best, problem] = [null, new Error("There is nobody in the recording.")];
  for (const [id, [timesS, frames]] of longestFirst) {
    try {
      const found = analyze(id, Motion.of(names, timesS, frames), heightM);
      if (!best || found.strides.length > best.strides.length) best = found;
    } catch (error) {
      if (!best) problem = error;
    }
  }
  if (!best) throw problem;
  return best;
}
