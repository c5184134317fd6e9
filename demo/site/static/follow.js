// Following one person from frame to frame with a single-person model: demo/follow.py and demo/track.py for one person.
import { Crop } from "./crop.js";
import { Eye } from "./eye.js";
import { LeapGate } from "./leaps.js";
import { OneEuro } from "./one_euro.js";
import { Search } from "./search.js";

// A crop that is too tight makes a model squeeze the body into it, and the next crop is tighter still. So a crop
// shrinks by no more than this rate, and widens by this factor with each miss, until the model is sure again.
const SHRINK_PER_S = 0.3;
const WIDEN = 1.25;

/** One person who is followed. */
class Track {
  constructor(eye, pose, square, timeS) {
    Object.assign(this, { eye, pose: { ...pose, fresh: true }, misses: 0, crop: eye.cropAround(square), timeS });
    // Of the crop's centre. A crop that trembles makes the joints tremble.
    this.filter = new OneEuro(2, 10);
    this.filter.next(square.center, timeS, square.side);
  }

  /** Puts the crop of the next frame around the person's square. */
  seen(pose, square, timeS) {
    const before = this.crop.side / this.eye.padding;
    const side = Math.max(square.side, before * Math.exp(-SHRINK_PER_S * (timeS - this.timeS)));
    const center = this.filter.next(square.center, timeS, side);
    Object.assign(this, { pose, misses: 0, crop: this.eye.cropAround({ center, side }), timeS });
  }

  /** Widens the crop where it is. */
  missed(pose) {
    this.crop = Crop.centered(this.crop.center, WIDEN * this.crop.side, this.eye.size);
    this.pose = pose;
    this.misses += 1;
  }
}

/** Keeps the crop on one person, by the rule of demo/track.py, whose names the rule's fields have. */
export class Follower {
  /** See `Eye` for `predict` and `model`. */
  constructor(predict, model, rule) {
    this.eye = new Eye(predict, model, rule);
    this.rule = rule;
    this.forget();
  }

  /** Begins with nobody. */
  forget() {
    this.track = null;
    this.search = new Search(this.eye, this.rule);
  }

  /**
   * Finds the person in the next frame.
   *
   * @param {ImageData} picture
   * @param {number} timeS when it was taken, later than the frame before
   * @returns {Promise<?Pose>} null while there is nobody; during a miss what the model says, with low scores
   */
  async update(picture, timeS) {
    if (picture.width !== this.width || picture.height !== this.height) {
      Object.assign(this, { width: picture.width, height: picture.height });
      this.forget();
    }
    if (this.track) await this.#follow(picture, timeS);
    if (!this.track) this.#offer(await this.search.atOnce(picture, timeS), picture, timeS);
    return this.track?.pose ?? null;
  }

  async #follow(picture, timeS) {
    const around = this.search.nextCrop(picture, timeS);
    const [pose, seen] = await this.eye.look(picture, around ? [this.track.crop, around] : [this.track.crop]);
    const square = this.eye.square(pose, picture);
    if (square && this.eye.confidence(pose) >= this.rule.lost_score) this.track.seen(pose, square, timeS);
    else this.track.missed(pose);
    if (this.track.misses >= this.rule.lost_after) this.track = null;
    else if (around) this.#offer(await this.search.note(picture, seen), picture, timeS);
  }

  /** Takes up someone whom a search found, if the model is sure enough. */
  #offer(pose, picture, timeS) {
    const square = pose && this.eye.square(pose, picture);
    if (!square) return;
    const sure = this.track ? this.eye.confidence(this.track.pose) + this.rule.better_by : 0;
    if (this.eye.confidence(pose) < Math.max(this.rule.found_score, sure)) return;
    this.track = new Track(this.eye, pose, square, timeS);
  }
}

/** Smooths the joints of one person as demo/people.py does. */
export class Smoother {
  /** @param {{cutoff_hz: number, beta: number}} options of the one-euro filter */
  constructor(jointScore, options) {
    Object.assign(this, { jointScore, options, gate: null, filter: null });
  }

  /**
   * @param {?Pose} pose
   * @returns {?{joints: number[][], scores: number[], shown: boolean[]}} joints smoothed where they are shown
   */
  next(pose, timeS) {
    if (!pose) {
      this.filter = null;
      return null;
    }
    if (pose.fresh || !this.filter) {
      this.gate = new LeapGate();
      this.filter = new OneEuro(this.options.cutoff_hz, this.options.beta);
    }
    const shown = pose.scores.map((score, k) => score >= this.jointScore && pose.joints[k].every(Number.isFinite));
    const trusted = pose.joints.map((point, k) => (shown[k] ? point : [NaN, NaN]));
    const measured = this.gate.next(trusted, timeS, pose.crop.side);
    const smooth = this.filter.next(measured.flat(), timeS, pose.crop.side);
    const joints = pose.joints.map((point, k) => (shown[k] ? [smooth[2 * k], smooth[2 * k + 1]] : point));
    return { joints, scores: pose.scores, shown };
  }
}
