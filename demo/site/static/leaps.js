// The gate of demo/leaps.py: a joint that leaps away for a moment and back stays where it was.

const REACH = 0.12;
const FRAME_S = 1 / 30;
const MOST_HELD = 2;

/** Holds a joint that leaps, until a second frame finds it where it leapt to, or for two frames. */
export class LeapGate {
  constructor() {
    this.joints = null;
  }

  /**
   * @param {number[][]} joints NaN is "not measured"; such a joint is believed when it is measured again
   * @param {number} timeS when it was taken, later than the call before
   * @param {number} unit length of which leaps are a share: the side of the person's crop
   * @returns {number[][]} the joints, or for those that leap what came out before
   */
  next(joints, timeS, unit) {
    if (this.joints === null) {
      Object.assign(this, { joints, measured: joints, framesHeld: joints.map(() => 0), timeS });
    }
    const reach = REACH * unit * Math.max(1, (timeS - this.timeS) / FRAME_S);
    // Comparing is false for NaN.
    const held = joints.map((point, k) => {
      const confirmed = this.framesHeld[k] > 0 && distance(point, this.measured[k]) <= reach;
      return distance(point, this.joints[k]) > reach && !confirmed && this.framesHeld[k] < MOST_HELD;
    });
    this.framesHeld = this.framesHeld.map((count, k) => (held[k] ? count + 1 : 0));
    this.joints = joints.map((point, k) => (held[k] ? this.joints[k] : point));
    Object.assign(this, { measured: joints, timeS });
    return this.joints;
  }
}

function distance([x, y], [otherX, otherY]) {
  return Math.hypot(x - otherX, y - otherY);
}
