// Sources of frames: a camera, a video, a picture. Each has an element to draw from, its size in px and the time of its
// current frame; errors carry a sentence for the user.

// The model's crops are 224 px; larger frames cost time and add no detail.
const CAMERA_SIZE = { width: { ideal: 640 }, height: { ideal: 480 } };
// Larger canvases stay empty in some browsers.
const LONGEST_SIDE_PX = 4096;

const CAMERA_ERRORS = {
  NotAllowedError:
    "The browser was not allowed to use the camera. Allow it by the camera symbol beside the page's address, or in the "
    + "browser's settings, and press Camera again; or open a picture or a video.",
  NotFoundError: "No camera is connected. Connect one and press Camera again, or open a picture or a video.",
  NotReadableError:
    "The camera is there but gives no picture: another program may hold it. Close that and press Camera again.",
};
const NO_CAMERA_HERE =
  "The browser gives the camera only to pages from https:// or from this computer (localhost). Open the page there, "
  + "or open a picture or a video.";

function fitted(width, height) {
  const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

function nextVideoFrame(video) {
  return new Promise((resolve) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
    else requestAnimationFrame(resolve);
  });
}

/** A camera or a video file. */
class Moving {
  constructor(video, { live, mirrored, name }) {
    Object.assign(this, { element: video, live, mirrored, name });
  }

  get size() {
    return fitted(this.element.videoWidth, this.element.videoHeight);
  }

  /** When the current frame was taken, in seconds; of a file, its position. */
  get timeS() {
    return this.live ? performance.now() / 1000 : this.element.currentTime;
  }

  get paused() {
    return this.element.paused;
  }

  next() {
    return nextVideoFrame(this.element);
  }

  async togglePause() {
    if (this.paused) await this.element.play();
    else this.element.pause();
  }

  stop() {
    this.element.pause();
    this.element.srcObject?.getTracks().forEach((track) => track.stop());
    if (this.element.src) URL.revokeObjectURL(this.element.src);
    this.element.removeAttribute("src");
    this.element.srcObject = null;
  }
}

/** One picture. */
class Still {
  constructor(bitmap, name) {
    Object.assign(this, { element: bitmap, live: false, mirrored: false, name, still: true, timeS: 0 });
    this.size = fitted(bitmap.width, bitmap.height);
  }

  stop() {
    this.element.close();
  }
}

function videoElement() {
  return Object.assign(document.createElement("video"), { muted: true, playsInline: true });
}

/**
 * Opens a camera.
 *
 * @param {string} facing "user" for the front camera, "environment" for the rear camera
 * @param {function(string)} gone is called with a message when the camera disconnects
 */
export async function openCamera(facing, gone) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error(NO_CAMERA_HERE);
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: facing, ...CAMERA_SIZE }, audio: false });
  } catch (error) {
    throw new Error(CAMERA_ERRORS[error.name] ?? `The camera cannot be opened (${error.name}: ${error.message}).`);
  }
  const [track] = stream.getVideoTracks();
  track.addEventListener("ended", () => gone("The camera went away. Connect it and press Camera again."));
  const video = Object.assign(videoElement(), { srcObject: stream });
  await video.play();
  const onTheBack = track.getSettings().facingMode === "environment";
  return new Moving(video, { live: true, mirrored: !onTheBack, name: track.label || "camera" });
}

/** Opens a picture or video file. */
export async function openFile(file) {
  if (file.type.startsWith("image/")) {
    try {
      return new Still(await createImageBitmap(file), file.name);
    } catch {
      throw new Error(`${file.name} cannot be read as a picture. Browsers read JPEG, PNG and WebP.`);
    }
  }
  const video = Object.assign(videoElement(), { src: URL.createObjectURL(file), loop: true });
  try {
    await video.play();
  } catch {
    URL.revokeObjectURL(video.src);
    throw new Error(`${file.name} cannot be played. Browsers play MP4 (H.264) and WebM; others need converting.`);
  }
  return new Moving(video, { live: false, mirrored: false, name: file.name });
}

/** Whether there is more than one camera. */
export async function hasManyCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices.filter((device) => device.kind === "videoinput").length > 1;
}
