// Two to four plans on the same axes; which ones stands in the address.
import { useLocation } from "preact-iso/router";
import type { Schemas } from "../api/client";
import { useData } from "../api/client";
import { Shown } from "../ui/states";
import { hours, month, moment, number, share, t, word } from "../words";

interface Line {
  run: string;
  objective: string | null;
  as_of: string;
  season: string;
  limit_hours: number;
  adds: number;
  moves: number;
  before: number;
  value: number;
  gap: number;
  covered_after: { limit_hours: number; risk_share: number | null; people_share: number | null }[];
  cells_worse: number;
  unreachable: number;
  gains_most: string | null;
  loses_most: string | null;
}

export function Compare() {
  const made = useData<Schemas["PlanLine"][]>("/api/plan/made");
  const { query, route } = useLocation();
  const runs = (query.plans ?? "").split(",").filter(Boolean);
  const sides = useData<Line[]>(runs.length > 1 ? `/api/plan/compare?${runs.map((r) => `run=${encodeURIComponent(r)}`).join("&")}` : null);
  const turn = (run: string) => {
    const next = runs.includes(run) ? runs.filter((r) => r !== run) : [...runs, run].slice(-4);
    route(`/plan${next.length ? `?plans=${next.join(",")}` : ""}`, true);
  };
  return (
    <section class="card"><h2>{t("compare.title")}</h2>
      <Shown of={made}>{(rows) => rows.length < 2 ? <p>{t("compare.one")}</p> : (
        <ul class="plain-list">{rows.slice(0, 8).map((row) => (
          <li key={row.run}><label class="with-check-line"><input type="checkbox" checked={runs.includes(row.run)} onChange={() => turn(row.run)} /> {t("compare.line", { when: moment(row.made_at), month: month(row.as_of), adds: number(row.adds), moves: number(row.moves), hours: hours(row.limit_hours) })}{row.objective && <> · {word("aim", row.objective)}</>}{row.part_of && <> <span class="tag">{t("parts.by_hand")}</span></>}</label></li>
        ))}</ul>
      )}</Shown>
      {runs.length > 1 && <Shown of={sides}>{(rows) => <Sides rows={rows} />}</Shown>}
    </section>
  );
}

function Sides({ rows }: { rows: Line[] }) {
  const limit = rows[0]?.limit_hours ?? 6;
  const cover = (row: Line) => row.covered_after.find((c) => c.limit_hours === row.limit_hours);
  const part = (v: number | null | undefined) => (v === null || v === undefined ? t("none") : share(v));
  const lines: [string, (row: Line) => string][] = [
    [t("wish.aim"), (r) => (r.objective ? word("aim", r.objective) : t("compare.usual"))],
    [t("compare.season"), (r) => word("season", r.season)],
    [t("compare.adds"), (r) => number(r.adds)],
    [t("compare.moves"), (r) => number(r.moves)],
    [t("move.risk", { hours: hours(limit) }), (r) => part(cover(r)?.risk_share)],
    [t("move.people"), (r) => part(cover(r)?.people_share)],
    [t("compare.worse"), (r) => number(r.cells_worse)],
    [t("compare.gains"), (r) => r.gains_most ?? t("none")],
    [t("compare.loses"), (r) => r.loses_most ?? t("none")],
  ];
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t("compare.title")}>
      <table><thead><tr><th scope="col">{t("compare.measure")}</th>{rows.map((r) => <th key={r.run} scope="col" class="end"><span dir="ltr">{r.run.slice(0, 6)}</span></th>)}</tr></thead>
        <tbody>{lines.map(([name, say]) => <tr key={name}><th scope="row">{name}</th>{rows.map((r) => <td key={r.run} class="end" dir="auto">{say(r)}</td>)}</tr>)}</tbody></table>
    </div>
  );
}
