// The skeleton on the frame, in the colors and with the dark edge of pose/draw.py.
const EDGE = "black";

const PLATE = "rgb(0 0 0 / 70%)";
const INK = "white";

/**
 * Draws a frame and its people.
 *
 * @param {HTMLCanvasElement} canvas is resized to the frame
 * @param {HTMLCanvasElement} picture
 * @param {{joints: number[][], shown: boolean[], number: ?number}[]} people
 * @param {object} settings the page's settings.json
 * @param {boolean} mirrored mirrors both, but not the numbers
 */
export function draw(canvas, picture, people, settings, mirrored) {
  const { width, height } = picture;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? width : 0, 0);
  context.drawImage(picture, 0, 0);
  // Canvas coordinates are corners of pixels, joints are centers.
  context.translate(0.5, 0.5);
  const perScreenPx = width / (canvas.clientWidth || width);
  for (const person of people) drawPerson(context, person, settings, perScreenPx);
  context.resetTransform();
  for (const person of people) if (person.number) writeNumber(context, person, perScreenPx, mirrored);
}

function drawPerson(context, person, { colors, display, sides, pose: { skeleton } }, perScreenPx) {
  const { width, height } = context.canvas;
  const thickness = Math.max(Math.min(width, height) / display.lines_per_side, 2.5 * perScreenPx);
  const edge = Math.max(1, perScreenPx);
  context.lineCap = "round";
  for (const [width, paint] of [[thickness + 2 * edge, () => EDGE], [thickness, (which) => colors[which]]]) {
    context.lineWidth = width;
    for (const [a, b] of skeleton.limbs) {
      if (!person.shown[a] || !person.shown[b]) continue;
      context.strokeStyle = paint(sides[a] === sides[b] ? sides[a] : "middle");
      context.beginPath();
      context.moveTo(...person.joints[a]);
      context.lineTo(...person.joints[b]);
      context.stroke();
    }
    person.joints.forEach(([x, y], k) => {
      if (!person.shown[k]) return;
      context.fillStyle = paint(sides[k]);
      context.beginPath();
      context.arc(x, y, 1 + (width + thickness) / 2, 0, 2 * Math.PI);
      context.fill();
    });
  }
}

/** Writes a person's number at the upper left corner of their joints, inside the frame. */
function writeNumber(context, { joints, shown, number }, perScreenPx, mirrored) {
  const places = joints.filter((_, k) => shown[k]);
  if (!places.length) return;
  const { width, height } = context.canvas;
  const xs = places.map(([x]) => (mirrored ? width - 1 - x : x));
  const text = String(number);
  const textHeight = Math.max(Math.min(width, height) / 36, 13 * perScreenPx);
  context.font = `bold ${textHeight}px sans-serif`;
  const [plateWidth, plateHeight] = [context.measureText(text).width + 0.5 * textHeight, 1.3 * textHeight];
  const left = Math.max(0, Math.min(Math.min(...xs), width - plateWidth));
  const top = Math.max(0, Math.min(Math.min(...places.map(([, y]) => y)) - plateHeight, height - plateHeight));
  context.fillStyle = PLATE;
  context.fillRect(left, top, plateWidth, plateHeight);
  context.fillStyle = INK;
  context.textBaseline = "middle";
  context.fillText(text, left + 0.25 * textHeight, top + plateHeight / 2);
}
