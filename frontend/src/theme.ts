import { signal } from "@preact/signals";

export type Theme = "day" | "night";
const wishes = matchMedia("(prefers-color-scheme: dark)");
const kept = localStorage.getItem("theme");

export const theme = signal<Theme>(kept === "day" || kept === "night" ? kept : wishes.matches ? "night" : "day");

export function showTheme(): void {
  theme.subscribe((now) => {
    document.documentElement.dataset.theme = now;
  });
  wishes.addEventListener("change", () => {
    if (!localStorage.getItem("theme")) theme.value = wishes.matches ? "night" : "day";
  });
}

export function turnTheme(): void {
  theme.value = theme.value === "day" ? "night" : "day";
  localStorage.setItem("theme", theme.value);
}
