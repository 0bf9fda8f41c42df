// What people read: one JSON file a language in messages/. A message is a text with {fields}, or an object of plural
// forms (zero, one, two, few, many, other) chosen by its field {n}.
import { signal } from "@preact/signals";
import en from "../messages/en.json";

export type Key = keyof typeof en;
export type Language = "en" | "fr" | "ar";
type Message = string | Record<string, string>;
type Messages = Record<string, Message>;

export const LANGUAGES: Record<Language, string> = { en: "English", fr: "Français", ar: "العربية" };
// Arabic with the digits that readers of Arabic in the field use.
const TAGS: Record<Language, string> = { en: "en-GB", fr: "fr-FR", ar: "ar-u-nu-arab" };

export const language = signal<Language>("en");
const messages = signal<Messages>(en as Messages);

export const tag = (): string => TAGS[language.value];
// From one to the other, in the direction of reading.
export const arrow = (): string => (isRtl() ? "←" : "→");
export const isRtl = (): boolean => language.value === "ar";

const loaders: Record<Language, () => Promise<Messages>> = {
  en: async () => en as Messages,
  fr: async () => (await import("../messages/fr.json")).default as Messages,
  ar: async () => (await import("../messages/ar.json")).default as Messages,
};

// The pages that the server writes itself (signing in, one's account) read and set the same cookie.
const COOKIE = "tocsin_language";

export function chosenLanguage(): Language {
  const cookie = document.cookie.match(new RegExp(`(?:^|; )${COOKIE}=(\\w+)`))?.[1];
  for (const kept of [cookie, localStorage.getItem("language")]) if (kept && kept in LANGUAGES) return kept as Language;
  const wanted = navigator.languages.map((name) => name.slice(0, 2)).find((name) => name in LANGUAGES);
  return (wanted as Language | undefined) ?? "en";
}

export async function speak(wanted: Language): Promise<void> {
  messages.value = await loaders[wanted]();
  language.value = wanted;
  localStorage.setItem("language", wanted);
  document.cookie = `${COOKIE}=${wanted}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  document.documentElement.lang = wanted;
  document.documentElement.dir = wanted === "ar" ? "rtl" : "ltr";
  if (wanted === "ar") await import("./arabic.css");
}

export function t(key: Key, fields: Record<string, string | number> = {}): string {
  const message = messages.value[key] ?? (en as Messages)[key] ?? key;
  const text =
    typeof message === "string"
      ? message
      : (message[new Intl.PluralRules(tag()).select(Number(fields.n ?? 0))] ?? message.other ?? key);
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = fields[name];
    return typeof value === "number" ? number(value) : (value ?? `{${name}}`);
  });
}

// A word of a code list (unit kinds, states …) that the server names; the code itself when it is new to us.
export function word(group: string, code: string): string {
  const key = `${group}.${code}`;
  return key in en ? t(key as Key) : code.replaceAll("_", " ");
}

export function number(value: number, digits = value !== 0 && Math.abs(value) < 10 ? 1 : 0): string {
  return new Intl.NumberFormat(tag(), { maximumFractionDigits: digits }).format(value);
}

export function share(value: number, digits = value > 0 && value < 0.1 ? 1 : 0): string {
  return new Intl.NumberFormat(tag(), { style: "percent", maximumFractionDigits: digits }).format(value);
}

// A signed change, with a true minus sign.
export function change(value: number): string {
  return new Intl.NumberFormat(tag(), { maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(value);
}

export function month(text: string, form: "short" | "long" = "short"): string {
  return new Intl.DateTimeFormat(tag(), { month: form, year: "numeric", timeZone: "UTC" }).format(
    new Date(`${text}-01T00:00:00Z`),
  );
}

export function day(text: string): string {
  const date = new Date(text.length === 10 ? `${text}T00:00:00Z` : text);
  return new Intl.DateTimeFormat(tag(), { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(date);
}

export function moment(text: string): string {
  return new Intl.DateTimeFormat(tag(), {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC", timeZoneName: "short",
  }).format(new Date(text));
}

// How long ago or ahead, in the largest unit that says enough: "in 2 hours", "3 days ago".
export function away(text: string, now: number = Date.now()): string {
  const seconds = (new Date(text).getTime() - now) / 1000;
  const format = new Intl.RelativeTimeFormat(tag(), { numeric: "auto", style: "short" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]] as const) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(0, "minute");
}

export function hours(value: number): string {
  return new Intl.NumberFormat(tag(), {
    style: "unit", unit: "hour", unitDisplay: "short", maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}

// Hours from midnight as a time of day; after the first day with the number of the day before it.
export function clock(hour: number): string {
  const minutes = Math.ceil(hour * 60 - 1e-6);
  const [day, minute] = [Math.floor(minutes / 1440), minutes % 1440];
  const time = new Intl.DateTimeFormat(tag(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" }).format(new Date(minute * 60_000));
  return day === 0 ? time : t("clock.day", { day: day + 1, time });
}

export function kilometres(value: number): string {
  return new Intl.NumberFormat(tag(), { style: "unit", unit: "kilometer", unitDisplay: "short", maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

// A point as the server says it, "15 km NE Kaga", in the reader's words; a plain name as it is.
export function spot(text: string): string {
  const found = text.match(/^(\d+) km (N|NE|E|SE|S|SW|W|NW) (.+)$/);
  return found ? t("spot", { km: kilometres(Number(found[1])), wind: t(`wind.${found[2]}` as Key), place: found[3]! }) : text;
}
