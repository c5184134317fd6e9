// What a person does in an image, by simple rules: gait/actions.py for two dimensions.
import { SIDES } from "./motion.js";
import { ACTIONS } from "./rules.js";
import { finite, gradient, median, norm, range, roundEven, smooth, spells, subtract, sum } from "./series.js";

const {
  _SEATED: SEATED, _SEATED_S: SEATED_S, _FIRST: FIRST, _LAST: LAST, _LEAST_RISE_S: LEAST_RISE_S,
  _MOST_RISE_S: MOST_RISE_S, _WALKS: WALKS, _SPEED_S: SPEED_S, _SLOWER: SLOWER, _MOST_REVERSAL_S: MOST_REVERSAL_S,
  _SHORT_S: SHORT_S,
} = ACTIONS;

/** What the person does, one thing after another, as `kind`, `startS` and `endS`; nothing where joints are not known. */
export function findActions(motion, strides) {
  const { fps } = motion;
  const kinds = pace(motion).map((speed) => (speed > WALKS ? "walking" : "standing"));
  const set = (kind, first, end) => kinds.fill(kind, first, Math.max(first, end));
  for (const { startS, endS } of strides) set("walking", roundEven(startS * fps), roundEven(endS * fps));
  for (const [first, end] of reversals(motion)) set("turning", first, end);
  const height = hipHeight(motion);
  for (const [kind, first, end] of seats(height, fps)) set(kind, first, end);
  height.forEach((value, k) => {
    if (!Number.isFinite(value)) kinds[k] = "";
  });
  joinShort(kinds, roundEven(SHORT_S * fps));
  return spells(kinds).filter(([first]) => kinds[first])
    .map(([first, end]) => ({ kind: kinds[first], startS: first / fps, endS: end / fps }));
}

/** How high the hips are over the ankles, as a share of the leg's length; of both legs that which says more. */
function hipHeight(motion) {
  const shares = SIDES.map((side) => {
    const names = ["hip", "knee", "ankle"].map((stem) => `${side}_${stem}`).filter((name) => motion.has(name));
    const points = names.map((name) => motion.joint(name));
    return range(motion.frames).map((k) => {
      const ways = points.slice(1).map((joint, part) => norm(subtract(joint[k], points[part][k])));
      const [height] = motion.height([subtract(points[0][k], points.at(-1)[k])]);
      return height / (points.length === 3 ? sum(ways) : motion.leg);
    });
  });
  return shares[0].map((share, k) => Math.max(...finite([share, shares[1][k]]))).map((share) => (
    Number.isFinite(share) ? share : NaN
  ));
}

/** How fast the ankles move over ground, in legs per second. */
function pace(motion) {
  const { fps } = motion;
  const [left, right] = SIDES.map((side) => {
    const ankle = smooth(motion.level(motion.joint(`${side}_ankle`)), SPEED_S, fps);
    const steps = [0, 1].map((axis) => gradient(ankle.map((point) => point[axis])));
    return range(ankle.length).map((k) => (norm([steps[0][k], steps[1][k]]) * fps) / motion.leg);
  });
  return smooth(left.map((speed, k) => [(speed + right[k]) / 2, 0]), SPEED_S, fps).map(([speed]) => speed);
}

/** In place, makes short spells of walking standing, and then short ones of standing what is beside them. */
function joinShort(kinds, least) {
  for (const [first, end] of spells(kinds)) {
    if (kinds[first] === "walking" && end - first < least) kinds.fill("standing", first, end);
  }
  for (const [first, end] of spells(kinds)) {
    const beside = [kinds[first - 1], kinds[end]];
    const joined = ["walking", "turning"].find((kind) => beside.includes(kind)) ?? "standing";
    if (kinds[first] === "standing" && end - first < least) kinds.fill(joined, first, end);
  }
}

/** Spells of sitting, with the ways down and up; "" where joints were lost. */
function seats(height, fps) {
  const seated = height.map((share) => share < SEATED);
  const sitting = spells(seated).filter(([a, b]) => seated[a] && b - a >= SEATED_S * fps);
  const most = roundEven(MOST_RISE_S * fps);
  return sitting.flatMap(([first, last], number) => {
    const before = sitting[number - 1]?.[1] ?? 0;
    const after = sitting[number + 1]?.[0] ?? height.length;
    const seat = height.slice(first, last);
    const down = rise(height.slice(Math.max(before, first - most), Math.min(last, first + most)).reverse(), seat);
    const up = rise(height.slice(Math.max(first, last - most), Math.min(after, last + most)), seat);
    if ([down, up].some((way) => way && way[1] - way[0] < LEAST_RISE_S * fps)) return [["", first, last]];
    const found = [];
    let [begin, end] = [first, last];
    if (first > 0 && down) {
      const stop = Math.min(last, first + most);
      begin = stop - down[0];
      found.push(["sitting down", stop - down[1], begin]);
    }
    if (last < height.length && up) {
      const start = Math.max(first, last - most);
      end = start + up[0];
      found.push(["standing up", end, start + up[1]]);
    }
    return [...found, ["sitting", begin, Math.max(begin, end)]];
  });
}

/** First and last frame of the way up in a series that begins seated; null where it is not known. */
function rise(height, seat) {
  if (!height.every(Number.isFinite)) return null;
  const low = median(finite(seat));
  const crossing = height.findIndex((share) => share >= SEATED);
  if (crossing < 0) return null;
  const high = height.slice(crossing).reduce((a, b) => Math.max(a, b));
  const begin = height.slice(0, crossing).findLastIndex((share) => share <= low + FIRST * (high - low));
  const end = height.slice(crossing).findIndex((share) => share >= low + LAST * (high - low));
  return [begin + 1, crossing + end];
}

/** Where someone who walks one way slows down and walks the other: first frame and the one after the last. */
function reversals(motion) {
  const axis = Math.abs(motion.up[0]) <= Math.abs(motion.up[1]) ? 0 : 1;
  const along = motion.speed.map((speed) => speed[axis] / motion.leg);
  const usual = along.map(Math.abs).filter((speed) => speed > WALKS);
  if (!usual.length) return [];
  const limit = SLOWER * median(usual);
  const slow = along.map((speed) => !(Math.abs(speed) > limit));
  return spells(slow).filter(([first, end]) => {
    const between = first > 0 && end < along.length && slow[first];
    return between && along[first - 1] * along[end] < 0 && end - first < MOST_REVERSAL_S * motion.fps;
  });
}
