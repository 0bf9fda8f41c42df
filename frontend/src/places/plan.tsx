import type { FeatureCollection } from "geojson";
import type { Map as MapLibre } from "maplibre-gl";
import type { GeoJSONSource } from "maplibre-gl";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Answer, Schemas } from "../api/client";
import { Failure, post, useData } from "../api/client";
import { open } from "../map/base";
import type { Ground } from "../map/base";
import { COLOURS } from "../map/colours";
import { theme } from "../theme";
import { Shown, Waiting } from "../ui/states";
import { hours, month, number, share, t, word } from "../words";
import { Compare } from "./compare";
import { useGround } from "./ground";
import { MoveCard } from "./move";
import type { Shift } from "./move";

type PlanData = Answer<"/api/plan/newest">;

export default function Plan() {
  const plan = useData<PlanData>("/api/plan/newest");
  return <Shown of={plan} what={t("plan.loading")}>{(found) => <PlanRoom plan={found} />}</Shown>;
}

function PlanRoom({ plan }: { plan: PlanData }) {
  const ground = useGround();
  const [shift, setShift] = useState<Shift | null>(null);
  const [found, tell] = useState<Schemas["MoveEffect"] | null>(null);
  const [trouble, complain] = useState("");
  const busy = useRef(false);
  const wanted = useRef<Shift | null>(null);
  // One question at a time: while a unit is dragged, only its last place matters.
  const ask = async (next: Shift | null) => {
    wanted.current = next;
    setShift(next);
    if (busy.current) return;
    busy.current = true;
    for (let now = wanted.current; ; now = wanted.current) {
      if (!now) { tell(null); complain(""); break; }
      try {
        tell(await post<Schemas["MoveEffect"]>("/api/plan/move", { ...now, limit_hours: plan.limit_hours }));
        complain("");
      } catch (problem) {
        tell(null);
        complain(problem instanceof Failure && problem.title ? problem.title : t("state.broken"));
      }
      if (wanted.current === now) break;
    }
    busy.current = false;
  };
  return (
    <article class="sheet">
      <div class="page-head"><div><h1>{t("plan.title")}</h1><p class="quiet">{t("plan.about", { month: month(plan.as_of, "long"), n: plan.horizon })} · {word("season", plan.season)} · {t(plan.proven ? "plan.proven" : "plan.unproven")}</p></div></div>
      <div class="two wide-first">
        <section class="card map-card"><h2>{t("plan.map")}</h2>
          {ground ? <div class="map-frame plan-map"><PlanMap ground={ground} plan={plan} shift={shift} move={(next) => void ask(next)} /></div> : <Waiting what={t("map.loading")} />}
          <p class="quiet small">{t("plan.map.about")}</p>
        </section>
        <div>
          {plan.units && ground && <MoveCard units={plan.units} ground={ground} shift={shift} found={found} trouble={trouble} move={(next) => void ask(next)} />}
          <section class="card"><h2>{t("plan.cover")}</h2><Cover rows={plan.cover} /></section>
        </div>
      </div>
      <div class="two">
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
      <Compare />
      <section class="card"><h2>{t("plan.assumes")}</h2><ul class="reasons" lang="en" dir="auto">{plan.assumes.map((a) => <li key={a}>{a}</li>)}</ul></section>
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

export function Bars({ before, after }: { before: number | null; after: number | null }) {
  if (before === null || after === null) return <>{t("none")}</>;
  return (
    <div class="cover-bars">
      <svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-after" y="0" width={100 * after} height="14" /><rect class="chart-bar" y="4" width={100 * before} height="6" /></svg>
      <span>{t("plan.from_to", { before: share(before), after: share(after) })}</span>
    </div>
  );
}

function PlanMap({ ground, plan, shift, move }: { ground: Ground; plan: PlanData; shift: Shift | null; move: (next: Shift) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const at = useRef<MapLibre | null>(null);
  const doing = useRef(move);
  doing.current = move;
  const data = useMemo(() => {
    const units = stand(plan.units ?? [], null);
    const moves: FeatureCollection = {
      type: "FeatureCollection",
      features: plan.moves.flatMap((m) => [
        { type: "Feature" as const, properties: { what: m.what }, geometry: { type: "Point" as const, coordinates: [m.lon, m.lat] } },
        ...(m.origin_lon !== null && m.origin_lat !== null ? [{ type: "Feature" as const, properties: { what: m.what }, geometry: { type: "LineString" as const, coordinates: [[m.origin_lon, m.origin_lat], [m.lon, m.lat]] } }] : []),
      ]),
    };
    return { units, moves };
  }, [plan]);
  useEffect(() => {
    if (!box.current) return;
    const colours = COLOURS[theme.value];
    const map: MapLibre = open(box.current, colours, ground);
    at.current = map;
    map.on("load", () => {
      map.addSource("moves", { type: "geojson", data: data.moves });
      map.addSource("units", { type: "geojson", data: data.units });
      map.addLayer({ id: "ways", type: "line", source: "moves", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": "#c9772b", "line-width": 2, "line-dasharray": [2, 1.5] } }, "names");
      map.addLayer({ id: "goals", type: "circle", source: "moves", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 7, "circle-color": ["match", ["get", "what"], "add", "#c9772b", "rgba(0,0,0,0)"], "circle-stroke-color": "#c9772b", "circle-stroke-width": 2.5 } }, "names");
      map.addLayer({ id: "shift", type: "line", source: "units", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": colours.unit, "line-width": 2 } }, "names");
      map.addLayer({ id: "units", type: "circle", source: "units", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": ["case", ["get", "moved"], 8, 5.5], "circle-color": colours.unit, "circle-stroke-color": colours.halo, "circle-stroke-width": 1.5 } });
    });
    // A unit is dragged with its point; the map stands still meanwhile.
    let held = "";
    map.on("mouseenter", "units", () => (map.getCanvas().style.cursor = "grab"));
    map.on("mouseleave", "units", () => (map.getCanvas().style.cursor = ""));
    for (const [down, go, up] of [["mousedown", "mousemove", "mouseup"], ["touchstart", "touchmove", "touchend"]] as const) {
      map.on(down, "units", (event) => {
        held = String(event.features?.[0]?.properties.name ?? "");
        event.preventDefault();
        const carry = (to: { lngLat: { lng: number; lat: number } }) => doing.current({ unit: held, lon: to.lngLat.lng, lat: to.lngLat.lat });
        map.on(go, carry);
        map.once(up, () => map.off(go, carry));
      });
    }
    return () => map.remove();
  }, [ground, data, theme.value]);
  useEffect(() => {
    (at.current?.getSource("units") as GeoJSONSource | undefined)?.setData(stand(plan.units ?? [], shift));
  }, [shift, plan]);
  return <div ref={box} class="map" aria-label={t("map.title")} />;
}

function stand(units: Schemas["UnitPoint"][], shift: Shift | null): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: units.flatMap((u) => {
      const moved = shift?.unit === u.name ? shift : null;
      const to = moved ? [moved.lon, moved.lat] : [u.lon, u.lat];
      return [
        { type: "Feature" as const, properties: { kind: u.kind, name: u.name, moved: moved !== null }, geometry: { type: "Point" as const, coordinates: to } },
        ...(moved ? [{ type: "Feature" as const, properties: { moved: true }, geometry: { type: "LineString" as const, coordinates: [[u.lon, u.lat], to] } }] : []),
      ];
    }),
  };
}
