// The one-euro filter of demo/one_euro.py: smooth when still, quick when moving. Casiez, Roussel and Vogel,
// "1 euro filter: a simple speed-based low-pass filter for noisy input in interactive systems", CHI 2012.

/** The paper's alpha, the weight of the new value. */
function smoothingFactor(cutoffHz, elapsedS) {
  return 1 / (1 + 1 / (2 * Math.PI * cutoffHz * elapsedS));
}

/** Smooths an array of numbers, each by itself. */
export class OneEuro {
  /**
   * @param {number} minCutoffHz cutoff frequency of a value at rest; lower it against jitter
   * @param {number} beta growth of the cutoff with speed, in Hz for each unit per second; raise it against lag
   */
  constructor(minCutoffHz, beta, speedCutoffHz = 1) {
    Object.assign(this, { minCutoffHz, beta, speedCutoffHz });
    this.values = null;
  }

  /**
   * @param {number[]} values NaN is "not measured"; such a value starts afresh when it is measured again
   * @param {number} timeS when it was taken, later than the call before
   * @param {number} unit what speeds are divided by before beta weighs them
   * @returns {number[]} smoothed
   */
  next(values, timeS, unit) {
    if (this.values === null) {
      Object.assign(this, { values: [...values], speeds: values.map(() => 0), timeS });
      return [...values];
    }
    const elapsedS = timeS - this.timeS;
    const weight = smoothingFactor(this.speedCutoffHz, elapsedS);
    values.forEach((value, k) => {
      if (Number.isNaN(this.values[k])) {
        this.values[k] = value;
        this.speeds[k] = 0;
        return;
      }
      const change = value - this.values[k];
      this.speeds[k] += weight * (change / elapsedS - this.speeds[k]);
      const cutoffHz = this.minCutoffHz + (this.beta * Math.abs(this.speeds[k])) / unit;
      this.values[k] += smoothingFactor(cutoffHz, elapsedS) * change;
    });
    this.timeS = timeS;
    return [...this.values];
  }
}
