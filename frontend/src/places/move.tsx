// A unit moved by hand or a temporary base drawn, on the map, by name or by coordinates, and what that changes.
import { useEffect, useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import type { Ground } from "../map/base";
import { Pick, Segments } from "../ui/pick";
import { Waiting } from "../ui/states";
import { arrow, change, hours, number, share, spot, t, word } from "../words";

export interface Shift {
  unit: string;
  lon: number;
  lat: number;
  base?: boolean;
}

interface Props {
  units: Schemas["UnitPoint"][];
  ground: Ground;
  shift: Shift | null;
  found: Schemas["MoveEffect"] | null;
  trouble: string;
  drawing: boolean;
  ready: boolean;
  draw: (on: boolean) => void;
  move: (next: Shift | null) => void;
  place: (lon: number, lat: number, strength: number | null) => void;
}

const MOST_PLACES = 60;

export function placesOf(ground: Ground): { name: string; at: number[] }[] {
  return ground.places.features.slice(0, MOST_PLACES).flatMap((f) => (f.geometry.type === "Point" ? [{ name: String(f.properties?.name ?? ""), at: f.geometry.coordinates }] : []));
}

export function MoveCard({ units, ground, shift, found, trouble, drawing, ready, draw, move, place }: Props) {
  const places = placesOf(ground);
  const unit = shift?.base ? undefined : units.find((u) => u.name === shift?.unit);
  return (
    <section class="card move-card"><h2>{t("move.title")}</h2>
      <Segments label={t("move.title")} value={drawing ? "base" : "unit"} choices={[{ value: "unit", name: t("move.a_unit") }, { value: "base", name: t("move.a_base") }]} pick={(what) => draw(what === "base")} />
      <p class="quiet small">{t(drawing ? "base.about" : "move.about")}</p>
      {!ready && <Waiting what={t("move.preparing")} />}
      {drawing ? <BaseForm shift={shift} places={places} place={place} back={() => move(null)} /> : (
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
      )}
      {trouble && <p class="told" role="status" dir="auto">{trouble}</p>}
      {found && <Effect found={found} base={drawing} />}
    </section>
  );
}

// A number as people write it, whatever their keyboard's digits.
export function degrees(text: string): number {
  const plain = text.trim().replace(/[\u0660-\u0669]/g, (d) => String(d.charCodeAt(0) - 0x660)).replace(/[,\u066b]/, ".");
  return plain === "" ? Number.NaN : Number(plain);
}

function BaseForm({ shift, places, place, back }: { shift: Shift | null; places: { name: string; at: number[] }[]; place: Props["place"]; back: () => void }) {
  const [lon, setLon] = useState("");
  const [lat, setLat] = useState("");
  const [troops, setTroops] = useState("");
  const [wrong, complain] = useState("");
  const base = shift?.base ? shift : null;
  useEffect(() => {
    if (!base) return;
    setLon(base.lon.toFixed(3));
    setLat(base.lat.toFixed(3));
  }, [base?.lon, base?.lat]);
  const size = (text: string): number | null => (text.trim() === "" ? null : Math.round(degrees(text)));
  const show = (event: SubmitEvent) => {
    event.preventDefault();
    const [x, y, n] = [degrees(lon), degrees(lat), size(troops)];
    if (!(Math.abs(x) <= 180) || !(Math.abs(y) <= 90)) return complain(t("base.degrees"));
    if (n !== null && !(n >= 1)) return complain(t("base.troops.wrong"));
    complain("");
    place(x, y, n);
  };
  return (
    <form class="tools base-form" onSubmit={show} noValidate>
      <label class="line short">{t("base.lon")}<input inputMode="decimal" dir="ltr" value={lon} onInput={(e) => setLon(e.currentTarget.value)} /></label>
      <label class="line short">{t("base.lat")}<input inputMode="decimal" dir="ltr" value={lat} onInput={(e) => setLat(e.currentTarget.value)} /></label>
      <label class="line short">{t("base.troops")}<input inputMode="numeric" dir="ltr" value={troops} onInput={(e) => setTroops(e.currentTarget.value)} /></label>
      <button type="submit" class="button main">{t("base.show")}</button>
      <Pick label={t("base.at")} value="" choices={[{ value: "", name: t("move.choose") }, ...places.map((p) => ({ value: p.name, name: p.name }))]} pick={(name) => {
        const one = places.find((p) => p.name === name);
        if (one) place(one.at[0]!, one.at[1]!, size(troops));
      }} />
      {base && <button type="button" class="button" onClick={() => { back(); setLon(""); setLat(""); }}>{t("base.away")}</button>}
      {wrong && <p class="told" role="alert">{wrong}</p>}
    </form>
  );
}

const part = (v: number | null): string => (v === null ? t("none") : share(v));
const value = (v: number | null): string => (v === null ? t("none") : number(v));

function Effect({ found, base }: { found: Schemas["MoveEffect"]; base: boolean }) {
  const more = found.risk === null || found.risk_after === null ? null : (found.risk_after - found.risk) * found.expected;
  return (
    <div role="status" class="effect">
      <p><strong dir="auto">{base ? t("base.name") : found.unit}</strong> {arrow()} <span dir="auto">{spot(found.near)}</span> <small class="quiet">{word("season", found.season)}</small></p>
      <dl class="keys">
        <div><dt>{t("move.risk", { hours: hours(found.limit_hours) })}</dt><dd>{t("plan.from_to", { before: part(found.risk), after: part(found.risk_after) })}</dd></div>
        <div><dt>{t("move.people")}</dt><dd>{t("plan.from_to", { before: part(found.people), after: part(found.people_after) })}</dd></div>
        <div><dt>{t("move.expected")}</dt><dd>{more === null ? t("none") : change(more)}</dd></div>
      </dl>
      <Cells title={t("move.gains", { n: found.gains.length })} rows={found.gains} />
      <Cells title={t("move.loses", { n: found.loses.length })} rows={found.loses} />
      <Areas rows={found.areas} />
      {found.next_best.length > 0 && <p class="quiet small">{t("move.next")} {found.next_best.map((b, i) => <span key={i}>{i > 0 && " · "}<bdi>{b.unit}</bdi> {arrow()} <bdi>{spot(b.near)}</bdi> ({change(b.gain)})</span>)}</p>}
    </div>
  );
}

export function Cells({ title, rows }: { title: string; rows: Schemas["MovedCell"][] }) {
  if (rows.length === 0) return null;
  return (
    <div><h3>{title}</h3>
      <ul class="reasons">{rows.slice(0, 6).map((c) => <li key={c.gid}><a href={`/assess/cells/${c.gid}`} dir="auto">{spot(c.place) || String(c.gid)}</a> <span class="quiet">{t("move.cell", { deaths: number(c.expected), before: c.before_hours === null ? t("cell.nobody") : hours(c.before_hours), after: c.after_hours === null ? t("cell.nobody") : hours(c.after_hours) })}</span></li>)}</ul>
    </div>
  );
}

// Areas whose troops or reach change.
export function Areas({ rows }: { rows: Schemas["MovedArea"][] }) {
  const areas = rows.filter((a) => a.per_death !== a.per_death_after || a.within !== a.within_after);
  if (areas.length === 0) return null;
  return (
    <table><thead><tr><th scope="col">{t("column.area")}</th><th scope="col" class="end">{t("plan.per_people")}</th><th scope="col" class="end">{t("plan.per_death")}</th></tr></thead>
      <tbody>{areas.map((a) => <tr key={a.area}><th scope="row" dir="auto">{a.area}</th><td class="end">{t("plan.from_to", { before: value(a.per_1000_people), after: value(a.per_1000_people_after) })}</td><td class="end">{t("plan.from_to", { before: value(a.per_death), after: value(a.per_death_after) })}</td></tr>)}</tbody></table>
  );
}
