import * as Ariakit from "@ariakit/react";
import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { post, useData } from "../api/client";
import { PointMap } from "../map/pointmap";
import { useKeys } from "../ui/keys";
import { Pick } from "../ui/pick";
import { Shown, Waiting } from "../ui/states";
import { hours, language, moment, number, t, word } from "../words";
import { deed } from "./cases";
import type { Alert, OneAlert, Rows, Task } from "./cases";
import { useGround } from "./ground";
import { History } from "./history";
import { Clock } from "./listen";

interface Option { tier: string; action: string; who: string; owner: string; hours: number | null; margin: number | null; why: { code: string }[]; worse: { code: string }[]; account: string | null }
interface Proposal { options: Option[]; notes: { code: string; values: Record<string, number> }[]; gap: boolean }
const OUTCOMES = ["averted", "deterred", "in_time", "late", "false", "not_reached", "referred"] as const;
const REASONS = ["no_unit_in_reach", "no_access", "insecurity", "too_late", "no_place", "not_credible", "no_means", "others_acted", "not_ours"] as const;

export function AlertCard({ id }: { id: number }) {
  const alert = useData<OneAlert>(`/api/alerts/${id}`);
  return <Shown of={alert} what={t("alert.loading")}>{(found) => <OneAlertCard alert={found} />}</Shown>;
}

function OneAlertCard({ alert }: { alert: OneAlert }) {
  const ground = useGround();
  const { route } = useLocation();
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  const acts = may.includes("change alert");
  const why = useData<{ sentence: string | null }>(`/api/alerts/${alert.id}/priority?lang=${language.value}`).data?.sentence;
  const [marked, mark] = useState<number[]>([]);
  const [dialog, show] = useState<"close" | "merge" | "nothing" | null>(null);
  const over = ["closed", "merged", "dismissed"].includes(alert.state);
  const acknowledge = () => deed(() => post(`/api/alerts/${alert.id}/acknowledge`, { changed: alert.changed }), "alert.acknowledged");
  const split = () => deed(() => post(`/api/alerts/${alert.id}/split`, { changed: alert.changed, reports: marked }), "alert.split.done").then((good) => good && mark([]));
  useKeys(acts && !over ? [
    { key: "a", name: "key.acknowledge", does: () => alert.state === "open" && void acknowledge() },
    { key: "m", name: "key.merge", does: () => show("merge") },
    { key: "s", name: "key.split", does: () => marked.length > 0 && void split() },
    { key: "c", name: "key.close", does: () => show("close") },
  ] : [], [alert, marked, acts, over]);
  return (
    <article class="case-card">
      <a class="back" href="/listen">{t("listen.back")}</a>
      <header class="page-head">
        <div><h2 class="big"><span class={`level level-${alert.level}`}>{number(Number(alert.level))}</span> <span class="cap">{word("threat", alert.threat ?? "other")}</span> · <span dir="auto">{alert.place ?? t("alert.no_place")}</span></h2>
          <p class="quiet">{t("alert.number", { id: String(alert.id) })} · {word("alert_state", alert.state)} · {t("alert.heard", { when: moment(alert.heard_at) })} <span class="tag">TLP:{alert.tlp}</span> {alert.practice && <span class="tag warn">{t("alert.practice")}</span>}</p></div>
        <Clock alert={alert} />
      </header>
      {why && <p class="why-line" lang={language.value} dir="auto">{why}</p>}
      {acts && !over && (
        <div class="tools">
          {alert.state === "open" && <button type="button" class="button main" onClick={() => void acknowledge()}>{t("alert.acknowledge")} <kbd>a</kbd></button>}
          <button type="button" class="button" onClick={() => show("merge")}>{t("alert.merge")} <kbd>m</kbd></button>
          <button type="button" class="button" disabled={!marked.length} onClick={() => void split()}>{marked.length ? t("alert.split", { n: marked.length }) : t("alert.split.none")} <kbd>s</kbd></button>
          <button type="button" class="button" onClick={() => show("nothing")}>{t("alert.nothing")}</button>
          <button type="button" class="button" onClick={() => show("close")}>{t("alert.close")} <kbd>c</kbd></button>
        </div>
      )}
      {acts && alert.state === "closed" && <div class="tools"><button type="button" class="button" onClick={() => void deed(() => post(`/api/alerts/${alert.id}/told`), "alert.told.done")}>{t("alert.told")}</button></div>}
      <div class="two side-by-side">
        <section><h3>{t("alert.joined", { n: alert.reports })}</h3>
          <p class="quiet small">{t("alert.independent", { n: alert.independent })} · {t("alert.grade", { grade: alert.reliability + alert.credibility })}</p>
          {alert.reports_list.length === 0 && <p>{t("alert.reports.hidden")}</p>}
          <ul class="voices">
            {alert.reports_list.map((report) => (
              <li key={report.id}>
                {acts && !over && <input type="checkbox" checked={marked.includes(report.id)} aria-label={t("listen.mark", { id: String(report.id) })}
                  onChange={() => mark((now) => (now.includes(report.id) ? now.filter((n) => n !== report.id) : [...now, report.id]))} />}
                <div><q dir="auto" lang={report.language ?? undefined}>{report.text || t("report.no_words")}</q>
                  <div class="quiet small">{word("report_kind", report.kind)} · {moment(report.received_at)} · <a href={`/listen/reports/${report.id}?all=1`}>{t("report.title", { id: String(report.id) })}</a>{report.denied ? ` · ${t("report.denied")}` : ""}</div></div>
              </li>
            ))}
          </ul>
        </section>
        <section>
          {alert.lon !== null && alert.lat !== null ? (ground ? <div class="map-frame small-map"><PointMap ground={ground} spots={[{ lon: alert.lon, lat: alert.lat, radius_km: alert.radius_km ?? 5, name: alert.place ?? "", chosen: true }]} /></div> : <Waiting what={t("map.loading")} />)
            : <p>{t("alert.no_point")}</p>}
          {alert.radius_km !== null && <p class="quiet small">{t("alert.radius", { km: alert.radius_km })}</p>}
        </section>
      </div>
      {acts && !over && <Proposals alert={alert} />}
      <AlertTasks id={alert.id} />
      <History lines={alert.history} />
      {dialog === "merge" && <MergeDialog alert={alert} close={() => show(null)} />}
      {dialog === "close" && <CodeDialog title={t("alert.close")} label={t("alert.outcome")} group="outcome" codes={OUTCOMES} close={() => show(null)} words
        go={(code, lesson) => deed(() => post(`/api/alerts/${alert.id}/close`, { changed: alert.changed, outcome: code, lesson }), "alert.closed").then((good) => good && route("/listen"))} />}
      {dialog === "nothing" && <CodeDialog title={t("alert.nothing")} label={t("alert.because")} group="reason" codes={REASONS} close={() => show(null)}
        go={(code) => deed(() => post(`/api/alerts/${alert.id}/decide`, { changed: alert.changed, nothing_because: code }), "alert.decided")} />}
    </article>
  );
}

function Proposals({ alert }: { alert: OneAlert }) {
  const found = useData<Proposal>(`/api/alerts/${alert.id}/proposal`);
  const me = useData<{ id: string; may: string[] }>("/api/me").data;
  const give = (option: Option) => {
    const due = new Date(Date.now() + Math.max(1, option.hours ?? 6) * 3600_000);
    const component = ["military", "police", "civilian"].includes(option.owner) ? option.owner : "partner";
    return deed(() => post("/api/tasks", {
      what: `${word("action", option.action.replaceAll(" ", "_"))}: ${word("threat", alert.threat ?? "other")}, ${alert.place ?? ""}`.slice(0, 190), tier: option.tier, component, due_at: due.toISOString(),
      alert: alert.id, responder: option.who, responder_owner: option.owner, ...(option.account ? { owner: option.account } : me ? { owner: me.id } : {}),
    }), "task.given");
  };
  if (found.failure?.trouble === "forbidden") return null; // who may not read all units gets no proposal
  return (
    <section class="card"><h3>{t("proposal.title")}</h3>
      <Shown of={found} what={t("proposal.loading")}>
        {(proposal) => (
          <>
            {proposal.gap && <p class="stale">{t("proposal.gap")}</p>}
            <table><thead><tr><th scope="col">{t("proposal.tier")}</th><th scope="col">{t("proposal.who")}</th><th scope="col" class="end">{t("column.hours")}</th><th scope="col">{t("proposal.worse")}</th><th scope="col"><span class="hidden">{t("proposal.give")}</span></th></tr></thead>
              <tbody>{proposal.options.map((o, i) => (
                <tr key={i}><td>{o.tier}</td><th scope="row">{word("action", o.action.replaceAll(" ", "_"))}{o.who && <div class="quiet" dir="auto">{o.who}</div>}</th>
                  <td class="end">{o.hours === null ? "–" : o.hours < 0.1 ? t("proposal.now") : hours(o.hours)}{o.margin !== null && o.margin < 0 && o.hours !== null && o.hours >= 0.1 && <div class="tag warn">{t("proposal.after")}</div>}</td>
                  <td class="quiet small">{o.worse.map((w) => word("worse", w.code)).join("; ")}</td>
                  <td class="end">{me?.may.includes("create task") && <button type="button" class="button" onClick={() => void give(o)}>{t("proposal.give")}</button>}</td></tr>
              ))}</tbody></table>
          </>
        )}
      </Shown>
    </section>
  );
}

function AlertTasks({ id }: { id: number }) {
  const me = useData<{ may: string[] }>("/api/me").data;
  const states = ["given", "acknowledged", "started", "arrived", "done"].map((s) => `state=${s}`).join("&");
  const tasks = useData<Rows<Task>>(me?.may.includes("read task") ? `/api/tasks?alert=${id}&${states}` : null).data?.rows ?? [];
  if (!tasks.length) return null;
  return (
    <section class="card"><h3>{t("alert.tasks")}</h3>
      <ul class="plain">{tasks.map((task) => <li key={task.id}><a href={`/act/tasks/${task.id}`} dir="auto">{task.what}</a> <span class="tag">{word("task_state", task.state)}</span> <span class="quiet" dir="auto">{task.responder}</span></li>)}</ul>
    </section>
  );
}

function MergeDialog({ alert, close }: { alert: OneAlert; close: () => void }) {
  const others = (useData<Rows<Alert>>("/api/alerts?limit=100").data?.rows ?? []).filter((a) => a.id !== alert.id);
  const [other, choose] = useState("");
  const chosen = others.find((a) => String(a.id) === other);
  return (
    <Ariakit.Dialog open onClose={close} className="dialog" backdrop={<div class="backdrop" />}>
      <Ariakit.DialogHeading className="dialog-title">{t("alert.merge")}</Ariakit.DialogHeading>
      <p>{t("alert.merge.text")}</p>
      {others.length === 0 ? <p>{t("alert.merge.none")}</p> : <Pick label={t("alert.merge.other")} value={other} pick={choose}
        choices={[{ value: "", name: t("report.into.choose") }, ...others.map((a) => ({ value: String(a.id), name: `${a.id} · ${word("threat", a.threat ?? "other")} · ${a.place ?? "–"} · ${t("alert.reports", { n: a.reports })}` }))]} />}
      <div class="tools">
        <button type="button" class="button main" disabled={!chosen} onClick={() => chosen && void deed(() => post(`/api/alerts/${alert.id}/merge`, { other: chosen.id, changed: alert.changed, other_changed: chosen.changed }), "alert.merged").then(close)}>{t("alert.merge")}</button>
        <Ariakit.DialogDismiss className="button">{t("frame.cancel")}</Ariakit.DialogDismiss>
      </div>
    </Ariakit.Dialog>
  );
}

// Choose one code, perhaps with a few words, and do it.
export function CodeDialog({ title, label, group, codes, close, go, words }: {
  title: string; label: string; group: string; codes: readonly string[]; close: () => void; go: (code: string, text: string) => Promise<unknown>; words?: boolean;
}) {
  const [code, choose] = useState(codes[0]!);
  const [text, write] = useState("");
  return (
    <Ariakit.Dialog open onClose={close} className="dialog" backdrop={<div class="backdrop" />}>
      <Ariakit.DialogHeading className="dialog-title">{title}</Ariakit.DialogHeading>
      <Pick label={label} value={code} pick={choose} choices={codes.map((value) => ({ value, name: word(group, value) }))} />
      {words && <label class="field"><span class="field-label">{t("alert.lesson")}</span><textarea rows={3} dir="auto" value={text} onInput={(e) => write(e.currentTarget.value)} /></label>}
      <div class="tools">
        <button type="button" class="button main" onClick={() => void go(code, text).then(close)}>{title}</button>
        <Ariakit.DialogDismiss className="button">{t("frame.cancel")}</Ariakit.DialogDismiss>
      </div>
    </Ariakit.Dialog>
  );
}

