// Search of a whole frame: demo/tracking/search.py.
import { Crop } from "./crop.js";

/**
 * The squares of a frame to search: the whole frame; three overlapping ones of its shorter side; three smaller ones.
 *
 * @param {{small_square: number, min_step: number}} search of settings.json
 * @returns {{center: number[], side: number}[]}
 */
export function searchSquares(height, width, search) {
  const center = [(width - 1) / 2, (height - 1) / 2];
  const along = width >= height ? [1, 0] : [0, 1];
  const [longer, shorter] = [Math.max(height, width), Math.min(height, width)];
  const squares = [{ center, side: longer }];
  for (const side of [shorter, search.small_square * shorter]) {
    const step = Math.max((longer - side) / 2, search.min_step * side);
    for (const k of [-1, 0, 1]) {
      squares.push({ center: center.map((middle, axis) => middle + k * step * along[axis]), side });
    }
  }
  return squares;
}

/** Searches frames for a person: one frame at once, or in rounds of one square per frame beside the tracked person. */
export class Search {
  /** @param {object} settings the page's settings.json */
  constructor(estimator, settings) {
    Object.assign(this, { estimator, rule: settings.follow, search: settings.search });
    Object.assign(this, { pending: [], best: null, roundStartS: -Infinity });
  }

  /** The refined best of all search squares; null if it has too few joints of sufficient score. */
  async atOnce(picture, timeS) {
    Object.assign(this, { pending: [], roundStartS: timeS });
    const poses = await this.estimator.estimate(picture, this.#crops(picture));
    const best = poses.reduce((a, b) => (this.estimator.confidence(b) > this.estimator.confidence(a) ? b : a));
    return this.#refine(picture, best);
  }

  /** The crop to estimate in this frame; null between two rounds. */
  nextCrop(picture, timeS) {
    if (!this.pending.length && timeS - this.roundStartS >= this.rule.search_every_s) {
      Object.assign(this, { pending: this.#crops(picture), best: null, roundStartS: timeS });
    }
    return this.pending[0] ?? null;
  }

  /** Takes the estimate of `nextCrop`; at the end of a round, returns the refined best of it as `atOnce` does. */
  async add(picture, pose) {
    this.pending.shift();
    if (this.best === null || this.estimator.confidence(pose) > this.estimator.confidence(this.best)) this.best = pose;
    if (this.pending.length || this.estimator.confidence(this.best) < this.rule.lost_score) return null;
    // It may be some frames old, so it is estimated again in this frame.
    return this.#refine(picture, (await this.estimator.estimate(picture, [this.best.crop]))[0]);
  }

  #crops({ height, width }) {
    const squares = searchSquares(height, width, this.search);
    return squares.map(({ center, side }) => Crop.centered(center, side, this.estimator.size));
  }

  /**
   * Estimates again around the joints of the last estimate, while the confidence does not fall. The first of these
   * estimates is kept in any case: joints from a search square may belong to two people.
   */
  async #refine(picture, pose) {
    let best = pose;
    for (let k = 0; k < this.rule.refinements; k += 1) {
      const square = this.estimator.square(best, picture);
      if (square === null) return null;
      const [refined] = await this.estimator.estimate(picture, [this.estimator.cropAround(square)]);
      if (k > 0 && this.estimator.confidence(refined) < this.estimator.confidence(best)) break;
      best = refined;
    }
    return best;
  }
}
