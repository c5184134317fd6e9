// Looking at crops with a single-person model, and what its answers are worth: `Eye` of demo/track.py.
import { Crop } from "./crop.js";

const MIN_JOINTS = 3;
const LIMB_JOINT = /^(left|right)_(shoulder|elbow|wrist|hip|knee|ankle)$/;

/**
 * @typedef {object} Pose one person in one frame
 * @property {number[][]} joints [x, y] of each joint in frame px
 * @property {number[]} scores of each joint, 0 to 1
 * @property {Crop} crop where the model looked
 * @property {boolean} fresh whether the person was taken up in this very frame
 */

/** How sure the model is that there is a person: the mean score of the better half of the limb joints. */
export function confidence(scores, skeleton) {
  const ofLimbs = scores.filter((_, k) => LIMB_JOINT.test(skeleton.joints[k]));
  const sorted = ofLimbs.map((score) => (Number.isNaN(score) ? 0 : score)).sort((a, b) => a - b);
  const better = sorted.slice(Math.floor(sorted.length / 2));
  return better.reduce((sum, score) => sum + score, 0) / better.length;
}

/** A single-person model, and what its answers are worth. */
export class Eye {
  /**
   * @param {function(Uint8Array[]): Promise<{joints: number[][], scores: number[]}[]>} predict from the RGB pixels of
   *     crops to joints in crop px
   * @param {object} model its description: `skeleton`, `size` and `padding` of crops
   * @param {object} rule says which joints are trusted, and how small a person may be
   */
  constructor(predict, { skeleton, size, padding }, rule) {
    Object.assign(this, { predict, skeleton, size, padding, rule });
  }

  /** Estimates one person in each crop of a picture. */
  async look(picture, crops) {
    const answers = await this.predict(crops.map((crop) => crop.cut(picture)));
    return answers.map(({ joints, scores }, k) => (
      { joints: joints.map((point) => crops[k].toFrame(point)), scores, crop: crops[k], fresh: false }
    ));
  }

  confidence(pose) {
    return confidence(pose.scores, this.skeleton);
  }

  /** The square about the trusted joints inside the picture, {center, side} in px; null with too few of them. */
  square({ joints, scores }, { width, height }) {
    const inside = ([x, y]) => x >= -0.5 && y >= -0.5 && x < width - 0.5 && y < height - 0.5;
    const trusted = joints.filter((point, k) => inside(point) && scores[k] >= this.rule.joint_score);
    if (trusted.length < MIN_JOINTS) return null;
    const [xs, ys] = [0, 1].map((axis) => trusted.map((point) => point[axis]));
    const [left, top, right, bottom] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    const side = Math.max(right - left, bottom - top, this.rule.smallest_share * Math.min(width, height));
    return { center: [(left + right) / 2, (top + bottom) / 2], side };
  }

  /** The padded crop of a square. */
  cropAround({ center, side }) {
    return Crop.centered(center, this.padding * side, this.size);
  }
}
