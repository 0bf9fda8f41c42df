// One way to our own server: every answer is data, or a failure that a page can say in words.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { components, paths } from "../../build/openapi";

export type Schemas = components["schemas"];
type Gettable = { [P in keyof paths]: paths[P] extends { get: { responses: { 200: { content: { "application/json": infer T } } } } } ? T : never };
export type Answer<P extends keyof paths> = Gettable[P];

export type Trouble = "offline" | "signed_out" | "forbidden" | "missing" | "conflict" | "refused" | "busy" | "broken";

export class Failure extends Error {
  constructor(
    readonly trouble: Trouble,
    readonly title: string,
    readonly status = 0,
    readonly body: unknown = null,
  ) {
    super(title);
  }
}

export const online = signal(navigator.onLine);
addEventListener("online", () => (online.value = true));
addEventListener("offline", () => (online.value = false));

const TROUBLES: Record<number, Trouble> = {
  401: "signed_out", 403: "forbidden", 404: "missing", 409: "conflict", 422: "refused", 503: "busy",
};

export const troubleOf = (status: number): Trouble => TROUBLES[status] ?? "broken";

export async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal, more: Record<string, string> = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      signal,
      credentials: "same-origin",
      headers: body === undefined ? { Accept: "application/json" } : { Accept: "application/json", "Content-Type": "application/json", ...more },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    online.value = false;
    throw new Failure("offline", "");
  }
  online.value = true;
  const kind = answer.headers.get("content-type") ?? "";
  const told = kind.includes("json") ? await answer.json() : null;
  if (!answer.ok) {
    throw new Failure(troubleOf(answer.status), told?.title ?? told?.detail?.[0]?.msg ?? `${answer.status}`, answer.status, told);
  }
  return told as T;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => ask<T>("GET", path, undefined, signal);
export const post = <T>(path: string, body: unknown = {}): Promise<T> => ask<T>("POST", path, body);

interface Kept {
  data: unknown;
  at: number;
}
const kept = new Map<string, Kept>();
const turns = signal<Record<string, number>>({});

// What was read may have changed: pages that show it read it again behind what they show, and nobody loses an open form.
export function changed(prefix: string): void {
  turns.value = { ...turns.value, [prefix]: (turns.value[prefix] ?? 0) + 1 };
}

export interface Reading<T> {
  data: T | null;
  failure: Failure | null;
  at: number | null;
  again: () => void;
}

// Data of an address, kept while the page is open: shown at once when known, and read anew behind it.
export function useData<T>(path: string | null, everySeconds = 0): Reading<T> {
  const [, redraw] = useState(0);
  const [failure, fail] = useState<{ path: string; failure: Failure } | null>(null);
  const [turn, again] = useState(0);
  const version = Object.entries(turns.value).reduce((n, [prefix, k]) => (path?.startsWith(prefix) ? n + k : n), 0);
  useEffect(() => {
    if (!path) return;
    const stop = new AbortController();
    const read = () =>
      get<T>(path, stop.signal).then(
        (data) => {
          kept.set(path, { data, at: Date.now() });
          fail(null);
          redraw((n) => n + 1);
        },
        (problem: unknown) => {
          if (stop.signal.aborted) return;
          fail({ path, failure: problem instanceof Failure ? problem : new Failure("broken", String(problem)) });
        },
      );
    void read();
    const timer = everySeconds ? setInterval(read, everySeconds * 1000) : 0;
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [path, turn, version, everySeconds]);
  const found = path ? kept.get(path) : undefined;
  return {
    data: (found?.data as T | undefined) ?? null,
    failure: failure && failure.path === path ? failure.failure : null,
    at: found?.at ?? null,
    again: () => again((n) => n + 1),
  };
}
