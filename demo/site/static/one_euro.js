// The one-euro filter: demo/tracking/one_euro.py. Casiez, Roussel and Vogel, "1 euro filter: a simple speed-based
// low-pass filter for noisy input in interactive systems", CHI 2012.

/** The paper's alpha, the weight of the new value. */
function smoothingFactor(cutoffHz, elapsedS) {
  return 1 / (1 + 1 / (2 * Math.PI * cutoffHz * elapsedS));
}

/** Smooths each element of an array by itself. */
export class OneEuro {
  /**
   * @param {{cutoff_hz: number, beta: number}} parameters cutoff frequency of a value at rest, and its increase with
   *     speed, in Hz for each unit per second
   * @param {number} speedCutoffHz cutoff frequency of the speed's own filter
   */
  constructor({ cutoff_hz: minCutoffHz, beta }, speedCutoffHz) {
    Object.assign(this, { minCutoffHz, beta, speedCutoffHz });
    this.values = null;
  }

  /**
   * @param {number[]} values NaN means not measured; the filter of that element restarts with its next measurement
   * @param {number} timeS when they were taken; must increase from call to call
   * @param {number} unit divides speeds before beta weights them
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
