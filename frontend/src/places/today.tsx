import { useEffect } from "preact/hooks";
import type { Answer, Schemas } from "../api/client";
import { post, useData } from "../api/client";
import { Empty, Shown } from "../ui/states";
import { away, change, day, hours, language, moment, month, number, share, t, word } from "../words";
import type { Key } from "../words";
import { where } from "./assess";
import { Fact, Reason } from "./cell";

export default function Today() {
  const today = useData<Answer<"/api/today">>("/api/today", 120);
  const me = useData<Answer<"/api/here">>("/api/here").data;
  const desk = useData<Answer<"/api/today/desk">>("/api/today/desk", 60);
  const knows = me?.may.includes("read forecast") ?? false;
  const moved = useData<Answer<"/api/today/moved">>(knows && today.data?.outlook ? "/api/today/moved" : null);
  // Noted once the page has been read, and while it stays open: what came before is then no longer new next time.
  const seen = desk.at;
  useEffect(() => { if (seen) void post("/api/today/look").catch(() => undefined); }, [seen]);
  return (
    <article class="sheet">
      <Shown of={today} what={t("today.loading")}>
        {(found) => (
          <>
            <div class="page-head"><div><h1>{t("today.title")}</h1><p class="quiet"><span dir="auto">{me?.mission}</span> · {moment(found.now)}</p></div>
              {me?.may.includes("read brief") && <div class="tools"><a class="button" href={`/brief.html?lang=${language.value}`} target="_blank" rel="noopener">{t("today.brief")}</a></div>}</div>
            {desk.data && <Desk desk={desk.data} />}
            {me && !knows ? null : found.outlook ? <Outlook outlook={found.outlook} /> : <Empty title={t("today.no_forecast")}><p>{t("today.no_forecast.text")}</p></Empty>}
            <div class="two">
              {found.gaps && <Gaps gaps={found.gaps} limit={found.limit_hours ?? 0} />}
              {moved.data ? <Moved moved={moved.data} /> : moved.at !== null && <section class="card"><h2>{t("today.moved.title")}</h2><p>{t("today.moved.one")}</p></section>}
              {(found.sources || found.ways) && <Sources sources={found.sources ?? []} ways={found.ways ?? []} />}
            </div>
          </>
        )}
      </Shown>
    </article>
  );
}

const NEW: [keyof Schemas["New"], string][] = [
  ["alerts", "/listen"], ["reports", "/listen/reports?all=1"], ["tasks", "/act"], ["warnings", "/act/warnings"], ["plans", "/plan"],
];

function Desk({ desk }: { desk: Schemas["DeskNow"] }) {
  const news = NEW.flatMap(([kind, path]) => { const n = desk.new[kind]; return n === null ? [] : [{ kind, path, n }]; });
  const waits = (["alerts", "tasks"] as const).flatMap((kind) => { const n = desk.open[kind]; return n === null ? [] : [{ kind, n, late: desk.late[kind] ?? 0, path: kind === "alerts" ? "/listen" : "/act" }]; });
  if (news.length === 0 && waits.length === 0 && !desk.silent) return <p>{t("today.nothing_yours")}</p>;
  const fresh = news.filter((one) => one.n > 0);
  return (
    <>
      <section class="card desk"><h2>{t("today.new")}</h2>
        {desk.since === null ? <p>{t("today.first")}</p> : fresh.length === 0 ? <p>{t("today.new.none", { when: away(desk.since) })}</p> : (
          <><p class="quiet small">{t("today.since", { when: moment(desk.since) })}</p>
            <ul class="chips">{fresh.map((one) => <li key={one.kind}><a href={one.path}>{t(`today.new.${one.kind}` as Key, { n: one.n })}</a></li>)}</ul></>
        )}
        {waits.length > 0 && <p>{waits.map((one, i) => <span key={one.kind}>{i > 0 && " · "}<a href={one.path}>{t(`today.open.${one.kind}` as Key, { n: one.n })}</a>{one.late > 0 && <span class="tag bad">{t("today.late", { n: one.late })}</span>}</span>)}</p>}
      </section>
      <div class="two">
        {waits.length > 0 && <Late cases={desk.late_cases} />}
        {desk.no_lead && (
          <section class="card tall"><h2>{t("today.no_lead")}</h2>
            {desk.no_lead.length === 0 ? <p>{t(desk.open.alerts === 0 ? "today.no_lead.nothing" : "today.no_lead.none")}</p> : (
              <table><thead><tr><th scope="col">{t("today.alert")}</th><th scope="col">{t("column.place")}</th><th scope="col" class="end">{t("today.heard")}</th></tr></thead>
                <tbody>{desk.no_lead.map((one) => (
                  <tr key={one.id}><th scope="row"><span class={`level level-${one.level}`} aria-label={t("alert.level", { level: Number(one.level) })} role="img">{number(Number(one.level))}</span> <a href={`/listen/alerts/${one.id}`}>{one.threat ? word("threat", one.threat) : t("unknown")}</a> {one.practice && <span class="tag">{t("today.practice")}</span>}</th>
                    <td dir="auto">{one.place ?? t("unknown")}</td><td class="end">{away(one.heard_at)}{one.late && <span class="tag bad">{t("today.overdue")}</span>}</td></tr>
                ))}</tbody></table>
            )}
            {(desk.no_lead_in_all ?? 0) > desk.no_lead.length && <p><a href="/listen">{t("today.no_lead.more", { n: (desk.no_lead_in_all ?? 0) - desk.no_lead.length })}</a></p>}
          </section>
        )}
        {desk.silent && (
          <section class="card"><h2>{t("today.silent")}</h2>
            {desk.silent.length === 0 ? <p>{t(desk.beating ? "today.silent.none" : "today.silent.nobody")}</p> : (
              <table><thead><tr><th scope="col">{t("duty.what")}</th><th scope="col" class="end">{t("duty.last_sign")}</th></tr></thead>
                <tbody>{desk.silent.map((one) => <tr key={one.id}><th scope="row" dir="auto" class="break">{one.id.replace(/^[a-z]+:/, "")} <small class="quiet">{word("pulse", one.kind)}</small></th><td class="end">{away(one.at)}</td></tr>)}</tbody></table>
            )}
          </section>
        )}
      </div>
    </>
  );
}

function Late({ cases }: { cases: Schemas["LateCase"][] }) {
  return (
    <section class="card"><h2>{t("today.late_cases")}</h2>
      {cases.length === 0 ? <p>{t("today.late_cases.none")}</p> : (
        <table><thead><tr><th scope="col">{t("today.late.what")}</th><th scope="col">{t("column.place")}</th><th scope="col" class="end">{t("today.late.by")}</th></tr></thead>
          <tbody>{cases.map((one) => (
            <tr key={`${one.kind} ${one.id}`}><th scope="row"><a href={one.kind === "alert" ? `/listen/alerts/${one.id}` : `/act/tasks/${one.id}`} dir="auto">{one.kind === "task" ? one.name : one.name ? word("threat", one.name) : t("unknown")}</a> <small class="quiet">{t(`today.late.${one.what}` as Key)}</small></th>
              <td dir="auto">{one.place ?? t("unknown")}</td><td class="end"><span class="tag bad">{away(one.by)}</span></td></tr>
          ))}</tbody></table>
      )}
    </section>
  );
}

function Moved({ moved }: { moved: Schemas["MovedSince"] }) {
  return (
    <section class="card"><h2>{t("today.moved", { month: month(moved.month) })}</h2>
      <p class="quiet small">{t("today.moved.about", { now: month(moved.as_of), now_on: day(moved.made_at), before: month(moved.before), before_on: day(moved.before_made_at) })}</p>
      {moved.cells.length === 0 ? <p>{t("today.moved.none")}</p> : (
        <ul class="plain-list">{moved.cells.map((one) => (
          <li key={one.cell.gid}><p><a href={`/assess/cells/${one.cell.gid}`} dir="auto">{where(one.cell)}</a> <small class="quiet" dir="auto">{one.cell.area}</small> {t("plan.from_to", { before: number(one.before, 2), after: number(one.expected, 2) })}</p>
            {one.why.length > 0 && <ul class="reasons small">{one.why.map((reason) => <Reason key={reason.kind} reason={reason} />)}</ul>}</li>
        ))}</ul>
      )}
    </section>
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

// One line for each source of data: how far it reaches, or when it last said anything.
function Sources({ sources, ways }: { sources: Schemas["Source"][]; ways: Schemas["WayIn"][] }) {
  return (
    <section class="card"><h2>{t("today.sources")}</h2>
      {sources.length === 0 && <p>{t("today.sources.none")}</p>}
      {sources.length + ways.length > 0 && (
        <table><thead><tr><th scope="col">{t("column.source")}</th><th scope="col">{t("column.until")}</th><th scope="col" class="end">{t("column.age")}</th><th scope="col" class="end">{t("column.rejected")}</th></tr></thead>
          <tbody>
            {sources.map((s) => (
              <tr key={s.name}><th scope="row" dir="auto" class="break">{s.name}</th><td>{s.until ? month(s.until) : ""}</td>
                <td class="end">{s.age_months === null ? t("today.read", { when: away(s.imported_at) }) : <span class={s.age_months > 6 ? "tag warn" : ""}>{t("months", { n: s.age_months })}</span>}</td><td class="end">{number(s.rejected)}</td></tr>
            ))}
            {ways.map((way) => (
              <tr key={way.name || " "}><th scope="row" dir="auto" class="break">{way.name || t("today.reports")}</th><td>{way.heard_at ? moment(way.heard_at) : ""}</td>
                <td class="end">{way.heard_at ? t("today.last_heard", { when: away(way.heard_at) }) : <span class="tag warn">{t("today.never")}</span>}</td><td class="end" /></tr>
            ))}
          </tbody></table>
      )}
    </section>
  );
}
