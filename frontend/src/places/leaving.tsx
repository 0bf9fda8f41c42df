// Leaving: in which order to close bases, and the watch on what was left; asked for in a form, found again, read, printed.
import { useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { useData } from "../api/client";
import { Pick, Segments } from "../ui/pick";
import { Shown } from "../ui/states";
import { hours, language, month, number, share, t, word } from "../words";
import { AskedList, Field, Note, choose, figure, useSend } from "./asked";
import { Order } from "./order";
import { Rows } from "./patrolform";
import { Watch } from "./watch";

const CLOSABLE = ["base", "tob"];

export default function Leaving() {
  const { params } = useRoute();
  return (
    <article class="sheet">
      <p class="crumbs noprint"><a href={params.run ? "/plan/leaving" : "/plan"}>{t(params.run ? "leave.title" : "plan.title")}</a></p>
      {params.run ? <Result run={params.run} /> : <><h1>{t("leave.title")}</h1><Ask /></>}
    </article>
  );
}

function Result({ run }: { run: string }) {
  const found = useData<Schemas["OrderMade"] | Schemas["WatchMade"]>(`/api/plan/leaving/${encodeURIComponent(run)}?lang=${language.value}`);
  return <Shown of={found}>{(made) => (made.kind === "drawdown" ? <Order made={made as Schemas["OrderMade"]} /> : <Watch made={made as Schemas["WatchMade"]} />)}</Shown>;
}

function Ask() {
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  const [what, pick] = useState("drawdown");
  return (
    <div class="two">
      {may.includes("create plan") && (
        <section class="card"><h2>{t("leave.ask")}</h2>
          <Segments label={t("leave.ask")} value={what} choices={["drawdown", "contingency"].map((w) => ({ value: w, name: word("leave_kind", w) }))} pick={pick} />
          {what === "drawdown" ? <OrderForm /> : <WatchForm />}
        </section>
      )}
      <AskedList<Schemas["LeavingLine"]> path="/api/plan/leaving" title={t("leave.list")} none={t("leave.none")} open={t("leave.open")} href={(one) => `/plan/leaving/${one.run}`}
        name={(one) => word("leave_kind", one.objective)}
        about={(one) => {
          const asked = one.demands as { steps?: number; keep?: number; limit_hours: number; left?: string | null; months?: number; false_alarm?: number };
          return one.objective === "drawdown" ? t("leave.line", { n: asked.steps ?? 0, keep: asked.keep ?? 0, hours: hours(asked.limit_hours) })
            : t("watch.line", { left: asked.left ? month(asked.left) : t("watch.usual"), share: share(asked.false_alarm ?? 0) });
        }} />
    </div>
  );
}

type Base = Record<"unit" | "not_before" | "by" | "contract" | "cost", string>;

function OrderForm() {
  const units = (useData<Schemas["BoardNow"]>("/api/plan/board").data?.units ?? []).filter((u) => CLOSABLE.includes(u.kind)).map((u) => u.name);
  const [fields, set] = useState<Record<string, string>>({ steps: "6", keep: "0", hours: "6" });
  const [bases, setBases] = useState<Base[]>([]);
  const sending = useSend("/api/plan/leaving/order", "/api/plan/leaving");
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    const [steps, keep, limit] = [figure(fields.steps) ?? NaN, figure(fields.keep) ?? NaN, figure(fields.hours) ?? NaN];
    const named = bases.filter((b) => b.unit);
    const of = (part: keyof Base) => Object.fromEntries(named.flatMap((b) => { const v = figure(b[part]); return v === null ? [] : [[b.unit, v]]; }));
    const dates = { not_before: of("not_before"), by: of("by"), contracts: of("contract"), costs: of("cost") };
    const whole = [steps, keep, ...[dates.not_before, dates.by, dates.contracts].flatMap((d) => Object.values(d))];
    if (!whole.every(Number.isInteger) || ![limit, ...Object.values(dates.costs)].every(Number.isFinite)) return sending.say(t("leave.numbers"));
    void sending.send({ steps, keep, limit_hours: limit, ...dates });
  };
  const field = (name: string, label: string) => <Field label={label} value={fields[name]!} set={(v) => set({ ...fields, [name]: v })} />;
  return (
    <form class="form" onSubmit={go} noValidate>
      <p class="quiet small">{t("leave.about")}</p>
      <div class="tools">{field("steps", t("leave.steps"))}{field("keep", t("leave.keep"))}{field("hours", t("leave.hours"))}</div>
      <details class="history"><summary>{t("leave.dates")}{bases.length > 0 && ` (${number(bases.length)})`}</summary>
        <p class="quiet small">{t("leave.dates.about")}</p>
        <Rows rows={bases} set={setBases} fresh={() => ({ unit: "", not_before: "", by: "", contract: "", cost: "" })} add={t("leave.dates.add")}>{(b, put) => <>
          <Pick label={t("leave.base")} value={b.unit} choices={choose(units)} pick={(unit) => put({ ...b, unit })} />
          <Field label={t("leave.not_before")} value={b.not_before} set={(v) => put({ ...b, not_before: v })} />
          <Field label={t("leave.by")} value={b.by} set={(v) => put({ ...b, by: v })} />
          <Field label={t("leave.contract")} value={b.contract} set={(v) => put({ ...b, contract: v })} />
          <Field label={t("leave.cost")} value={b.cost} set={(v) => put({ ...b, cost: v })} />
        </>}</Rows></details>
      <button type="submit" class="button main">{t("leave.go")}</button>
      <Note of={sending} />
    </form>
  );
}

function WatchForm() {
  const [fields, set] = useState<Record<string, string>>({ left: "", baseline: "24", months: "24", alarm: "10", hours: "6", floor: "50" });
  const sending = useSend("/api/plan/leaving/watch", "/api/plan/leaving");
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    const [baseline, months, alarm, limit, floor] = ["baseline", "months", "alarm", "hours", "floor"].map((k) => figure(fields[k]) ?? NaN) as [number, number, number, number, number];
    const left = fields.left!.trim();
    if (![baseline, months].every(Number.isInteger) || ![alarm, limit, floor].every(Number.isFinite)) return sending.say(t("leave.numbers"));
    if (left && !/^\d{4}-(0[1-9]|1[0-2])$/.test(left)) return sending.say(t("watch.month"));
    void sending.send({ ...(left ? { left } : {}), baseline, months, false_alarm: alarm / 100, limit_hours: limit, floor: floor / 100 });
  };
  const field = (name: string, label: string, about?: string) => <Field label={label} value={fields[name]!} set={(v) => set({ ...fields, [name]: v })} about={about} />;
  return (
    <form class="form" onSubmit={go} noValidate>
      <p class="quiet small">{t("watch.about")}</p>
      <div class="tools">{field("left", t("watch.left"), "2024-06")}{field("baseline", t("watch.baseline"))}{field("months", t("watch.months"))}</div>
      <div class="tools">{field("alarm", t("watch.alarm"))}{field("hours", t("leave.hours"))}{field("floor", t("watch.floor"))}</div>
      <button type="submit" class="button main">{t("watch.go")}</button>
      <Note of={sending} />
    </form>
  );
}
