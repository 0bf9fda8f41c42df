// A watch on each area after leaving: what is quiet, what came, how often it errs, how late it sees, and the least return.
import { Printer } from "lucide";
import type { Schemas } from "../api/client";
import { Icon } from "../ui/icon";
import { hours, month, number, share, spot, t } from "../words";
import { Beside } from "./asked";

type Made = Schemas["WatchMade"];

export function Watch({ made }: { made: Made }) {
  const alarms = made.areas.filter((a) => a.alarm);
  const ratios = made.areas[0]?.delays.map((d) => d.ratio) ?? [];
  return (
    <>
      <div class="page-head"><div><h1>{t("leave_kind.contingency")}</h1><p class="quiet">{t("watch.head", { month: month(made.as_of, "long"), left: month(made.left, "long"), from: month(made.baseline_from, "long") })}</p></div>
        <div class="tools noprint"><button type="button" class="button" onClick={() => print()}><Icon node={Printer} size={16} /> {t("cards.print")}</button></div></div>
      <p>{alarms.length ? t("watch.alarms", { n: alarms.length, areas: made.areas.length }) : t("watch.no_alarms", { areas: made.areas.length })} {t("watch.rate", { share: share(made.false_alarm_asked), months: made.months })}</p>
      <section class="card"><h2>{t("watch.areas")}</h2>
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("watch.areas")}><table><thead><tr><th scope="col">{t("column.area")}</th><th scope="col">{t("watch.state")}</th><th scope="col" class="end">{t("watch.quiet")}</th><th scope="col" class="end">{t("watch.last3")}</th><th scope="col" class="end">{t("watch.more")}</th><th scope="col" class="end">{t("watch.false")}</th>{ratios.map((r) => <th key={r} scope="col" class="end">{t("watch.delay", { ratio: r })}</th>)}<th scope="col" class="end">{t("watch.held", { hours: hours(made.limit_hours) })}</th></tr></thead>
          <tbody>{made.areas.map((a) => (
            <tr key={a.area}><th scope="row" dir="auto">{a.area}</th>
              <td>{a.alarm ? <span class="tag bad">{t("watch.since", { month: month(a.first_alarm ?? made.as_of) })}</span> : a.first_alarm ? <span class="tag warn">{t("watch.was", { month: month(a.first_alarm) })}</span> : <span class="tag good">{t("watch.calm")}</span>}</td>
              <td class="end">{number(a.quiet_a_month, 1)}</td><td class="end">{number(a.last_3_months)}</td><td class="end">{a.events_next_month_that_raise_it === null ? (a.alarm ? <small class="quiet">{t("watch.raised")}</small> : t("none")) : number(a.events_next_month_that_raise_it)}</td><td class="end">{share(a.false_alarm)}{a.false_alarm_between && <div class="quiet small">{t("watch.false.real", { low: share(a.false_alarm_between[0]), high: share(a.false_alarm_between[1]) })}</div>}</td>
              {a.delays.map((d) => <td key={d.ratio} class="end">{t("watch.delay.is", { months: number(d.mean, 1), error: number(d.mean_error, 2) })}<div class="quiet small">{t("watch.seen", { share: share(d.within), months: d.months })}</div></td>)}
              <td class="end">{a.protected_share === null ? t("none") : share(a.protected_share)}</td></tr>
          ))}</tbody></table></div>
        <p class="quiet small">{t("watch.areas.about")}</p>
      </section>
      {alarms.some((a) => a.back) && <section class="card"><h2>{t("watch.back")}</h2><p class="quiet small">{t("watch.back.about", { floor: share(made.floor), hours: hours(made.limit_hours) })}</p>
        <ul class="reasons">{alarms.filter((a) => a.back).map((a) => (
          <li key={a.area}><strong dir="auto">{a.area}</strong>: {a.back!.bases.length === 0 ? t("watch.back.none", { share: a.back!.share_before === null ? t("unknown") : share(a.back!.share_before) })
            : <>{t("watch.back.bases", { n: a.back!.bases.length, before: a.back!.share_before === null ? t("unknown") : share(a.back!.share_before), after: a.back!.share_after === null ? t("unknown") : share(a.back!.share_after) })} {a.back!.bases.map((b, i) => <span key={b.gid}>{i > 0 && ", "}<a href={`/assess/cells/${b.gid}`} dir="auto">{spot(b.near)}</a></span>)} {!a.back!.restores_floor && <span class="tag bad">{t("watch.back.short")}</span>}{!a.back!.proven && <span class="tag warn">{t("watch.back.unproven")}</span>}</>}</li>
        ))}</ul></section>}
      <Beside worse={made.worse} assumes={made.assumes} />
    </>
  );
}
