// The page: draws the skeletons of the people in a camera, video or picture. Every frame shown dispatches a `pose`
// event on the document, whose detail holds the frame's `picture` (ImageData), `timeS` and the `people` shown; with a
// model that sees one person, also the `pose` before smoothing and the `person` shown, both null without a person. With a
// lifter each person has `space`, [x, y, z] of the lifted joints in mm before the camera, or null.
import { draw } from "./draw.js";
import { Lifter, drawSpace } from "./lifting.js";
import { Model, loadLifter } from "./model.js";
import { workOffline } from "./offline.js";
import { Everybody, OnePerson } from "./people.js";
import { hasManyCameras, openCamera, openFile } from "./sources.js";

const WELCOME = "Press Camera, or open a picture or a video (or drop one here).";

const byId = (id) => document.getElementById(id);
const grabbed = document.createElement("canvas");
const grabber = grabbed.getContext("2d", { willReadFrequently: true });
let model;
let settings;
let lift = null;
let source = null;
let facing = "user";

/** Shows a message: alone on the stage, or beside the frame. */
function say(text) {
  byId("message").textContent = text;
  byId("message").classList.toggle("beside", !byId("view").hidden);
}

/** Shows the frame rate and the time that a frame takes. */
class Meter {
  #times = [];

  tick(timeS, busyMs) {
    this.#times.push(timeS);
    while (this.#times.length > 2 && timeS - this.#times[0] > settings.display.rate_span_s) this.#times.shift();
    const spanS = timeS - this.#times[0];
    const rate = spanS > 0 ? `${Math.round((this.#times.length - 1) / spanS)} frames/s, ` : "";
    const threads = model.threads === 1 ? "1 thread" : `${model.threads} threads`;
    byId("speed").textContent = `${rate}${busyMs.toFixed(0)} ms a frame, ${threads}`;
  }
}

/** The pixels of a source's current frame. */
function grab({ element, size }) {
  if (grabbed.width !== size.width || grabbed.height !== size.height) Object.assign(grabbed, size);
  grabber.drawImage(element, 0, 0, size.width, size.height);
  return grabber.getImageData(0, 0, size.width, size.height);
}

/** What to say where nobody is seen. */
function nobody(still) {
  if (settings.everybody) return still ? "Nobody was found in this picture." : "Looking for people";
  return still ? "No person was found in this picture." : "Looking for a person";
}

/** Tracks, smooths and draws the people in one frame, and dispatches the event. */
async function showFrame(from, timeS, tracked, lifter, meter) {
  const beganMs = performance.now();
  const picture = grab(from);
  const shown = await tracked.next(picture, timeS);
  await lifter?.next(shown.people, timeS, picture);
  if (from !== source) return;
  byId("view").hidden = false;
  draw(byId("view"), grabbed, shown.people, settings, from.mirrored);
  if (lifter) drawSpace(byId("space"), shown.people, settings, timeS, from.mirrored);
  meter.tick(performance.now() / 1000, performance.now() - beganMs);
  say(shown.people.length ? "" : nobody(from.still));
  document.dispatchEvent(new CustomEvent("pose", { detail: { picture, timeS, ...shown } }));
}

/** Shows a source until another replaces it. */
async function show(from) {
  const meter = new Meter();
  const Tracked = settings.everybody ? Everybody : OnePerson;
  let [tracked, lifter, lastS] = [null, null, Infinity];
  do {
    if (!from.still) await from.next();
    if (from !== source) return;
    const { timeS } = from;
    // A video that restarts is a new video.
    if (timeS < lastS) [tracked, lifter] = [new Tracked(model, settings), lift && new Lifter(lift, settings.lift)];
    if (timeS !== lastS) await showFrame(from, timeS, tracked, lifter, meter);
    lastS = timeS;
  } while (!from.still && from === source);
}

function stop(message) {
  source?.stop();
  source = null;
  for (const id of ["view", "turn", "pause"]) byId(id).hidden = true;
  byId("speed").textContent = "";
  say(message);
}

/** Shows the source that `open` returns. */
async function start(open) {
  stop("Opening");
  let opened = null;
  try {
    opened = await open();
    source?.stop();
    source = opened;
    byId("pause").hidden = Boolean(source.still);
    byId("pause").textContent = "Pause";
    byId("turn").hidden = !(source.live && (await hasManyCameras()));
    await show(opened);
  } catch (error) {
    if (opened === source) stop(error.message);
  }
}

function startCamera() {
  return start(() => openCamera(facing, stop));
}

function startFile([file]) {
  if (file) start(() => openFile(file));
}

function listen() {
  byId("camera").addEventListener("click", startCamera);
  byId("turn").addEventListener("click", () => {
    facing = facing === "user" ? "environment" : "user";
    startCamera();
  });
  byId("pause").addEventListener("click", async () => {
    await source.togglePause();
    byId("pause").textContent = source.paused ? "Go on" : "Pause";
  });
  byId("file").addEventListener("change", ({ target }) => {
    startFile([...target.files]);
    // So that choosing the same file again is a change.
    target.value = "";
  });
  const stage = byId("stage");
  stage.addEventListener("dragover", (event) => {
    event.preventDefault();
    stage.classList.add("target");
  });
  stage.addEventListener("dragleave", () => stage.classList.remove("target"));
  stage.addEventListener("drop", (event) => {
    event.preventDefault();
    stage.classList.remove("target");
    startFile([...event.dataTransfer.files]);
  });
}

async function main() {
  workOffline();
  try {
    settings = await (await fetch("settings.json")).json();
    model = await Model.load(settings.pose, (share) => say(`Loading the model: ${Math.round(100 * share)} %`));
    if (settings.lift) lift = await loadLifter(settings.lift);
    byId("space").hidden = !lift;
  } catch (error) {
    say(`The model cannot be loaded: ${error.message ?? error}. Reload the page to try again.`);
    return;
  }
  listen();
  byId("camera").disabled = byId("file").disabled = false;
  say(WELCOME);
}

main();
