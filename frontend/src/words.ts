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

// Bytes as people say them.
export function size(bytes: number): string {
  const [unit, value] = bytes < 1e3 ? (["byte", bytes] as const) : bytes < 1e6 ? (["kilobyte", bytes / 1e3] as const) : (["megabyte", bytes / 1e6] as const);
  return new Intl.NumberFormat(tag(), { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

// Why a row of a file cannot be used, as the server says it, in the reader's words; null where it is a reason new to us.
const field = (code: string): string => word("ifield", code);
const REASONS: [RegExp, (found: RegExpMatchArray) => string][] = [
  [/^(\d+) fields where the header has (\d+)$/, (m) => t("reason.width", { n: Number(m[1]), of: Number(m[2]) })],
  [/^(\w+) is not a whole number(?: from 0 to [\d,]+| of 0 or more)?$/, (m) => t("reason.whole", { field: field(m[1]!) })],
  [/^(\w+) is not (\d) to (\d)$/, (m) => t("reason.between", { field: field(m[1]!), low: m[2]!, high: m[3]! })],
  [/^(\w+) is not 1, 2 or 3$/, (m) => t("reason.between", { field: field(m[1]!), low: "1", high: "3" })],
  [/^latitude or longitude is missing or outside the world$/, () => t("reason.point")],
  [/^(\w+) is not a date/, (m) => t("reason.date", { field: field(m[1]!) })],
  [/^date_end lies before date_start$|^'until' lies before 'from'$/, () => t("reason.order")],
  [/^the event spans more than two years$/, () => t("reason.long")],
  [/^(\w+) lies in the future$/, (m) => t("reason.future", { field: field(m[1]!) })],
  [/^'?(\w+)'? is empty/, (m) => t("reason.empty", { field: field(m[1]!) })],
  [/ stands earlier in this file/, () => t("reason.twice")],
  [/^priogrid_gid or population is not a usable number$/, () => t("reason.people")],
  [/^name, lon, lat or population is not usable$/, () => t("reason.place")],
  [/^'(.*)' is not a month: /, (m) => t("reason.month", { text: m[1]! })],
  [/^year .* is not a year of peacekeeping$|^year or month is not a number$/, () => t("reason.year")],
  [/^the number of troops is neither|^a number of troops of/, () => t("reason.troops")],
  [/^mission or location is empty$/, () => t("reason.mission")],
  [/^kind '(.*)' is not one of: /, (m) => t("reason.kind", { kind: m[1]! })],
];

export function reason(text: string): string | null {
  for (const [form, say] of REASONS) {
    const found = text.match(form);
    if (found) return say(found);
  }
  return null;
}
