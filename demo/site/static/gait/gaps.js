// Runs of measurements without long gaps, and the interpolation of the short ones: demo/offline/gaps.py.
import { GAPS } from "./rules.js";
import { median, norm, range, subtract } from "./series.js";

const { FAR, FAST_PER_S } = GAPS;

/** Whether someone who moves so far, in lengths of the person, in so many seconds is someone else, or found anew. */
export function isLeapOfAll(moved, seconds) {
  return moved > FAR && moved / seconds > FAST_PER_S;
}

/** Numbers the pieces of a track between which the whole person leaps. */
export function pieces(points, measured, timesS, lengths) {
  const frames = range(points.length).filter((k) => measured[k].some(Boolean));
  const centers = frames.map((k) => [0, 1].map((axis) => (
    median(points[k].filter((_, j) => measured[k][j]).map((point) => point[axis]))
  )));
  const begins = new Array(points.length).fill(0);
  for (let k = 1; k < frames.length; k += 1) {
    const moved = norm(subtract(centers[k], centers[k - 1])) / lengths[frames[k]];
    if (isLeapOfAll(moved, timesS[frames[k]] - timesS[frames[k - 1]])) begins[frames[k]] = 1;
  }
  let piece = 0;
  return begins.map((begin) => (piece += begin));
}

/** The places of the measurements of each run between which interpolation is allowed. */
export function runs(measured, timesS, maxGapS, piece = null) {
  const usualS = timesS.length > 1 ? median(timesS.slice(1).map((timeS, k) => timeS - timesS[k])) : 0;
  const found = [];
  for (const place of range(measured.length).filter((k) => measured[k])) {
    const last = found.at(-1)?.at(-1);
    const apart = last === undefined || timesS[place] - timesS[last] > Math.max(maxGapS, 1.5 * usualS)
      || (piece && piece[place] > piece[last]);
    if (apart) found.push([place]);
    else found.at(-1).push(place);
  }
  return found;
}

/** Interpolates what is missing of a series within a run, in place, monotonically between measurements (PCHIP). */
export function fill(values, timesS, run) {
  if (run.at(-1) - run[0] + 1 === run.length) return;
  const xs = run.map((k) => timesS[k]);
  const ys = run.map((k) => values[k]);
  const slopes = pchipSlopes(xs, ys);
  for (let k = 0; k + 1 < run.length; k += 1) {
    for (let place = run[k] + 1; place < run[k + 1]; place += 1) {
      const width = xs[k + 1] - xs[k];
      const t = (timesS[place] - xs[k]) / width;
      values[place] = (1 + 2 * t) * (1 - t) ** 2 * ys[k] + t * (1 - t) ** 2 * width * slopes[k]
        + t ** 2 * (3 - 2 * t) * ys[k + 1] + t ** 2 * (t - 1) * width * slopes[k + 1];
    }
  }
}

/** Fritsch and Butland's slopes, as SciPy's PchipInterpolator has them. */
function pchipSlopes(xs, ys) {
  const widths = xs.slice(1).map((x, k) => x - xs[k]);
  const steps = widths.map((width, k) => (ys[k + 1] - ys[k]) / width);
  if (xs.length === 2) return [steps[0], steps[0]];
  const inner = widths.slice(1).map((width, k) => {
    if (Math.sign(steps[k]) !== Math.sign(steps[k + 1]) || !steps[k] || !steps[k + 1]) return 0;
    const [before, after] = [2 * width + widths[k], width + 2 * widths[k]];
    return (before + after) / (before / steps[k] + after / steps[k + 1]);
  });
  const end = (width, next, step, nextStep) => {
    const slope = ((2 * width + next) * step - width * nextStep) / (width + next);
    if (Math.sign(slope) !== Math.sign(step)) return 0;
    return Math.sign(step) !== Math.sign(nextStep) && Math.abs(slope) > 3 * Math.abs(step) ? 3 * step : slope;
  };
  const last = widths.length - 1;
  return [
    end(widths[0], widths[1], steps[0], steps[1]),
    ...inner,
    end(widths[last], widths[last - 1], steps[last], steps[last - 1]),
  ];
}
