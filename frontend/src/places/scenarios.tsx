// What-ifs side by side: written in a form or read from a file, compared with things as they are, taken away as one file.
import { Download, Printer, Upload } from "lucide";
import { useLocation, useRoute } from "preact-iso/router";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Failure, online, useData } from "../api/client";
import { Icon } from "../ui/icon";
import { Shown } from "../ui/states";
import { arrow, hours, language, month, number, share, t, word } from "../words";
import { AskedList, Beside, Field, Note, figure, sentences, useSend } from "./asked";
import { Rows } from "./patrolform";
import { WhatIf, blank, partOf, ready, told } from "./whatif";
import type { Draft } from "./whatif";

const MOST_BYTES = 2_000_000;
type Asked = Schemas["WhatIfs"];

export default function Scenarios() {
  const { params } = useRoute();
  return (
    <article class="sheet">
      <p class="crumbs noprint"><a href={params.run ? "/plan/scenarios" : "/plan"}>{t(params.run ? "scenario.title" : "plan.title")}</a></p>
      {params.run ? <Result run={params.run} /> : <><h1>{t("scenario.title")}</h1><Ask /></>}
    </article>
  );
}

function Result({ run }: { run: string }) {
  const found = useData<Schemas["ScenariosMade"]>(`/api/plan/scenarios/${encodeURIComponent(run)}?lang=${language.value}`);
  return <Shown of={found}>{(made) => <Sides made={made} />}</Shown>;
}

function Ask() {
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  return (
    <div class="two">
      {may.includes("create plan") && <Form />}
      <AskedList<Schemas["WhatIfsLine"]> path="/api/plan/scenarios" title={t("scenario.list")} none={t("scenario.none")} open={t("scenario.open")} href={(one) => `/plan/scenarios/${one.run}`}
        name={(one) => Object.keys((one.demands as { scenarios: object }).scenarios).join(", ")}
        about={(one) => {
          const asked = one.demands as { additional: number; moves: number; hours: number };
          return <>{t("wish.line", { adds: number(asked.additional), moves: number(asked.moves), hours: hours(asked.hours) })}
            {one.changed && <p>{one.changed.length ? <span class="tag warn" dir="auto">{t("scenario.changed", { names: one.changed.join(", ") })}</span> : <span class="tag good">{t("scenario.same")}</span>}</p>}</>;
        }} />
    </div>
  );
}

function Form() {
  const { query } = useLocation();
  const from = useData<Schemas["ScenariosMade"]>(query.from ? `/api/plan/scenarios/${encodeURIComponent(query.from)}?lang=${language.value}` : null);
  const known = useData<Schemas["Usable"]>("/api/plan/scenarios/known");
  const [drafts, put] = useState<Draft[]>([blank()]);
  const [fields, set] = useState<Record<string, string>>({ additional: "3", moves: "3", hours: "6" });
  const [rest, keep] = useState<Partial<Asked>>({});
  const [file, name] = useState("");
  const sending = useSend("/api/plan/scenarios", "/api/plan/scenarios");
  const fill = (asked: Asked) => {
    put(Object.entries(asked.scenarios).map(([title, one]) => ready(title, one)));
    set({ additional: String(asked.additional), moves: String(asked.moves), hours: String(asked.hours) });
    keep({ as_of: asked.as_of, operations: asked.operations, seed: asked.seed, saved: asked.saved });
  };
  useEffect(() => { if (from.data) fill({ ...(from.data.asked as unknown as Asked), saved: [] }); }, [from.data]);
  const read = async (chosen: File | undefined) => {
    if (!chosen) return;
    if (chosen.size > MOST_BYTES) return sending.say(t("scenario.file.large"));
    try {
      const answer = await fetch(`/api/plan/scenarios/read?form=${/\.toml$/i.test(chosen.name) ? "toml" : "json"}`, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/octet-stream", Accept: "application/json" }, body: chosen });
      const told = await answer.json().catch(() => null);
      if (!answer.ok) return sending.say(...sentences(new Failure("refused", told?.title ?? "", answer.status, told)));
      fill(told as Asked);
      name(chosen.name);
      sending.say();
    } catch {
      online.value = false;
      sending.say(t("state.offline"));
    }
  };
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    const [additional, moves, limit] = [figure(fields.additional) ?? NaN, figure(fields.moves) ?? NaN, figure(fields.hours) ?? NaN];
    const titles = drafts.map((d) => d.name.trim());
    const wrong = [
      ...([additional, moves].every(Number.isInteger) && Number.isFinite(limit) ? [] : [t("leave.numbers")]),
      ...(drafts.length ? [] : [t("scenario.lacks.one")]), ...(titles.every(Boolean) ? [] : [t("scenario.lacks.name")]),
      ...(new Set(titles).size === titles.length ? [] : [t("scenario.lacks.other")]), ...drafts.flatMap((d) => (partOf(d) ? [] : [t("scenario.lacks.factor", { name: d.name })])),
    ];
    if (wrong.length) return sending.say(...wrong);
    void sending.send({ ...rest, scenarios: Object.fromEntries(drafts.map((d) => [d.name.trim(), partOf(d)])), additional, moves, hours: limit });
  };
  const field = (key: string, label: string) => <Field label={label} value={fields[key]!} set={(v) => set({ ...fields, [key]: v })} />;
  return (
    <section class="card"><h2>{t("scenario.ask")}</h2>
      <form class="form" onSubmit={go} noValidate>
        <p class="quiet small">{t("scenario.about")}</p>
        <div class="take"><label class="button"><Icon node={Upload} size={16} /> {t("scenario.file.read")}<input class="hidden" type="file" accept=".json,.toml,application/json" onChange={(event) => { const input = event.currentTarget; void read(input.files?.[0]).then(() => { input.value = ""; }); }} /></label>
          <small class="quiet">{file ? t("scenario.file.was", { name: file }) : t("scenario.file.about")}</small></div>
        <Shown of={known}>{(names) => (
          <Rows rows={drafts} set={put} fresh={blank} add={t("scenario.add")}>{(draft, change) => <WhatIf draft={draft} known={names} put={change} />}</Rows>
        )}</Shown>
        <h3>{t("scenario.answer")}</h3>
        <div class="tools">{field("additional", t("wish.bases"))}{field("moves", t("wish.moves"))}{field("hours", t("wish.hours"))}</div>
        {rest.as_of && <p class="quiet small">{t("scenario.as_of", { month: month(rest.as_of) })} <button type="button" class="link" onClick={() => keep({ ...rest, as_of: null })}>{t("scenario.as_of.newest")}</button></p>}
        <button type="submit" class="button main">{t("scenario.go")}</button>
        <Note of={sending} />
      </form>
    </section>
  );
}

type Side = Schemas["ScenarioSide"];

function Sides({ made }: { made: Schemas["ScenariosMade"] }) {
  const sides = made.scenarios;
  const most = Math.max(...sides.map((s) => s.risk), 1e-9);
  const lines: [string, (s: Side) => ComponentChildren][] = [
    [t("scenario.differs"), (s) => told(s.changes).map((line) => <div key={line} class="small" dir="auto">{line}</div>)],
    [t("plan.units"), (s) => <>{number(s.units)}{s.shared.length > 0 && <div class="small quiet" dir="auto">{t("scenario.shared", { n: s.shared.length, names: s.shared.slice(0, 3).join(", ") })}</div>}</>],
    [t("plan.season"), (s) => word("season", s.season)],
    [t("scenario.risk"), (s) => number(s.risk, 1)],
    [t("scenario.now", { hours: hours(made.limit_hours) }), (s) => <>{number(s.within_now, 1)}{s.share_now !== null && <small class="quiet"> {share(s.share_now)}</small>}</>],
    [t("scenario.out"), (s) => <>{number(s.risk - s.within_now, 1)} {more(s.risk - s.within_now - (sides[0]!.risk - sides[0]!.within_now))}</>],
    [t("scenario.planned"), (s) => <>{number(s.within_planned, 1)}{s.risk > 0 && <small class="quiet"> {share(s.within_planned / s.risk)}</small>}<div class="quiet small">{s.bound > s.within_planned * 1.0005 ? t("scenario.bound", { bound: number(s.bound, 1) }) : t("scenario.best")}</div></>],
    [t("scenario.people"), (s) => (s.people_share_now === null ? t("none") : share(s.people_share_now))],
    [t("scenario.worst"), (s) => <span dir="auto">{s.worst_off ?? t("none")}</span>],
    [t("scenario.moves"), (s) => (s.moves.length ? <ul class="reasons">{s.moves.map((m, i) => <li key={i}>{m.what === "add" ? t("plan.add", { kind: word("unit", m.kind) }) : <span dir="auto">{m.unit}</span>} {arrow()} <a href={`/assess/cells/${m.gid}`} dir="auto">{m.place || m.gid}</a> <small class="quiet">+{number(m.gain, 1)}</small></li>)}</ul> : t("wish.no_change"))],
    [t("scenario.loses"), (s) => (s.worse.length ? <ul class="reasons">{s.worse.map((w) => <li key={w.gid}><a href={`/assess/cells/${w.gid}`} dir="auto">{w.place || w.gid}</a> <small class="quiet">{w.hours_before === null ? t("cell.nobody") : hours(w.hours_before)} {arrow()} {w.hours_after === null ? t("cell.nobody") : hours(w.hours_after)}</small></li>)}</ul> : t("plan.losses.none"))],
  ];
  return (
    <>
      <div class="page-head"><div><h1>{t("scenario.title")}</h1><p class="quiet">{t("scenario.head", { month: month(made.as_of, "long"), hours: hours(made.limit_hours) })}</p></div>
        <div class="tools noprint"><a class="button" href={`/api/plan/scenarios/${made.run}/file`} download><Icon node={Download} size={16} /> {t("scenario.file.take")}</a>
          <a class="button" href={`/plan/scenarios?from=${made.run}`}>{t("scenario.again")}</a>
          <button type="button" class="button" onClick={() => print()}><Icon node={Printer} size={16} /> {t("cards.print")}</button></div></div>
      <section class="card"><h2>{t("scenario.axes")}</h2>
        <div class="axes">{sides.map((s) => (
          <div key={s.name} class="axis"><span dir="auto">{title(s)}</span>
            <svg viewBox="0 0 100 16" preserveAspectRatio="none" role="img" aria-label={t("scenario.bar", { name: title(s), risk: number(s.risk, 1), now: number(s.within_now, 1), planned: number(s.within_planned, 1) })}>
              <rect class="axis-all" width={(100 * s.risk) / most} height="16" /><rect class="axis-then" y="2" width={(100 * s.within_planned) / most} height="12" /><rect class="axis-now" y="5" width={(100 * s.within_now) / most} height="6" /></svg>
            <small class="quiet">{t("scenario.bar.short", { now: number(s.within_now, 0), planned: number(s.within_planned, 0), risk: number(s.risk, 0) })}</small></div>
        ))}</div>
        <ul class="curve-keys"><li><svg width="22" height="10" aria-hidden="true"><rect class="axis-now" width="22" height="10" /></svg> {t("scenario.key.now")}</li><li><svg width="22" height="10" aria-hidden="true"><rect class="axis-then" width="22" height="10" /></svg> {t("scenario.key.planned")}</li><li><svg width="22" height="10" aria-hidden="true"><rect class="axis-all" width="22" height="10" /></svg> {t("scenario.key.risk")}</li></ul>
      </section>
      <section class="card"><h2>{t("scenario.sides")}</h2>
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("scenario.sides")}><table class="sides"><thead><tr><th scope="col">{t("compare.measure")}</th>{sides.map((s) => <th key={s.name} scope="col" dir="auto">{title(s)}</th>)}</tr></thead>
          <tbody>{lines.map(([label, say]) => <tr key={label}><th scope="row">{label}</th>{sides.map((s) => <td key={s.name}>{say(s)}</td>)}</tr>)}</tbody></table></div>
      </section>
      <Beside worse={made.worse} assumes={made.assumes} />
    </>
  );
}

const title = (s: Side): string => (s.name === "as it is" ? t("scenario.as_it_is") : s.name);

function more(value: number) {
  return Math.abs(value) < 0.05 ? null : <span class={value > 0 ? "tag bad" : "tag good"}>{value > 0 ? t("scenario.more", { value: number(value, 1) }) : t("scenario.less", { value: number(-value, 1) })}</span>;
}
