// Parts of a plan taken by hand: which of its changes, what they do without the rest, kept as a plan like any other.
import { useLocation } from "preact-iso/router";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Failure, changed, post, useData } from "../api/client";
import { Pick } from "../ui/pick";
import { Shown } from "../ui/states";
import { arrow, hours, moment, number, share, spot, t, word } from "../words";
import { said } from "./cases";
import { Areas, Cells } from "./move";

type Plan = Schemas["PlanInParts"];

export function Parts({ newest }: { newest: string }) {
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  const made = useData<Schemas["PlanLine"][]>("/api/plan/made");
  const [chosen, choose] = useState("");
  const rows = made.data ?? [];
  const run = chosen || newest || rows[0]?.run || "";
  const plan = useData<Plan>(run ? `/api/plan/parts?run=${run}` : null);
  if (!run) return null;
  const name = (r: Schemas["PlanLine"]) =>
    `${r.part_of ? t("parts.by_hand") : r.objective ? word("aim", r.objective) : t("compare.usual")} · ${moment(r.made_at)}`;
  return (
    <section class="card" id="parts"><h2>{t("parts.title")}</h2>
      <p class="quiet small">{t("parts.about")}</p>
      {rows.length > 1 && <div class="tools"><Pick label={t("parts.of")} value={run} choices={rows.slice(0, 20).map((r) => ({ value: r.run, name: name(r) }))} pick={choose} /></div>}
      <Shown of={plan}>{(found) => (found.changes.length === 0 ? <p>{t("plan.moves.none")}</p> : <Choose key={found.run} plan={found} may={may.includes("create plan")} />)}</Shown>
    </section>
  );
}

function Choose({ plan, may }: { plan: Plan; may: boolean }) {
  const { query, route } = useLocation();
  const [taken, take] = useState<number[]>(plan.changes.map((c) => c.number));
  const [found, tell] = useState<Schemas["PartEffect"] | null>(null);
  const [trouble, complain] = useState("");
  const asked = useRef(0);
  useEffect(() => {
    const turn = ++asked.current; // only the answer to the last choice counts
    post<Schemas["PartEffect"]>("/api/plan/parts", { run: plan.run, taken }).then(
      (effect) => { if (turn === asked.current) { tell(effect); complain(""); } },
      (problem: unknown) => { if (turn === asked.current) { tell(null); complain(problem instanceof Failure && problem.title ? problem.title : t("state.broken")); } },
    );
  }, [plan.run, taken]);
  const turn = (number: number) => take(taken.includes(number) ? taken.filter((k) => k !== number) : [...taken, number].sort((a, b) => a - b));
  const keep = async () => {
    try {
      const { run } = await post<Schemas["Accepted"]>("/api/plan/parts/accept", { run: plan.run, taken });
      changed("/api/plan/made");
      said.value = { text: t("parts.kept", { n: taken.length }) };
      const beside = [...(query.plans ?? "").split(",").filter((r) => r && r !== run && r !== plan.run), plan.run, run];
      route(`/plan?plans=${beside.slice(-4).join(",")}`, true);
    } catch (problem) {
      complain(problem instanceof Failure && problem.title ? problem.title : t("state.broken"));
    }
  };
  const part = (v: number | null) => (v === null ? t("none") : share(v));
  return (
    <>
      <fieldset class="choices"><legend>{t("parts.which", { hours: hours(plan.limit_hours), season: word("season", plan.season) })}</legend>
        <ul class="plain-list">{plan.changes.map((c) => (
          <li key={c.number}><label class="with-check-line"><input type="checkbox" checked={taken.includes(c.number)} onChange={() => turn(c.number)} />{" "}
            <span><strong>{c.what === "add" ? t("plan.add", { kind: word("unit", c.kind) }) : <span dir="auto">{c.unit}</span>}</strong>{" "}
              {c.gid ? <>{arrow()} <a href={`/assess/cells/${c.gid}`} dir="auto">{spot(c.place) || String(c.gid)}</a></> : t("wish.closed")} <small class="quiet" dir="auto">{c.area}</small></span></label></li>
        ))}</ul>
      </fieldset>
      <div class="tools">
        <button type="button" class="link" onClick={() => take(plan.changes.map((c) => c.number))}>{t("parts.all")}</button>
        <button type="button" class="link" onClick={() => take([])}>{t("parts.none")}</button>
      </div>
      {trouble && <p class="told" role="status" dir="auto">{trouble}</p>}
      {found && (
        <div role="status" class="parts-effect">
          <dl class="keys">
            <div><dt>{t("move.risk", { hours: hours(found.limit_hours) })}</dt><dd>{t("plan.from_to", { before: part(found.risk), after: part(found.risk_after) })}</dd></div>
            <div><dt>{t("move.people")}</dt><dd>{t("plan.from_to", { before: part(found.people), after: part(found.people_after) })}</dd></div>
            {found.risk !== null && found.risk_after !== null && <div><dt>{t("parts.out")}</dt><dd>{t("plan.from_to", { before: number((1 - found.risk) * found.expected), after: number((1 - found.risk_after) * found.expected) })}</dd></div>}
          </dl>
          <Cells title={t("move.gains", { n: found.gains.length })} rows={found.gains} />
          <Cells title={t("move.loses", { n: found.loses.length })} rows={found.loses} />
          <Areas rows={found.areas} />
        </div>
      )}
      {may && <button type="button" class="button main" disabled={taken.length === 0 || taken.length === plan.changes.length} onClick={() => void keep()}>{t("parts.keep", { n: taken.length })}</button>}
      {may && taken.length === plan.changes.length && <p class="quiet small">{t("parts.whole")}</p>}
    </>
  );
}
