// The motion of one person who is tracked, and how alike tracks and people are: pose/tracking/state.py and
// pose/tracking/association.py without images.

const weight = (elapsedS, constantS) => 1 - Math.exp(-elapsedS / constantS);
export const isFinitePoint = (point) => point.every(Number.isFinite);

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median motion of the chosen joints, [x, y]. */
function medianMove(from, to, chosen) {
  return [0, 1].map((axis) => median(chosen.map((j) => to[j][axis] - from[j][axis])));
}

/** The box around the joints that are trusted: [x, y, width, height]. */
export function boxOf(joints, trusted) {
  const chosen = joints.filter((_, j) => trusted[j]);
  const [xs, ys] = [0, 1].map((axis) => chosen.map((point) => point[axis]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

export const lengthOf = (joints, trusted) => Math.max(...boxOf(joints, trusted).slice(2), 1);

/** Intersection over union of two boxes. */
export function overlap(a, b) {
  const side = (k) => Math.max(0, Math.min(a[k] + a[k + 2], b[k] + b[k + 2]) - Math.max(a[k], b[k]));
  const both = side(0) * side(1);
  const union = a[2] * a[3] + b[2] * b[3] - both;
  return union > 0 ? both / union : 0;
}

/** Intersection over union of two boxes; 0 if one is much longer than the other. */
export function boxSimilarity(a, b, motion) {
  const [length, other] = [a, b].map((box) => Math.max(box[2], box[3], 1));
  return Math.abs(Math.log(length / other)) <= Math.log(motion.box_ratio) ? overlap(a, b) : 0;
}

/** OKS over some joints, with the constants of OKS widened by a spread. */
export function oks(joints, other, area, sigmas, spread, counted) {
  let sum = 0;
  for (const j of counted) {
    const [dx, dy] = [joints[j][0] - other[j][0], joints[j][1] - other[j][1]];
    sum += Math.exp(-(dx * dx + dy * dy) / (8 * area * (sigmas[j] * sigmas[j] + spread * spread)));
  }
  return counted.length ? sum / counted.length : 0;
}

/** The motion of one person. */
export class TrackState {
  /** @param {object} motion the fields of `Motion` in pose/tracking/motion.py */
  constructor({ joints, scores, trusted }, timeS, motion) {
    Object.assign(this, { motion, number: 0, sightings: 1, startedS: timeS, sinceS: timeS, timeS });
    Object.assign(this, { joints, scores, speed: [0, 0] });
    this.length = lengthOf(joints, trusted);
    this.jointTimesS = trusted.map((seen) => (seen ? timeS : -Infinity));
  }

  get area() {
    return this.motion.area_share * this.length ** 2;
  }

  get known() {
    return this.jointTimesS.map((seenS) => this.timeS - seenS <= this.motion.joint_s);
  }

  get ever() {
    return this.jointTimesS.map(Number.isFinite);
  }

  predict(timeS) {
    const reachS = this.motion.slowing_s * weight(timeS - this.timeS, this.motion.slowing_s);
    return this.joints.map(([x, y]) => [x + this.speed[0] * reachS, y + this.speed[1] * reachS]);
  }

  spread(timeS) {
    const drift = this.sightings === 1 ? this.motion.first_drift_per_s : this.motion.drift_per_s;
    return (drift / 2) * (timeS - this.timeS);
  }

  see({ joints, scores, trusted }, timeS) {
    const { motion } = this;
    const elapsedS = timeS - this.timeS;
    const [known, ever] = [this.known, this.ever];
    const common = joints.map((_, j) => j).filter((j) => trusted[j] && known[j]);
    const moved = common.length ? medianMove(this.joints, joints, common) : [0, 0];
    if (common.length) {
      const share = weight(elapsedS, motion.speed_s);
      this.speed = this.speed.map((speed, axis) => speed + share * (moved[axis] / elapsedS - speed));
    }
    this.joints = joints.map((point, j) => {
      if (trusted[j] || !ever[j]) return point;
      return [this.joints[j][0] + moved[0], this.joints[j][1] + moved[1]];
    });
    const length = lengthOf(this.joints, trusted);
    const constantS = length > this.length ? motion.growing_s : motion.shrinking_s;
    this.length += weight(elapsedS, constantS) * (length - this.length);
    this.jointTimesS = this.jointTimesS.map((seenS, j) => (trusted[j] ? timeS : seenS));
    Object.assign(this, { scores, timeS, sightings: this.sightings + 1 });
  }
}

/** How unlikely it is that someone who appears is a lost person. */
export function costOfReturn(lost, found) {
  const { motion } = lost;
  const [known, ever] = [found.known, lost.ever];
  const joints = found.joints.map((_, j) => j).filter((j) => known[j] && ever[j]);
  if (!joints.length) return Infinity;
  const gap = medianMove(lost.joints, found.joints, joints);
  const goneS = found.startedS - lost.timeS;
  const way = lost.speed.map((speed) => speed * goneS);
  const along = (gap[0] * way[0] + gap[1] * way[1]) / Math.max(way[0] ** 2 + way[1] ** 2, 1e-9);
  const share = Math.min(Math.max(along, 0), 1);
  const distance = Math.hypot(gap[0] - share * way[0], gap[1] - share * way[1]) / lost.length;
  let change = 0;
  if (joints.length > found.joints.length / 2) {
    const both = found.joints.map((_, j) => joints.includes(j));
    change = Math.abs(Math.log(lengthOf(found.joints, both) / lengthOf(lost.joints, both)));
  }
  const reach = motion.back_lengths + motion.back_lengths_per_s * goneS;
  const short = motion.short_cost * Math.exp((lost.sinceS - lost.timeS) / motion.short_s);
  return distance > reach || change > Math.log(motion.back_ratio) ? Infinity : distance / reach + change + short;
}
