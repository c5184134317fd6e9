// Joints in space from those of a 2D model over time: pose/space/lifting.py and demo/lifting/live.py.
const LEAST_EXTENT = 1e-4;

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const times = (matrix, vector) => matrix.map((row) => dot(row, vector));
const transposed = (matrix) => matrix[0].map((_, k) => matrix.map((row) => row[k]));
const product = (a, b) => a.map((row) => transposed(b).map((column) => dot(row, column)));

/** The smallest rotation that takes a direction, with z above 0, to the z axis. */
function turnTo(direction) {
  const length = Math.hypot(...direction);
  const [x, y, z] = direction.map((value) => value / length);
  const share = 1 / (1 + z);
  return [[1 - x * x * share, -x * y * share, -x], [-x * y * share, 1 - y * y * share, -y], [x, y, z]];
}

/** Middle and longer side of the box around the points of score above 0; 0 if there are none. */
function boxOf(joints) {
  const there = joints.filter(({ score }) => score > 0);
  if (!there.length) return { middle: [0, 0], side: 0 };
  const [xs, ys] = [there.map(({ x }) => x), there.map(({ y }) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return { middle: [(left + right) / 2, (top + bottom) / 2], side: Math.max(right - left, bottom - top) };
}

/** A window of rays {x, y, score} as the net takes them, one after another, and the camera's turn. */
export function seen(rays) {
  let [joints, turn] = [rays, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]];
  // The middle of a box is not quite that of the turned box.
  for (let round = 0; round < 2; round += 1) {
    const further = turnTo([...boxOf(joints).middle, 1]);
    joints = joints.map(({ x, y, score }) => {
      const [u, v, w] = times(further, [x, y, 1]);
      // What lies behind the turned camera is not seen.
      return w > LEAST_EXTENT ? { x: u / w, y: v / w, score } : { x: u, y: v, score: 0 };
    });
    turn = product(further, turn);
  }
  const half = Math.max(boxOf(joints).side, LEAST_EXTENT) / 2;
  return { turn, values: joints.flatMap(({ x, y, score }) => (score > 0 ? [x / half, y / half, score] : [0, 0, 0])) };
}

/** A person's joints {x, y, score} at a time, between the two nearest of `past`; of score 0 where there are none. */
export function at(past, timeS, longestGapS) {
  const found = past.findIndex((one) => one.timeS >= timeS);
  const after = past[Math.max(Math.min(found < 0 ? past.length - 1 : found, past.length - 1), Math.min(1, past.length - 1))];
  const before = past[Math.max(past.indexOf(after) - 1, 0)];
  const gap = after.timeS - before.timeS;
  const share = gap > 0 ? (timeS - before.timeS) / gap : 0;
  const followed = share > -0.5 && share < 1.5 && gap > 0 && gap <= longestGapS;
  const near = followed || Math.min(Math.abs(timeS - before.timeS), Math.abs(timeS - after.timeS)) < 1e-6;
  const clipped = Math.min(Math.max(share, 0), 1);
  return before.joints.map((first, j) => {
    const second = after.joints[j];
    // A joint that only one neighbor shows is where that one has it.
    const own = second.score > 0 ? (first.score > 0 ? clipped : 1) : 0;
    const mixed = (name) => first[name] + own * (second[name] - first[name]);
    return { x: mixed("x"), y: mixed("y"), score: near ? mixed("score") : 0 };
  });
}

/** Where a pose stands before the camera, so that its image fits the rays best; null if that is unknown. */
export function placed(xyz, rays) {
  const used = rays.map((ray, j) => ({ ...ray, at: xyz[j] })).filter(({ score }) => score > 0);
  if (used.length < 2) return null;
  // Unknowns are the shifts along x, y and z; those along x and y follow from that along z.
  const total = used.reduce((sum, { score }) => sum + score, 0);
  const mean = (value) => used.reduce((sum, one) => sum + one.score * value(one), 0) / total;
  const right = [(one) => one.x * one.at[2] - one.at[0], (one) => one.y * one.at[2] - one.at[1]];
  const rayMeans = [mean(({ x }) => x), mean(({ y }) => y)];
  const rightMeans = right.map(mean);
  const rayOf = [({ x }) => x, ({ y }) => y];
  const spread = [0, 1].reduce((sum, k) => sum + mean((one) => (rayOf[k](one) - rayMeans[k]) ** 2), 0);
  const along = [0, 1].reduce(
    (sum, k) => sum + mean((one) => (rayOf[k](one) - rayMeans[k]) * (right[k](one) - rightMeans[k])),
    0,
  );
  const depth = -along / spread;
  if (!(depth > 0) || !Number.isFinite(depth)) return null;
  return [rightMeans[0] + rayMeans[0] * depth, rightMeans[1] + rayMeans[1] * depth, depth];
}

/** Lifts the people of successive frames; of each it remembers half a window. */
export class Lifter {
  #past = new Map();

  /** `run` takes the net's input, and returns its answer, both one number after another. */
  constructor(run, settings) {
    Object.assign(this, { run, settings });
  }

  /** Gives each of the people `space`, [x, y, z] of each joint in mm before the camera, or null. */
  async next(people, timeS, { width, height }) {
    const { frames, fps } = this.settings;
    const half = Math.floor(frames / 2);
    const numbers = people.map(({ number }) => number ?? 0);
    this.#past = new Map([...this.#past].filter(([number]) => numbers.includes(number)));
    for (const person of people) {
      const past = this.#past.get(person.number ?? 0) ?? [];
      this.#past.set(person.number ?? 0, past);
      past.push({ timeS, joints: this.#rays(person, width, height) });
      while (timeS - past[0].timeS > (half + 2) / fps) past.shift();
      const window = Array.from({ length: frames }, (_, k) =>
        at(past, timeS + (k - half) / fps, this.settings.longest_gap_s),
      );
      const { values, turn } = seen(window.flat());
      const answer = await this.run(Float32Array.from(values));
      const back = transposed(turn);
      const count = answer.length / 3;
      const xyz = Array.from({ length: count }, (_, j) =>
        times(back, [0, 1, 2].map((axis) => answer[3 * j + axis] * this.settings.scale)),
      );
      const hips = placed(xyz, window[half]);
      person.space = hips && xyz.map((point) => point.map((value, axis) => value + hips[axis]));
    }
  }

  /** The joints of the lifter's skeleton as rays, from those of the person or the middle of two. */
  #rays({ joints, shown, scores }, width, height) {
    const focal = this.settings.focal * Math.max(width, height);
    return this.settings.sources.map((from) => {
      if (!from.length || !from.every((j) => shown[j])) return { x: 0, y: 0, score: 0 };
      const mean = (axis) => from.reduce((sum, j) => sum + joints[j][axis], 0) / from.length;
      return {
        x: (mean(0) - (width - 1) / 2) / focal,
        y: (mean(1) - (height - 1) / 2) / focal,
        score: Math.min(...from.map((j) => scores[j])),
      };
    });
  }
}

/** Draws people in space, turning to and fro: demo/lifting/panel.py. */
export function drawSpace(canvas, people, { colors, lift }, timeS, mirrored) {
  const side = canvas.width;
  const context = canvas.getContext("2d");
  context.fillStyle = lift.panel.background;
  context.fillRect(0, 0, side, side);
  const poses = people.map(({ space }) => space).filter(Boolean);
  if (!poses.length) return;
  const points = poses.flat();
  const middle = [0, 1, 2].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const farthest = Math.max(...points.flatMap((point) => point.map((value, axis) => Math.abs(value - middle[axis]))));
  const reach = Math.max(2.3 * farthest, lift.panel.least_mm);
  const angle = ((lift.panel.swing_deg * Math.PI) / 180) * Math.sin((2 * Math.PI * timeS) / lift.panel.swing_s);
  const tilt = (lift.panel.tilt_deg * Math.PI) / 180;
  const about = [[Math.cos(angle), 0, -Math.sin(angle)], [0, 1, 0], [Math.sin(angle), 0, Math.cos(angle)]];
  const down = [[1, 0, 0], [0, Math.cos(tilt), -Math.sin(tilt)], [0, Math.sin(tilt), Math.cos(tilt)]];
  const view = product(down, about);
  const place = (point) => {
    const [x, y] = times(view, point.map((value, axis) => value - middle[axis]));
    return [((mirrored ? -x : x) * side) / reach + side / 2, (y * side) / reach + side / 2];
  };
  const line = (from, to, color, width) => {
    [context.strokeStyle, context.lineWidth, context.lineCap] = [color, width, "round"];
    context.beginPath();
    context.moveTo(...place(from));
    context.lineTo(...place(to));
    context.stroke();
  };
  const floor = Math.max(...points.map(([, y]) => y));
  const half = Math.floor(reach / 2 / lift.panel.tile_mm) * lift.panel.tile_mm;
  for (let mark = -half; mark <= half; mark += lift.panel.tile_mm) {
    const on = (x, z) => [middle[0] + x, floor, middle[2] + z];
    line(on(mark, -half), on(mark, half), lift.panel.floor, 1);
    line(on(-half, mark), on(half, mark), lift.panel.floor, 1);
  }
  for (const pose of poses) {
    for (const [a, b] of lift.limbs) {
      line(pose[a], pose[b], colors[lift.sides[a] === lift.sides[b] ? lift.sides[a] : "middle"], side / 90);
    }
  }
}
