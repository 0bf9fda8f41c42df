// A unit moved by hand, on the map or by name, and what that changes. Nothing is kept.
import type { Schemas } from "../api/client";
import type { Ground } from "../map/base";
import { Pick } from "../ui/pick";
import { change, hours, number, share, t } from "../words";

export interface Shift {
  unit: string;
  lon: number;
  lat: number;
}

interface Props {
  units: Schemas["UnitPoint"][];
  ground: Ground;
  shift: Shift | null;
  found: Schemas["MoveEffect"] | null;
  trouble: string;
  move: (next: Shift | null) => void;
}

const MOST_PLACES = 60;

export function MoveCard({ units, ground, shift, found, trouble, move }: Props) {
  const places = ground.places.features.slice(0, MOST_PLACES).flatMap((f) => (f.geometry.type === "Point" ? [{ name: String(f.properties?.name ?? ""), at: f.geometry.coordinates }] : []));
  const unit = units.find((u) => u.name === shift?.unit);
  return (
    <section class="card move-card"><h2>{t("move.title")}</h2>
      <p class="quiet small">{t("move.about")}</p>
      <div class="tools">
        <Pick label={t("move.unit")} value={unit?.name ?? ""} choices={[{ value: "", name: t("move.choose") }, ...units.map((u) => ({ value: u.name, name: u.name }))]} pick={(name) => {
          const one = units.find((u) => u.name === name);
          move(one ? { unit: one.name, lon: one.lon, lat: one.lat } : null);
        }} />
        {unit && <Pick label={t("move.to")} value="" choices={[{ value: "", name: t("move.choose") }, ...places.map((p) => ({ value: p.name, name: p.name }))]} pick={(name) => {
          const one = places.find((p) => p.name === name);
          if (one) move({ unit: unit.name, lon: one.at[0]!, lat: one.at[1]! });
        }} />}
        {shift && <button type="button" class="button" onClick={() => move(null)}>{t("move.back")}</button>}
      </div>
      {trouble && <p class="told" role="status" dir="auto">{trouble}</p>}
      {found && <Effect found={found} />}
    </section>
  );
}

const part = (v: number | null): string => (v === null ? t("none") : share(v));
const value = (v: number | null): string => (v === null ? t("none") : number(v));

function Effect({ found }: { found: Schemas["MoveEffect"] }) {
  const more = found.risk === null || found.risk_after === null ? null : (found.risk_after - found.risk) * found.expected;
  const areas = found.areas.filter((a) => a.per_death !== a.per_death_after || a.within !== a.within_after);
  return (
    <div role="status" class="effect">
      <p><strong dir="auto">{found.unit}</strong> → <span dir="auto">{found.near}</span></p>
      <dl class="keys">
        <div><dt>{t("move.risk", { hours: hours(found.limit_hours) })}</dt><dd>{t("plan.from_to", { before: part(found.risk), after: part(found.risk_after) })}</dd></div>
        <div><dt>{t("move.people")}</dt><dd>{t("plan.from_to", { before: part(found.people), after: part(found.people_after) })}</dd></div>
        <div><dt>{t("move.expected")}</dt><dd>{more === null ? t("none") : change(more)}</dd></div>
      </dl>
      <Cells title={t("move.gains", { n: found.gains.length })} rows={found.gains} />
      <Cells title={t("move.loses", { n: found.loses.length })} rows={found.loses} />
      {areas.length > 0 && (
        <table><thead><tr><th scope="col">{t("column.area")}</th><th scope="col" class="end">{t("plan.per_people")}</th><th scope="col" class="end">{t("plan.per_death")}</th></tr></thead>
          <tbody>{areas.map((a) => <tr key={a.area}><th scope="row" dir="auto">{a.area}</th><td class="end">{t("plan.from_to", { before: value(a.per_1000_people), after: value(a.per_1000_people_after) })}</td><td class="end">{t("plan.from_to", { before: value(a.per_death), after: value(a.per_death_after) })}</td></tr>)}</tbody></table>
      )}
      {found.next_best.length > 0 && <p class="quiet small">{t("move.next")} {found.next_best.map((b, i) => <span key={i} dir="auto">{i > 0 && " · "}{b.unit} → {b.near} ({change(b.gain)})</span>)}</p>}
    </div>
  );
}

function Cells({ title, rows }: { title: string; rows: Schemas["MovedCell"][] }) {
  if (rows.length === 0) return null;
  return (
    <div><h3>{title}</h3>
      <ul class="reasons">{rows.slice(0, 6).map((c) => <li key={c.gid}><a href={`/assess/cells/${c.gid}`} dir="auto">{c.place || String(c.gid)}</a> <span class="quiet">{t("move.cell", { deaths: number(c.expected), before: c.before_hours === null ? t("cell.nobody") : hours(c.before_hours), after: c.after_hours === null ? t("cell.nobody") : hours(c.after_hours) })}</span></li>)}</ul>
    </div>
  );
}
