// The exported model, run by ONNX Runtime Web in WebAssembly, in a thread of its own.
import * as ort from "./ort/ort.wasm.min.mjs";

const MOST_THREADS = 4;

/**
 * Browsers allow threads only if the host sends the headers for shared memory. Half of the cores, as the others are
 * often hyper-threads, and the page draws too; `?threads=N` in the address sets another number.
 */
function threadsToUse() {
  const cores = navigator.hardwareConcurrency || 1;
  const wanted = Number(new URLSearchParams(window.location.search).get("threads")) || Math.ceil(cores / 2);
  return window.crossOriginIsolated ? Math.max(1, Math.min(wanted, cores, MOST_THREADS)) : 1;
}

/** Downloads a file of this page's host; `tell` is called with the share read, 0 to 1. */
async function download(name, tell) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} is not on this page's host (HTTP ${response.status})`);
  const total = Number(response.headers.get("Content-Length"));
  const reader = response.body.getReader();
  const chunks = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
    if (total) tell(Math.min(1, size / total));
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** Loads a lifter, `lift.onnx`, as a function from its input to its answer. */
export async function loadLifter({ frames, sources }) {
  const session = await ort.InferenceSession.create(await download("lift.onnx", () => {}));
  return async (values) => {
    const joints = new ort.Tensor("float32", values, [1, frames, sources.length, 3]);
    return (await session.run({ joints })).joints_xyz_mm.data;
  };
}

/** A loaded model and its description. */
export class Model {
  /** `description` and `threads` of a session of ONNX Runtime. */
  constructor(session, description, threads) {
    Object.assign(this, { session, description, threads });
    Object.assign(this, { predict: this.predict.bind(this), find: this.find.bind(this) });
  }

  /** Loads model.onnx as described by the export's pose.json; `tell` is called with the share loaded. */
  static async load(description, tell) {
    const threads = threadsToUse();
    ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
    ort.env.wasm.numThreads = threads;
    ort.env.wasm.proxy = true;
    const session = await ort.InferenceSession.create(await download("model.onnx", tell));
    const model = new Model(session, description, threads);
    // The first run allocates buffers.
    await model.#run([new Uint8Array(description.size ** 2 * 3)]);
    return model;
  }

  /** Joints in crop px and scores for each crop, given as its RGB pixels. */
  async predict(crops) {
    const outputs = await this.#run(crops);
    return this.#people(outputs, crops.length);
  }

  /** Everybody in a picture, given as its RGB pixels: joints in px of it, scores, and the person's score. */
  async find(pixels) {
    const outputs = await this.#run([pixels]);
    const personScores = outputs.person_scores.data;
    return this.#people(outputs, personScores.length).map((person, k) => ({ ...person, score: personScores[k] }));
  }

  async #run(crops) {
    const { size } = this.description;
    const pictures = new Uint8Array(crops.length * size * size * 3);
    crops.forEach((pixels, k) => pictures.set(pixels, k * pixels.length));
    return this.session.run({ pictures: new ort.Tensor("uint8", pictures, [crops.length, size, size, 3]) });
  }

  /** The joints and scores of `people` people, one after another in the outputs. */
  #people(outputs, people) {
    const [xy, scores] = [outputs.joints_xy_px.data, outputs.scores.data];
    const count = scores.length / people;
    const joint = (j) => [xy[2 * j], xy[2 * j + 1]];
    return Array.from({ length: people }, (_, k) => ({
      joints: Array.from({ length: count }, (__, j) => joint(k * count + j)),
      scores: Array.from(scores.subarray(k * count, (k + 1) * count)),
    }));
  }
}
