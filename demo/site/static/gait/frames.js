// The frames of a video file one after another, each with its true time, however long the model takes for each.
import { median } from "./series.js";

// Shorter intervals between frames are not looked for; phones film 240 frames a second at most.
const FINEST_S = 1 / 250;
// The usual interval is the median of so many.
const LEARNT_FROM = 5;
// From a frame to the middle of a usual next one and back.
const [AHEAD, AGAIN] = [1.25, 0.5];
// Without a new frame for so long a video of unknown duration is over.
const OVER_S = 2;
// A seek that shows the frame that was there before may tell nothing.
const PATIENCE_MS = 400;
const SAME_S = 1e-4;

function happens(target, name) {
  return new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
}

async function isVisible() {
  while (document.hidden) await happens(document, "visibilitychange");
}

/** A video file that is open. */
export class VideoFrames {
  constructor(video, name) {
    Object.assign(this, { video, name });
  }

  /** Opens a file; errors carry a sentence for the user. */
  static async open(file) {
    const url = URL.createObjectURL(file);
    const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, preload: "auto" });
    const ready = happens(video, "loadeddata").then(() => true);
    const failed = happens(video, "error").then(() => false);
    video.src = url;
    // Some browsers load nothing before this; where it is not allowed, others have loaded it.
    video.play().catch(() => null);
    const frames = new VideoFrames(video, file.name);
    const opened = await Promise.race([ready, failed]);
    video.pause();
    if (!opened || !video.videoWidth) {
      frames.close();
      throw new Error(`${file.name} cannot be played. Browsers play MP4 (H.264) and WebM; others need converting.`);
    }
    if (!video.requestVideoFrameCallback) {
      frames.close();
      throw new Error("This browser does not tell the times of frames. Newer versions of Chrome, Safari and Firefox do.");
    }
    // A frame that was played may still be on its way to the screen.
    await frames.seek(FINEST_S / 2);
    return frames;
  }

  get size() {
    return { width: this.video.videoWidth, height: this.video.videoHeight };
  }

  /** How long the video is in s; Infinity where the file does not say so. */
  get seconds() {
    return this.video.duration;
  }

  /** Shows the frame at a time and returns its own time, or null where that is not told, as of where the video is. */
  async seek(timeS) {
    for (;;) {
      await isVisible();
      const { video } = this;
      let handle;
      const shown = new Promise((resolve) => {
        handle = video.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime));
      });
      const done = Promise.race([happens(video, "seeked"), happens(video, "error")]);
      video.currentTime = timeS;
      await done;
      if (video.error) throw new Error(`${this.name} cannot be read at ${timeS.toFixed(1)} s.`);
      const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
      const shownS = await Promise.race([shown, late]);
      video.cancelVideoFrameCallback(handle);
      // Hidden pages are shown no frames.
      if (shownS !== null || !document.hidden) return shownS;
    }
  }

  /** The time of each frame, while the video shows it. */
  async *times() {
    let lastS = await this.seek(0);
    if (lastS === null) throw new Error(`${this.name} shows no frame.`);
    yield lastS;
    const intervals = [];
    let wantedS = lastS + FINEST_S;
    while (wantedS < Math.min(this.seconds, lastS + OVER_S)) {
      const shownS = await this.seek(wantedS);
      const isLearnt = intervals.length === LEARNT_FROM;
      if (shownS === null || shownS < lastS + SAME_S) {
        wantedS += isLearnt ? AGAIN * median(intervals) : FINEST_S;
        continue;
      }
      if (isLearnt) intervals.shift();
      intervals.push(shownS - lastS);
      lastS = shownS;
      yield lastS;
      wantedS = lastS + (intervals.length === LEARNT_FROM ? AHEAD * median(intervals) : FINEST_S);
    }
  }

  close() {
    URL.revokeObjectURL(this.video.src);
    this.video.removeAttribute("src");
    this.video.load();
  }
}
