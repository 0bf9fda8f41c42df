// Cards for the road: patrols with a lot among good routes, and a convoy's way; asked for in a form, found again, printed.
import { Printer } from "lucide";
import { useLocation, useRoute } from "preact-iso/router";
import { useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Failure, post, useData } from "../api/client";
import { Icon } from "../ui/icon";
import { Pick, Segments } from "../ui/pick";
import { Shown } from "../ui/states";
import { arrow, clock, hours, kilometres, language, month, number, share, spot, t, word } from "../words";
import { AskedList, Field, Note, choose, figure, hourOf, useSend } from "./asked";
import { useGround } from "./ground";
import { placesOf } from "./move";
import { MODES, PatrolForm, PatrolRules, patrolName } from "./patrolform";
import { WayShapes } from "./wayshapes";

export default function Cards() {
  const { params } = useRoute();
  return (
    <article class="sheet">
      <p class="crumbs noprint"><a href="/plan">{t("plan.title")}</a></p>
      <h1 class="noprint">{t("cards.title")}</h1>
      {params.run ? <Card run={params.run} /> : <Ask />}
    </article>
  );
}

function Ask() {
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  const [what, choose] = useState("patrols");
  return (
    <div class="two">
      {may.includes("create plan") && (
        <section class="card"><h2>{t("cards.ask")}</h2>
          <Segments label={t("cards.ask")} value={what} choices={["patrols", "corridor"].map((w) => ({ value: w, name: word("cards_kind", w) }))} pick={choose} />
          {what === "patrols" ? <PatrolForm /> : <WayForm />}
        </section>
      )}
      <Asked />
    </div>
  );
}

function WayForm() {
  const ground = useGround();
  const units = useData<Schemas["BoardNow"]>("/api/plan/board").data?.units ?? [];
  const [start, setStart] = useState("");
  const [end, setEnd] = useState("");
  const [mode, setMode] = useState("wheeled");
  const [leave, setLeave] = useState("6:00");
  const [night, setNight] = useState(false);
  const [most, setMost] = useState("2");
  const [others, setOthers] = useState("2");
  const sending = useSend("/api/plan/cards/way", "/api/plan/cards");
  const ends = [...units.map((u) => u.name), ...(ground ? placesOf(ground).map((p) => p.name) : [])];
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    const [times, more] = [figure(most) ?? NaN, figure(others) ?? NaN];
    if (![hourOf(leave), times, more].every(Number.isFinite)) return sending.say(t("cards.numbers"));
    if (!start || !end) return sending.say(t("cards.ends"));
    void sending.send({ start, end, mode, leave: hourOf(leave), night, most_time: times, others: Math.round(more) });
  };
  const choices = choose(ends);
  return (
    <form class="form" onSubmit={go} noValidate>
      <p class="quiet small">{t("cards.way.about")}</p>
      <div class="tools">
        <Pick label={t("cards.from")} value={start} choices={choices} pick={setStart} />
        <Pick label={t("cards.to")} value={end} choices={choices} pick={setEnd} />
      </div>
      <div class="tools">
        <Pick label={t("cards.mode")} value={mode} choices={MODES.map((m) => ({ value: m, name: word("mode", m) }))} pick={setMode} />
        <label class="line short">{t("cards.leave")}<input dir="ltr" value={leave} onInput={(e) => setLeave(e.currentTarget.value)} /></label>
        <label class="with-check-line"><input type="checkbox" checked={night} onChange={() => setNight(!night)} /> {t("cards.night")}</label>
      </div>
      <div class="tools"><Field label={t("cards.most_time")} value={most} set={setMost} /><Field label={t("cards.others.many")} value={others} set={setOthers} /></div>
      <button type="submit" class="button main">{t("cards.way.go")}</button>
      <Note of={sending} />
    </form>
  );
}

function Asked() {
  return (
    <AskedList<Schemas["CardLine"]> path="/api/plan/cards" title={t("cards.list")} none={t("cards.none")} open={t("cards.open")} href={(one) => `/plan/cards/${one.run}`}
      name={(one) => word("cards_kind", one.objective)}
      about={(one) => {
        const asked = one.demands as { bases?: string[]; start?: string; end?: string; mode: string; escorts?: unknown[]; joint?: unknown[]; keep?: object };
        const tasks = (asked.escorts?.length ?? 0) + (asked.joint?.length ?? 0) + Object.keys(asked.keep ?? {}).length;
        return <><span dir="auto">{asked.start ? `${asked.start} ${arrow()} ${asked.end}` : (asked.bases?.join(", ") || t("cards.bases.none"))}</span> · {word("mode", asked.mode)}{tasks > 0 && ` · ${t("cards.tasks", { n: tasks })}`}</>;
      }} />
  );
}

function Card({ run }: { run: string }) {
  const card = useData<Schemas["PatrolsMade"] | Schemas["WayMade"]>(`/api/plan/cards/${encodeURIComponent(run)}?lang=${language.value}`);
  return <Shown of={card}>{(found) => (found.kind === "patrols" ? <PatrolCards made={found as Schemas["PatrolsMade"]} /> : <WayCard made={found as Schemas["WayMade"]} />)}</Shown>;
}

function PatrolCards({ made }: { made: Schemas["PatrolsMade"] }) {
  const may = useData<{ may: string[] }>("/api/me").data?.may ?? [];
  const [drawn, show] = useState<Schemas["Drawn"] | null>(null);
  const [trouble, complain] = useState("");
  const draw = () => post<Schemas["Drawn"]>(`/api/plan/cards/${made.run}/draw`).then(show, (problem: unknown) => complain(problem instanceof Failure && problem.title ? problem.title : t("state.broken")));
  return (
    <>
      <section class="card noprint"><h2>{t("cards.lot")}</h2>
        <p class="quiet small">{t("cards.made", { month: month(made.as_of, "long"), season: word("season", made.season), mode: word("mode", made.mode) })}</p>
        <p>{t("cards.value", { value: number(made.value, 2), bound: number(made.bound, 2) })}</p>
        <p>{t("cards.lot.about", { n: made.plans, share: share(made.given_up) })} {made.least_given_up === null ? t("cards.least.unknown") : t("cards.least", { share: share(made.least_given_up) })} {t("cards.overlap", { share: share(made.overlap) })}</p>
        <table><thead><tr><th scope="col">{t("cards.patrol")}</th><th scope="col" class="end">{t("cards.routes")}</th><th scope="col" class="end">{t("cards.guess")}</th></tr></thead>
          <tbody>{made.guess.map((g) => <tr key={g.patrol}><th scope="row" dir="auto">{patrolName(g.patrol)}{g.routes === 1 && <div class="quiet small">{t("cards.one_route")}</div>}</th><td class="end">{number(g.routes)}</td><td class="end">{share(g.best_guess)}</td></tr>)}</tbody></table>
        <PatrolRules made={made} />
        {made.out_of_reach.length > 0 && <p class="small">{t("cards.out_of_reach")} <span dir="auto">{made.out_of_reach.slice(0, 8).map(spot).join(", ")}</span></p>}
        <h3>{t("cards.worse")}</h3>
        <ul class="reasons">{made.worse.map((w) => <li key={w} dir="auto">{w}</li>)}</ul>
        <details class="history"><summary>{t("plan.assumes")}</summary><ul class="reasons">{made.assumes.map((a) => <li key={a} dir="auto">{a}</li>)}</ul></details>
        <div class="tools">
          {may.includes("create plan") && <button type="button" class="button main" onClick={() => void draw()}>{t(drawn ? "cards.draw_again" : "cards.draw")}</button>}
          {drawn && <button type="button" class="button" onClick={() => print()}><Icon node={Printer} size={16} /> {t("cards.print")}</button>}
        </div>
        {trouble && <p class="told" role="alert" dir="auto">{trouble}</p>}
      </section>
      {drawn?.patrols.map((p) => (
        <section key={p.patrol} class="card sheet-card"><h2 dir="auto">{patrolName(p.patrol)}</h2>
          <p>{t("cards.line", { start: spot(p.start.name), leave: clock(p.leave), end: spot(p.end.name), back: clock(p.back), km: kilometres(p.km_straight), mode: word("mode", drawn.mode), season: word("season", drawn.season) })}</p>
          {typeof p.hours_driven === "number" && typeof p.hours_out === "number" && <p>{t("cards.takes", { driven: hours(p.hours_driven), out: hours(p.hours_out) })} {typeof p.litres === "number" && t("cards.takes.litres", { litres: number(p.litres, 0) })} {typeof p.fuel_hours_left === "number" && t("cards.takes.left", { hours: hours(p.fuel_hours_left) })}</p>}
          {p.along.length > 0 && <p><strong>{t("cards.along", { names: p.along.join(", ") })}</strong></p>}
          {p.stops.length === 0 ? <p>{t("cards.no_stop")}</p> : (
            <div class="scroll-x" tabIndex={0} role="region" aria-label={patrolName(p.patrol)}><table><thead><tr><th scope="col" class="end">{t("cards.number")}</th><th scope="col">{t("cards.place")}</th><th scope="col" class="end">{t("cards.arrive")}</th><th scope="col" class="end">{t("cards.stay_for")}</th><th scope="col" class="end">{t("cards.at")}</th><th scope="col">{t("cards.note")}</th></tr></thead>
              <tbody>{p.stops.map((s, i) => <tr key={i}><td class="end">{number(i + 1, 0)}</td><th scope="row" dir="auto">{s.kind === "fuel" ? t("cards.stop.fuel", { place: spot(s.name) }) : s.kind === "escort" ? t("cards.stop.escort", { place: spot(s.name) }) : spot(s.name)}</th><td class="end">{clock(s.at)}</td><td class="end">{hours(s.stay_hours)}</td><td class="end"><bdi dir="ltr">{s.lat.toFixed(4)}, {s.lon.toFixed(4)}</bdi></td><td class="write" /></tr>)}</tbody></table></div>
          )}
          <p class="quiet small">{t("cards.ends_with_you")}</p>
        </section>
      ))}
    </>
  );
}

// The first two who can come; a card made before they were told has one.
function helpersOf(leg: Schemas["Leg"]): { name: string; hours: number }[] {
  if (leg.helpers.length) return leg.helpers.slice(0, 2);
  return leg.helper && leg.helper_hours !== null ? [{ name: leg.helper, hours: leg.helper_hours }] : [];
}

function WayCard({ made }: { made: Schemas["WayMade"] }) {
  const { route } = useLocation();
  const rests = new Map(made.rests.map((r) => [r.after_leg, r]));
  const stops = made.legs.some((leg) => leg.checkpoints.length > 0);
  const ways = [["cards.fastest", made.fastest], ["cards.chosen", made.chosen], ["cards.safest", made.safest]] as const;
  return (
    <section class="card sheet-card"><h2 dir="auto">{spot(made.start.name)} {arrow()} {spot(made.end.name)}</h2>
      <p class="quiet small">{t("cards.made", { month: month(made.as_of, "long"), season: word("season", made.season), mode: word("mode", made.mode) })}</p>
      <p>{t("cards.way.line", { leave: clock(made.leave), hours: hours(made.arrive_after_hours), km: kilometres(made.chosen.km) })}</p>
      <table><thead><tr><th scope="col">{t("cards.way")}</th><th scope="col" class="end">{t("cards.time")}</th><th scope="col" class="end">{t("cards.length")}</th><th scope="col" class="end">{t("cards.exposure")}</th></tr></thead>
        <tbody>{ways.map(([name, w]) => <tr key={name}><th scope="row">{t(name)}</th><td class="end">{hours(w.hours)}</td><td class="end">{kilometres(w.km)}</td><td class="end">{number(w.exposure)}</td></tr>)}</tbody></table>
      <WayShapes made={made} />
      <h3>{t("cards.legs")}</h3>
      <div class="scroll-x" tabIndex={0} role="region" aria-label={t("cards.legs")}><table><thead><tr><th scope="col">{t("plan.to")}</th><th scope="col" class="end">{t("cards.arrive")}</th><th scope="col" class="end">{t("cards.time")}</th><th scope="col" class="end">{t("cards.exposure")}</th>{stops && <th scope="col">{t("cards.checkpoints")}</th>}<th scope="col">{t("cards.help")}</th><th scope="col">{t("cards.trouble")}</th></tr></thead>
        <tbody>{made.legs.flatMap((leg, i) => [
          ...(rests.has(i) ? [<tr key={`rest${i}`}><td colSpan={stops ? 7 : 6} class="quiet">{t("cards.rest", { hours: hours(rests.get(i)!.hours) })} {t("cards.rest.near", { events: number(rests.get(i)!.exposure, 2) })}</td></tr>] : []),
          <tr key={i}><th scope="row" dir="auto">{spot(leg.end)}<div class="quiet small"><bdi dir="ltr">{leg.lat.toFixed(4)}, {leg.lon.toFixed(4)}</bdi></div></th><td class="end">{clock(leg.clock)}</td><td class="end">{hours(leg.hours)}</td><td class="end">{number(leg.exposure)}</td>
            {stops && <td>{leg.checkpoints.map((c) => <div key={c.name}><span dir="auto">{spot(c.name)}</span> <small class="quiet">{hours(c.hours)}</small></div>)}</td>}
            <td>{helpersOf(leg).map((h) => <div key={h.name}><span dir="auto">{h.name}</span> <small class="quiet">{hours(h.hours)}</small></div>)}{!leg.helper && t("cell.nobody")}</td>
            <td>{t(leg.turn_back ? "cards.turn_back" : "cards.go_on")}{leg.dark && <> <span class="tag warn">{t("cards.dark")}</span></>}</td></tr>,
        ])}</tbody></table></div>
      {made.turn_back && <p><strong>{t("cards.turn", { place: spot(made.turn_back.name), hours: hours(made.turn_back.after_hours) })}</strong></p>}
      {made.by_hour.length > 0 && <><h3>{t("cards.by_hour")}</h3>
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("cards.by_hour")}><table><thead><tr><th scope="col">{t("cards.leave")}</th><th scope="col" class="end">{t("cards.by_hour.there")}</th><th scope="col" class="end">{t("cards.by_hour.exposure")}</th><th scope="col" class="end">{t("cards.by_hour.least")}</th></tr></thead>
          <tbody>{made.by_hour.filter((h) => h.leave % 2 === 0).map((h) => <tr key={h.leave}><th scope="row">{clock(h.leave)}</th><td class="end">{hours(h.arrive_after_hours)}</td><td class="end">{number(h.exposure, 2)}</td><td class="end">{number(h.least, 2)} <small class="quiet">{t("cards.by_hour.after", { hours: hours(h.least_after_hours) })}</small></td></tr>)}</tbody></table></div></>}
      {made.others.length > 0 && <><h3>{t("cards.others")}</h3>
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("cards.others")}><table><thead><tr><th scope="col">{t("cards.parts")}</th><th scope="col">{t("cards.by")}</th><th scope="col">{t("cards.joins")}</th><th scope="col" class="end">{t("cards.time")}</th><th scope="col" class="end">{t("cards.length")}</th><th scope="col" class="end">{t("cards.exposure")}</th></tr></thead>
          <tbody>{made.others.map((o, i) => <tr key={i}><th scope="row" dir="auto">{spot(o.parts_at)}</th><td>{o.by.map((b) => <div key={b} dir="auto">{spot(b)}</div>)}</td><td dir="auto">{spot(o.joins_at)}</td><td class="end">{hours(o.hours)}</td><td class="end">{kilometres(o.km)}</td><td class="end">{number(o.exposure)}</td></tr>)}</tbody></table></div></>}
      <p class="quiet small">{t(made.over === "straight line" ? "cards.over.straight" : "cards.over.ground")}</p>
      <h3>{t("cards.worse")}</h3>
      <ul class="reasons">{made.worse.map((w) => <li key={w} dir="auto">{w}</li>)}</ul>
      <details class="history noprint"><summary>{t("plan.assumes")}</summary><ul class="reasons">{made.assumes.map((a) => <li key={a} dir="auto">{a}</li>)}</ul></details>
      <div class="tools noprint"><button type="button" class="button" onClick={() => print()}><Icon node={Printer} size={16} /> {t("cards.print")}</button>
        <button type="button" class="button" onClick={() => route("/plan/cards")}>{t("cards.other")}</button></div>
    </section>
  );
}
