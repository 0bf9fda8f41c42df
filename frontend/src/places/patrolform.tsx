// Patrols asked for: bases, hours, places to keep an eye on, escorts, companions and who they are needed for, fuel.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { useData } from "../api/client";
import { Pick } from "../ui/pick";
import { hours, number, share, t, word } from "../words";
import type { Key } from "../words";
import { Field, Note, Several, choose, figure, hourOf, useSend } from "./asked";
import { useGround } from "./ground";
import { placesOf } from "./move";

export const MODES = ["wheeled", "tracked", "foot"];
type Text = Record<string, string>;
interface Companion { name: string; skills: string; at: string; after: string; before: string }
interface Joint { place: string; needs: string[]; after: string; before: string; must: boolean }

const KEEP: Text = { place: "", visits: "2", days: "7", ago: "" };
const ESCORT: Text = { name: "", start: "", end: "", after: "", before: "", hours: "", worth: "" };

const words = (text: string) => text.split(/[,;،؛]/).map((s) => s.trim()).filter(Boolean);
// What a person wrote as a number or an hour, or null where they wrote nothing.
const hour = (text: string) => (text.trim() === "" ? null : hourOf(text));
const given = (row: Record<string, unknown>) => Object.fromEntries(Object.entries(row).filter(([, v]) => v !== null && v !== undefined));

export function PatrolForm() {
  const ground = useGround();
  const units = (useData<Schemas["BoardNow"]>("/api/plan/board").data?.units ?? []).map((u) => u.name);
  const places = ground ? placesOf(ground).map((p) => p.name) : [];
  const spots = [...units, ...places];
  const [bases, setBases] = useState<string[]>([]);
  const [must, setMust] = useState<string[]>([]);
  const [fuelAt, setFuelAt] = useState<string[]>([]);
  const [mode, setMode] = useState("wheeled");
  const [days, setDays] = useState("1");
  const [fields, set] = useState<Text>({ patrols: "1", leave: "6:00", back: "18:00", stay: "1", range: "", litres: "" });
  const [keep, setKeep] = useState<Text[]>([]);
  const [escorts, setEscorts] = useState<Text[]>([]);
  const [companions, setCompanions] = useState<Companion[]>([]);
  const [joint, setJoint] = useState<Joint[]>([]);
  const sending = useSend("/api/plan/cards/patrols", "/api/plan/cards");
  const offered = [...new Set(companions.flatMap((c) => [c.name.trim(), ...words(c.skills)]).filter(Boolean))];
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    const [patrols, leave, back, stay] = [figure(fields.patrols), hour(fields.leave!), hour(fields.back!), figure(fields.stay)];
    const sent = {
      bases, must, mode, days: Number(days), patrols: patrols === null ? NaN : Math.round(patrols), leave: leave ?? NaN, back: back ?? NaN, stay_hours: stay ?? NaN,
      ...given({ range_hours: figure(fields.range), litres: figure(fields.litres) }), fuel_at: fuelAt,
      keep: Object.fromEntries(keep.filter((k) => k.place).map((k) => [k.place!, { visits: figure(k.visits) ?? NaN, days: figure(k.days) ?? NaN }])),
      visited: Object.fromEntries(keep.filter((k) => k.place && words(k.ago!).length).map((k) => [k.place!, words(k.ago!).map((d) => figure(d) ?? NaN)])),
      escorts: escorts.map((e) => given({ name: e.name!.trim(), start: e.start, end: e.end, after: hour(e.after!), before: hour(e.before!), hours: figure(e.hours), worth: figure(e.worth) })),
      companions: companions.map((c) => given({ name: c.name.trim(), skills: words(c.skills), at: c.at ? [c.at] : [], after: hour(c.after), before: hour(c.before) })),
      joint: joint.map((j) => given({ place: j.place, needs: j.needs, after: hour(j.after), before: hour(j.before), must: j.must })),
    };
    const wrong = [
      ...(numbers(sent) ? [] : [t("cards.numbers")]),
      ...keep.flatMap((k, i) => (!k.place ? [t("cards.keep.lacks", { number: i + 1 })] : keep.findIndex((o) => o.place === k.place) < i ? [t("cards.keep.twice", { place: k.place })] : [])),
      ...escorts.flatMap((e, i) => (e.name!.trim() && e.start && e.end ? [] : [t("cards.escort.lacks", { number: i + 1 })])),
      ...companions.flatMap((c, i) => (c.name.trim() ? [] : [t("cards.companion.lacks", { number: i + 1 })])),
      ...joint.flatMap((j, i) => (j.place ? [] : [t("cards.joint.lacks", { number: i + 1 })])),
    ];
    if (wrong.length) return sending.say(...wrong);
    void sending.send(sent);
  };
  const field = (name: string, label: Key) => <Field key={name} label={t(label)} value={fields[name]!} set={(v) => set({ ...fields, [name]: v })} text={name === "leave" || name === "back"} />;
  return (
    <form class="form" onSubmit={go} noValidate>
      <p class="quiet small">{t("cards.patrols.about")}</p>
      <Several legend={t("cards.bases")} none={t("cards.bases.none")} values={bases} known={units} set={setBases} />
      <Several legend={t("cards.must")} none="" values={must} known={places} set={setMust} />
      <div class="tools">{field("patrols", "cards.each")}{field("leave", "cards.leave")}{field("back", "cards.back")}{field("stay", "cards.stay")}</div>
      <div class="tools">
        <Pick label={t("cards.mode")} value={mode} choices={MODES.map((m) => ({ value: m, name: word("mode", m) }))} pick={setMode} />
        <Pick label={t("cards.days")} value={days} choices={["1", "2", "3", "4", "5"].map((d) => ({ value: d, name: t(d === "1" ? "cards.days.1" : "cards.days.n", { n: Number(d) }) }))} pick={setDays} />
      </div>
      <details class="history"><summary>{t("cards.keep")}{keep.length > 0 && ` (${number(keep.length)})`}</summary>
        <p class="quiet small">{t("cards.keep.about")}</p>
        <Rows rows={keep} set={setKeep} fresh={() => ({ ...KEEP })} add={t("cards.keep.add")}>{(k, put) => <>
          <Pick label={t("cards.place")} value={k.place!} choices={choose(places)} pick={(place) => put({ ...k, place })} />
          <Field label={t("cards.keep.visits")} value={k.visits!} set={(visits) => put({ ...k, visits })} />
          <Field label={t("cards.keep.days")} value={k.days!} set={(v) => put({ ...k, days: v })} />
          <Field label={t("cards.keep.ago")} value={k.ago!} set={(ago) => put({ ...k, ago })} text about="1, 6" />
        </>}</Rows></details>
      <details class="history"><summary>{t("cards.escorts")}{escorts.length > 0 && ` (${number(escorts.length)})`}</summary>
        <p class="quiet small">{t("cards.escorts.about")}</p>
        <Rows rows={escorts} set={setEscorts} fresh={() => ({ ...ESCORT })} add={t("cards.escort.add")}>{(e, put) => <>
          <Field label={t("cards.escort.name")} value={e.name!} set={(name) => put({ ...e, name })} text />
          <Pick label={t("cards.from")} value={e.start!} choices={choose(spots)} pick={(start) => put({ ...e, start })} />
          <Pick label={t("cards.to")} value={e.end!} choices={choose(spots)} pick={(end) => put({ ...e, end })} />
          <Field label={t("cards.after")} value={e.after!} set={(after) => put({ ...e, after })} text about="8:00" />
          <Field label={t("cards.before")} value={e.before!} set={(before) => put({ ...e, before })} text about="16:00" />
          <Field label={t("cards.escort.hours")} value={e.hours!} set={(v) => put({ ...e, hours: v })} />
          <Field label={t("cards.escort.worth")} value={e.worth!} set={(worth) => put({ ...e, worth })} about={t("cards.escort.must")} />
        </>}</Rows></details>
      <details class="history"><summary>{t("cards.companions")}{companions.length > 0 && ` (${number(companions.length)})`}</summary>
        <p class="quiet small">{t("cards.companions.about")}</p>
        <Rows rows={companions} set={setCompanions} fresh={() => ({ name: "", skills: "", at: "", after: "", before: "" })} add={t("cards.companion.add")}>{(c, put) => <>
          <Field label={t("cards.companion.name")} value={c.name} set={(name) => put({ ...c, name })} text />
          <Field label={t("cards.companion.skills")} value={c.skills} set={(skills) => put({ ...c, skills })} text about="sango, français" />
          <Pick label={t("cards.companion.at")} value={c.at} choices={choose(units, t("cards.companion.any"))} pick={(at) => put({ ...c, at })} />
          <Field label={t("cards.after")} value={c.after} set={(after) => put({ ...c, after })} text about="7:00" />
          <Field label={t("cards.before")} value={c.before} set={(before) => put({ ...c, before })} text about="17:00" />
        </>}</Rows>
        <h3>{t("cards.joint")}</h3>
        <p class="quiet small">{t("cards.joint.about")}{offered.length === 0 && ` ${t("cards.joint.first")}`}</p>
        <Rows rows={joint} set={setJoint} fresh={() => ({ place: "", needs: offered.slice(0, 1), after: "", before: "", must: false })} add={t("cards.joint.add")}>{(j, put) => <>
          <Pick label={t("cards.place")} value={j.place} choices={choose(places)} pick={(place) => put({ ...j, place })} />
          {offered.length > 0 && <fieldset class="choices needs"><legend>{t("cards.joint.needs")}</legend>{offered.map((o) => <label key={o}><input type="checkbox" checked={j.needs.includes(o)} onChange={() => put({ ...j, needs: j.needs.includes(o) ? j.needs.filter((n) => n !== o) : [...j.needs, o] })} /> <span dir="auto">{o}</span></label>)}</fieldset>}
          <Field label={t("cards.after")} value={j.after} set={(after) => put({ ...j, after })} text about="8:00" />
          <Field label={t("cards.before")} value={j.before} set={(before) => put({ ...j, before })} text about="16:00" />
          <label class="with-check-line"><input type="checkbox" checked={j.must} onChange={() => put({ ...j, must: !j.must })} /> {t("cards.joint.must")}</label>
        </>}</Rows></details>
      <details class="history"><summary>{t("cards.fuel")}</summary>
        <p class="quiet small">{t("cards.fuel.about")}</p>
        <div class="tools">{field("range", "cards.range")}{field("litres", "cards.litres")}</div>
        <Several legend={t("cards.fuel.at")} none={t("cards.fuel.all")} values={fuelAt} known={units} set={setFuelAt} /></details>
      <button type="submit" class="button main">{t("cards.patrols.go")}</button>
      <Note of={sending} />
    </form>
  );
}

// Whether everything that should be a number is one.
function numbers(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return value === null || typeof value !== "object" || Object.values(value).every(numbers);
}

// Rows of a form that can be added and left out.
export function Rows<T>({ rows, set, fresh, add, children }: { rows: T[]; set: (rows: T[]) => void; fresh: () => T; add: string; children: (row: T, put: (row: T) => void) => ComponentChildren }) {
  return (
    <>
      {rows.map((row, i) => (
        <div class="tools form-row" key={i}>{children(row, (next) => set(rows.map((r, k) => (k === i ? next : r))))}
          <button type="button" class="link" aria-label={t("asked.leave_out", { name: String(i + 1) })} onClick={() => set(rows.filter((_, k) => k !== i))}>{t("wish.leave_out")}</button></div>
      ))}
      {add && <button type="button" class="link" onClick={() => set([...rows, fresh()])}>{add}</button>}
    </>
  );
}

// What the rules of a request cost and whether they are kept, as the command tells it.
export function PatrolRules({ made }: { made: Schemas["PatrolsMade"] }) {
  return (
    <>
      {made.keep.length > 0 && <><h3>{t("cards.keep")}</h3>
        <table><thead><tr><th scope="col">{t("cards.place")}</th><th scope="col" class="end">{t("cards.keep.often")}</th><th scope="col" class="end">{t("cards.keep.due")}</th><th scope="col" class="end">{t("cards.keep.chance")}</th></tr></thead>
          <tbody>{made.keep.map((k) => <tr key={k.place}><th scope="row" dir="auto">{k.place}</th><td class="end">{t("cards.keep.line", { visits: k.visits, days: k.in_days })}</td>
            <td class="end">{k.due_in_days < 0 ? <span class="tag bad">{t("cards.keep.overdue")}</span> : t("cards.keep.in", { days: k.due_in_days })}</td><td class="end">{t("cards.keep.floor", { chance: share(k.chance), least: share(k.at_least) })}</td></tr>)}</tbody></table></>}
      {made.escorts.length > 0 && <><h3>{t("cards.escorts")}</h3>
        <table><thead><tr><th scope="col">{t("cards.escort.name")}</th><th scope="col" class="end">{t("cards.time")}</th><th scope="col" class="end">{t("cards.escort.chance")}</th></tr></thead>
          <tbody>{made.escorts.map((e) => <tr key={e.name}><th scope="row" dir="auto">{e.name} {e.must && <span class="tag">{t("cards.escort.is_must")}</span>}</th><td class="end">{hours(e.hours)}</td><td class="end">{share(e.chance)}</td></tr>)}</tbody></table></>}
      {made.companions.length > 0 && <><h3>{t("cards.companions")}</h3>
        <ul class="reasons">{made.companions.map((c) => <li key={c.name}><span dir="auto">{c.name}</span>: {c.patrols.length ? <span dir="auto">{c.patrols.map(patrolName).join(", ")}</span> : t("cards.companion.home")}</li>)}</ul></>}
    </>
  );
}

// "Alpha 2, day 1": the day in the reader's words.
export function patrolName(name: string): string {
  const found = name.match(/^(.*), day (\d)$/);
  return found ? t("cards.day", { name: found[1]!, day: Number(found[2]) }) : name;
}
