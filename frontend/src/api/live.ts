// Live queues: the server says which report or alert changed, and pages that show queues read them again.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { changed } from "./client";

export const live = signal(false);
let source: EventSource | null = null;
let listeners = 0;
let waiting = 0;

function hear(): void {
  // A burst of events is one reading.
  if (waiting) return;
  waiting = window.setTimeout(() => {
    waiting = 0;
    for (const part of ["/api/alerts", "/api/reports", "/api/tasks", "/api/today"]) changed(part);
  }, 400);
}

export function useLive(): void {
  useEffect(() => {
    listeners += 1;
    if (!source) {
      source = new EventSource("/api/live");
      source.onopen = () => (live.value = true);
      source.onerror = () => (live.value = false);
      for (const kind of ["report", "alert", "notice"]) source.addEventListener(kind, hear);
    }
    return () => {
      listeners -= 1;
      if (listeners === 0) {
        source?.close();
        source = null;
        live.value = false;
      }
    };
  }, []);
}
