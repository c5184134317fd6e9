// What the page saves: the joints as `panopose gait FILE.jsonl` reads them, and gait.json as it writes it.

/** A line for each frame. */
export function jointsFile(records) {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

/** The measures and what they rest on; null where one is not known. Timed tests and scales are left to the PC. */
export function gaitFile({ person, motion, measures }, source) {
  return `${JSON.stringify({ source, person, fps: motion.fps, unit: "px", measures }, null, 1)}\n`;
}

/** Lets the browser save a text as a file. */
export function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  // Browsers may begin to read it later.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
