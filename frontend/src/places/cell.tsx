import { useLocation, useRoute } from "preact-iso/router";
import { useMemo } from "preact/hooks";
import type { Schemas } from "../api/client";
import { useData } from "../api/client";
import { Legend } from "../map/legend";
import { RiskMap } from "../map/riskmap";
import { FanChart } from "../ui/fan";
import { Shown, Waiting } from "../ui/states";
import { away, day, hours, month, number, share, t, word } from "../words";
import type { Key } from "../words";
import { where } from "./assess";
import { RestsOn } from "./rests";
import { useGround } from "./ground";
import { ringsOf, shadesOf, slices } from "./risk";
import type { RiskData } from "./risk";

export default function Cell() {
  const { params } = useRoute();
  const { query } = useLocation();
  const wanted = new URLSearchParams();
  for (const name of ["target", "model"]) if (query[name]) wanted.set(name, query[name]!);
  const page = useData<Schemas["CellPage"]>(`/api/assess/cells/${params.gid}?${wanted}`);
  return <Shown of={page} what={t("cell.loading")}>{(found) => <CellRoom page={found} />}</Shown>;
}

function CellRoom({ page }: { page: Schemas["CellPage"] }) {
  const next = page.forecast[0];
  const quantile = (level: number) => next?.quantiles[page.levels.indexOf(level)] ?? null;
  const low = quantile(0.1);
  const high = quantile(0.9);
  const expected = page.forecast.reduce((sum, m) => sum + (m.mean ?? 0), 0);
  const first = page.units?.find((u) => u.hours !== null);
  const recorded = (
    <section class="card">
      <h2>{t("cell.why")}</h2>
      {page.reasons.length === 0 ? <p>{t("cell.why.none")}</p> : <ul class="reasons">{page.reasons.map((reason) => <Reason key={reason.kind} reason={reason} />)}</ul>}
    </section>
  );
  return (
    <article class="sheet">
      <nav class="crumbs" aria-label={t("frame.trail")}><a href="/assess">{t("place.assess")}</a> <span aria-hidden="true">/</span> <span>{t("cell.number", { gid: String(page.cell.gid) })}</span></nav>
      <div class="page-head">
        <div>
          <h1 dir="auto">{where(page.cell)}</h1>
          <p class="quiet"><span dir="auto">{page.cell.area || t("cell.no_area")}</span> · {page.cell.km === null ? "" : t("cell.away", { km: page.cell.km, place: page.cell.place })} · {page.cell.people === null ? t("people.unknown") : t("people", { n: page.cell.people })}</p>
        </div>
      </div>
      <div class="facts">
        <Fact name={t("cell.next", { month: next ? month(next.month) : "" })} value={next?.mean === null || !next ? t("none") : number(next.mean, 2)} more={low === null || high === null ? "" : t("range.text", { low: number(low), high: number(high) })} />
        <Fact name={t("cell.chance")} value={next?.p_any === null || !next ? t("none") : share(next.p_any)} more={month(next?.month ?? page.as_of)} />
        <Fact name={t("cell.horizon", { n: page.forecast.length })} value={number(expected)} more={word("target", page.target)} />
        <Fact name={t("cell.first")} value={page.units === null ? t("none") : first ? hours(first.hours!) : t("cell.nobody")} more={first?.name ?? ""} />
      </div>
      <section class="card"><h2>{t("cell.course")}</h2><FanChart page={page} /></section>
      <div class="two">
        <div class="stacked">
          <RestsOn page={page} />
          {!page.rests_on && recorded}
          <section class="card">
            <h2>{t("cell.events")}</h2>
            {page.events.length === 0 ? <p>{t("cell.events.none")}</p> : (
              <table><thead><tr><th scope="col">{t("column.day")}</th><th scope="col">{t("column.what")}</th><th scope="col" class="end">{t("column.killed")}</th></tr></thead>
                <tbody>{page.events.map((e, i) => (
                  <tr key={i}><td class="nowrap">{day(e.day)}</td><td><span dir="auto">{[e.side_a, e.side_b].filter(Boolean).join(" – ")}</span><div class="quiet" dir="auto">{e.headline || e.place}</div></td><td class="end">{number(e.deaths)}</td></tr>
                ))}</tbody></table>
            )}
          </section>
        </div>
        <div class="stacked">
          {page.rests_on && recorded}
          <section class="card map-card"><h2>{t("cell.around")}</h2><Around gid={page.cell.gid} target={page.target} model={page.model} />
            <ul class="chips">{page.neighbours.map((cell) => <li key={cell.gid}><a href={`/assess/cells/${cell.gid}`} dir="auto">{where(cell)} <small>{String(cell.gid)}</small></a></li>)}</ul>
          </section>
          <section class="card">
            <h2>{t("cell.units")}</h2>
            {page.units === null ? <p>{t("cell.units.none")}</p> : (
              <table><thead><tr><th scope="col">{t("column.unit")}</th><th scope="col" class="end">{t("column.strength")}</th><th scope="col" class="end">{t("column.hours")}</th></tr></thead>
                <tbody>{page.units.slice(0, 8).map((u) => (
                  <tr key={u.name}><th scope="row"><a href={`/act/units/${encodeURIComponent(u.name)}`} dir="auto">{u.name}</a> <small class="quiet">{word("unit", u.kind)}</small></th><td class="end">{u.strength === null ? t("unknown") : number(u.strength)}</td><td class="end">{u.hours === null ? t("cell.nobody") : hours(u.hours)}</td></tr>
                ))}</tbody></table>
            )}
            <p class="quiet small">{t("cell.units.about")}</p>
          </section>
          <section class="card">
            <h2>{t("cell.record")}</h2>
            {page.record === null ? <p>{t("cell.record.none")}</p> : <Judged of={page.record} model={page.model} />}
          </section>
          <Alerts cell={page.cell} />
        </div>
      </div>
    </article>
  );
}

// What forecasts of this place gave and what came, beside the same of the eight cells around it.
function Judged({ of, model }: { of: Schemas["RecordHere"]; model: string }) {
  const columns = [of.cell, of.around];
  const chance = (value: number | null) => (value === null ? t("cell.record.never") : share(value));
  const rows: [Key, (one: Schemas["JudgedHere"]) => string][] = [
    ["cell.record.forecasts", (one) => number(one.forecasts)], ["cell.record.months", (one) => number(one.months_with_killing)],
    ["cell.record.expected", (one) => number(one.expected)], ["cell.record.counted", (one) => number(one.counted)],
    ["cell.record.chance_killing", (one) => chance(one.chance_when_killing)], ["cell.record.chance_quiet", (one) => chance(one.chance_when_quiet)],
  ];
  return (
    <>
      <table><thead><tr><th scope="col">{word("model", model)}</th><th scope="col" class="end">{t("cell.record.here")}</th><th scope="col" class="end">{t("cell.record.around")}</th></tr></thead>
        <tbody>{rows.map(([key, say]) => <tr key={key}><th scope="row">{t(key)}</th>{columns.map((one, i) => <td key={i} class="end">{say(one)}</td>)}</tr>)}</tbody></table>
      <p class="quiet small">{t("cell.record.about")}</p>
    </>
  );
}

interface AlertPoint { id: number; properties: { id: number; threat: string | null; place: string | null; state: string; heard_at: string } }

// Alerts in the cell, for who may look for them by place.
function Alerts({ cell }: { cell: Schemas["CellName"] }) {
  const half = 0.25;
  const box = [cell.lon - half, cell.lat - half, cell.lon + half, cell.lat + half].join(",");
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  const found = useData<{ features: AlertPoint[] }>(may.includes("read alert") ? `/ogc/collections/alerts/items?bbox=${box}&limit=8` : null);
  if (!found.data) return null;
  const rows = found.data.features.map((one) => one.properties);
  return (
    <section class="card"><h2>{t("cell.alerts")}</h2>
      {rows.length === 0 ? <p>{t("cell.alerts.none")}</p> : (
        <table><thead><tr><th scope="col">{t("today.alert")}</th><th scope="col">{t("task.state")}</th><th scope="col" class="end">{t("today.heard")}</th></tr></thead>
          <tbody>{rows.map((one) => <tr key={one.id}><th scope="row"><a href={`/listen/alerts/${one.id}`}>{one.threat ? word("threat", one.threat) : t("unknown")}</a> <small class="quiet" dir="auto">{one.place}</small></th><td>{word("alert_state", one.state)}</td><td class="end">{away(one.heard_at)}</td></tr>)}</tbody></table>
      )}
    </section>
  );
}

export function Fact({ name, value, more }: { name: string; value: string; more?: string }) {
  return <div class="fact"><div class="fact-name">{name}</div><div class="fact-value">{value}</div>{more && <div class="quiet" dir="auto">{more}</div>}</div>;
}

// A reason in words, with a bar where it compares.
export function Reason({ reason }: { reason: Schemas["Driver"] }) {
  const n = reason.numbers;
  const fields: Record<string, string | number> = { ...n, n: n.events ?? n.deaths ?? 0, actors: reason.names.join(", "), day: reason.day ? day(reason.day) : "" };
  if (n.months_with_killing !== undefined) fields.share = share(n.months_with_killing / Math.max(1, n.months ?? 1));
  const bars: [string, number][] = reason.kind === "Trend" ? [[t("why.recent", { months: n.months ?? 0 }), n.recent ?? 0], [t("why.earlier", { months: n.months ?? 0 }), n.earlier ?? 0]] : [];
  const most = Math.max(1e-9, ...bars.map(([, v]) => v));
  return (
    <li>
      <span>{t(`why.${reason.kind}` as Key, fields)}</span>
      {reason.names.length > 0 && <span class="quiet" dir="auto"> {reason.names.join(" · ")}</span>}
      {bars.map(([name, value]) => (
        <div class="bar-row" key={name}><span class="quiet">{name}</span><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="chart-bar" width={(100 * value) / most} height="8" rx="1" /></svg><span>{number(value)}</span></div>
      ))}
    </li>
  );
}

function Around({ gid, target, model }: { gid: number; target: string; model: string }) {
  const ground = useGround();
  const { route } = useLocation();
  const data = useData<RiskData>(`/api/assess/map?${new URLSearchParams({ target, model })}`).data;
  const made = useMemo(() => {
    const slice = data ? slices(data).find((m) => m.ahead) : undefined;
    return data && slice ? { shades: shadesOf(slice.values, "mean"), rings: ringsOf(slice) } : null;
  }, [data]);
  const near = useMemo(() => {
    const cell = data?.cells.find((c) => c.gid === gid);
    if (!ground || !cell) return null;
    const d = 1.6;
    return [cell.lon - d, cell.lat - d, cell.lon + d, cell.lat + d] as [number, number, number, number];
  }, [ground, data, gid]);
  if (!ground || !data || !made || !near) return <Waiting what={t("map.loading")} />;
  return (
    <div class="map-frame small-map">
      <RiskMap ground={ground} cells={data.cells} size={data.size_deg} scale="mean" shades={made.shades} rings={made.rings} selected={gid} box={near} open={(other) => route(`/assess/cells/${other}`)} />
      <Legend scale="mean" title={t("show.mean")} rings />
    </div>
  );
}
