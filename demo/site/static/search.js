// Looking for a person of whom nothing is known: demo/search.py.
import { Crop } from "./crop.js";

/**
 * Where to look: the whole frame; three overlapping squares of its shorter side; three of 0.6 times that.
 *
 * @returns {{center: number[], side: number}[]}
 */
export function searchSquares(height, width) {
  const center = [(width - 1) / 2, (height - 1) / 2];
  const along = width >= height ? [1, 0] : [0, 1];
  const [longer, shorter] = [Math.max(height, width), Math.min(height, width)];
  const squares = [{ center, side: longer }];
  for (const side of [shorter, 0.6 * shorter]) {
    const reach = Math.max((longer - side) / 2, 0.1 * side);
    for (const step of [-1, 0, 1]) {
      squares.push({ center: center.map((middle, axis) => middle + step * reach * along[axis]), side });
    }
  }
  return squares;
}

/** Looks around a frame: at once, or in a round of one square a frame beside what else the model has to do. */
export class Search {
  constructor(eye, rule) {
    Object.assign(this, { eye, rule, left: [], best: null, begunS: -Infinity });
  }

  /** The best of the search squares, looked at more closely; null if it has too few trusted joints. */
  async atOnce(picture, timeS) {
    Object.assign(this, { left: [], begunS: timeS });
    const poses = await this.eye.look(picture, this.#crops(picture));
    const best = poses.reduce((a, b) => (this.eye.confidence(b) > this.eye.confidence(a) ? b : a));
    return this.#closer(picture, best);
  }

  /** Where to look in this frame; null between two rounds. */
  nextCrop(picture, timeS) {
    if (!this.left.length && timeS - this.begunS >= this.rule.search_every_s) {
      Object.assign(this, { left: this.#crops(picture), best: null, begunS: timeS });
    }
    return this.left[0] ?? null;
  }

  /** Takes what was seen in `nextCrop`; at the end of a round, returns the best of it as `atOnce` does. */
  async note(picture, pose) {
    this.left.shift();
    if (this.best === null || this.eye.confidence(pose) > this.eye.confidence(this.best)) this.best = pose;
    if (this.left.length || this.eye.confidence(this.best) < this.rule.lost_score) return null;
    // It may have been seen some frames ago, so it is looked at again in this one.
    return this.#closer(picture, (await this.eye.look(picture, [this.best.crop]))[0]);
  }

  #crops({ height, width }) {
    return searchSquares(height, width).map(({ center, side }) => Crop.centered(center, side, this.eye.size));
  }

  /**
   * Looks at a person again, around the joints of the last look, while the model does not become less sure. The first
   * of these looks counts whatever it says: the joints of a search square may be those of two people.
   */
  async #closer(picture, pose) {
    let best = pose;
    for (let k = 0; k < this.rule.refinements; k += 1) {
      const square = this.eye.square(best, picture);
      if (square === null) return null;
      const [closer] = await this.eye.look(picture, [this.eye.cropAround(square)]);
      if (k > 0 && this.eye.confidence(closer) < this.eye.confidence(best)) break;
      best = closer;
    }
    return best;
  }
}
