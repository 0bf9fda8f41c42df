// A plan asked for in a form: the calculation of `tocsin plan --objective --request`, drawn up beside the server. It can be
// left and found again; what came of it stands among the plans to compare, or says which demands cannot go together.
import { useLocation } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import type { Answer, Schemas } from "../api/client";
import { Failure, changed, post, useData } from "../api/client";
import type { Ground } from "../map/base";
import { Pick } from "../ui/pick";
import { Shown } from "../ui/states";
import { arrow, away, hours, number, spot, t, word } from "../words";
import { degrees, placesOf } from "./move";

const AIMS = ["harm", "worst-draws", "worst-area", "equity", "cost", "flying-hours", "disruption"];
const AGAIN_S = 2;

interface Fixed {
  unit: string;
  place: string;
}
interface Barred {
  area: string;
  place: string;
  season: string;
}

export function Optimise({ plan, ground }: { plan: Answer<"/api/plan/newest">; ground: Ground | null }) {
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  if (plan.units === null) return null;
  return (
    <div class="two">
      {may.includes("create plan") && <Form plan={plan} ground={ground} units={plan.units} />}
      <Wishes newest={plan.run} />
    </div>
  );
}

function Form({ plan, ground, units }: { plan: Answer<"/api/plan/newest">; ground: Ground | null; units: Schemas["UnitPoint"][] }) {
  const [aim, setAim] = useState("harm");
  const [season, setSeason] = useState("");
  const [counts, setCounts] = useState<Record<string, string>>({ additional: "2", moves: "3", limit: String(plan.limit_hours) });
  const [more, setMore] = useState<Record<string, string>>({});
  const [cost, setCost] = useState<Record<string, string>>({});
  const [flying, setFlying] = useState<Record<string, string>>({});
  const [fixed, setFixed] = useState<Fixed[]>([]);
  const [barred, setBarred] = useState<Barred[]>([]);
  const [note, say] = useState("");
  const [bad, worse] = useState(false);
  const board = useData<Schemas["BoardNow"]>(plan.run ? null : "/api/plan/board").data; // areas also while there is no plan
  const areas = plan.run ? plan.ratios.map((r) => r.area).filter(Boolean) : (board?.areas ?? []);
  const places = ground ? placesOf(ground).map((p) => p.name) : [];
  const kinds = [...new Set([...units.map((u) => u.kind), "tob"])];
  const figure = (text: string | undefined): number | null => (text === undefined || text.trim() === "" ? null : degrees(text));
  const table = (texts: Record<string, string>) => Object.fromEntries(Object.entries(texts).flatMap(([k, v]) => { const n = figure(v); return n === null ? [] : [[k, n]]; }));
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const limits = { ...table(more), new_bases: figure(counts.additional) ?? 0, moves: figure(counts.moves) ?? 0 };
    const request = {
      limits,
      ...(Object.keys(table(cost)).length ? { cost: table(cost) } : {}),
      ...(Object.keys(table(flying)).length ? { flying: table(flying) } : {}),
      fixed: fixed.filter((f) => f.unit).map((f) => ({ unit: f.unit, place: f.place })),
      forbidden: barred.filter((b) => b.area || b.place).map((b) => (b.area ? { area: b.area, season: b.season } : { place: b.place, season: b.season })),
    };
    try {
      await post("/api/plan/wishes", { objective: aim, season, additional: limits.new_bases, moves: limits.moves, limit_hours: figure(counts.limit) ?? 6, request });
      say(t("wish.asked"));
      worse(false);
      changed("/api/plan/wishes");
    } catch (problem) {
      say(problem instanceof Failure && problem.title ? problem.title : t("state.broken"));
      worse(true);
    }
  };
  const field = (name: string, values: Record<string, string>, set: (v: Record<string, string>) => void, label: string) => (
    <label class="line short" key={label}>{label}<input inputMode="decimal" dir="ltr" value={values[name] ?? ""} onInput={(e) => set({ ...values, [name]: e.currentTarget.value })} /></label>
  );
  return (
    <section class="card"><h2>{t("wish.title")}</h2>
      <p class="quiet small">{t("wish.about")}</p>
      <form class="form" onSubmit={(event) => void send(event)} noValidate>
        <div class="tools">
          <Pick label={t("wish.aim")} value={aim} choices={AIMS.map((a) => ({ value: a, name: word("aim", a) }))} pick={setAim} />
          <Pick label={t("wish.season")} value={season} choices={[{ value: "", name: t("wish.season.all") }, ...["dry", "wet"].map((s) => ({ value: s, name: word("season", s) }))]} pick={setSeason} />
        </div>
        <div class="tools">
          {field("additional", counts, setCounts, t("wish.bases"))}
          {field("moves", counts, setCounts, t("wish.moves"))}
          {field("limit", counts, setCounts, t("wish.hours"))}
        </div>
        <fieldset class="choices"><legend>{t("wish.fixed")}</legend>
          {fixed.map((one, i) => (
            <div class="tools" key={i}>
              <Pick label={t("move.unit")} value={one.unit} choices={[{ value: "", name: t("move.choose") }, ...units.map((u) => ({ value: u.name, name: u.name }))]} pick={(unit) => setFixed(fixed.map((f, k) => (k === i ? { ...f, unit } : f)))} />
              <Pick label={t("wish.at")} value={one.place} choices={[{ value: "", name: t("wish.stays") }, ...places.map((p) => ({ value: p, name: p }))]} pick={(place) => setFixed(fixed.map((f, k) => (k === i ? { ...f, place } : f)))} />
              <button type="button" class="link" onClick={() => setFixed(fixed.filter((_, k) => k !== i))}>{t("wish.leave_out")}</button>
            </div>
          ))}
          <button type="button" class="link" onClick={() => setFixed([...fixed, { unit: "", place: "" }])}>{t("wish.fixed.add")}</button>
        </fieldset>
        <fieldset class="choices"><legend>{t("wish.barred")}</legend>
          {barred.map((one, i) => (
            <div class="tools" key={i}>
              <Pick label={t("wish.where")} value={one.area ? `a:${one.area}` : one.place ? `p:${one.place}` : ""}
                choices={[{ value: "", name: t("move.choose") }, ...areas.map((a) => ({ value: `a:${a}`, name: a })), ...places.map((p) => ({ value: `p:${p}`, name: p }))]}
                pick={(v) => setBarred(barred.map((b, k) => (k === i ? { ...b, area: v.startsWith("a:") ? v.slice(2) : "", place: v.startsWith("p:") ? v.slice(2) : "" } : b)))} />
              <Pick label={t("plan.season")} value={one.season} choices={[{ value: "", name: t("wish.always") }, ...["dry", "wet"].map((s) => ({ value: s, name: word("season", s) }))]} pick={(v) => setBarred(barred.map((b, k) => (k === i ? { ...b, season: v } : b)))} />
              <button type="button" class="link" onClick={() => setBarred(barred.filter((_, k) => k !== i))}>{t("wish.leave_out")}</button>
            </div>
          ))}
          <button type="button" class="link" onClick={() => setBarred([...barred, { area: "", place: "", season: "" }])}>{t("wish.barred.add")}</button>
        </fieldset>
        <details class="history"><summary>{t("wish.more")}</summary>
          <div class="tools">
            {field("new_strength", more, setMore, t("wish.strength"))}
            {field("safe_size", more, setMore, t("wish.safe"))}
            {field("supply_hours", more, setMore, t("wish.supply"))}
            {field("medical_hours", more, setMore, t("wish.medical"))}
          </div>
          <h3>{t("wish.cost")}</h3>
          <div class="tools">{field("budget", more, setMore, t("wish.budget"))}{kinds.map((kind) => field(kind, cost, setCost, word("unit", kind)))}</div>
          {kinds.includes("helicopter") && <><h3>{t("wish.flying")}</h3><div class="tools">{field("flying_hours", more, setMore, t("wish.most_flying"))}{field("helicopter", flying, setFlying, word("unit", "helicopter"))}</div></>}
        </details>
        <button type="submit" class="button main">{t("wish.go")}</button>
        {note && <p role="status" class={bad ? "told" : "quiet"} dir="auto">{note}</p>}
      </form>
    </section>
  );
}

function Wishes({ newest }: { newest: string }) {
  const [open, watch] = useState(false);
  const wishes = useData<Schemas["WishLine"][]>("/api/plan/wishes", open ? AGAIN_S : 0);
  const rows = wishes.data;
  const busy = rows?.some((w) => w.state === "waiting" || w.state === "working") ?? false;
  useEffect(() => watch(busy), [busy]);
  const done = rows?.filter((w) => w.state === "done").length ?? 0;
  useEffect(() => { if (done) changed("/api/plan/made"); }, [done]);
  return (
    <section class="card"><h2>{t("wish.list")}</h2>
      <Shown of={wishes}>{(found) => found.length === 0 ? <p>{t("wish.none")}</p> : <ol class="plain-list wishes">{found.map((one) => <Wish key={one.id} one={one} newest={newest} />)}</ol>}</Shown>
    </section>
  );
}

const MARK: Record<string, string> = { done: "tag good", refused: "tag bad", stopped: "tag warn" };

function Wish({ one, newest }: { one: Schemas["WishLine"]; newest: string }) {
  const { query, route } = useLocation();
  const asked = one.demands as { limit_hours: number; additional: number; moves: number; season: string };
  const beside = () => {
    const now = (query.plans ?? newest).split(",").filter((r) => r && r !== one.run);
    route(`/plan?plans=${[...now, one.run].slice(-4).join(",")}`, true);
  };
  const working = one.state === "working" || one.state === "waiting";
  return (
    <li>
      <p><strong>{word("aim", one.objective)}</strong> <span class={MARK[one.state] ?? "tag"}>{word("wish_state", one.state)}</span> <small class="quiet">{away(one.asked_at)}</small></p>
      <p class="quiet small">{t("wish.line", { adds: number(asked.additional), moves: number(asked.moves), hours: hours(asked.limit_hours) })}{asked.season && ` · ${word("season", asked.season)}`}</p>
      {working && <p role="status"><span class="pulse inline" aria-hidden="true" /> {one.step ? word("step", one.step) : t("wish.waits")}{one.seconds !== null && ` · ${t("wish.seconds", { n: Math.round(one.seconds) })}`} <small class="quiet">{t("wish.may_leave")}</small></p>}
      {one.problem && <Trouble problem={one.problem} />}
      {one.state === "stopped" && <p>{t("wish.stopped")}</p>}
      {one.changes && (one.changes.length === 0 ? <p>{t("wish.no_change")}</p> : (
        <ul class="reasons">{one.changes.map((c, i) => (
          <li key={i}>{c.what === "add" ? t("plan.add", { kind: word("unit", c.kind) }) : <span dir="auto">{c.unit}</span>} {c.gid ? <>{arrow()} <a href={`/assess/cells/${c.gid}`} dir="auto">{spot(c.near ?? String(c.gid))}</a></> : t("wish.closed")} <small class="quiet" dir="auto">{c.area}</small></li>
        ))}</ul>
      ))}
      {one.run && newest && <button type="button" class="button" onClick={beside}>{t("wish.compare")}</button>}
    </li>
  );
}

function Trouble({ problem }: { problem: Schemas["Trouble"] }) {
  if (problem.code !== "infeasible" || problem.demands.length === 0) return <p class="told" dir="auto" lang="en">{problem.title}</p>;
  return (
    <div class="told"><p>{t("clash.title")}</p>
      <ul class="reasons">{problem.demands.map((d) => <li key={d}>{demand(d)}</li>)}</ul>
      <p class="quiet small">{t("clash.ease")}</p></div>
  );
}

// A demand as the optimiser names it, in the reader's words; as it stands where it is one we do not know.
const DEMANDS: [RegExp, (found: RegExpMatchArray) => string][] = [
  [/^(\d+) moves$/, (m) => t("clash.moves", { n: Number(m[1]) })],
  [/^a budget of ([\d.e+]+)$/, (m) => t("clash.budget", { value: number(Number(m[1])) })],
  [/^([\d.e+]+) flying hours$/, (m) => t("clash.flying", { value: number(Number(m[1])) })],
  [/^a safe size of (\d+)$/, (m) => t("clash.safe", { value: number(Number(m[1])) })],
  [/^supply within ([\d.]+) h$/, (m) => t("clash.supply", { hours: hours(Number(m[1])) })],
  [/^medical help within ([\d.]+) h$/, (m) => t("clash.medical", { hours: hours(Number(m[1])) })],
  [/^nobody in (.+)$/, (m) => t("clash.barred", { place: m[1]! })],
  [/^(.+) at cell (\d+)(?: \(.*\))?$/, (m) => t("clash.fixed", { unit: m[1]!, cell: m[2]! })],
  [/^units that must be used/, () => t("clash.stay")],
];

function demand(name: string) {
  for (const [form, say] of DEMANDS) {
    const found = name.match(form);
    if (found) return <span dir="auto">{say(found)}</span>;
  }
  return <span dir="auto" lang="en">{name}</span>;
}
