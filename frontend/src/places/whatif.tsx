// One what-if in a form: its name and what would be different.
import type { Schemas } from "../api/client";
import { Pick } from "../ui/pick";
import { arrow, number, t } from "../words";
import type { Key } from "../words";
import { Field, Several, choose, figure } from "./asked";
import { useGround } from "./ground";
import { placesOf } from "./move";
import { Rows } from "./patrolform";

export interface Draft {
  name: string;
  wet: string;
  units: string[];
  contributors: string[];
  operations: string[];
  shared: boolean;
  risk: { area: string; factor: string }[];
  shift: { from: string; to: string }[];
  forbidden: string[];
  closed: string[][];
}

export const blank = (): Draft => ({ name: "", wet: "", units: [], contributors: [], operations: [], shared: false, risk: [], shift: [], forbidden: [], closed: [] });

export function ready(name: string, one: Partial<Schemas["WhatIf"]>): Draft {
  return {
    name, wet: one.wet === true ? "wet" : one.wet === false ? "dry" : "", units: one.without_units ?? [], contributors: one.without_contributors ?? [], operations: one.without_operations ?? [], shared: one.shared_units_go ?? false,
    risk: Object.entries(one.risk ?? {}).map(([area, factor]) => ({ area, factor: String(factor) })), shift: (one.shift ?? []).map(([from, to]) => ({ from: from ?? "", to: to ?? "" })),
    forbidden: one.forbidden_areas ?? [], closed: one.closed ?? [],
  };
}

// As the server takes it; null when a factor is no number.
export function partOf(draft: Draft): object | null {
  const risk = draft.risk.filter((r) => r.area).map((r) => [r.area, figure(r.factor) ?? NaN] as const);
  if (!risk.every(([, factor]) => Number.isFinite(factor) && factor >= 0)) return null;
  return {
    ...(draft.wet ? { wet: draft.wet === "wet" } : {}), without_units: draft.units, without_contributors: draft.contributors, without_operations: draft.operations, shared_units_go: draft.shared,
    risk: Object.fromEntries(risk), shift: draft.shift.filter((s) => s.from && s.to).map((s) => [s.from, s.to]), forbidden_areas: draft.forbidden, closed: draft.closed.map((line) => line.filter(Boolean)).filter((line) => line.length > 1),
  };
}

export function WhatIf({ draft, known, put }: { draft: Draft; known: Schemas["Usable"]; put: (draft: Draft) => void }) {
  const ground = useGround();
  const places = ground ? placesOf(ground).map((p) => p.name) : [];
  const spots = [...places, ...known.units];
  const several = (legend: Key, part: "units" | "contributors" | "operations" | "forbidden", names: string[]) => names.length > 0 && <Several legend={t(legend)} none="" values={draft[part]} known={names} set={(v) => put({ ...draft, [part]: v })} />;
  return (
    <fieldset class="choices what-if"><legend>{draft.name || t("scenario.new")}</legend>
      <div class="tools"><Field label={t("scenario.name")} value={draft.name} set={(name) => put({ ...draft, name })} text about={t("scenario.name.about")} />
        <Pick label={t("scenario.rains")} value={draft.wet} choices={[{ value: "", name: t("scenario.rains.usual") }, { value: "wet", name: t("scenario.rains.early") }, { value: "dry", name: t("scenario.rains.away") }]} pick={(wet) => put({ ...draft, wet })} /></div>
      <details class="history"><summary>{t("scenario.front")}{count(draft.risk.length + draft.shift.length)}</summary>
        <Rows rows={draft.risk} set={(risk) => put({ ...draft, risk })} fresh={() => ({ area: "", factor: "2" })} add={t("scenario.front.add")}>{(r, change) => <>
          <Pick label={t("column.area")} value={r.area} choices={choose(known.areas)} pick={(area) => change({ ...r, area })} /><Field label={t("scenario.factor")} value={r.factor} set={(factor) => change({ ...r, factor })} /></>}</Rows>
        <Rows rows={draft.shift} set={(shift) => put({ ...draft, shift })} fresh={() => ({ from: "", to: "" })} add={t("scenario.shift.add")}>{(s, change) => <>
          <Pick label={t("cards.from")} value={s.from} choices={choose([...places, s.from].filter(Boolean))} pick={(from) => change({ ...s, from })} /><Pick label={t("cards.to")} value={s.to} choices={choose([...places, s.to].filter(Boolean))} pick={(to) => change({ ...s, to })} /></>}</Rows></details>
      <details class="history"><summary>{t("scenario.gone")}{count(draft.units.length + draft.contributors.length + draft.operations.length)}</summary>
        {several("scenario.units", "units", known.units)}{several("scenario.contributors", "contributors", known.contributors)}{several("scenario.operations", "operations", known.operations)}
        <label class="with-check-line"><input type="checkbox" checked={draft.shared} onChange={() => put({ ...draft, shared: !draft.shared })} /> {t("scenario.shared_go")}</label></details>
      <details class="history"><summary>{t("scenario.barred")}{count(draft.forbidden.length + draft.closed.length)}</summary>
        {several("scenario.forbidden", "forbidden", known.areas)}
        <Rows rows={draft.closed} set={(closed) => put({ ...draft, closed })} fresh={() => ["", ""]} add={t("scenario.closed.add")}>{(line, change) => <>
          {line.map((stop, i) => <Pick key={i} label={t("scenario.closed.stop", { number: i + 1 })} value={stop} choices={choose([...spots, stop].filter(Boolean))} pick={(v) => change(line.map((s, k) => (k === i ? v : s)))} />)}
          <button type="button" class="link" onClick={() => change([...line, ""])}>{t("scenario.closed.more")}</button></>}</Rows></details>
    </fieldset>
  );
}

const count = (n: number): string => (n ? ` (${number(n)})` : "");

// What a scenario changes, in the reader's words.
export function told(changes: Record<string, unknown>): string[] {
  const c = changes as Partial<Schemas["WhatIf"]>;
  const list = (names: string[] | undefined, key: Key): string[] => (names?.length ? [t(key, { names: names.join(", ") })] : []);
  return [
    ...(c.wet === true ? [t("scenario.rains.early")] : c.wet === false ? [t("scenario.rains.away")] : []),
    ...Object.entries(c.risk ?? {}).map(([area, factor]) => t("scenario.told.risk", { area, factor: number(factor, 1) })),
    ...(c.shift ?? []).map(([from, to]) => t("scenario.told.shift", { from: from ?? "", to: to ?? "" })),
    ...list(c.without_units, "scenario.told.gone"), ...list(c.without_contributors, "scenario.told.gone"), ...list(c.without_operations, "scenario.told.gone"),
    ...(c.shared_units_go ? [t("scenario.shared_go")] : []), ...list(c.forbidden_areas, "scenario.told.forbidden"), ...(c.closed ?? []).map((line) => t("scenario.told.closed", { line: line.join(` ${arrow()} `) })),
  ];
}
