// A Butterworth filter run forward and backward: demo/offline/low_pass.py, of samples at even times.
import { LOW_PASS } from "./rules.js";
import { roundEven } from "./series.js";

const { _ORDER: ORDER, MIN_SAMPLES } = LOW_PASS;

/** Filters samples at even times without delay; they stay as they are where they are too few, or too rare. */
export function lowPass(values, timesS, cutoffHz) {
  if (values.length < MIN_SAMPLES) return values;
  const rateHz = (values.length - 1) / (timesS[timesS.length - 1] - timesS[0]);
  return cutoffHz >= rateHz / 2 ? values : butterworth(values, cutoffHz, rateHz);
}

/** The filter of second order in both directions; the amplitude at the cutoff is 0.71 after both. */
export function butterworth(values, cutoffHz, rateHz) {
  // Each run has half the attenuation in dB.
  const correction = (Math.SQRT2 - 1) ** (1 / (2 * ORDER));
  const section = lowPassSection(Math.tan((Math.PI * cutoffHz) / rateHz) / correction);
  const padding = Math.min(Math.max(roundEven((3 * rateHz) / cutoffHz), MIN_SAMPLES - 1), values.length - 1);
  const forward = run(section, mirrored(values, padding));
  return run(section, forward.reverse()).reverse().slice(padding, padding + values.length);
}

/** Coefficients of the filter by the tangent of half its cutoff: SciPy's butter(2, ...). */
function lowPassSection(tangent) {
  const share = 1 / (1 + Math.SQRT2 * tangent + tangent ** 2);
  const b0 = share * tangent ** 2;
  return { b0, b1: 2 * b0, b2: b0, a1: 2 * share * (tangent ** 2 - 1), a2: share * (1 - Math.SQRT2 * tangent + tangent ** 2) };
}

/** A series continued at either end by its mirror image through the end point. */
function mirrored(values, count) {
  const last = values.length - 1;
  const before = Array.from({ length: count }, (_, k) => 2 * values[0] - values[count - k]);
  const after = Array.from({ length: count }, (_, k) => 2 * values[last] - values[last - 1 - k]);
  return [...before, ...values, ...after];
}

/** One run, which begins as if the first value had lasted forever. */
function run({ b0, b1, b2, a1, a2 }, values) {
  let second = (b2 - a2) * values[0];
  let first = (b1 - a1) * values[0] + second;
  return values.map((value) => {
    const filtered = b0 * value + first;
    first = b1 * value - a1 * filtered + second;
    second = b2 * value - a2 * filtered;
    return filtered;
  });
}
