// What a forecast rests on: the part of each group of the model's sources, beside a typical cell, beside a month ago, and
// beside another cell. Bars lie on the side that words name; nothing is said by colour alone, and nothing is a cause.
import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { useData } from "../api/client";
import { Segments } from "../ui/pick";
import { Shown } from "../ui/states";
import { month, number, share, t, word } from "../words";
import type { Key } from "../words";
import { where } from "./assess";
import type { RiskData } from "./risk";

type Comparison = Schemas["Comparison"];
const LEAST = Math.log(1.05); // parts nearer to 1 are named together
const SPAN = Math.log(2); // the shortest full bar: a factor of two
const MOST = 400; // cells to choose from
const FACTORED = ["combined", "additive"];

export function RestsOn({ page }: { page: Schemas["CellPage"] }) {
  return (
    <section class="card">
      <h2>{t("rests.title")}</h2>
      {page.rests_on ? <Parts page={page} of={page.rests_on} />
        : <p>{t(FACTORED.includes(page.model) ? "rests.old" : "rests.other", { model: word("model", page.model), gid: String(page.cell.gid), name: page.model })}</p>}
      <Heard of={page.heard} />
    </section>
  );
}

function Parts({ page, of }: { page: Schemas["CellPage"]; of: Schemas["RestsOn"] }) {
  const { query } = useLocation();
  const months = [...new Set(of.compared.map((one) => one.month))];
  const [chosen, choose] = useState(months[0] ?? "");
  const beside = Number(query.beside) || null;
  const wanted = new URLSearchParams({ target: page.target, model: page.model });
  const there = useData<Comparison[]>(beside ? `/api/assess/cells/${page.cell.gid}/against/${beside}?${wanted}` : null);
  const shown = of.compared.filter((one) => one.month === chosen);
  const other = there.data?.find((one) => one.month === chosen);
  const sizes = [...shown, ...(other ? [other] : [])].flatMap((one) => one.parts.map((p) => Math.abs(Math.log(p.factor))));
  const span = Math.max(SPAN, ...sizes);
  const asked = shown.some((one) => one.parts.some((p) => p.stable !== null));
  if (!of.compared.length) return <p>{t("rests.nothing")}</p>;
  return (
    <>
      {months.length > 1 && <Segments label={t("rests.ahead")} value={chosen} pick={choose} choices={months.map((one) => ({ value: one, name: month(one) }))} />}
      {shown.map((one) => <Beside key={one.against} of={one} span={span} beyond={one.against === "typical" ? of.beyond : []} />)}
      <h3>{t("rests.cell")}</h3>
      <Another page={page} chosen={beside} />
      {beside !== null && <Shown of={there}>{() => (other ? <Beside of={other} span={span} beyond={[]} bare /> : <p>{t("rests.cell.none")}</p>)}</Shown>}
      {of.beyond.length > 0 && <p><span class="tag warn">{t("rests.beyond")}</span> {t("rests.beyond.text", { names: of.beyond.map((name) => word("group", name)).join(" · ") })}</p>}
      <p class="quiet small">{t("rests.about")} {!asked && t("rests.unasked", { gid: String(page.cell.gid) })}</p>
    </>
  );
}

function Beside({ of, span, beyond, bare = false }: { of: Comparison; span: number; beyond: string[]; bare?: boolean }) {
  const [large, small] = [true, false].map((big) => of.parts.filter((p) => Math.abs(Math.log(p.factor)) >= LEAST === big));
  const fields = { month: month(of.month), here: share(of.chance, 1), there: share(of.chance_there, 1) };
  return (
    <div class="beside">
      {!bare && <h3>{t(`rests.${of.against}` as Key)}</h3>}
      <p>{t(`rests.${of.against}.text` as Key, fields)} {large!.length > 0 ? t("rests.with") : t("rests.nothing_apart")}</p>
      <ul class="parts">{large!.map((part) => <Part key={part.group} of={part} span={span} beyond={beyond.includes(part.group)} />)}</ul>
      {small!.length > 0 && large!.length > 0 && <p class="quiet small">{t("rests.small", { names: small!.map((p) => word("group", p.group)).join(" · ") })}</p>}
    </div>
  );
}

// One group: its name and factor in words, and a bar from the middle (1) towards higher or lower.
function Part({ of, span, beyond }: { of: Schemas["GroupPart"]; span: number; beyond: boolean }) {
  const up = of.factor >= 1;
  const times = (factor: number) => number(up ? factor : 1 / factor, of.factor < 2 && of.factor > 0.5 ? 2 : 1);
  const width = (100 * Math.abs(Math.log(of.factor))) / span;
  const ends = of.low === null || of.high === null ? null : up ? [of.low, of.high] : [of.high, of.low];
  return (
    <li>
      <span class="part-name">{word("group", of.group)} {beyond && <span class="tag warn">{t("rests.beyond")}</span>}</span>
      <strong class="part-times">{t(up ? "rests.higher" : "rests.lower", { times: times(of.factor) })}</strong>
      <svg viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true">
        <line class="part-middle" x1="100" x2="100" y1="0" y2="10" />
        <rect class={`part-bar ${up ? "up" : "down"}`} x={up ? 100 : 100 - width} y="2" width={width} height="6" />
      </svg>
      {of.stable === false ? <span class="part-range"><span class="tag warn">{t("rests.uncertain")}</span></span>
        : ends && <span class="part-range quiet">{t("rests.range", { low: times(ends[0]!), high: times(ends[1]!) })}</span>}
    </li>
  );
}

// Which other cell: neighbours first, then the rest with the highest chance next month.
function Another({ page, chosen }: { page: Schemas["CellPage"]; chosen: number | null }) {
  const { query, path, route } = useLocation();
  const map = useData<RiskData>(`/api/assess/map?${new URLSearchParams({ target: page.target, model: page.model })}`).data;
  const near = new Set(page.neighbours.map((cell) => cell.gid));
  const chance = map?.forecast[0]?.p_any ?? [];
  const others = (map?.cells ?? []).map((cell, i) => ({ cell, chance: chance[i] ?? null }))
    .filter((one) => one.chance !== null && one.cell.gid !== page.cell.gid && !near.has(one.cell.gid))
    .sort((a, b) => b.chance! - a.chance!).slice(0, MOST).map((one) => one.cell);
  const turn = (gid: string) => {
    const next = new URLSearchParams(query);
    gid ? next.set("beside", gid) : next.delete("beside");
    route(`${path}?${next}`, true);
  };
  const name = (cell: Schemas["CellName"]) => `${where(cell)}${cell.km === null ? "" : ` · ${cell.gid}`}`;
  const known = chosen === null || near.has(chosen) || others.some((cell) => cell.gid === chosen);
  return (
    <label class="field-line">
      <span class="field-label">{t("rests.cell.pick")}</span>
      <select value={chosen ?? ""} onChange={(event) => turn(event.currentTarget.value)}>
        <option value="">{t("rests.cell.choose")}</option>
        {!known && <option value={chosen!}>{String(chosen)}</option>}
        <optgroup label={t("rests.cell.near")}>{page.neighbours.map((cell) => <option key={cell.gid} value={cell.gid}>{name(cell)}</option>)}</optgroup>
        {others.length > 0 && <optgroup label={t("rests.cell.far")}>{others.map((cell) => <option key={cell.gid} value={cell.gid}>{name(cell)}</option>)}</optgroup>}
      </select>
    </label>
  );
}

// What sources looked at and heard of here: silence is not peace.
function Heard({ of }: { of: Schemas["HeardHere"] }) {
  const say = (value: number | null) => (value === null ? t("none") : share(value));
  return (
    <p>
      {of.dark ? <strong>{t("heard.dark")}</strong> : of.silent ? <strong>{t("heard.silent", { n: of.reports_before })}</strong>
        : t("heard.reports", { now: number(of.reports_now), before: number(of.reports_before) })}{" "}
      <span class="quiet">{t("heard.covered", { now: say(of.data_now), before: say(of.data_before) })}</span>
    </p>
  );
}

// The same by area: which went dark, silent, or to half as many months with reports.
export function Covered({ rows }: { rows: Schemas["Covered"][] }) {
  const [open, turn] = useState(false);
  const worse = rows.filter((row) => row.area !== null && row.state !== "as before").length;
  const say = (value: number | null) => (value === null ? t("none") : share(value));
  const rank = (row: Schemas["Covered"]) => (row.area === null ? 0 : row.state === "as before" ? 2 : 1);
  if (!rows.length) return null;
  return (
    <details class="covered" onToggle={(event) => turn(event.currentTarget.open)}>
      <summary>{t("covered.title")} {worse > 0 ? <span class="tag warn">{t("covered.worse", { n: worse })}</span> : <span class="quiet">{t("covered.same")}</span>}</summary>
      {open && <>
        <p class="quiet small">{t("covered.about")}</p>
        <div class="scroll" tabIndex={0} role="region" aria-label={t("covered.title")}>
          <table>
            <thead><tr><th scope="col">{t("column.area")}</th><th scope="col" class="end">{t("covered.data")}</th><th scope="col" class="end">{t("covered.reports")}</th></tr></thead>
            <tbody>{[...rows].sort((a, b) => rank(a) - rank(b)).map((row) => (
              <tr key={row.area ?? ""}>
                <th scope="row"><span dir="auto">{row.area ?? t("covered.whole")}</span>{row.state !== "as before" && <> <span class="tag warn">{t(`covered.${row.state}` as Key)}</span></>}</th>
                <td class="end">{t("covered.from", { before: say(row.data_before), now: say(row.data_now) })}</td>
                <td class="end">{t("covered.from", { before: number(row.reports_before), now: number(row.reports_now) })}</td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      </>}
    </details>
  );
}
