// Makes the page work without its host once it was opened there.

/** Registers the service worker where there may be one: on pages from https:// or from this computer. */
export async function workOffline() {
  try {
    await navigator.serviceWorker?.register("sw.js", { updateViaCache: "none" });
  } catch {
    // A host whose certificate the browser does not trust, or a private window: the page works, but not offline.
  }
}
