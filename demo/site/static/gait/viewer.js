// The video with the skeleton, frame by frame.
import { draw } from "../draw.js";
import { isKnown } from "./series.js";

/** Shows the frames of a video that was followed. */
export class Viewer {
  #busy = false;
  #wanted = null;

  /**
   * @param {object} parts `canvas`; `frames`, a VideoFrames; `timesS` of its frames; `records`; the page's `settings`;
   *     `grab`, which returns a canvas with the frame now shown; and `changed(k)`, called when frame k is shown
   */
  constructor(parts) {
    Object.assign(this, parts, { k: 0 });
  }

  /** Shows a frame by its number; of several wanted meanwhile, the last. */
  async show(k) {
    this.#wanted = Math.min(Math.max(k, 0), this.timesS.length - 1);
    if (this.#busy) return;
    this.#busy = true;
    while (this.#wanted !== null) {
      this.k = this.#wanted;
      this.#wanted = null;
      await this.#draw(this.k);
    }
    this.#busy = false;
  }

  async #draw(k) {
    const [timeS, nextS] = [this.timesS[k], this.timesS[k + 1] ?? this.timesS[k] + 1e-3];
    await this.frames.seek((timeS + nextS) / 2);
    const picture = this.grab();
    const [, width] = this.records[k].size;
    const scale = picture.width / width;
    const people = this.records[k].people.map(({ id, joints_px: joints }) => {
      const points = joints.map(([x, y]) => (x === null ? [NaN, NaN] : [x, y].map((value) => scale * (value + 0.5) - 0.5)));
      return { number: this.several ? id + 1 : null, joints: points, shown: points.map(isKnown) };
    });
    draw(this.canvas, picture, people, this.settings, false);
    this.changed(k);
  }
}
