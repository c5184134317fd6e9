// Intervals by Efron and Tibshirani's bootstrap with the very draws of gait/measures.py: those of NumPy's default_rng(0),
// which is PCG64 (O'Neill, "PCG", 2014), so that the phone and the PC print the same numbers.
import { MEASURES } from "./rules.js";
import { quantile } from "./series.js";

const { _DRAWS: DRAWS, _LEVEL: LEVEL } = MEASURES;

// np.random.PCG64(0).state
const STATE = 35399562948360463058890781895381311971n;
const INCREMENT = 87136372517582989555478159403783844777n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const WORD = 2 ** 32;

/** NumPy's default_rng(0), of which it draws what `choice` draws. */
export class Random {
  #state = STATE;
  #spare = null;

  /** The next 32 bits: of each 64 first the lower half. */
  #next() {
    if (this.#spare !== null) {
      const half = this.#spare;
      this.#spare = null;
      return half;
    }
    this.#state = BigInt.asUintN(128, this.#state * MULTIPLIER + INCREMENT);
    const folded = BigInt.asUintN(64, (this.#state >> 64n) ^ this.#state);
    const turn = this.#state >> 122n;
    const bits = BigInt.asUintN(64, (folded >> turn) | (folded << ((64n - turn) & 63n)));
    this.#spare = Number(bits >> 32n);
    return Number(bits & 0xffffffffn);
  }

  /** A number below `count`, by Lemire's method. */
  below(count) {
    if (count === 1) return 0;
    const threshold = (WORD - count) % count;
    for (;;) {
      // 32 bits times a count below 2^21 are exact.
      const product = this.#next() * count;
      if (product % WORD >= threshold) return Math.floor(product / WORD);
    }
  }

  /** The 95 % interval of a statistic of samples, each given as an array. */
  interval(statistic, samples) {
    const drawn = samples.map((sample) => (
      Array.from({ length: DRAWS }, () => Float64Array.from(sample, () => sample[this.below(sample.length)]))
    ));
    const values = Array.from({ length: DRAWS }, (_, k) => statistic(...drawn.map((rows) => rows[k])));
    return [(1 - LEVEL) / 2, (1 + LEVEL) / 2].map((share) => quantile(values, share));
  }
}
