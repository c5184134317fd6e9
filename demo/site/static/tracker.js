// Tracking one person from frame to frame with a single-person model: demo/tracking/tracker.py, track.py and people.py
// for one person.
import { Crop } from "./crop.js";
import { CropEstimator } from "./estimator.js";
import { OneEuro } from "./one_euro.js";
import { OutlierGate } from "./outliers.js";
import { Search } from "./search.js";

/** One tracked person. */
class Track {
  constructor(estimator, pose, square, timeS, tracking) {
    Object.assign(this, { estimator, pose: { ...pose, fresh: true }, misses: 0, timeS, tracking });
    this.crop = estimator.cropAround(square);
    this.filter = new OneEuro(tracking.center_filter, tracking.speed_cutoff_hz);
    this.filter.next(square.center, timeS, square.side);
  }

  /** Updates the track, with the next crop around the person's square. */
  seen(pose, square, timeS) {
    const before = this.crop.side / this.estimator.padding;
    const side = Math.max(square.side, before * Math.exp(-this.tracking.shrink_per_s * (timeS - this.timeS)));
    const center = this.filter.next(square.center, timeS, side);
    Object.assign(this, { pose, misses: 0, crop: this.estimator.cropAround({ center, side }), timeS });
  }

  /** Counts a miss, and widens the crop about its center. */
  missed(pose) {
    this.crop = Crop.centered(this.crop.center, this.tracking.widen * this.crop.side, this.estimator.size);
    this.pose = pose;
    this.misses += 1;
  }
}

/** Tracks one person. */
export class Tracker {
  /** See `CropEstimator`. */
  constructor(predict, settings) {
    Object.assign(this, { settings, rule: settings.follow, estimator: new CropEstimator(predict, settings) });
    this.#reset();
  }

  #reset() {
    this.track = null;
    this.search = new Search(this.estimator, this.settings);
  }

  /**
   * Tracks the person into the next frame.
   *
   * @param {ImageData} picture
   * @param {number} timeS when it was taken; must increase from call to call
   * @returns {Promise<?Pose>} null without a person; during a miss the model's estimate, with low scores
   */
  async update(picture, timeS) {
    if (picture.width !== this.width || picture.height !== this.height) {
      Object.assign(this, { width: picture.width, height: picture.height });
      this.#reset();
    }
    if (this.track) await this.#follow(picture, timeS);
    if (!this.track) this.#maybeStartTrack(await this.search.atOnce(picture, timeS), picture, timeS);
    return this.track?.pose ?? null;
  }

  async #follow(picture, timeS) {
    const searchCrop = this.search.nextCrop(picture, timeS);
    const crops = searchCrop ? [this.track.crop, searchCrop] : [this.track.crop];
    const [pose, found] = await this.estimator.estimate(picture, crops);
    const square = this.estimator.square(pose, picture);
    if (square && this.estimator.confidence(pose) >= this.rule.lost_score) this.track.seen(pose, square, timeS);
    else this.track.missed(pose);
    if (this.track.misses >= this.rule.lost_after) this.track = null;
    else if (searchCrop) this.#maybeStartTrack(await this.search.add(picture, found), picture, timeS);
  }

  /** Starts a track of a search's result, if its confidence suffices. */
  #maybeStartTrack(pose, picture, timeS) {
    const square = pose && this.estimator.square(pose, picture);
    if (!square) return;
    const toReplace = this.track ? this.estimator.confidence(this.track.pose) + this.rule.better_by : 0;
    if (this.estimator.confidence(pose) < Math.max(this.rule.found_score, toReplace)) return;
    this.track = new Track(this.estimator, pose, square, timeS, this.settings.tracking);
  }
}

/** Smooths the joints of one person. */
export class Smoother {
  /** @param {object} settings the page's settings.json */
  constructor(settings) {
    Object.assign(this, { settings, gate: null, filter: null });
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
    const { follow, smooth, tracking, outliers } = this.settings;
    if (pose.fresh || !this.filter) {
      this.gate = new OutlierGate(outliers);
      this.filter = new OneEuro(smooth, tracking.speed_cutoff_hz);
    }
    const shown = pose.scores.map((score, k) => score >= follow.joint_score && pose.joints[k].every(Number.isFinite));
    const trusted = pose.joints.map((point, k) => (shown[k] ? point : [NaN, NaN]));
    const measured = this.gate.next(trusted, timeS, pose.crop.side);
    const filtered = this.filter.next(measured.flat(), timeS, pose.crop.side);
    const joints = pose.joints.map((point, k) => (shown[k] ? [filtered[2 * k], filtered[2 * k + 1]] : point));
    return { joints, scores: pose.scores, shown };
  }
}
