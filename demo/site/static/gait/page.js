// The page of gait: follows whoever walks in a video, and measures the steps. `gait` is dispatched on the document when
// a video was followed; its detail holds the `records` of the frames, the `analysis` or null, and what the page `said`.
import { draw } from "../draw.js";
import { Model } from "../model.js";
import { workOffline } from "../offline.js";
import { analyzePeople } from "./analysis.js";
import { gaitFile, jointsFile, save } from "./files.js";
import { Follower } from "./follow.js";
import { VideoFrames } from "./frames.js";
import { notes, whyNoStride } from "./notes.js";
import { Plot } from "./plot.js";
import { showMeasures } from "./table.js";
import { Viewer } from "./viewer.js";

// The model's crops are 224 px; larger frames cost time and add no detail.
const LONGEST_SIDE_PX = 1280;
const WELCOME = "Film somebody who walks across the picture, seen from the side, or choose such a video.";

const byId = (id) => document.getElementById(id);
const grabbed = document.createElement("canvas");
const grabber = grabbed.getContext("2d", { willReadFrequently: true });
let model;
let settings;
let shown = null;
let run = 0;

function say(text) {
  byId("status").textContent = text;
}

/** Draws the frame that a video shows into a canvas, which it returns. */
function grab({ video, size }) {
  const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(size.width, size.height));
  const [width, height] = [size.width, size.height].map((side) => Math.round(scale * side));
  if (grabbed.width !== width || grabbed.height !== height) Object.assign(grabbed, { width, height });
  grabber.imageSmoothingQuality = "high";
  grabber.drawImage(video, 0, 0, width, height);
  return grabbed;
}

/** Phones switch their screens off, and with them the page. */
async function keepAwake() {
  return navigator.wakeLock?.request("screen").catch(() => null);
}

/** Follows the people through all frames; null where another video was chosen meanwhile. */
async function follow(frames, own) {
  const follower = new Follower(model, settings);
  const beganMs = performance.now();
  for await (const timeS of frames.times()) {
    const { width, height } = grab(frames);
    const people = await follower.next(grabber.getImageData(0, 0, width, height), timeS);
    if (own !== run) return null;
    byId("frame").hidden = false;
    draw(byId("frame"), grabbed, people.map((one) => ({ ...one, number: null })), settings, false);
    const share = Math.min(1, timeS / frames.seconds);
    const leftS = ((performance.now() - beganMs) / 1000) * (1 / Math.max(share, 0.01) - 1);
    const left = share > 0.05 ? `, ${Math.ceil(leftS)} s left` : "";
    say(`Following: frame ${follower.timesS.length}${frames.seconds < Infinity ? ` (${Math.round(100 * share)} %${left})` : ""}`);
  }
  return follower;
}

/** Shows what was found, or says why nothing was. */
function report() {
  const { records, frames } = shown;
  const heightM = Number(byId("height").value) / 100 || null;
  let [analysis, said] = [null, ""];
  try {
    if (heightM !== null && !(heightM >= 0.5 && heightM <= 2.5)) throw new Error("A person's height is 50 to 250 cm.");
    analysis = analyzePeople(records, settings.pose.skeleton.joints, heightM);
    if (!analysis.strides.length) said = whyNoStride(analysis);
  } catch (error) {
    said = error.message;
  }
  const measured = Boolean(analysis?.strides.length);
  Object.assign(shown, { analysis: measured ? analysis : null });
  byId("measured").hidden = byId("save-gait").hidden = !measured;
  byId("result").hidden = false;
  say(said);
  if (measured) {
    showMeasures(byId("measures"), analysis.measures);
    byId("notes").replaceChildren(...notes(analysis).map((text) => (
      Object.assign(document.createElement("li"), { textContent: text })
    )));
    byId("facts").textContent = `${frames.name}: ${analysis.motion.seconds.toFixed(1)} s, `
      + `${analysis.motion.fps.toFixed(0)} frames per second, ${analysis.strides.length} strides`
      + (shown.several ? `, person ${analysis.person + 1}` : "");
    shown.plot = new Plot(byId("plot"), analysis, (timeS) => showAt(analysis.motion.startS + timeS));
    shown.plot.at(shown.viewer.timesS[shown.viewer.k] - shown.viewer.timesS[0] - analysis.motion.startS);
  }
  document.dispatchEvent(new CustomEvent("gait", { detail: { records, analysis: shown.analysis, said } }));
}

/** Shows the frame nearest to a time of the recording. */
function showAt(timeS) {
  const off = shown.records.map((record) => Math.abs(record.time_s - timeS));
  return shown.viewer.show(off.indexOf(Math.min(...off)));
}

/** What stands below the video, and the marks in plot and slider. */
function changed(k) {
  const { records, analysis, plot } = shown;
  const timeS = records[k].time_s;
  byId("slider").value = k;
  let text = `frame ${k + 1} of ${records.length}, ${timeS.toFixed(2)} s`;
  if (analysis) {
    plot.at(timeS - analysis.motion.startS);
    const near = analysis.events.filter((event) => Math.abs(event.timeS + analysis.motion.startS - timeS) < 0.5 / analysis.motion.fps);
    text += near.map(({ side, kind }) => `: ${side} foot ${kind === "contact" ? "touches the ground" : "leaves the ground"}`).join("");
  }
  byId("where").textContent = text;
}

/** Shows the next event after, or before, the frame shown. */
function stepEvent(sign) {
  const { analysis, records, viewer } = shown;
  if (!analysis) return;
  const nowS = records[viewer.k].time_s - analysis.motion.startS;
  const times = analysis.events.map(({ timeS }) => timeS).filter((timeS) => sign * (timeS - nowS) > 0.5 / analysis.motion.fps);
  if (times.length) showAt(analysis.motion.startS + (sign > 0 ? Math.min(...times) : Math.max(...times)));
}

async function start(file) {
  run += 1;
  const own = run;
  shown?.frames.close();
  shown = null;
  byId("result").hidden = byId("frame").hidden = true;
  byId("stop").hidden = false;
  say("Opening");
  let frames = null;
  const awake = keepAwake();
  try {
    frames = await VideoFrames.open(file);
    const follower = await follow(frames, own);
    if (!follower) return frames.close();
    const several = follower.seen.size > 1;
    const records = follower.records(frames.size, frames.size.width / grabbed.width);
    shown = { frames, records, several };
    shown.viewer = new Viewer({
      canvas: byId("frame"), frames, timesS: follower.timesS, records, settings, grab: () => grab(frames), changed, several,
    });
    byId("slider").max = records.length - 1;
    report();
    const first = shown.analysis?.events[0];
    await showAt(first ? shown.analysis.motion.startS + first.timeS : 0);
  } catch (error) {
    if (own === run) say(error.message);
  } finally {
    if (own === run) byId("stop").hidden = true;
    (await awake)?.release();
  }
}

function listen() {
  for (const id of ["film", "file"]) {
    byId(id).addEventListener("change", ({ target }) => {
      const [file] = target.files;
      if (file) start(file);
      // So that choosing the same file again is a change.
      target.value = "";
    });
  }
  byId("stop").addEventListener("click", () => {
    run += 1;
    byId("stop").hidden = byId("frame").hidden = true;
    say(WELCOME);
  });
  const steps = { "frame-back": -1, "frame-on": 1 };
  Object.entries(steps).forEach(([id, step]) => byId(id).addEventListener("click", () => shown.viewer.show(shown.viewer.k + step)));
  byId("event-back").addEventListener("click", () => stepEvent(-1));
  byId("event-on").addEventListener("click", () => stepEvent(1));
  byId("slider").addEventListener("input", ({ target }) => shown.viewer.show(Number(target.value)));
  byId("height").addEventListener("change", () => shown && report());
  const stem = () => shown.frames.name.replace(/\.[^.]*$/, "");
  byId("save-joints").addEventListener("click", () => (
    save(`${stem()}-joints.jsonl`, jointsFile(shown.records), "application/jsonl")
  ));
  byId("save-gait").addEventListener("click", () => (
    save("gait.json", gaitFile(shown.analysis, shown.frames.name), "application/json")
  ));
}

async function main() {
  workOffline();
  try {
    settings = await (await fetch("settings.json")).json();
    model = await Model.load(settings.pose, (share) => say(`Loading the model: ${Math.round(100 * share)} %`));
  } catch (error) {
    say(`The model cannot be loaded: ${error.message ?? error}. Reload the page to try again.`);
    return;
  }
  listen();
  byId("film").disabled = byId("file").disabled = false;
  say(WELCOME);
}

main();
