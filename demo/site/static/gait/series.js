// Series in time as NumPy and SciPy treat them. NaN is not known; points are [x, y].
import { roundEven } from "../crop.js";

// gaussian_filter1d of SciPy cuts its window there, in standard deviations.
const TRUNCATE = 4;

export { roundEven };

export const UNKNOWN = [NaN, NaN];

export function isKnown(point) {
  return Number.isFinite(point[0]) && Number.isFinite(point[1]);
}

export function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

export function mean(values) {
  return sum(values) / values.length;
}

/** Numbers from 0 to `count` - 1. */
export function range(count) {
  return Array.from({ length: count }, (_, k) => k);
}

/** The value below which a share of the values lies, interpolated as np.quantile does; NaN of none. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const [a, b] = [sorted[low], sorted[Math.min(low + 1, sorted.length - 1)]];
  return a + (b - a) * (place - low);
}

export function median(values) {
  return quantile(values, 0.5);
}

/** The known ones of some values. */
export function finite(values) {
  return values.filter(Number.isFinite);
}

export function subtract([x, y], [otherX, otherY]) {
  return [x - otherX, y - otherY];
}

export function middle([x, y], [otherX, otherY]) {
  return [(x + otherX) / 2, (y + otherY) / 2];
}

export function dot([x, y], [otherX, otherY]) {
  return x * otherX + y * otherY;
}

export function norm([x, y]) {
  return Math.sqrt(x * x + y * y);
}

/** Applies a function from series to series to each axis of points in time. */
export function byAxis(points, change) {
  const [xs, ys] = [0, 1].map((axis) => change(points.map((point) => point[axis])));
  return Array.from(xs, (x, k) => [x, ys[k]]);
}

/** np.interp: a series known at increasing places `xs`, at other increasing places; beyond its ends it stays. */
export function interpolate(places, xs, ys) {
  let k = 0;
  return places.map((x) => {
    if (x <= xs[0]) return ys[0];
    if (x >= xs[xs.length - 1]) return ys[xs.length - 1];
    while (xs[k + 1] <= x) k += 1;
    if (xs[k] === x) return ys[k];
    return ((ys[k + 1] - ys[k]) / (xs[k + 1] - xs[k])) * (x - xs[k]) + ys[k];
  });
}

/** np.gradient: central differences. */
export function gradient(values) {
  const last = values.length - 1;
  return values.map((value, k) => {
    if (k === 0) return values[1] - value;
    return k === last ? value - values[k - 1] : (values[k + 1] - values[k - 1]) / 2;
  });
}

/** gaussian_filter1d with the mode "nearest". */
export function gaussian(values, sigma) {
  const reach = Math.floor(TRUNCATE * sigma + 0.5);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp((-0.5 * (k - reach) ** 2) / sigma ** 2));
  const total = sum(weights);
  const padded = new Float64Array(values.length + 2 * reach);
  padded.fill(values[0], 0, reach).set(values, reach);
  padded.fill(values[values.length - 1], reach + values.length);
  return values.map((_, k) => {
    let filtered = 0;
    for (let j = 0; j < weights.length; j += 1) filtered += (weights[j] / total) * padded[k + j];
    return filtered;
  });
}

/** Points averaged with a Gaussian of a standard deviation in s; unknown ones are interpolated before. */
export function smooth(points, seconds, fps) {
  const known = range(points.length).filter((k) => isKnown(points[k]));
  return byAxis(points, (values) => averaged(values, known, seconds, fps));
}

/** Numbers averaged likewise. */
export function smoothed(values, seconds, fps) {
  return averaged(values, range(values.length).filter((k) => Number.isFinite(values[k])), seconds, fps);
}

function averaged(values, known, seconds, fps) {
  const filled = interpolate(range(values.length), known, known.map((k) => values[k]));
  return seconds ? gaussian(filled, seconds * fps) : filled;
}

/** percentile_filter with the mode "nearest". */
export function percentileFilter(values, percent, size) {
  const rank = Math.floor((size * percent) / 100);
  return values.map((_, k) => {
    const places = range(size).map((j) => Math.min(Math.max(k - Math.floor(size / 2) + j, 0), values.length - 1));
    return places.map((place) => values[place]).sort((a, b) => a - b)[rank];
  });
}

/** Spells of one value: the first place of each and the one after its last. */
export function spells(values) {
  const found = [];
  for (let first = 0, k = 1; k <= values.length; k += 1) {
    if (k === values.length || values[k] !== values[k - 1]) {
      found.push([first, k]);
      first = k;
    }
  }
  return found;
}
