// My tasks and the missed calls to return: what is done here waits on the device like a report, and goes out in order.
import { useState } from "preact/hooks";
import { away, moment, t, word } from "../words";
import { known, put, waiting } from "./queue";
import type { Call, MyTask } from "./queue";

const NEXT: Record<string, string> = { given: "acknowledged", acknowledged: "started", started: "done", arrived: "done" };
const OUTCOMES = ["averted", "deterred", "in_time", "late", "false", "not_reached", "referred"];

export function Mine() {
  const read = known.value;
  if (!read) return null;
  const steps = waiting.value.flatMap((w) => (w.deed.what === "step" && !w.refused ? [w.deed] : []));
  const called = new Set(waiting.value.flatMap((w) => (w.deed.what === "call_back" && !w.refused ? [w.deed.report] : [])));
  const calls = read.calls.filter((c) => !called.has(c.id));
  return (
    <>
      <section class="card"><h2>{t("field.tasks", { n: read.tasks.length })}</h2>
        <p class="quiet small">{t("field.as_of", { when: away(read.at) })}</p>
        {read.tasks.length === 0 ? <p>{t("field.tasks.none")}</p> : <ol class="plain-list">{read.tasks.map((task) => <Mission key={task.id} task={task} sent={steps.filter((s) => s.task === task.id).map((s) => s.to)} />)}</ol>}
      </section>
      {read.calls.length > 0 && (
        <section class="card"><h2>{t("field.calls", { n: calls.length })}</h2>
          {calls.length === 0 ? <p>{t("field.calls.none")}</p> : <ol class="plain-list">{calls.map((call) => <Called key={call.id} call={call} />)}</ol>}
        </section>
      )}
    </>
  );
}

function Mission({ task, sent }: { task: MyTask; sent: string[] }) {
  const [finishing, finish] = useState(false);
  const state = sent.at(-1) ?? task.state;
  const next = NEXT[state];
  const step = (to: string, outcome?: string) => void put({ what: "step", task: task.id, name: task.what, to, changed: task.changed, ...(outcome ? { outcome } : {}) });
  const done = (event: SubmitEvent) => {
    event.preventDefault();
    step("done", String(new FormData(event.currentTarget as HTMLFormElement).get("outcome")));
    finish(false);
  };
  return (
    <li class="mission"><p><strong dir="auto">{task.what}</strong></p>
      <p class="quiet small">{task.place && <><span dir="auto">{task.place}</span> · </>}<time title={moment(task.due_at)}>{t("clock.due", { when: away(task.due_at) })}</time></p>
      <p><span class="tag">{word("task_state", state)}</span> {sent.length > 0 && <span class="tag warn">{t("field.unsent")}</span>}</p>
      {finishing ? (
        <form class="form" onSubmit={done}>
          <label class="line">{t("alert.outcome")}<select name="outcome">{OUTCOMES.map((code) => <option key={code} value={code}>{word("outcome", code)}</option>)}</select></label>
          <div class="tools"><button type="submit" class="button main">{t("task.finish")}</button><button type="button" class="button" onClick={() => finish(false)}>{t("frame.cancel")}</button></div>
        </form>
      ) : next && <button type="button" class="button" onClick={() => (next === "done" ? finish(true) : step(next))}>{t("task.to", { state: word("task_state", next) })}</button>}
    </li>
  );
}

function Called({ call }: { call: Call }) {
  const [open, show] = useState(false);
  const [reached, say] = useState(true);
  const keep = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => (reached ? String(form.get(name) ?? "").trim() : "");
    void put({ what: "call_back", report: call.id, reached, text: text("said"), place: text("place") });
  };
  return (
    <li class="mission"><p><strong>{t("field.missed", { when: away(call.received_at) })}</strong> {call.place && <span dir="auto">{call.place}</span>}</p>
      {open ? (
        <form class="form" onSubmit={keep}>
          <fieldset class="choices"><legend>{t("field.reached")}</legend>
            <label><input type="radio" name="reached" checked={reached} onChange={() => say(true)} /> {t("field.reached.yes")}</label>
            <label><input type="radio" name="reached" checked={!reached} onChange={() => say(false)} /> {t("field.reached.no")}</label></fieldset>
          {reached && <><label class="line">{t("field.said")}<textarea name="said" rows={4} maxLength={2000} dir="auto" required /></label>
            <label class="line">{t("field.where")}<input name="place" maxLength={200} dir="auto" /></label></>}
          <div class="tools"><button type="submit" class="button main">{t("field.call.keep")}</button><button type="button" class="button" onClick={() => show(false)}>{t("frame.cancel")}</button></div>
        </form>
      ) : <button type="button" class="button" onClick={() => show(true)}>{t("field.call.log")}</button>}
    </li>
  );
}
