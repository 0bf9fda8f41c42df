import { Radio } from "lucide";
import { useLocation, useRoute } from "preact-iso/router";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { post, useData } from "../api/client";
import { live, useLive } from "../api/live";
import { QueueLegend, QueueMap } from "../map/queuemap";
import type { QueueLayer } from "../map/queuemap";
import { Icon } from "../ui/icon";
import { useKeys } from "../ui/keys";
import { Segments } from "../ui/pick";
import { Empty, Shown, Waiting } from "../ui/states";
import { Take } from "../ui/take";
import { away, number, t, word } from "../words";
import { AlertCard } from "./alert";
import { deed } from "./cases";
import type { Alert, Report, Rows } from "./cases";
import { useGround } from "./ground";
import { DismissMenu, ReportCard } from "./report";

type Queue = "alerts" | "waiting" | "reports";
interface Counts { reports?: Record<string, number>; alerts?: Record<string, number> }

export default function Listen() {
  useLive();
  const { params } = useRoute();
  const { query } = useLocation();
  const queue: Queue = params.queue === "reports" ? (query.all ? "reports" : "waiting") : "alerts";
  const id = params.id ? Number(params.id) : null;
  const known = useData<Counts>("/api/alerts/counts");
  const counts = known.data;
  const onMap = params.queue === "map";
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  const open = ["open", "acknowledged", "decided"].reduce((n, s) => n + (counts?.alerts?.[s] ?? 0), 0);
  return (
    <div class={id || onMap ? "inbox chosen" : "inbox"}>
      <section class="queue" aria-label={t("listen.queue")}>
        <div class="queue-head">
          <h1>{t("place.listen")}</h1>
          <span class={live.value ? "tag good" : "tag"}><Icon node={Radio} size={13} /> {t(live.value ? "listen.live" : "listen.not_live")}</span>
        </div>
        <nav class="tabs" aria-label={t("listen.queue")}>
          <a href="/listen" aria-current={queue === "alerts" && !onMap ? "page" : undefined}>{t("listen.alerts")} <span class="count">{number(open)}</span></a>
          <a href="/listen/reports" aria-current={queue === "waiting" ? "page" : undefined}>{t("listen.waiting")} <span class="count">{number(counts?.reports?.waiting ?? 0)}</span></a>
          <a href="/listen/reports?all=1" aria-current={queue === "reports" ? "page" : undefined}>{t("listen.all")}</a>
          {may.includes("create import") && <a href="/listen/import">{t("import.tab")}</a>}
          <a href="/listen/map" class="phone-only" aria-current={onMap ? "page" : undefined}>{t("map.title")}</a>
        </nav>
        {queue === "alerts" ? <AlertQueue id={id} /> : <ReportQueue id={id} all={queue === "reports"} />}
      </section>
      <section class="chosen-one" aria-label={t("listen.chosen")}>
        {(id !== null || onMap) && <h1 class="phone-title">{t("place.listen")}</h1>}
        {id === null ? <OpenMap key={queue} first={queue === "alerts" ? "alerts" : "reports"} counts={counts} version={known.at} />
          : queue === "alerts" ? <AlertCard key={id} id={id} /> : <ReportCard key={id} id={id} />}
      </section>
    </div>
  );
}

// While nothing is chosen: where all that is open lies.
function OpenMap({ first, counts, version }: { first: QueueLayer; counts: Counts | null; version: number | null }) {
  const { route } = useLocation();
  const ground = useGround();
  const [layer, show] = useState<QueueLayer>(first);
  const may = counts?.reports !== undefined;
  return (
    <div class="queue-map">
      <div class="queue-map-head">
        <a href="/listen" class="back">{t("listen.back")}</a>
        <h2>{t(`listen.map.${layer}`)}</h2>
        {may && <Segments label={t("listen.map.layer")} value={layer} pick={show}
          choices={(["alerts", "reports"] as const).map((value) => ({ value, name: t(value === "alerts" ? "listen.alerts" : "listen.map.reports.short") }))} />}
        <Take collection={layer} />
      </div>
      <p class="quiet">{t("listen.map.hint")}</p>
      <div class="map-frame">
        {ground ? <QueueMap ground={ground} layer={layer} version={version} enter={(id) => route(`/listen/${layer}/${id}${layer === "reports" ? "?all=1" : ""}`)} />
          : <Waiting what={t("map.loading")} />}
        {ground && <QueueLegend layer={layer} />}
      </div>
    </div>
  );
}

function useQueueKeys(ids: number[], id: number | null, go: (id: number) => void): void {
  const here = useRef(id);
  useEffect(() => void (here.current = id), [id]);
  // Keys come faster than pages: a step starts where the last one led.
  const step = (by: number) => {
    const at = here.current === null ? -1 : ids.indexOf(here.current);
    const next = ids[Math.min(ids.length - 1, Math.max(0, at + by))];
    if (next !== undefined) {
      here.current = next;
      go(next);
      document.querySelector(`[data-case="${next}"]`)?.scrollIntoView({ block: "nearest" });
    }
  };
  useKeys([
    { key: "j", name: "key.next", does: () => step(1) },
    { key: "k", name: "key.back", does: () => step(-1) },
  ], [ids.join(), id]);
}

function AlertQueue({ id }: { id: number | null }) {
  const { route } = useLocation();
  const rows = useData<Rows<Alert>>("/api/alerts?limit=100", 60);
  const ids = useMemo(() => rows.data?.rows.map((a) => a.id) ?? [], [rows.data]);
  useQueueKeys(ids, id, (next) => route(`/listen/alerts/${next}`, id !== null));
  return (
    <Shown of={rows} what={t("listen.loading")}>
      {(found) => found.rows.length === 0 ? <Empty title={t("listen.alerts.none")}><p>{t("listen.alerts.none.text")}</p></Empty> : (
        <ul class="cases">
          {found.rows.map((alert) => (
            <li key={alert.id}>
              <a href={`/listen/alerts/${alert.id}`} class="case" aria-current={alert.id === id ? "true" : undefined} data-case={alert.id}>
                <span class={`level level-${alert.level}`} title={t("alert.level", { level: Number(alert.level) })}>{number(Number(alert.level))}</span>
                <span class="case-main">
                  <strong>{word("threat", alert.threat ?? "other")}</strong> <span dir="auto">{alert.place ?? t("alert.no_place")}</span>
                  <small class="quiet">{t("alert.reports", { n: alert.reports })} · {alert.reliability}{alert.credibility} · {alert.imminence ? word("imminence", alert.imminence) : t("unknown")}{alert.practice ? ` · ${t("alert.practice")}` : ""}</small>
                </span>
                <span class="case-end"><Clock alert={alert} /><small class="quiet">{away(alert.last_at)}</small></span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Shown>
  );
}

export function Clock({ alert }: { alert: Alert }) {
  if (alert.state === "open" && alert.acknowledge_by) {
    const late = Date.parse(alert.acknowledge_by) < Date.now();
    return <span class={late ? "tag bad" : "tag warn"}>{t(late ? "clock.answer_late" : "clock.answer", { when: away(alert.acknowledge_by) })}</span>;
  }
  if (alert.state === "acknowledged" && alert.decide_by) {
    const late = Date.parse(alert.decide_by) < Date.now();
    return <span class={late ? "tag bad" : "tag"}>{t(late ? "clock.decide_late" : "clock.decide", { when: away(alert.decide_by) })}</span>;
  }
  return <span class="tag">{word("alert_state", alert.state)}</span>;
}

function ReportQueue({ id, all }: { id: number | null; all: boolean }) {
  const { route } = useLocation();
  const [marked, mark] = useState<number[]>([]);
  const path = all ? "/api/reports?limit=100" : "/api/reports?limit=100&state=waiting&state=new";
  const rows = useData<Rows<Report>>(path, 60);
  const ids = useMemo(() => rows.data?.rows.map((r) => r.id) ?? [], [rows.data]);
  const sorts = (useData<{ may: string[] }>("/api/me").data?.may ?? []).includes("change report");
  const end = all ? "?all=1" : "";
  useQueueKeys(ids, id, (next) => route(`/listen/reports/${next}${end}`, id !== null));
  const turn = (one: number) => mark((now) => (now.includes(one) ? now.filter((n) => n !== one) : [...now, one]));
  useKeys([{ key: "x", name: "key.mark", does: () => sorts && id !== null && turn(id) }], [id, sorts]);
  const chosen = marked.filter((m) => ids.includes(m));
  const done = async (work: () => Promise<unknown>, key: "listen.dismissed" | "listen.accepted") => {
    if (await deed(work, key, { n: chosen.length })) mark([]);
  };
  return (
    <Shown of={rows} what={t("listen.loading")}>
      {(found) => found.rows.length === 0 ? <Empty title={t("listen.waiting.none")}><p>{t("listen.waiting.none.text")}</p></Empty> : (
        <>
          {sorts && <div class="bulk">
            <label><input type="checkbox" checked={chosen.length === ids.length} onChange={() => mark(chosen.length === ids.length ? [] : ids)} /> {t("listen.marked", { n: chosen.length })}</label>
            {chosen.length > 0 && (
              <>
                <button type="button" class="button" onClick={() => void done(() => post("/api/reports/accept", { ids: chosen }), "listen.accepted")}>{t("report.new_alert")}</button>
                <DismissMenu dismiss={(why) => void done(() => post("/api/reports/dismiss", { ids: chosen, why }), "listen.dismissed")} />
              </>
            )}
          </div>}
          <ul class="cases">
            {found.rows.map((report) => (
              <li key={report.id} class={sorts ? "with-check" : undefined}>
                {sorts && <input type="checkbox" checked={marked.includes(report.id)} onChange={() => turn(report.id)} aria-label={t("listen.mark", { id: String(report.id) })} />}
                <a href={`/listen/reports/${report.id}${end}`} class="case" aria-current={report.id === id ? "true" : undefined} data-case={report.id}>
                  <span class="case-main"><span class="said-text" dir="auto" lang={report.language ?? undefined}>{report.text || t("report.no_words")}</span>
                    <small class="quiet">{word("report_kind", report.kind)} · {report.threat ? word("threat", report.threat) : t("unknown")} · <span dir="auto">{report.place ?? t("alert.no_place")}</span></small></span>
                  <span class="case-end"><span class={report.state === "waiting" ? "tag warn" : "tag"}>{word("report_state", report.state)}</span><small class="quiet">{away(report.received_at)}</small></span>
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
    </Shown>
  );
}
