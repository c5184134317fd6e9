// Joints that leap away for a frame and back: demo/tracking/outliers.py.

function distance([x, y], [otherX, otherY]) {
  return Math.hypot(x - otherX, y - otherY);
}

/** Holds a joint that leaps in its place until a second frame confirms the new place, for a few frames at most. */
export class OutlierGate {
  /** @param {{reach: number, frame_s: number, max_held: number}} outliers of settings.json */
  constructor(outliers) {
    Object.assign(this, { outliers, joints: null });
  }

  /**
   * @param {number[][]} joints NaN means not measured; the joint's next measurement is accepted wherever it is
   * @param {number} timeS when the frame was taken; must increase from call to call
   * @param {number} unit length that `reach` is a share of: the side of the person's crop
   * @returns {number[][]} the joints, or for those that leap the last returned ones
   */
  next(joints, timeS, unit) {
    const { outliers } = this;
    if (this.joints === null) {
      Object.assign(this, { joints, measured: joints, framesHeld: joints.map(() => 0), timeS });
    }
    const reach = outliers.reach * unit * Math.max(1, (timeS - this.timeS) / outliers.frame_s);
    // Comparing is false for NaN.
    const held = joints.map((point, k) => {
      const confirmed = this.framesHeld[k] > 0 && distance(point, this.measured[k]) <= reach;
      return distance(point, this.joints[k]) > reach && !confirmed && this.framesHeld[k] < outliers.max_held;
    });
    this.framesHeld = this.framesHeld.map((count, k) => (held[k] ? count + 1 : 0));
    this.joints = joints.map((point, k) => (held[k] ? this.joints[k] : point));
    Object.assign(this, { measured: joints, timeS });
    return this.joints;
  }
}
