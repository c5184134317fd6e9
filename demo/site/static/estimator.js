// A single-person model on square crops of a frame: demo/tracking/estimator.py.
import { Crop } from "./crop.js";

/**
 * @typedef {object} Pose one person in one frame
 * @property {number[][]} joints [x, y] of each joint in frame px
 * @property {number[]} scores of each joint, 0 to 1
 * @property {Crop} crop the crop that the model was given
 * @property {boolean} fresh whether the person's track starts with this frame
 */

/** How sure the model is that there is a person: the mean score of the better half of the main joints. */
export function confidence(scores, mainJoints) {
  const sorted = mainJoints.map((joint) => scores[joint] || 0).sort((a, b) => a - b);
  const better = sorted.slice(Math.floor(sorted.length / 2));
  return better.reduce((sum, score) => sum + score, 0) / better.length;
}

/** Estimates one person in each crop, and judges the estimates. */
export class CropEstimator {
  /**
   * @param {function(Uint8Array[]): Promise<{joints: number[][], scores: number[]}[]>} predict from the RGB pixels of
   *     crops to joints in crop px
   * @param {object} settings the page's settings.json
   */
  constructor(predict, settings) {
    const { size, padding } = settings.pose;
    Object.assign(this, { predict, size, padding, rule: settings.follow });
    Object.assign(this, { mainJoints: settings.main_joints, minJoints: settings.tracking.min_joints });
  }

  /** Estimates one person in each crop of a frame. */
  async estimate(picture, crops) {
    const predictions = await this.predict(crops.map((crop) => crop.cut(picture)));
    return predictions.map(({ joints, scores }, k) => (
      { joints: joints.map((point) => crops[k].toFrame(point)), scores, crop: crops[k], fresh: false }
    ));
  }

  confidence(pose) {
    return confidence(pose.scores, this.mainJoints);
  }

  /** Square around the person, by the rule from the joints of sufficient score inside the frame: {center, side} in px; null with too few of them. */
  square({ joints, scores }, { width, height }) {
    const inside = ([x, y]) => x >= -0.5 && y >= -0.5 && x < width - 0.5 && y < height - 0.5;
    const trusted = joints.filter((point, k) => inside(point) && scores[k] >= this.rule.joint_score);
    if (trusted.length < this.minJoints) return null;
    const [xs, ys] = [0, 1].map((axis) => trusted.map((point) => point[axis]));
    const [left, top, right, bottom] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    const jointsSide = Math.max(right - left, bottom - top);
    const side = Math.max(this.rule.box_scale * jointsSide, this.rule.smallest_share * Math.min(width, height));
    return { center: [(left + right) / 2, (top + bottom) / 2 + this.rule.box_shift * jointsSide], side };
  }

  /** The padded crop of a square. */
  cropAround({ center, side }) {
    return Crop.centered(center, this.padding * side, this.size);
  }
}
