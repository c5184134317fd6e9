// Left and right joints that a model exchanges for some frames are found by the motion: demo/offline/swaps.py.
import { SWAPS } from "./rules.js";
import { range } from "./series.js";

const { SWITCH, PER_SECOND, MAX_COST, _MAX_STRETCH: MAX_STRETCH } = SWAPS;
const STATES = [0, 1];

/** Groups of places in `pairs`: all of them, each chain of limbs on one side, and each alone. */
export function groupsOfPairs({ pairs, limbs }) {
  const sideOf = new Map(pairs.map(([left], k) => [left, k]));
  const [sameSide, roots] = [[], new Set()];
  for (const [a, b] of limbs) {
    const ends = [...new Set([a, b])].filter((joint) => sideOf.has(joint));
    if (ends.length === 2) sameSide.push([sideOf.get(a), sideOf.get(b)]);
    else ends.forEach((end) => roots.add(sideOf.get(end)));
  }
  let chain = range(pairs.length);
  for (const [a, b] of sameSide) {
    if (roots.has(a) && roots.has(b)) continue;
    const [from, to] = [chain[b], chain[a]];
    chain = chain.map((other) => (other === from ? to : other));
  }
  const all = range(pairs.length);
  const chains = [...new Set(chain)].map((first) => all.filter((k) => chain[k] === first));
  const groups = pairs.length ? [all, ...chains, ...all.map((k) => [k])] : [];
  return [...new Map(groups.map((group) => [group.join(), group])).values()];
}

/**
 * Whether left and right are exchanged, of each pair in each frame.
 *
 * @param {number[][][]} points of one person in a run of frames
 * @param {boolean[][]} measured which of them are
 * @param {number[]} timesS of the frames
 * @param {number[]} lengths of the person
 * @param {object} skeleton with `pairs` and `limbs`
 */
export function findSwaps(points, measured, timesS, lengths, skeleton) {
  const swapped = points.map(() => skeleton.pairs.map(() => false));
  const known = measured.map((row) => skeleton.pairs.map(([left, right]) => row[left] && row[right]));
  // Of each frame and pair, left and right in lengths.
  const places = points.map((frame, k) => (
    skeleton.pairs.map((pair) => pair.map((joint) => frame[joint].map((value) => value / lengths[k])))
  ));
  for (const group of groupsOfPairs(skeleton)) {
    const frames = range(points.length).filter((k) => group.some((pair) => known[k][pair]));
    if (frames.length < 3) continue;
    bestStates(places, known, timesS, frames, group).forEach((state, k) => {
      if (!state) return;
      for (const pair of group) {
        swapped[frames[k]][pair] = !swapped[frames[k]][pair];
        places[frames[k]][pair] = [...places[frames[k]][pair]].reverse();
      }
    });
  }
  return swapped;
}

/** Of each of the frames 0 or 1, exchanged. Viterbi's algorithm; its states are those of two successive frames. */
function bestStates(places, known, timesS, frames, group) {
  const steps = frames.slice(1).map((frame, k) => timesS[frame] - timesS[frames[k]]);
  const change = (a, b) => (a === b ? 0 : SWITCH);
  let total = STATES.map((a) => STATES.map((b) => change(a, b) + PER_SECOND * steps[0] * (a + b)));
  const before = [];
  for (let k = 2; k < frames.length; k += 1) {
    const cost = costs(places, known, frames.slice(k - 2, k + 1), group, steps[k - 1] / steps[k - 2]);
    const from = STATES.map(() => [0, 0]);
    const next = STATES.map((b) => STATES.map((c) => {
      const sums = STATES.map((a) => total[a][b] + cost[a][b][c] + PER_SECOND * steps[k - 1] * c + change(b, c));
      from[b][c] = sums[1] < sums[0] ? 1 : 0;
      return sums[from[b][c]];
    }));
    before.push(from);
    total = next;
  }
  const [a, b] = [[0, 0], [0, 1], [1, 0], [1, 1]].reduce((best, one) => (
    total[one[0]][one[1]] < total[best[0]][best[1]] ? one : best
  ));
  const states = new Array(frames.length).fill(0);
  states[frames.length - 2] = a;
  states[frames.length - 1] = b;
  for (let k = before.length - 1; k >= 0; k -= 1) states[k] = before[k][states[k + 1]][states[k + 2]];
  return states;
}

/** Acceleration at the last of three frames, by the states of the three. */
function costs(places, known, frames, group, ratio) {
  const stretch = Math.min(ratio, MAX_STRETCH);
  const pairs = group.filter((pair) => frames.every((frame) => known[frame][pair]));
  const at = (frame, pair, side, state) => places[frame][pair][state ? 1 - side : side];
  const missed = (pair, side, states) => {
    const [first, second, third] = frames.map((frame, k) => at(frame, pair, side, states[k]));
    const off = STATES.map((axis) => third[axis] - (second[axis] + stretch * (second[axis] - first[axis])));
    return Math.min(Math.sqrt(off[0] ** 2 + off[1] ** 2), MAX_COST);
  };
  return STATES.map((a) => STATES.map((b) => STATES.map((c) => (
    pairs.reduce((total, pair) => total + missed(pair, 0, [a, b, c]) + missed(pair, 1, [a, b, c]), 0)
  ))));
}
