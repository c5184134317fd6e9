// How far each foot is ahead of the hips over time, with contacts and offs, and when the feet stand, as SVG.
import { footAhead } from "./events.js";
import { SIDES } from "./motion.js";
import { MEASURES } from "./rules.js";
import { finite, range } from "./series.js";

const SVG = "http://www.w3.org/2000/svg";
const PX_PER_S = 90;
const [LEFT, TOP, BOTTOM, RIGHT] = [30, 10, 150, 8];
const BARS = { left: 160, right: 176 };
const [BAR_PX, TICKS_Y, HEIGHT] = [12, 204, 210];

function element(tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.textContent = text;
  return made;
}

/** When a foot stands: from each contact to the off that follows, if nothing was missed in between. */
export function stances(events, side) {
  const own = events.filter((event) => event.side === side);
  return own.slice(1).map((event, k) => [own[k], event])
    .filter(([a, b]) => a.kind === "contact" && b.kind === "off" && b.timeS - a.timeS < MEASURES.STRIDE_S[1])
    .map(([a, b]) => [a.timeS, b.timeS]);
}

/** The plot of an analysis; `at(timeS)` of the result moves its mark, and `pick` is called with a time chosen in it. */
export class Plot {
  constructor(svg, { motion, events }, pick) {
    const width = Math.max(svg.parentElement.clientWidth, LEFT + RIGHT + PX_PER_S * motion.seconds);
    this.x = (timeS) => LEFT + ((width - LEFT - RIGHT) * timeS) / motion.seconds;
    const series = Object.fromEntries(SIDES.map((side) => [side, footAhead(motion, side)
      .map((values) => values.map((value) => value / motion.leg))]));
    const reach = finite(SIDES.flatMap((side) => series[side].flat())).reduce((a, b) => Math.max(a, Math.abs(b)), 0.5);
    this.y = (value) => TOP + ((BOTTOM - TOP) * (reach - value)) / (2 * reach);
    this.mark = element("path", { class: "now" });
    Object.entries({ viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT })
      .forEach(([name, value]) => svg.setAttribute(name, value));
    svg.replaceChildren(
      ...this.#frame(motion, reach, width),
      ...SIDES.flatMap((side) => this.#side(side, series[side], motion, events)),
      this.mark,
    );
    svg.onclick = (event) => {
      const place = event.clientX - svg.getBoundingClientRect().left;
      pick(Math.min(Math.max(((place - LEFT) / (width - LEFT - RIGHT)) * motion.seconds, 0), motion.seconds));
    };
  }

  /** Marks a time. */
  at(timeS) {
    this.mark.setAttribute("d", `M${this.x(timeS)},${TOP}V${BARS.right + BAR_PX}`);
  }

  #frame(motion, reach, width) {
    const level = Math.floor(10 * reach) / 10;
    return [
      ...[level, 0, -level].flatMap((value) => [
        element("path", { class: "level", d: `M${LEFT},${this.y(value)}H${width - RIGHT}` }),
        element("text", { x: LEFT - 4, y: this.y(value) + 4, "text-anchor": "end" }, value.toFixed(value ? 1 : 0)),
      ]),
      ...range(Math.floor(motion.seconds) + 1).map((second) => (
        element("text", { x: this.x(second), y: TICKS_Y, "text-anchor": "middle" }, `${second}`)
      )),
    ];
  }

  #side(side, [heel, toe], { fps }, events) {
    let drawing = false;
    const path = heel.map((value, k) => {
      if (!Number.isFinite(value)) {
        drawing = false;
        return "";
      }
      const step = `${drawing ? "L" : "M"}${this.x(k / fps).toFixed(1)},${this.y(value).toFixed(1)}`;
      drawing = true;
      return step;
    });
    const valueAt = (values, timeS) => values[Math.min(Math.round(timeS * fps), values.length - 1)];
    const signs = events.filter((event) => event.side === side).map(({ kind, timeS }) => {
      const [x, y] = [this.x(timeS), this.y(valueAt(kind === "contact" ? heel : toe, timeS))];
      const shape = kind === "contact" ? `M${x - 6},${y - 9}h12l-6,9z` : `M${x - 6},${y + 9}h12l-6,-9z`;
      const made = element("path", { class: `${side} ${kind}`, d: shape });
      made.append(element("title", {}, `${side} ${kind === "contact" ? "contact" : "off"}, ${timeS.toFixed(2)} s`));
      return made;
    });
    const bars = stances(events, side).map(([beginS, endS]) => element("rect", {
      class: side, x: this.x(beginS), y: BARS[side], width: this.x(endS) - this.x(beginS), height: BAR_PX,
    }));
    const letter = element("text", { x: LEFT - 4, y: BARS[side] + 10, "text-anchor": "end" }, side[0].toUpperCase());
    return [element("path", { class: `${side} curve`, d: path.join("") }), ...signs, letter, ...bars];
  }
}
