// The measures as a table, left beside right, each with its interval and the number of strides or steps.
import { SIDES } from "./motion.js";

const DIGITS = { "steps/min": 0, s: 2, legs: 2, "legs/s": 2, m: 2, "m/s": 2 };
const UNITS = { legs: "leg lengths", "legs/s": "leg lengths per s", "steps/min": "steps per minute" };

function cell(measure) {
  const made = document.createElement("td");
  if (!measure) return made;
  const text = (value) => value.toFixed(DIGITS[measure.unit] ?? 1);
  const add = (tag, content) => made.append(Object.assign(document.createElement(tag), { textContent: content }));
  add("b", Number.isFinite(measure.value) ? text(measure.value) : "not known");
  if (Number.isFinite(measure.low)) add("small", `${text(measure.low)} to ${text(measure.high)}`);
  add("small", `n = ${measure.count}`);
  return made;
}

/** Rows of a name and its unit, with the measure of each side, or of the whole walk under "". */
export function rowsOf(measures) {
  const inMeters = measures.some(({ unit }) => unit === "m");
  const wanted = measures.filter(({ unit }) => (inMeters ? !unit.startsWith("legs") : true));
  const rows = new Map();
  for (const measure of wanted) {
    const [, stem, side] = /^(.*), (left|right)$/.exec(measure.name) ?? [null, measure.name, ""];
    const key = `${stem}, ${UNITS[measure.unit] ?? measure.unit}`;
    if (!rows.has(key)) rows.set(key, {});
    rows.get(key)[side] = measure;
  }
  return rows;
}

/** Fills the body of the table. */
export function showMeasures(body, measures) {
  body.replaceChildren(...[...rowsOf(measures)].map(([name, of]) => {
    const row = document.createElement("tr");
    const text = name[0].toUpperCase() + name.slice(1);
    row.append(Object.assign(document.createElement("th"), { scope: "row", textContent: text }));
    if (of[""]) row.append(Object.assign(cell(of[""]), { colSpan: 2 }));
    else row.append(...SIDES.map((side) => cell(of[side])));
    return row;
  }));
}
