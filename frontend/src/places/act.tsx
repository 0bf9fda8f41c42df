import { useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import { post, useData } from "../api/client";
import { useLive } from "../api/live";
import { Empty, Shown } from "../ui/states";
import { away, moment, number, t, word } from "../words";
import { CodeDialog } from "./alert";
import { Units } from "./units";
import { OneWarning } from "./warning";
import { Week } from "./week";
import { deed } from "./cases";
import type { Line, Rows, Task } from "./cases";
import { History } from "./history";

interface OnCall { role: string; person: string | null; name?: string | null }
interface Ladder { id: string; subject: string; alert_id: number | null; task_id: number | null; rule: string; priority: number; opened_at: string; step: number; unheard: boolean; answered_at: string | null; paged: string[] }
interface Pulse { id: string; kind: string; at: string; silent: boolean; silent_s: number; ended_at: string | null }
export interface WarningRow { id: number; state: string; event: string; area_name: string; expires_at: string; status: string; scope: string; made_at?: string }

const PARTS = { tasks: "task", duty: "duty", units: "deployment", warnings: "warning" } as const;
const COLUMNS = ["given", "acknowledged", "started", "arrived"] as const;
const NEXT: Record<string, string> = { given: "acknowledged", acknowledged: "started", started: "arrived", arrived: "done" };
const OUTCOMES = ["averted", "deterred", "in_time", "late", "false", "not_reached", "referred"] as const;

export default function Act() {
  useLive();
  const { params } = useRoute();
  const may = useData<{ may: string[] }>("/api/me").data?.may;
  const part = params.part ?? "tasks";
  const parts = (Object.keys(PARTS) as (keyof typeof PARTS)[]).filter((name) => !may || may.includes(`read ${PARTS[name]}`));
  return (
    <article class="sheet">
      <div class="page-head"><h1>{t("place.act")}</h1>
        <nav class="tabs" aria-label={t("place.act")}>{parts.map((name) => <a key={name} href={name === "tasks" ? "/act" : `/act/${name}`} aria-current={part === name ? "page" : undefined}>{t(`act.${name}`)}</a>)}</nav>
      </div>
      {part === "duty" ? <Duty /> : part === "units" ? <Units name={params.id ? decodeURIComponent(params.id) : null} /> : part === "warnings" ? (params.id ? <OneWarning id={Number(params.id)} /> : <Warnings />) : params.id ? <OneTask id={Number(params.id)} /> : <Tasks />}
    </article>
  );
}

function Due({ task }: { task: Task }) {
  if (task.answer_minutes !== null) return <span class={task.answer_minutes < 0 ? "tag bad" : "tag warn"}>{t(task.answer_minutes < 0 ? "clock.answer_late" : "clock.answer", { when: away(task.answer_by ?? task.due_at) })}</span>;
  if (task.due_minutes === null) return null;
  return <span class={task.due_minutes < 0 ? "tag bad" : "tag"}>{t(task.due_minutes < 0 ? "clock.due_late" : "clock.due", { when: away(task.due_at) })}</span>;
}

function Tasks() {
  const tasks = useData<Rows<Task>>("/api/tasks?limit=200", 30);
  return (
    <Shown of={tasks} what={t("act.loading")}>
      {(found) => found.rows.length === 0 ? <Empty title={t("act.tasks.none")}><p>{t("act.tasks.none.text")}</p></Empty> : (
        <div class="columns">
          {COLUMNS.map((state) => {
            const mine = found.rows.filter((task) => task.state === state).sort((a, b) => Date.parse(a.due_at) - Date.parse(b.due_at));
            return (
              <section key={state} aria-label={word("task_state", state)}><h2>{word("task_state", state)} <span class="count">{number(mine.length)}</span></h2>
                {mine.length === 0 && <p class="quiet small">{t("act.column.none")}</p>}
                {mine.map((task) => <TaskCard key={task.id} task={task} />)}
              </section>
            );
          })}
        </div>
      )}
    </Shown>
  );
}

export function TaskCard({ task, alone }: { task: Task; alone?: boolean }) {
  const [dialog, show] = useState<"done" | "cancelled" | null>(null);
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  const next = NEXT[task.state];
  const step = (to: string, outcome?: string, note = "") => deed(() => post(`/api/tasks/${task.id}/step`, { to, changed: task.changed, note, ...(outcome ? { outcome } : {}) }), "task.moved", { state: word("task_state", to) });
  return (
    <div class="card task">
      <div class="task-head"><span class="tag">{t("task.tier", { tier: task.tier })}</span><Due task={task} /></div>
      {alone ? <h2 dir="auto">{task.what}</h2> : <a href={`/act/tasks/${task.id}`} dir="auto">{task.what}</a>}
      <p class="quiet small">{word("component", task.component)}{task.responder && <> · <span dir="auto">{task.responder}</span></>}{task.alert_id && <> · <a href={`/listen/alerts/${task.alert_id}`}>{t("alert.number", { id: String(task.alert_id) })}</a></>}</p>
      {next && may.includes("change task") && (
        <div class="tools">
          <button type="button" class="button" onClick={() => (next === "done" ? show("done") : void step(next))}>{t("task.to", { state: word("task_state", next) })}</button>
          {alone && <button type="button" class="button" onClick={() => show("cancelled")}>{t("task.cancel")}</button>}
        </div>
      )}
      {dialog === "done" && <CodeDialog title={t("task.finish")} label={t("alert.outcome")} group="outcome" codes={OUTCOMES} words close={() => show(null)} go={(code, note) => step("done", code, note)} />}
      {dialog === "cancelled" && <CodeDialog title={t("task.cancel")} label={t("task.cancel.sure")} group="sure" codes={["yes"]} words close={() => show(null)} go={(_, note) => step("cancelled", undefined, note)} />}
    </div>
  );
}

function OneTask({ id }: { id: number }) {
  const task = useData<Task & { history: Line[] }>(`/api/tasks/${id}`);
  return (
    <Shown of={task} what={t("act.loading")}>
      {(found) => (
        <>
          <nav class="crumbs" aria-label={t("frame.trail")}><a href="/act">{t("act.tasks")}</a> <span aria-hidden="true">/</span> {String(found.id)}</nav>
          <TaskCard task={found} alone />
          <div class="facts">
            <div class="fact"><div class="fact-name">{t("task.state")}</div><div class="fact-value">{word("task_state", found.state)}</div></div>
            <div class="fact"><div class="fact-name">{t("task.due")}</div><div class="fact-value">{moment(found.due_at)}</div></div>
          </div>
          <History lines={found.history} />
        </>
      )}
    </Shown>
  );
}

function Duty() {
  const people = useData<OnCall[]>("/api/duty/on-call");
  const ladders = useData<Ladder[]>("/api/duty/ladders", 20);
  const pulses = useData<Pulse[]>("/api/pulses", 20);
  return (
    <div class="two">
      <section class="card"><h2>{t("duty.ladders")}</h2>
        <Shown of={ladders}>{(rows) => rows.length === 0 ? <p>{t("duty.ladders.none")}</p> : (
          <table><thead><tr><th scope="col">{t("duty.what")}</th><th scope="col">{t("duty.since")}</th><th scope="col" class="end">{t("duty.step")}</th><th scope="col">{t("duty.heard")}</th></tr></thead>
            <tbody>{rows.map((row) => (
              <tr key={row.id}><th scope="row">{row.alert_id ? <a href={`/listen/alerts/${row.alert_id}`}>{t("alert.number", { id: String(row.alert_id) })}</a> : row.task_id ? <a href={`/act/tasks/${row.task_id}`}>{t("task.number", { id: String(row.task_id) })}</a> : row.subject} <small class="quiet">{word("ladder", row.rule)}</small></th>
                <td>{away(row.opened_at)}</td><td class="end">{number(row.step)}</td><td>{row.unheard ? <span class="tag bad">{t("duty.nobody")}</span> : <span class="tag good">{t("duty.paged", { n: row.paged.length })}</span>}</td></tr>
            ))}</tbody></table>
        )}</Shown>
      </section>
      <section class="card"><h2>{t("duty.on_call")}</h2>
        <Shown of={people}>{(rows) => (
          <table><thead><tr><th scope="col">{t("duty.role")}</th><th scope="col">{t("duty.person")}</th></tr></thead>
            <tbody>{rows.map((row) => <tr key={row.role}><th scope="row">{word("duty_role", row.role)}</th><td dir="auto">{row.name ?? row.person ?? <span class="tag bad">{t("duty.gap")}</span>}</td></tr>)}</tbody></table>
        )}</Shown>
      </section>
      <Week />
      <section class="card">
        <h2>{t("duty.pulses")}</h2>
        <Shown of={pulses}>{(rows) => rows.length === 0 ? <p>{t("duty.pulses.none")}</p> : (
          <table><thead><tr><th scope="col">{t("duty.what")}</th><th scope="col">{t("duty.last_sign")}</th><th scope="col">{t("task.state")}</th></tr></thead>
            <tbody>{rows.map((row) => <tr key={row.id}><th scope="row">{row.id}</th><td>{away(row.at)}</td><td>{row.ended_at ? t("duty.ended") : row.silent ? <span class="tag bad">{t("duty.silent")}</span> : <span class="tag good">{t("duty.alive")}</span>}</td></tr>)}</tbody></table>
        )}</Shown>
      </section>
    </div>
  );
}

function Warnings() {
  const rows = useData<Rows<WarningRow>>("/api/warnings", 60);
  return (
    <Shown of={rows} what={t("act.loading")}>
      {(found) => found.rows.length === 0 ? <Empty title={t("warnings.none")}><p>{t("warnings.none.text")}</p></Empty> : (
        <section class="card"><table><thead><tr><th scope="col">{t("warnings.what")}</th><th scope="col">{t("column.area")}</th><th scope="col">{t("task.state")}</th><th scope="col">{t("warnings.until")}</th></tr></thead>
          <tbody>{found.rows.map((row) => <tr key={row.id}><th scope="row"><a href={`/act/warnings/${row.id}`} dir="auto">{row.event}</a> {row.status !== "Actual" && <span class="tag warn">{row.status}</span>}</th><td dir="auto">{row.area_name}</td><td><span class="tag">{word("warning_state", row.state)}</span></td><td>{moment(row.expires_at)}</td></tr>)}</tbody></table></section>
      )}
    </Shown>
  );
}

