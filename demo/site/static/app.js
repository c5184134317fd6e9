// The page: from a camera, video or picture to a skeleton on it. Every frame shown is told by a `pose` event of the
// document, whose detail holds the frame's `picture` (ImageData), `timeS`, the `pose` before smoothing and the `person`
// shown, both null while there is nobody.
import { draw } from "./draw.js";
import { Follower, Smoother } from "./follow.js";
import { Model } from "./model.js";
import { hasManyCameras, openCamera, openFile } from "./sources.js";

const RATE_SPAN_S = 1;
const WELCOME = "Press Camera, or open a picture or a video (or drop one here).";

const byId = (id) => document.getElementById(id);
const grabbed = document.createElement("canvas");
const grabber = grabbed.getContext("2d", { willReadFrequently: true });
let model;
let settings;
let source = null;
let facing = "user";

/** Says something: alone on the stage, or beside what is shown there. */
function say(text) {
  byId("message").textContent = text;
  byId("message").classList.toggle("beside", !byId("view").hidden);
}

/** Frames per second over the last second, and the model's part of it. */
class Meter {
  #times = [];

  tick(timeS, busyMs) {
    this.#times.push(timeS);
    while (this.#times.length > 2 && timeS - this.#times[0] > RATE_SPAN_S) this.#times.shift();
    const spanS = timeS - this.#times[0];
    const rate = spanS > 0 ? `${Math.round((this.#times.length - 1) / spanS)} frames/s, ` : "";
    const threads = model.threads === 1 ? "1 thread" : `${model.threads} threads`;
    byId("speed").textContent = `${rate}${busyMs.toFixed(0)} ms a frame, ${threads}`;
  }
}

/** The pixels of what a source shows now. */
function grab({ element, size }) {
  if (grabbed.width !== size.width || grabbed.height !== size.height) Object.assign(grabbed, size);
  grabber.drawImage(element, 0, 0, size.width, size.height);
  return grabber.getImageData(0, 0, size.width, size.height);
}

/** Finds, smooths, draws and tells the person in one frame. */
async function showFrame(from, timeS, follower, smoother, meter) {
  const beganMs = performance.now();
  const picture = grab(from);
  const pose = await follower.update(picture, timeS);
  if (from !== source) return;
  const person = smoother.next(pose, timeS);
  byId("view").hidden = false;
  draw(byId("view"), grabbed, person, settings.pose.skeleton, settings.colors, from.mirrored);
  meter.tick(performance.now() / 1000, performance.now() - beganMs);
  say(person ? "" : (from.still ? "No person was found in this picture." : "Looking for a person"));
  document.dispatchEvent(new CustomEvent("pose", { detail: { picture, timeS, pose, person } }));
}

/** Shows a source until another takes its place. */
async function show(from) {
  const { follow, smooth } = settings;
  const meter = new Meter();
  let [follower, smoother, lastS] = [null, null, Infinity];
  do {
    if (!from.still) await from.next();
    if (from !== source) return;
    const { timeS } = from;
    // A video that begins again is another video.
    if (timeS < lastS) {
      follower = new Follower(model.predict, settings.pose, follow);
      smoother = new Smoother(follow.joint_score, smooth);
    }
    if (timeS !== lastS) await showFrame(from, timeS, follower, smoother, meter);
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

/** Opens a source by a function that returns it, and shows it. */
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
    // Choosing the same file again is a choice as well.
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
  try {
    settings = await (await fetch("settings.json")).json();
    model = await Model.load(settings.pose, (share) => say(`Loading the model: ${Math.round(100 * share)} %`));
  } catch (error) {
    say(`The model cannot be loaded: ${error.message ?? error}. Reload the page to try again.`);
    return;
  }
  listen();
  byId("camera").disabled = byId("file").disabled = false;
  say(WELCOME);
}

main();
