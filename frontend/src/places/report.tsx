import * as Ariakit from "@ariakit/react";
import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { post, useData } from "../api/client";
import { PointMap } from "../map/pointmap";
import { useKeys } from "../ui/keys";
import { Pick } from "../ui/pick";
import { Shown, Waiting } from "../ui/states";
import { moment, number, t, word } from "../words";
import { deed } from "./cases";
import type { Alert, OneReport, Rows } from "./cases";
import { useGround } from "./ground";
import { History } from "./history";

export const DISMISSALS = ["false", "duplicate", "not_relevant", "test", "denied", "other"] as const;

export function DismissMenu({ dismiss }: { dismiss: (why: string) => void }) {
  return (
    <Ariakit.MenuProvider>
      <Ariakit.MenuButton className="button">{t("report.dismiss")} <Ariakit.MenuButtonArrow /></Ariakit.MenuButton>
      <Ariakit.Menu className="menu" gutter={4}>
        {DISMISSALS.map((why) => <Ariakit.MenuItem key={why} className="menu-item" onClick={() => dismiss(why)}>{word("dismissal", why)}</Ariakit.MenuItem>)}
      </Ariakit.Menu>
    </Ariakit.MenuProvider>
  );
}

export function ReportCard({ id }: { id: number }) {
  const report = useData<OneReport>(`/api/reports/${id}`);
  return <Shown of={report} what={t("report.loading")}>{(found) => <OneReportCard report={found} />}</Shown>;
}

function OneReportCard({ report }: { report: OneReport }) {
  const ground = useGround();
  const { route } = useLocation();
  const [chosen, choose] = useState(0);
  const [into, put] = useState("");
  const alerts = useData<Rows<Alert>>("/api/alerts?limit=100").data?.rows ?? [];
  const sorts = (useData<{ may: string[] }>("/api/me").data?.may ?? []).includes("change report"); // others read
  const free = sorts && ["waiting", "new", "dismissed"].includes(report.state);
  const places = report.places ?? [];
  const accept = async (alert: number | null) => {
    if (await deed(() => post("/api/reports/accept", { ids: [report.id], alert_id: alert }), "listen.accepted", { n: 1 }) && alert) route(`/listen/alerts/${alert}`);
  };
  const place = () => deed(() => post("/api/reports/place", { ids: [report.id], candidate: chosen }), "report.placed", { place: places[chosen]?.name ?? "" });
  useKeys([
    { key: "a", name: "key.accept", does: () => (sorts && places.length && !report.place ? void place() : free && void accept(into ? Number(into) : null)) },
    { key: "d", name: "key.dismiss", does: () => free && void deed(() => post("/api/reports/dismiss", { ids: [report.id], why: "not_relevant" }), "listen.dismissed", { n: 1 }) },
  ], [report, chosen, into, sorts]);
  const spots = places.length
    ? places.map((p, i) => ({ ...p, chosen: i === chosen }))
    : report.lon !== null && report.lat !== null ? [{ lon: report.lon, lat: report.lat, radius_km: report.radius_km ?? 5, name: report.place ?? "", chosen: true }] : [];
  return (
    <article class="case-card">
      <a class="back" href="/listen/reports">{t("listen.back")}</a>
      <header class="page-head"><div><h2 class="big">{t("report.title", { id: String(report.id) })}</h2>
        <p class="quiet">{word("report_kind", report.kind)} · {moment(report.received_at)} · <span class="tag">{word("report_state", report.state)}</span> {report.dismissed_why && word("dismissal", report.dismissed_why)}</p></div></header>
      <blockquote class="words" dir="auto" lang={report.language ?? undefined}>{report.text || t("report.no_words")}</blockquote>
      <dl class="pairs">
        <div><dt>{t("report.threat")}</dt><dd>{report.threat ? word("threat", report.threat) : t("unknown")}{report.denied ? ` (${t("report.denied")})` : ""}</dd></div>
        <div><dt>{t("report.imminence")}</dt><dd>{report.imminence ? word("imminence", report.imminence) : t("unknown")}</dd></div>
        <div><dt>{t("report.actor")}</dt><dd>{report.actor ? word("actor", report.actor) : t("unknown")}</dd></div>
        <div><dt>{t("report.number")}</dt><dd>{report.number === null ? t("unknown") : number(report.number)}</dd></div>
        <div><dt>{t("report.place")}</dt><dd dir="auto">{report.place ?? t("alert.no_place")}</dd></div>
        <div><dt>{t("report.alert")}</dt><dd>{report.alert_id ? <a href={`/listen/alerts/${report.alert_id}`}>{t("alert.number", { id: String(report.alert_id) })}</a> : t("report.alert.none")}</dd></div>
      </dl>
      {spots.length > 0 && ground && <div class="map-frame small-map"><PointMap ground={ground} spots={spots} /></div>}
      {spots.length > 0 && !ground && <Waiting what={t("map.loading")} />}
      {places.length > 0 && (
        <fieldset class="choices"><legend>{t("report.places")}</legend>
          {places.map((p, i) => (
            <label key={`${p.name}${i}`}><input type="radio" name="place" checked={i === chosen} onChange={() => choose(i)} /> <span dir="auto">{p.name}</span> <span class="quiet">{t("report.radius", { km: p.radius_km })} · {t("report.score", { score: Math.round(p.score * 100) })}</span></label>
          ))}
          {sorts && <button type="button" class="button" onClick={() => void place()}>{t("report.place_it")} {!report.place && <kbd>a</kbd>}</button>}
        </fieldset>
      )}
      {free && (
        <div class="tools">
          <button type="button" class="button main" onClick={() => void accept(null)}>{t("report.new_alert")} {(report.place || !places.length) && <kbd>a</kbd>}</button>
          {alerts.length > 0 && <Pick label={t("report.into")} value={into} pick={put} choices={[{ value: "", name: t("report.into.choose") }, ...alerts.map((a) => ({ value: String(a.id), name: `${a.id} · ${word("threat", a.threat ?? "other")} · ${a.place ?? "–"}` }))]} />}
          {into && <button type="button" class="button" onClick={() => void accept(Number(into))}>{t("report.put_in")}</button>}
          <DismissMenu dismiss={(why) => void deed(() => post("/api/reports/dismiss", { ids: [report.id], why }), "listen.dismissed", { n: 1 })} />
        </div>
      )}
      <History lines={report.history} />
    </article>
  );
}
