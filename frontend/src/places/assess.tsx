import { useLocation } from "preact-iso/router";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { useData } from "../api/client";
import type { Scale } from "../map/colours";
import { Legend } from "../map/legend";
import { RiskMap } from "../map/riskmap";
import { useKeys } from "../ui/keys";
import { Pick, Segments } from "../ui/pick";
import { Shown, Waiting } from "../ui/states";
import { Take } from "../ui/take";
import { Timeline } from "../ui/timeline";
import { change, month, number, share, t, word } from "../words";
import { useGround } from "./ground";
import { Covered } from "./rests";
import { differences, ringsOf, shadesOf, slices, total, valuesOf } from "./risk";
import type { RiskData, Show, Slice } from "./risk";

const MOST = 40;

export default function Assess() {
  const { query } = useLocation();
  const wanted = new URLSearchParams();
  if (query.target) wanted.set("target", query.target);
  if (query.model) wanted.set("model", query.model);
  const data = useData<RiskData>(`/api/assess/map?${wanted}`);
  return <Shown of={data} what={t("assess.loading")}>{(found) => <RiskRoom data={found} />}</Shown>;
}

function RiskRoom({ data }: { data: RiskData }) {
  const { query, route } = useLocation();
  const ground = useGround();
  const months = useMemo(() => slices(data), [data]);
  const first = months.findIndex((m) => m.ahead);
  const named = months.findIndex((m) => m.month === query.month);
  const [at, go] = useState(named >= 0 ? named : Math.max(0, first));
  const [over, look] = useState<number | null>(null);
  const show = (["mean", "chance", "high"].includes(query.show ?? "") ? query.show : "mean") as Show;
  const against = query.against ? months.findIndex((m) => m.month === query.against) : -1;
  const now = months[Math.min(at, months.length - 1)]!;
  const other = against >= 0 ? months[against]! : null;
  const scale: Scale = other ? "difference" : show;
  const values = useMemo(() => (other ? differences(now, other) : valuesOf(now, show)), [now, other, show]);
  const shades = useMemo(() => shadesOf(values, scale), [values, scale]);
  const rings = useMemo(() => (other || !now.ahead ? undefined : ringsOf(now)), [now, other]);
  const sums = useMemo(() => months.map((m) => ({ month: m.month, ahead: m.ahead, total: total(m.values) })), [months]);
  const turn = (changes: Record<string, string | null>) => {
    const next = new URLSearchParams({ ...query, month: now.month });
    for (const [name, value] of Object.entries(changes)) value === null ? next.delete(name) : next.set(name, value);
    route(`/assess?${next}`, true);
  };
  const step = (by: number) => go((i) => Math.min(months.length - 1, Math.max(0, i + by)));
  useKeys([
    { key: "j", name: "key.month_next", does: () => step(1) },
    { key: "k", name: "key.month_back", does: () => step(-1) },
  ], [months.length]);
  // The table follows when the hand rests: sorted rows for every month on the way would hold up the map.
  const rest = useRest(useMemo(() => ({ slice: now, values }), [now, values]));
  const title = other ? t("assess.difference", { a: month(now.month), b: month(other.month) }) : t(`show.${now.ahead ? show : "recorded"}`);
  const looked = over === null ? -1 : data.cells.findIndex((c) => c.gid === over);
  return (
    <div class="map-room">
      <div class="page-head">
        <div>
          <h1>{t("assess.title")}</h1>
          <p class="quiet">{t("assess.about", { month: month(data.as_of, "long"), source: data.source.toUpperCase() })}{" "}
            {data.reconstructed && <span class="tag warn" title={t("assess.reconstructed.text")}>{t("assess.reconstructed")}</span>}{" "}
            {data.hidden_cells > 0 && <span class="tag warn">{t("assess.hidden", { n: data.hidden_cells })}</span>}
          </p>
          <p class="on-paper">{month(now.month, "long")}{other && ` − ${month(other.month, "long")}`}</p>
        </div>
        <div class="tools">
          <Segments label={t("assess.show")} value={show} pick={(value) => turn({ show: value })}
            choices={(["mean", "chance", "high"] as const).map((value) => ({ value, name: t(`show.${value}.short`) }))} />
          <Pick label={t("assess.target")} value={data.target} pick={(value) => turn({ target: value })}
            choices={data.targets.map((value) => ({ value, name: word("target", value) }))} />
          <Pick label={t("assess.model")} value={data.model} pick={(value) => turn({ model: value })}
            choices={data.models.map((value) => ({ value, name: word("model", value) }))} />
          <Pick label={t("assess.against")} value={other?.month ?? ""} pick={(value) => turn({ against: value || null })}
            choices={[{ value: "", name: t("assess.against.none") }, ...months.map((m) => ({ value: m.month, name: month(m.month) })).reverse()]} />
          <Take collection="risk" filter={now.ahead ? { month: now.month } : {}} />
        </div>
      </div>
      <div class="map-and-table">
        <div class="map-frame">
          {ground ? (
            <RiskMap ground={ground} cells={data.cells} size={data.size_deg} scale={scale} shades={shades} rings={rings} selected={over} over={look}
              open={(gid) => route(`/assess/cells/${gid}?target=${data.target}&model=${data.model}`)} />
          ) : <Waiting what={t("map.loading")} />}
          {looked >= 0 && <Looked cell={data.cells[looked]!} slice={now} i={looked} value={values[looked] ?? null} scale={scale} />}
          <Legend scale={scale} title={title} rings={Boolean(rings)} />
        </div>
        <CellTable data={data} {...rest} scale={scale} title={title} over={look} looked={over} />
      </div>
      <Timeline months={sums} at={at} go={go} against={against} />
    </div>
  );
}

export const where = (cell: Schemas["CellName"]): string => cell.place || String(cell.gid);

export function say(value: number | null, scale: Scale): string {
  if (value === null) return t("none");
  return scale === "chance" ? share(value) : scale === "difference" ? change(value) : number(value, value < 10 ? 2 : 0);
}

export function range(slice: Slice, i: number): string {
  const low = slice.low?.[i];
  const high = slice.high?.[i];
  if (low === null || low === undefined || high === null || high === undefined) return "";
  return t("range", { low: number(low), high: number(high) });
}

function Looked({ cell, slice, i, value, scale }: { cell: Schemas["CellName"]; slice: Slice; i: number; value: number | null; scale: Scale }) {
  return (
    <div class="looked" aria-hidden="true">
      <strong dir="auto">{where(cell)}</strong> <span class="quiet" dir="auto">{cell.area}</span>
      <div class="looked-value">{say(value, scale)} <span class="quiet">{range(slice, i)}</span></div>
      {cell.people !== null && <div class="quiet">{t("people", { n: cell.people })}</div>}
    </div>
  );
}

// The same numbers as the map, as a table: highest first.
function CellTable({ data, slice, values, scale, title, over, looked }: {
  data: RiskData; slice: Slice; values: (number | null)[]; scale: Scale; title: string; over: (gid: number | null) => void; looked: number | null;
}) {
  const [all, showAll] = useState(false);
  const order = useMemo(() => {
    const size = (v: number | null | undefined) => (v === null || v === undefined ? -1 : Math.abs(v));
    return values.map((_, i) => i).sort((a, b) => size(values[b]) - size(values[a]));
  }, [values]);
  const unknown = values.filter((v) => v === null).length;
  const rows = all ? order : order.slice(0, MOST);
  return (
    <section class="side">
      <h2>{title}</h2>
      <p class="quiet">{t("assess.unknown", { n: unknown })}</p>
      <Covered rows={data.reporting} />
      <div class="scroll" tabIndex={0} role="region" aria-label={t("assess.table")}>
        <table>
          <thead><tr><th scope="col">{t("column.place")}</th><th scope="col">{t("column.area")}</th><th scope="col" class="end">{t("column.value")}</th>
            {slice.ahead && scale !== "difference" && <th scope="col" class="end">{t("column.range")}</th>}</tr></thead>
          <tbody>
            {rows.map((i) => {
              const cell = data.cells[i]!;
              return (
                <tr key={cell.gid} class={looked === cell.gid ? "looked-row" : ""} onMouseEnter={() => over(cell.gid)} onMouseLeave={() => over(null)}>
                  <th scope="row"><a href={`/assess/cells/${cell.gid}?target=${data.target}&model=${data.model}`} dir="auto">{where(cell)}</a></th>
                  <td dir="auto">{cell.area}</td>
                  <td class="end">{say(values[i] ?? null, scale)}</td>
                  {slice.ahead && scale !== "difference" && <td class="end quiet">{range(slice, i)}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
        {order.length > MOST && <button type="button" class="link more" onClick={() => showAll(!all)}>{all ? t("table.fewer") : t("table.all", { n: order.length })}</button>}
      </div>
    </section>
  );
}

const REST_MS = 120;

// A value once it has stayed the same for a moment.
function useRest<T>(value: T): T {
  const [rest, settle] = useState(value);
  useEffect(() => {
    if (rest === value) return;
    const timer = setTimeout(() => settle(() => value), REST_MS);
    return () => clearTimeout(timer);
  }, [value, rest]);
  return rest;
}
