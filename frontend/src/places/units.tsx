// Units: where each stands, what it is asked to do, and whether it is heard of.
import { useData } from "../api/client";
import { PointMap } from "../map/pointmap";
import { Empty, Shown, Waiting } from "../ui/states";
import { Take } from "../ui/take";
import { away, month, number, t, word } from "../words";
import { TaskCard } from "./act";
import type { Rows, Task } from "./cases";
import { useGround } from "./ground";

interface Unit { properties: { name: string; kind: string; strength: number | null; as_of: string }; geometry: { coordinates: [number, number] } | null }
interface Sign { id: string; at: string; silent: boolean }

// Number of the PRIO-GRID cell of a place.
const cellOf = ([lon, lat]: [number, number]): number => Math.floor((lat + 90) * 2) * 720 + Math.floor((lon + 180) * 2) + 1;
const strength = (unit: Unit): string => (unit.properties.strength === null ? t("unknown") : number(unit.properties.strength));

export function Units({ name }: { name: string | null }) {
  const units = useData<{ features: Unit[] }>("/ogc/collections/units/items?limit=1000");
  return (
    <Shown of={units} what={t("act.loading")}>
      {(found) => {
        const one = found.features.find((unit) => unit.properties.name === name);
        if (name !== null) return one ? <OneUnit unit={one} /> : <Empty title={t("units.unknown")}><p>{t("units.unknown.text")}</p></Empty>;
        if (found.features.length === 0) return <Empty title={t("units.none")}><p>{t("units.none.text")}</p></Empty>;
        return (
          <section class="card"><div class="page-head"><h2>{t("act.units")}</h2><Take collection="units" /></div><table><thead><tr><th scope="col">{t("column.unit")}</th><th scope="col">{t("units.kind")}</th><th scope="col" class="end">{t("column.strength")}</th></tr></thead>
            <tbody>{found.features.map((unit) => <tr key={unit.properties.name}><th scope="row"><a href={`/act/units/${encodeURIComponent(unit.properties.name)}`} dir="auto">{unit.properties.name}</a></th><td>{word("unit", unit.properties.kind)}</td><td class="end">{strength(unit)}</td></tr>)}</tbody></table></section>
        );
      }}
    </Shown>
  );
}

function OneUnit({ unit }: { unit: Unit }) {
  const ground = useGround();
  const { name, kind, as_of } = unit.properties;
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  const tasks = useData<Rows<Task>>(may.includes("read task") ? "/api/tasks?limit=200" : null, 60);
  const signs = useData<Sign[]>(may.includes("read pulse") ? "/api/pulses" : null, 60);
  const mine = tasks.data?.rows.filter((task) => task.responder === name) ?? [];
  const sign = signs.data?.find((one) => one.id.slice(one.id.indexOf(":") + 1) === name);
  const at = unit.geometry?.coordinates ?? null;
  return (
    <>
      <nav class="crumbs" aria-label={t("frame.trail")}><a href="/act/units">{t("act.units")}</a></nav>
      <h2 class="big" dir="auto">{name}</h2>
      <div class="facts">
        <div class="fact"><div class="fact-name">{t("units.kind")}</div><div class="fact-value">{word("unit", kind)}</div></div>
        <div class="fact"><div class="fact-name">{t("column.strength")}</div><div class="fact-value">{strength(unit)}</div><div class="quiet">{t("units.as_of", { month: month(as_of) })}</div></div>
        {signs.data && <div class="fact"><div class="fact-name">{t("duty.last_sign")}</div><div class="fact-value">{sign ? away(sign.at) : t("units.no_sign")}</div>{sign?.silent && <span class="tag bad">{t("duty.silent")}</span>}</div>}
      </div>
      <div class="two">
        <section class="card map-card"><h3>{t("units.where")}</h3>
          {at === null ? <p>{t("unknown")}</p> : !ground ? <Waiting what={t("map.loading")} /> : (
            <><div class="map-frame small-map"><PointMap ground={ground} spots={[{ lon: at[0], lat: at[1], radius_km: 0, name, chosen: true }]} /></div>
              <p><a href={`/assess/cells/${cellOf(at)}`}>{t("units.cell")}</a></p></>
          )}
        </section>
        {tasks.data && <section class="card"><h3>{t("act.tasks")}</h3>{mine.length === 0 ? <p>{t("units.no_task")}</p> : mine.map((task) => <TaskCard key={task.id} task={task} />)}</section>}
      </div>
    </>
  );
}
