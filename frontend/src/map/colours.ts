// Colour scales, in one place. Shades get steadily darker (day) or lighter (night), so they survive every colour
// blindness and grey printing; differences go from blue through grey to orange, which all can tell apart.
import type { Theme } from "../theme";

export interface Colours {
  sea: string;
  land: string;
  home: string;
  border: string;
  line: string;
  text: string;
  halo: string;
  hatch: string;
  ring: string;
  unit: string;
  shades: string[];
  chances: string[];
  differences: string[];
  // Base maps of the mission's own.
  detail: { water: string; green: string; road: string; path: string; building: string; name: string; other: string };
}

export const COLOURS: Record<Theme, Colours> = {
  day: {
    sea: "#dfe6e9", land: "#f1eee7", home: "#fbf9f4", border: "#b9b4a8", line: "#8f8a7d", text: "#3a3f45", halo: "#fbf9f4",
    hatch: "#9aa0a8", ring: "#12394a", unit: "#12394a",
    shades: ["#f8f4ea", "#f8d298", "#f7b267", "#e57f3c", "#b8461d", "#6b1509"],
    chances: ["#f8f4ea", "#d7e3d4", "#a9cdc5", "#6faab2", "#3b7f95", "#174e68"],
    differences: ["#1f5f99", "#7fb0d8", "#e9e6df", "#f2b27a", "#b8521d"],
    detail: { water: "#b9d2dc", green: "#dfe6d0", road: "#a88d63", path: "#c9bda6", building: "#dcd4c6", name: "#55595f", other: "#6f6a8a" },
  },
  night: {
    sea: "#0d1317", land: "#161d22", home: "#1c252b", border: "#39454d", line: "#5b6971", text: "#d4dade", halo: "#12181c",
    hatch: "#66727b", ring: "#9fd4e8", unit: "#9fd4e8",
    shades: ["#1f272d", "#4d3420", "#804a1f", "#b86a26", "#e69a45", "#ffdf9e"],
    chances: ["#1f272d", "#1f3f48", "#22606c", "#2f8791", "#63b5b3", "#bfe8d6"],
    differences: ["#6db7f2", "#33658f", "#2b333a", "#96602d", "#f2a04e"],
    detail: { water: "#1d3845", green: "#1d2a22", road: "#8a7a58", path: "#4a4a44", building: "#29333a", name: "#aeb6bb", other: "#a29bc4" },
  },
};

export const STEPS = {
  mean: [0.1, 0.5, 1, 3, 10],
  high: [0.1, 0.5, 1, 3, 10],
  chance: [0.02, 0.05, 0.1, 0.2, 0.4],
  difference: [-1, -0.1, 0.1, 1],
} as const;

export type Scale = keyof typeof STEPS;
export const NO_DATA = -1;

// Number of the shade of a value (0 lowest); NO_DATA where nothing is known.
export function shade(value: number | null | undefined, scale: Scale): number {
  if (value === null || value === undefined || Number.isNaN(value)) return NO_DATA;
  let found = 0;
  for (const step of STEPS[scale]) if (value >= step) found += 1;
  return found;
}

export function palette(colours: Colours, scale: Scale): string[] {
  return scale === "chance" ? colours.chances : scale === "difference" ? colours.differences : colours.shades;
}
