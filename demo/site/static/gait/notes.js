// What a recording does not allow, in plain words: gait/outputs/notes.py for an image.
import { movesOn } from "./measures.js";
import { SIDES } from "./motion.js";
import { MEASURES, NOTES } from "./rules.js";
import { finite, median, middle, norm, subtract } from "./series.js";

const { OBLIQUE, _FEW_FPS: FEW_FPS } = NOTES;
const { MIN_VALUES } = MEASURES;

function counted(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** Why there is nothing to measure. */
export function whyNoStride({ leftOut }) {
  return leftOut
    ? "No stride straight ahead was found: all lie in turns, or where joints were lost."
    : "No stride was found: nobody walks, or too few joints are known; the person must walk across the image, seen from "
      + "the side.";
}

/** Sentences for the page. */
export function notes(analysis) {
  const { motion } = analysis;
  return [...ofView(motion), ...ofJoints(motion), ...ofStrides(analysis)];
}

function ofView(motion) {
  const found = [];
  const width = apparentWidth(motion);
  if (width > OBLIQUE) {
    found.push(
      `In the image the shoulders are ${(100 * width).toFixed(0)} % as far apart as the trunk is long, so that the person `
      + "is not seen from the side: lengths come out too short. Times hold better.",
    );
  }
  if (motion.mmPerUnit === null) found.push("An image has no scale, so that lengths are in lengths of the leg.");
  else found.push("Meters rest on the given height, of which a leg is taken to be 0.491 from hip to ankle.");
  if (motion.fps < FEW_FPS) {
    found.push(
      `At ${motion.fps.toFixed(0)} frames per second there are ${(1000 / motion.fps).toFixed(0)} ms between two frames. `
      + "Short times, such as double support, and small differences between left and right are uncertain.",
    );
  }
  return found;
}

function ofJoints(motion) {
  const feet = SIDES.every((side) => ["heel", "big_toe"].every((part) => motion.has(`${side}_${part}`)));
  return feet ? [] : [
    "Heels or toes are not known, so that the ankles stand for them: contacts and offs, and with them stance, swing and "
    + "double support, are shifted.",
  ];
}

function ofStrides({ motion, events, strides, leftOut }) {
  const found = [];
  if (!movesOn(motion, strides)) {
    found.push("The pelvis stays where it is, as on a treadmill: speed and stride length are not known from the recording.");
  }
  if (leftOut) {
    found.push(
      `${counted(leftOut, "stride")} in turns, between standing and sitting, or where joints were lost `
      + `${leftOut === 1 ? "is" : "are"} left out of the measures.`,
    );
  }
  const [left, right] = SIDES.map((side) => strides.filter((stride) => stride.side === side).length);
  if (Math.min(left, right) < MIN_VALUES) {
    found.push(
      `There are ${counted(left, "stride")} on the left and ${right} on the right. Fewer than ${MIN_VALUES} give no `
      + "interval, and say little about how the person usually walks.",
    );
  }
  const lonely = events.filter(({ velocitiesS }) => velocitiesS === null).length;
  if (4 * lonely > events.length) {
    found.push(
      `Of ${events.length} contacts and offs, ${lonely} were found by one of the two methods alone: the feet may be badly `
      + "seen. Check them against the video.",
    );
  }
  return found;
}

/** How far the shoulders are apart across, as a share of the trunk's length; NaN where not known. */
function apparentWidth(motion) {
  if (!SIDES.every((side) => motion.has(`${side}_shoulder`))) return NaN;
  const [left, right] = SIDES.map((side) => motion.joint(`${side}_shoulder`));
  const shares = motion.level(left.map((point, k) => subtract(point, right[k]))).map((apart, k) => (
    norm(apart) / norm(subtract(middle(left[k], right[k]), motion.pelvis[k]))
  ));
  return median(finite(shares));
}
