// The skeleton on the frame, in the colors and with the dark edge of pose/draw.py.
const EDGE = "black";

/**
 * Draws a frame and its person.
 *
 * @param {HTMLCanvasElement} canvas is resized to the frame
 * @param {HTMLCanvasElement} picture
 * @param {?{joints: number[][], shown: boolean[]}} person
 * @param {object} settings the page's settings.json
 * @param {boolean} mirrored mirrors both
 */
export function draw(canvas, picture, person, settings, mirrored) {
  const { colors, display, sides, pose: { skeleton } } = settings;
  const { width, height } = picture;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? width : 0, 0);
  context.drawImage(picture, 0, 0);
  if (!person) return;
  // Canvas coordinates are corners of pixels, joints are centers.
  context.translate(0.5, 0.5);
  const perScreenPx = width / (canvas.clientWidth || width);
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
