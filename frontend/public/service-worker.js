// Keeps the field page working without a link: the page and the built files it uses, nothing of what people wrote.
const KEPT = "tocsin-page-1";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const good = (answer) => answer.ok && !answer.redirected;

// The page says which files it was built of.
self.addEventListener("message", (event) => {
  if (!Array.isArray(event.data)) return;
  const files = event.data.filter((path) => typeof path === "string" && path.startsWith("/static/"));
  event.waitUntil(keep(["/field", ...files]));
});

async function keep(paths) {
  const cache = await caches.open(KEPT);
  for (const path of paths) {
    if (path !== "/field" && (await cache.match(path))) continue;
    const answer = await fetch(path, { credentials: "same-origin" }).catch(() => null);
    if (answer && good(answer)) await cache.put(path, answer);
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && pathname.startsWith("/field")) event.respondWith(page(request));
  else if (pathname.startsWith("/static/")) event.respondWith(file(request));
});

// The newest page where the link is good; where it is slow, the one that is here, and the newest next time.
const PATIENCE_MS = 3000;

async function page(request) {
  const kept = await caches.match("/field");
  const fresh = fetch(request).then(async (answer) => {
    if (good(answer)) await (await caches.open(KEPT)).put("/field", answer.clone());
    return answer;
  });
  if (!kept) return fresh.catch(() => Response.error());
  const late = new Promise((done) => setTimeout(() => done(kept), PATIENCE_MS));
  return Promise.race([fresh.catch(() => kept), late]);
}

async function file(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  return kept ?? fetch(request);
}
