// Keys that do something: registered by what is on the screen, shown by `?`, silent while somebody types.
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import type { Key } from "../words";

export interface Stroke {
  key: string;
  name: Key;
  does: () => void;
}

export const strokes = signal<Stroke[]>([]);

export function useKeys(mine: Stroke[], when: unknown[] = []): void {
  // Before it is painted: what one sees, the keys do.
  useLayoutEffect(() => {
    strokes.value = [...strokes.value, ...mine];
    return () => {
      strokes.value = strokes.value.filter((stroke) => !mine.includes(stroke));
    };
  }, when);
}

let first = "";

addEventListener("keydown", (event) => {
  const at = event.target as HTMLElement | null;
  const typing = at?.closest("input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || typing) return;
  if (document.querySelector("[role=dialog]:not([hidden])") && event.key !== "?") return;
  const wanted = first ? `${first} ${event.key}` : event.key;
  first = "";
  const found = strokes.value.findLast((stroke) => stroke.key === wanted);
  if (found) {
    event.preventDefault();
    found.does();
  } else if (event.key === "g") {
    first = "g";
    setTimeout(() => (first = ""), 1500);
  }
});
