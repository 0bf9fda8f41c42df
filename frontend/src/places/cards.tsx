// Cards for the road: patrols with a lot among good routes, and a convoy's way; asked for in a form, found again, printed.
import { Printer } from "lucide";
import { useLocation, useRoute } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Failure, changed, post, useData } from "../api/client";
import { Icon } from "../ui/icon";
import { Pick, Segments } from "../ui/pick";
import { Shown } from "../ui/states";
import { arrow, away, clock, hours, kilometres, month, number, share, spot, t, word } from "../words";
import type { Key } from "../words";
import { useGround } from "./ground";
import { degrees, placesOf } from "./move";

const MODES = ["wheeled", "tracked", "foot"];
const AGAIN_S = 2;

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

function useSend(path: string): { send: (body: unknown) => Promise<void>; note: string; bad: boolean; say: (text: string) => void } {
  const [note, say] = useState("");
  const [bad, worse] = useState(false);
  const send = async (body: unknown) => {
    try {
      await post(path, body);
      say(t("wish.asked"));
      worse(false);
      changed("/api/plan/cards");
    } catch (problem) {
      say(problem instanceof Failure && problem.title ? problem.title : t("state.broken"));
      worse(true);
    }
  };
  return { send, note, bad, say: (text) => { say(text); worse(true); } };
}

// An hour of the day as people write it: 6, 6.5 or 06:30, in their own digits.
function hourOf(text: string): number {
  const [h, m] = text.split(":");
  return m === undefined ? degrees(text) : degrees(h ?? "") + degrees(m) / 60;
}

function PatrolForm() {
  const ground = useGround();
  const units = useData<Schemas["BoardNow"]>("/api/plan/board").data?.units ?? [];
  const [bases, setBases] = useState<string[]>([]);
  const [must, setMust] = useState<string[]>([]);
  const [mode, setMode] = useState("wheeled");
  const [days, setDays] = useState("1");
  const [fields, set] = useState<Record<string, string>>({ patrols: "1", leave: "6:00", back: "18:00", stay: "1" });
  const { send, note, bad, say } = useSend("/api/plan/cards/patrols");
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    const [patrols, leave, back, stay] = [degrees(fields.patrols!), hourOf(fields.leave!), hourOf(fields.back!), degrees(fields.stay!)];
    if (![patrols, leave, back, stay].every(Number.isFinite)) return say(t("cards.numbers"));
    void send({ bases, must, mode, days: Number(days), patrols: Math.round(patrols), leave, back, stay_hours: stay });
  };
  const field = (name: string, label: Key) => (
    <label class="line short">{t(label)}<input inputMode={name === "leave" || name === "back" ? "text" : "decimal"} dir="ltr" value={fields[name]} onInput={(e) => set({ ...fields, [name]: e.currentTarget.value })} /></label>
  );
  return (
    <form class="form" onSubmit={go} noValidate>
      <p class="quiet small">{t("cards.patrols.about")}</p>
      <Several legend={t("cards.bases")} none={t("cards.bases.none")} values={bases} known={units.map((u) => u.name)} set={setBases} />
      <Several legend={t("cards.must")} none="" values={must} known={ground ? placesOf(ground).map((p) => p.name) : []} set={setMust} />
      <div class="tools">{field("patrols", "cards.each")}{field("leave", "cards.leave")}{field("back", "cards.back")}{field("stay", "cards.stay")}</div>
      <div class="tools">
        <Pick label={t("cards.mode")} value={mode} choices={MODES.map((m) => ({ value: m, name: word("mode", m) }))} pick={setMode} />
        <Pick label={t("cards.days")} value={days} choices={["1", "2"].map((d) => ({ value: d, name: t(`cards.days.${d}` as Key) }))} pick={setDays} />
      </div>
      <button type="submit" class="button main">{t("cards.patrols.go")}</button>
      {note && <p role="status" class={bad ? "told" : "quiet"} dir="auto">{note}</p>}
    </form>
  );
}

function Several({ legend, none, values, known, set }: { legend: string; none: string; values: string[]; known: string[]; set: (v: string[]) => void }) {
  return (
    <fieldset class="choices"><legend>{legend}</legend>
      {values.length === 0 && none && <p class="quiet small">{none}</p>}
      {values.length > 0 && <ul class="chips">{values.map((v) => <li key={v}><span dir="auto">{v}</span> <button type="button" class="link" onClick={() => set(values.filter((w) => w !== v))}>{t("wish.leave_out")}</button></li>)}</ul>}
      <Pick label={t("cards.add")} value="" choices={[{ value: "", name: t("move.choose") }, ...known.filter((k) => !values.includes(k)).map((k) => ({ value: k, name: k }))]} pick={(v) => { if (v) set([...values, v]); }} />
    </fieldset>
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
  const { send, note, bad, say } = useSend("/api/plan/cards/way");
  const ends = [...units.map((u) => u.name), ...(ground ? placesOf(ground).map((p) => p.name) : [])];
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    if (!Number.isFinite(hourOf(leave))) return say(t("cards.numbers"));
    if (!start || !end) return say(t("cards.ends"));
    void send({ start, end, mode, leave: hourOf(leave), night });
  };
  const choices = [{ value: "", name: t("move.choose") }, ...[...new Set(ends)].map((e) => ({ value: e, name: e }))];
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
      <button type="submit" class="button main">{t("cards.way.go")}</button>
      {note && <p role="status" class={bad ? "told" : "quiet"} dir="auto">{note}</p>}
    </form>
  );
}

const MARK: Record<string, string> = { done: "tag good", refused: "tag bad", stopped: "tag warn" };

function Asked() {
  const [open, watch] = useState(false);
  const cards = useData<Schemas["CardLine"][]>("/api/plan/cards", open ? AGAIN_S : 0);
  const busy = cards.data?.some((c) => c.state === "waiting" || c.state === "working") ?? false;
  useEffect(() => watch(busy), [busy]);
  return (
    <section class="card"><h2>{t("cards.list")}</h2>
      <Shown of={cards}>{(rows) => rows.length === 0 ? <p>{t("cards.none")}</p> : (
        <ol class="plain-list wishes">{rows.map((one) => {
          const asked = one.demands as { bases?: string[]; start?: string; end?: string; mode: string };
          const working = one.state === "working" || one.state === "waiting";
          return (
            <li key={one.id}>
              <p><strong>{word("cards_kind", one.objective)}</strong> <span class={MARK[one.state] ?? "tag"}>{word("wish_state", one.state)}</span> <small class="quiet">{away(one.asked_at)}</small></p>
              <p class="quiet small"><span dir="auto">{asked.start ? `${asked.start} ${arrow()} ${asked.end}` : (asked.bases?.join(", ") || t("cards.bases.none"))}</span> · {word("mode", asked.mode)}</p>
              {working && <p role="status"><span class="pulse inline" aria-hidden="true" /> {one.step ? word("step", one.step) : t("wish.waits")} <small class="quiet">{t("wish.may_leave")}</small></p>}
              {one.problem && <p class="told" dir="auto" lang="en">{one.problem.title}</p>}
              {one.state === "stopped" && <p>{t("wish.stopped")}</p>}
              {one.run && <a class="button" href={`/plan/cards/${one.run}`}>{t("cards.open")}</a>}
            </li>
          );
        })}</ol>
      )}</Shown>
    </section>
  );
}

function Card({ run }: { run: string }) {
  const card = useData<Schemas["PatrolsMade"] | Schemas["WayMade"]>(`/api/plan/cards/${encodeURIComponent(run)}`);
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
        <p>{t("cards.lot.about", { n: made.plans, share: share(made.given_up) })}</p>
        <table><thead><tr><th scope="col">{t("cards.patrol")}</th><th scope="col" class="end">{t("cards.routes")}</th><th scope="col" class="end">{t("cards.guess")}</th></tr></thead>
          <tbody>{made.guess.map((g) => <tr key={g.patrol}><th scope="row" dir="auto">{patrolName(g.patrol)}{g.routes === 1 && <div class="quiet small">{t("cards.one_route")}</div>}</th><td class="end">{number(g.routes)}</td><td class="end">{share(g.best_guess)}</td></tr>)}</tbody></table>
        {made.out_of_reach.length > 0 && <p class="small">{t("cards.out_of_reach")} <span dir="auto">{made.out_of_reach.slice(0, 8).map(spot).join(", ")}</span></p>}
        <h3>{t("cards.worse")}</h3>
        <ul class="reasons">{(["seen", "lost", "low"] as const).map((w) => <li key={w}>{t(`cards.worse.${w}`)}</li>)}</ul>
        <div class="tools">
          {may.includes("create plan") && <button type="button" class="button main" onClick={() => void draw()}>{t(drawn ? "cards.draw_again" : "cards.draw")}</button>}
          {drawn && <button type="button" class="button" onClick={() => print()}><Icon node={Printer} size={16} /> {t("cards.print")}</button>}
        </div>
        {trouble && <p class="told" role="alert" dir="auto">{trouble}</p>}
      </section>
      {drawn?.patrols.map((p) => (
        <section key={p.patrol} class="card sheet-card"><h2 dir="auto">{patrolName(p.patrol)}</h2>
          <p>{t("cards.line", { start: spot(p.start.name), leave: clock(p.leave), end: spot(p.end.name), back: clock(p.back), km: kilometres(p.km_straight), mode: word("mode", drawn.mode), season: word("season", drawn.season) })}</p>
          {typeof p.hours_driven === "number" && typeof p.hours_out === "number" && <p>{t("cards.takes", { driven: hours(p.hours_driven), out: hours(p.hours_out) })}</p>}
          {p.stops.length === 0 ? <p>{t("cards.no_stop")}</p> : (
            <div class="scroll-x" tabIndex={0} role="region" aria-label={patrolName(p.patrol)}><table><thead><tr><th scope="col" class="end">{t("cards.number")}</th><th scope="col">{t("cards.place")}</th><th scope="col" class="end">{t("cards.arrive")}</th><th scope="col" class="end">{t("cards.stay_for")}</th><th scope="col" class="end">{t("cards.at")}</th><th scope="col">{t("cards.note")}</th></tr></thead>
              <tbody>{p.stops.map((s, i) => <tr key={i}><td class="end">{number(i + 1, 0)}</td><th scope="row" dir="auto">{spot(s.name)}</th><td class="end">{clock(s.at)}</td><td class="end">{hours(s.stay_hours)}</td><td class="end"><bdi dir="ltr">{s.lat.toFixed(4)}, {s.lon.toFixed(4)}</bdi></td><td class="write" /></tr>)}</tbody></table></div>
          )}
          <p class="quiet small">{t("cards.ends_with_you")}</p>
        </section>
      ))}
    </>
  );
}

// "Alpha 2, day 1": the day in the reader's words.
function patrolName(name: string): string {
  const found = name.match(/^(.*), day (\d)$/);
  return found ? t("cards.day", { name: found[1]!, day: Number(found[2]) }) : name;
}

// The first two who can come; a card made before they were told has one.
function helpersOf(leg: Schemas["Leg"]): { name: string; hours: number }[] {
  if (leg.helpers.length) return leg.helpers.slice(0, 2);
  return leg.helper && leg.helper_hours !== null ? [{ name: leg.helper, hours: leg.helper_hours }] : [];
}

function WayCard({ made }: { made: Schemas["WayMade"] }) {
  const { route } = useLocation();
  const rests = new Map(made.rests.map((r) => [r.after_leg, r.hours]));
  const stops = made.legs.some((leg) => leg.checkpoints.length > 0);
  const ways = [["cards.fastest", made.fastest], ["cards.chosen", made.chosen], ["cards.safest", made.safest]] as const;
  return (
    <section class="card sheet-card"><h2 dir="auto">{spot(made.start.name)} {arrow()} {spot(made.end.name)}</h2>
      <p class="quiet small">{t("cards.made", { month: month(made.as_of, "long"), season: word("season", made.season), mode: word("mode", made.mode) })}</p>
      <p>{t("cards.way.line", { leave: clock(made.leave), hours: hours(made.arrive_after_hours), km: kilometres(made.chosen.km) })}</p>
      <table><thead><tr><th scope="col">{t("cards.way")}</th><th scope="col" class="end">{t("cards.time")}</th><th scope="col" class="end">{t("cards.length")}</th><th scope="col" class="end">{t("cards.exposure")}</th></tr></thead>
        <tbody>{ways.map(([name, w]) => <tr key={name}><th scope="row">{t(name)}</th><td class="end">{hours(w.hours)}</td><td class="end">{kilometres(w.km)}</td><td class="end">{number(w.exposure)}</td></tr>)}</tbody></table>
      <h3>{t("cards.legs")}</h3>
      <div class="scroll-x" tabIndex={0} role="region" aria-label={t("cards.legs")}><table><thead><tr><th scope="col">{t("plan.to")}</th><th scope="col" class="end">{t("cards.arrive")}</th><th scope="col" class="end">{t("cards.time")}</th><th scope="col" class="end">{t("cards.exposure")}</th>{stops && <th scope="col">{t("cards.checkpoints")}</th>}<th scope="col">{t("cards.help")}</th><th scope="col">{t("cards.trouble")}</th></tr></thead>
        <tbody>{made.legs.flatMap((leg, i) => [
          ...(rests.has(i) ? [<tr key={`rest${i}`}><td colSpan={stops ? 7 : 6} class="quiet">{t("cards.rest", { hours: hours(rests.get(i)!) })}</td></tr>] : []),
          <tr key={i}><th scope="row" dir="auto">{spot(leg.end)}<div class="quiet small"><bdi dir="ltr">{leg.lat.toFixed(4)}, {leg.lon.toFixed(4)}</bdi></div></th><td class="end">{clock(leg.clock)}</td><td class="end">{hours(leg.hours)}</td><td class="end">{number(leg.exposure)}</td>
            {stops && <td>{leg.checkpoints.map((c) => <div key={c.name}><span dir="auto">{spot(c.name)}</span> <small class="quiet">{hours(c.hours)}</small></div>)}</td>}
            <td>{helpersOf(leg).map((h) => <div key={h.name}><span dir="auto">{h.name}</span> <small class="quiet">{hours(h.hours)}</small></div>)}{!leg.helper && t("cell.nobody")}</td>
            <td>{t(leg.turn_back ? "cards.turn_back" : "cards.go_on")}{leg.dark && <> <span class="tag warn">{t("cards.dark")}</span></>}</td></tr>,
        ])}</tbody></table></div>
      {made.turn_back && <p><strong>{t("cards.turn", { place: spot(made.turn_back.name), hours: hours(made.turn_back.after_hours) })}</strong></p>}
      {made.others.length > 0 && <><h3>{t("cards.others")}</h3>
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("cards.others")}><table><thead><tr><th scope="col">{t("cards.parts")}</th><th scope="col">{t("cards.by")}</th><th scope="col">{t("cards.joins")}</th><th scope="col" class="end">{t("cards.time")}</th><th scope="col" class="end">{t("cards.length")}</th><th scope="col" class="end">{t("cards.exposure")}</th></tr></thead>
          <tbody>{made.others.map((o, i) => <tr key={i}><th scope="row" dir="auto">{spot(o.parts_at)}</th><td>{o.by.map((b) => <div key={b} dir="auto">{spot(b)}</div>)}</td><td dir="auto">{spot(o.joins_at)}</td><td class="end">{hours(o.hours)}</td><td class="end">{kilometres(o.km)}</td><td class="end">{number(o.exposure)}</td></tr>)}</tbody></table></div></>}
      <p class="quiet small">{t(made.over === "straight line" ? "cards.over.straight" : "cards.over.ground")}</p>
      <h3>{t("cards.worse")}</h3>
      <ul class="reasons">{(["known", "draws"] as const).map((w) => <li key={w}>{t(`cards.worse.${w}`)}</li>)}</ul>
      <div class="tools noprint"><button type="button" class="button" onClick={() => print()}><Icon node={Printer} size={16} /> {t("cards.print")}</button>
        <button type="button" class="button" onClick={() => route("/plan/cards")}>{t("cards.other")}</button></div>
    </section>
  );
}
