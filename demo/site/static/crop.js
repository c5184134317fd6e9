// Person crops: a square cut from a frame, with its mapping. The pixels equal those of pose/crop.py.
// Points are [x, y]; the center of the top-left pixel is [0, 0].

/** The nearest integer, with halves rounded to even as in Python. */
export function roundEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** A square of `size` x `size` px; crop point p lies at frame point `scale` * p + [left, top]. */
export class Crop {
  constructor(scale, left, top, size) {
    Object.assign(this, { scale, left, top, size });
  }

  /** The crop of the square of `side` frame px about a frame point. */
  static centered([x, y], side, size) {
    const scale = side / size;
    const reach = (scale * (size - 1)) / 2;
    return new Crop(scale, x - reach, y - reach, size);
  }

  /** The side of the square, in frame px. */
  get side() {
    return this.scale * this.size;
  }

  /** The center of the square, a frame point. */
  get center() {
    return this.toFrame([(this.size - 1) / 2, (this.size - 1) / 2]);
  }

  toFrame([x, y]) {
    return [this.scale * x + this.left, this.scale * y + this.top];
  }

  /**
   * Resamples the crop from a frame; black outside the frame.
   *
   * @param {ImageData} picture
   * @returns {Uint8Array} RGB, size x size x 3
   */
  cut(picture) {
    // Bilinear sampling uses 2 x 2 pixels and would alias when shrinking by more than two.
    const factor = Math.max(1, Math.min(roundEven(this.scale), picture.width, picture.height));
    const pixels = new Uint8Array(this.size * this.size * 3);
    const part = averaged(picture, this, factor);
    if (part) this.#sample(part, factor, pixels);
    return pixels;
  }

  #sample(part, factor, pixels) {
    const columns = this.#neighbours(this.left, part.left, part.width, factor);
    const rows = this.#neighbours(this.top, part.top, part.height, factor);
    const stride = 3 * part.width;
    let target = 0;
    for (let v = 0; v < 2 * this.size; v += 2) {
      const [above, below] = [rows.places[v] * stride, rows.places[v + 1] * stride];
      for (let u = 0; u < 2 * this.size; u += 2) {
        const [before, after] = [3 * columns.places[u], 3 * columns.places[u + 1]];
        for (let channel = 0; channel < 3; channel += 1) {
          const top = columns.weights[u] * part.pixels[above + before + channel]
            + columns.weights[u + 1] * part.pixels[above + after + channel];
          const bottom = columns.weights[u] * part.pixels[below + before + channel]
            + columns.weights[u + 1] * part.pixels[below + after + channel];
          pixels[target] = rows.weights[v] * top + rows.weights[v + 1] * bottom + 0.5;
          target += 1;
        }
      }
    }
  }

  /** For each row or column of the crop the two of the part around it, and their weights, interleaved. */
  #neighbours(start, low, count, factor) {
    const places = new Int32Array(2 * this.size);
    const weights = new Float64Array(2 * this.size);
    for (let k = 0; k < this.size; k += 1) {
      const place = (start + this.scale * k - low - (factor - 1) / 2) / factor;
      const first = Math.floor(place);
      for (const next of [0, 1]) {
        // Outside the frame it is black.
        if (first + next < 0 || first + next >= count) continue;
        places[2 * k + next] = first + next;
        weights[2 * k + next] = next ? place - first : 1 - (place - first);
      }
    }
    return { places, weights };
  }
}

/**
 * The part of a frame under a crop, averaged over factor x factor pixels.
 *
 * @returns {?{pixels: Uint8Array, width: number, height: number, left: number, top: number}} RGB pixels, and the part's
 *     corner in the frame; null if the crop lies outside the frame
 */
function averaged(picture, crop, factor) {
  const reach = crop.scale * (crop.size - 1);
  const low = (start) => Math.max(Math.floor(start) - 2 * factor, 0);
  const high = (start, end) => Math.min(Math.ceil(start + reach) + 2 * factor, end);
  const [left, top] = [low(crop.left), low(crop.top)];
  const [right, bottom] = [high(crop.left, picture.width), high(crop.top, picture.height)];
  if (right <= left || bottom <= top) return null;
  // Whole blocks: the last ones are padded by repeating their last row and column.
  const [width, height] = [Math.ceil((right - left) / factor), Math.ceil((bottom - top) / factor)];
  const pixels = new Uint8Array(width * height * 3);
  const sums = new Float64Array(width * 3);
  for (let row = 0; row < height; row += 1) {
    sums.fill(0);
    for (let inner = 0; inner < factor; inner += 1) {
      const y = Math.min(top + row * factor + inner, bottom - 1);
      for (let x = 0, target = 0; target < sums.length; target += 3) {
        for (const end = x + factor; x < end; x += 1) {
          const source = 4 * (y * picture.width + Math.min(left + x, right - 1));
          sums[target] += picture.data[source];
          sums[target + 1] += picture.data[source + 1];
          sums[target + 2] += picture.data[source + 2];
        }
      }
    }
    // Storing into bytes truncates.
    for (let k = 0; k < sums.length; k += 1) pixels[row * sums.length + k] = sums[k] / (factor * factor) + 0.5;
  }
  return { pixels, width, height, left, top };
}
