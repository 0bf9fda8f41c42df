import { useEffect, useRef, useState } from "preact/hooks";
import type { Answer, Schemas } from "../api/client";
import { Failure, post, useData } from "../api/client";
import { Segments } from "../ui/pick";
import { Shown, Waiting } from "../ui/states";
import { hours, month, number, share, t, word } from "../words";
import { Compare } from "./compare";
import { useGround } from "./ground";
import { MoveCard } from "./move";
import type { Shift } from "./move";
import { Optimise } from "./optimise";
import { Parts } from "./parts";
import { PlanMap } from "./planmap";

type PlanData = Answer<"/api/plan/newest">;

export default function Plan() {
  const plan = useData<PlanData>("/api/plan/newest");
  // Without a plan yet, units can be moved and a plan asked for all the same.
  const none = plan.failure?.trouble === "missing";
  const board = useData<Schemas["BoardNow"]>(none ? "/api/plan/board" : null);
  if (none && board.failure?.trouble !== "missing") return <Shown of={board} what={t("plan.loading")}>{(found) => <PlanRoom plan={unplanned(found)} />}</Shown>;
  return <Shown of={plan} what={t("plan.loading")}>{(found) => <PlanRoom plan={found} />}</Shown>;
}

const unplanned = (now: Schemas["BoardNow"]): PlanData => ({
  run: "", as_of: now.as_of, season: now.season, limit_hours: 6, horizon: now.horizon, target: now.target, proven: false,
  units: now.units, cover: [], moves: [], losses: [], ratios: [], assumes: [],
});

function PlanRoom({ plan }: { plan: PlanData }) {
  const ground = useGround();
  const [season, choose] = useState(plan.season);
  const [drawing, draw] = useState(false);
  const [shift, setShift] = useState<Shift | null>(null);
  const [found, tell] = useState<Schemas["MoveEffect"] | null>(null);
  const [trouble, complain] = useState("");
  const busy = useRef(false);
  const wanted = useRef<Shift | null>(null);
  const strength = useRef<number | null>(null);
  // The board of a season is made ready while people still look; moves then answer at once.
  const board = useData<Schemas["BoardNow"]>(plan.units === null ? null : `/api/plan/board?season=${season}&limit_hours=${plan.limit_hours}`);
  // One question at a time: while something is dragged, only its last place matters.
  const ask = async (next: Shift | null) => {
    wanted.current = next;
    setShift(next);
    if (busy.current) return;
    busy.current = true;
    for (let now = wanted.current; ; now = wanted.current) {
      if (!now) { tell(null); complain(""); break; }
      const where = { lon: now.lon, lat: now.lat, limit_hours: plan.limit_hours, season };
      try {
        tell(now.base ? await post<Schemas["MoveEffect"]>("/api/plan/base", { ...where, strength: strength.current }) : await post<Schemas["MoveEffect"]>("/api/plan/move", { ...where, unit: now.unit }));
        complain("");
      } catch (problem) {
        tell(null);
        complain(problem instanceof Failure && problem.title ? problem.title : t("state.broken"));
      }
      if (wanted.current === now) break;
    }
    busy.current = false;
  };
  useEffect(() => { if (wanted.current) void ask({ ...wanted.current }); }, [season]);
  const place = (lon: number, lat: number) => void ask({ unit: "", lon, lat, base: true });
  const now = board.data;
  return (
    <article class="sheet">
      <div class="page-head"><div><h1>{t("plan.title")}</h1><p class="quiet">{t("plan.about", { month: month(plan.as_of, "long"), n: plan.horizon })} · {word("season", plan.season)}{plan.run !== "" && <> · {t(plan.proven ? "plan.proven" : "plan.unproven")}</>}</p></div>
        <div class="tools">{plan.units !== null && <><a class="button" href="/plan/cards">{t("cards.title")}</a><a class="button" href="/plan/leaving">{t("leave.title")}</a><a class="button" href="/plan/scenarios">{t("scenario.title")}</a><a class="button" href="/plan/results">{t("result.title")}</a></>}
        {plan.units !== null && <Segments label={t("plan.season")} value={season} choices={["dry", "wet"].filter((s) => (now ? now.seasons.includes(s) : true)).map((s) => ({ value: s, name: word("season", s) }))} pick={choose} />}</div></div>
      {plan.run === "" && <p class="stale" role="status">{t("plan.none_yet")}</p>}
      <div class="two wide-first">
        <section class="card map-card"><h2>{t("plan.map")}</h2>
          {ground ? <div class={drawing ? "map-frame plan-map placing" : "map-frame plan-map"}><PlanMap ground={ground} plan={plan} shift={shift} placing={drawing} move={(next) => void ask(next)} place={place} /></div> : <Waiting what={t("map.loading")} />}
          <p class="quiet small">{t(drawing ? "base.map" : "plan.map.about")}</p>
        </section>
        <div>
          {plan.units && ground && (board.failure
            ? <section class="card move-card"><Shown of={board}>{() => null}</Shown></section>
            : <MoveCard units={plan.units} ground={ground} shift={shift} found={found} trouble={trouble} drawing={drawing} ready={now !== null} draw={(on) => { draw(on); void ask(null); }}
              move={(next) => void ask(next)} place={(lon, lat, troops) => { strength.current = troops; place(lon, lat); }} />)}
          {now && <section class="card move-card"><h2>{t("plan.stand", { season: word("season", now.season) })}</h2><Stand rows={now.reach} /><p class="quiet small">{t(now.over === "ground" ? "plan.over_ground" : "plan.over_straight")}</p></section>}
          {plan.run !== "" && <section class="card"><h2>{t("plan.cover")}</h2><Cover rows={plan.cover} /></section>}
        </div>
      </div>
      <Optimise plan={plan} ground={ground} />
      <div class="two">{plan.units !== null && <Parts newest={plan.run} />}<Compare /></div>
      {plan.run !== "" && <><div class="two">
        <section class="card"><h2>{t("plan.moves")}</h2>
          {plan.moves.length === 0 ? <p>{t("plan.moves.none")}</p> : (
            <table><thead><tr><th scope="col">{t("plan.what")}</th><th scope="col">{t("plan.to")}</th><th scope="col" class="end">{t("plan.gain")}</th></tr></thead>
              <tbody>{plan.moves.map((m, i) => (
                <tr key={i}><th scope="row">{m.what === "add" ? t("plan.add", { kind: word("unit", m.kind) }) : <span dir="auto">{m.unit}</span>}{m.origin && <div class="quiet small">{t("plan.from")} <span dir="auto">{m.origin}</span></div>}</th>
                  <td><a href={`/assess/cells/${m.gid}`} dir="auto">{m.place || String(m.gid)}</a> <small class="quiet" dir="auto">{m.area}</small></td><td class="end">{number(m.gain)}</td></tr>
              ))}</tbody></table>
          )}
          <p class="quiet small">{t("plan.gain.about", { hours: hours(plan.limit_hours) })}</p>
        </section>
        <section class="card"><h2>{t("plan.losses")}</h2>
          {plan.losses.length === 0 ? <p>{t("plan.losses.none")}</p> : (
            <table><thead><tr><th scope="col">{t("column.place")}</th><th scope="col" class="end">{t("column.expected")}</th><th scope="col" class="end">{t("plan.now")}</th><th scope="col" class="end">{t("plan.then")}</th></tr></thead>
              <tbody>{plan.losses.map((l) => (
                <tr key={l.gid}><th scope="row"><a href={`/assess/cells/${l.gid}`} dir="auto">{l.place || String(l.gid)}</a> {l.lost && <span class="tag bad">{t("plan.lost")}</span>}</th><td class="end">{number(l.expected)}</td>
                  <td class="end">{l.before_hours === null ? t("cell.nobody") : hours(l.before_hours)}</td><td class="end">{l.after_hours === null ? t("cell.nobody") : hours(l.after_hours)}</td></tr>
              ))}</tbody></table>
          )}
        </section>
        <section class="card"><h2>{t("plan.ratios")}</h2>
          <table><thead><tr><th scope="col">{t("column.area")}</th><th scope="col" class="end">{t("plan.troops")}</th><th scope="col" class="end">{t("plan.per_people")}</th><th scope="col" class="end">{t("plan.per_death")}</th></tr></thead>
            <tbody>{plan.ratios.map((r) => <tr key={r.area}><th scope="row" dir="auto">{r.area || t("cell.no_area")}</th><td class="end">{value(r.troops)}</td><td class="end">{value(r.per_1000_people)}</td><td class="end">{value(r.per_death)}</td></tr>)}</tbody></table>
        </section>
        <section class="card"><h2>{t("plan.units")}</h2>
          {plan.units === null ? <p>{t("plan.units.hidden")}</p> : (
            <table><thead><tr><th scope="col">{t("column.unit")}</th><th scope="col">{t("plan.kind")}</th><th scope="col" class="end">{t("column.strength")}</th></tr></thead>
              <tbody>{plan.units.map((u) => <tr key={u.name}><th scope="row" dir="auto">{u.name}</th><td>{word("unit", u.kind)}</td><td class="end">{u.strength === null ? t("unknown") : number(u.strength)}</td></tr>)}</tbody></table>
          )}
        </section>
      </div>
      <section class="card"><h2>{t("plan.assumes")}</h2><ul class="reasons" lang="en" dir="auto">{plan.assumes.map((a) => <li key={a}>{a}</li>)}</ul></section></>}
    </article>
  );
}

const value = (v: number | null): string => (v === null ? t("none") : number(v));

function Cover({ rows }: { rows: Schemas["Cover"][] }) {
  return (
    <table><thead><tr><th scope="col">{t("plan.within")}</th><th scope="col">{t("plan.risk")}</th><th scope="col">{t("plan.people")}</th></tr></thead>
      <tbody>{rows.map((row) => <tr key={row.hours}><th scope="row" class="nowrap">{hours(row.hours)}</th><td><Bars before={row.risk} after={row.risk_after} /></td><td><Bars before={row.people} after={row.people_after} /></td></tr>)}</tbody></table>
  );
}

function Stand({ rows }: { rows: Schemas["Reach"][] }) {
  const part = (v: number | null) => (v === null ? t("none") : share(v));
  return (
    <table><thead><tr><th scope="col">{t("plan.within")}</th><th scope="col" class="end">{t("plan.risk")}</th><th scope="col" class="end">{t("plan.people")}</th></tr></thead>
      <tbody>{rows.map((row) => <tr key={row.hours}><th scope="row" class="nowrap">{hours(row.hours)}</th><td class="end">{part(row.risk)}</td><td class="end">{part(row.people)}</td></tr>)}</tbody></table>
  );
}

export function Bars({ before, after }: { before: number | null; after: number | null }) {
  if (before === null || after === null) return <>{t("none")}</>;
  return (
    <div class="cover-bars">
      <svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-after" y="0" width={100 * after} height="14" /><rect class="chart-bar" y="4" width={100 * before} height="6" /></svg>
      <span>{t("plan.from_to", { before: share(before), after: share(after) })}</span>
    </div>
  );
}
