import type { Answer, Schemas } from "../api/client";
import { useData } from "../api/client";
import { Empty, Shown } from "../ui/states";
import { change, hours, moment, month, number, share, t, word } from "../words";
import { where } from "./assess";
import { Fact } from "./cell";

export default function Today() {
  const today = useData<Answer<"/api/today">>("/api/today", 120);
  const me = useData<Answer<"/api/here">>("/api/here").data;
  return (
    <article class="sheet">
      <Shown of={today} what={t("today.loading")}>
        {(found) => (
          <>
            <div class="page-head"><div><h1>{t("today.title")}</h1><p class="quiet"><span dir="auto">{me?.mission}</span> · {moment(found.now)}</p></div>
              <div class="tools"><a class="button" href="/brief.html" target="_blank" rel="noopener">{t("today.brief")}</a></div></div>
            {found.outlook ? <Outlook outlook={found.outlook} /> : <Empty title={t("today.no_forecast")}><p>{t("today.no_forecast.text")}</p></Empty>}
            <div class="two">
              {found.gaps && <Gaps gaps={found.gaps} limit={found.limit_hours ?? 0} />}
              <Sources sources={found.sources} />
            </div>
          </>
        )}
      </Shown>
    </article>
  );
}

function Outlook({ outlook }: { outlook: Schemas["Outlook"] }) {
  const before = outlook.recent_mean;
  return (
    <>
      <div class="facts">
        <Fact name={t("today.expected", { month: month(outlook.month) })} value={number(outlook.expected)} more={word("target", outlook.target)} />
        <Fact name={t("today.recent")} value={before === null ? t("none") : number(before)} more={before === null ? "" : t("today.against", { change: change(outlook.expected - before) })} />
        <Fact name={t("today.last", { month: month(outlook.as_of) })} value={outlook.last_month === null ? t("none") : number(outlook.last_month)} more={t("time.recorded")} />
        <Fact name={t("today.unknown")} value={number(outlook.unknown_cells)} more={t("today.unknown.more")} />
      </div>
      <div class="two">
        <section class="card"><h2>{t("today.top", { month: month(outlook.month) })}</h2><Cells rows={outlook.top} /></section>
        <section class="card"><h2>{t("today.rising")}</h2>{outlook.rising.length ? <Cells rows={outlook.rising} moved /> : <p>{t("today.rising.none")}</p>}</section>
      </div>
    </>
  );
}

function Cells({ rows, moved }: { rows: Schemas["TopCell"][]; moved?: boolean }) {
  return (
    <table>
      <thead><tr><th scope="col">{t("column.place")}</th><th scope="col" class="end">{t("column.expected")}</th><th scope="col" class="end">{moved ? t("column.change") : t("column.range")}</th><th scope="col" class="end">{t("column.chance")}</th></tr></thead>
      <tbody>{rows.map((row) => (
        <tr key={row.cell.gid}><th scope="row"><a href={`/assess/cells/${row.cell.gid}`} dir="auto">{where(row.cell)}</a> <small class="quiet" dir="auto">{row.cell.area}</small></th>
          <td class="end">{number(row.expected, 2)}</td>
          <td class="end quiet">{moved ? (row.recent_mean === null ? t("none") : change(row.expected - row.recent_mean)) : row.low_80 === null || row.high_80 === null ? t("none") : t("range", { low: number(row.low_80), high: number(row.high_80) })}</td>
          <td class="end">{row.p_any === null ? t("none") : share(row.p_any)}</td></tr>
      ))}</tbody>
    </table>
  );
}

function Gaps({ gaps, limit }: { gaps: Schemas["Gap"][]; limit: number }) {
  return (
    <section class="card"><h2>{t("today.gaps", { hours: hours(limit) })}</h2>
      {gaps.length === 0 ? <p>{t("today.gaps.none")}</p> : (
        <table><thead><tr><th scope="col">{t("column.place")}</th><th scope="col" class="end">{t("column.year")}</th><th scope="col">{t("column.nearest")}</th><th scope="col" class="end">{t("column.hours")}</th></tr></thead>
          <tbody>{gaps.map((gap) => (
            <tr key={gap.gid}><th scope="row"><a href={`/assess/cells/${gap.gid}`} dir="auto">{gap.place || String(gap.gid)}</a> <small class="quiet" dir="auto">{gap.area}</small></th>
              <td class="end">{number(gap.expected)}</td><td dir="auto">{gap.unit ?? t("cell.nobody")}</td><td class="end">{gap.hours === null ? t("cell.nobody") : hours(gap.hours)}</td></tr>
          ))}</tbody></table>
      )}
    </section>
  );
}

function Sources({ sources }: { sources: Schemas["Source"][] }) {
  return (
    <section class="card"><h2>{t("today.sources")}</h2>
      {sources.length === 0 ? <p>{t("today.sources.none")}</p> : (
        <table><thead><tr><th scope="col">{t("column.source")}</th><th scope="col">{t("column.until")}</th><th scope="col" class="end">{t("column.age")}</th><th scope="col" class="end">{t("column.rejected")}</th></tr></thead>
          <tbody>{sources.map((s) => (
            <tr key={s.name}><th scope="row" dir="auto" class="break">{s.name}</th><td>{s.until ? month(s.until) : t("none")}</td>
              <td class="end">{s.age_months === null ? t("none") : <span class={s.age_months > 6 ? "tag warn" : ""}>{t("months", { n: s.age_months })}</span>}</td><td class="end">{number(s.rejected)}</td></tr>
          ))}</tbody></table>
      )}
    </section>
  );
}
