// Keeps the page for when its host cannot be reached. `FILES`, the SHA-256 of each file of the page by its name, stands
// above, so that this file differs whenever one of them does, and the browser installs it as a new version.

const PREFIX = `panopose ${self.registration.scope} `;
// A host that has not begun to answer by then is as good as none.
const PATIENCE_MS = 3000;

/** The name of this version's cache. Caches belong to the whole host, which may have other pages. */
async function cacheName() {
  return PREFIX + await sha256(new TextEncoder().encode(JSON.stringify(FILES)));
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Keeps one file; a host that is just being given another version has files of both. */
async function keep(cache, [name, hash]) {
  const response = await fetch(name, { cache: "no-cache" });
  if (!response.ok || await sha256(await response.clone().arrayBuffer()) !== hash) throw new Error(`${name} differs`);
  await cache.put(name, response);
}

async function install() {
  const name = await cacheName();
  const cache = await caches.open(name);
  try {
    await Promise.all(Object.entries(FILES).map((file) => keep(cache, file)));
  } catch (error) {
    await caches.delete(name);
    throw error;
  }
}

async function activate() {
  const [own, names] = [await cacheName(), await caches.keys()];
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== own).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/**
 * The host's answer; what is kept where the host cannot be reached, is slow, or something else answers in its place. The
 * host comes first, so that nobody sees an old version of the page, nor this page where the address has another now.
 */
async function answer(request) {
  const url = new URL(request.url);
  if (url.pathname.endsWith("/")) url.pathname += "index.html";
  const cache = await caches.open(await cacheName());
  const kept = await cache.match(url.href, { ignoreSearch: true });
  const fetched = fetch(request);
  if (!kept) return fetched;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  const response = await Promise.race([fetched.catch(() => null), late]);
  return response?.ok && !response.redirected ? response : kept;
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(install());
});
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(self.registration.scope)) {
    event.respondWith(answer(event.request));
  }
});
