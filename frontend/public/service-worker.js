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

async function page(request) {
  try {
    const answer = await fetch(request);
    if (good(answer)) await (await caches.open(KEPT)).put("/field", answer.clone());
    return answer;
  } catch {
    return (await caches.match("/field")) ?? Response.error();
  }
}

async function file(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  return kept ?? fetch(request);
}
