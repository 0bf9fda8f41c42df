// Did the posture follow violence, and whom could it reach: by kind of perpetrator, and with and without a town.
import type { Answer, Schemas } from "../api/client";
import { useData } from "../api/client";
import { Empty, Shown } from "../ui/states";
import { change, hours, isRtl, month, share, t, word } from "../words";

const ACTORS = ["all", "state", "non_state"];
const PLACES = ["town", "no_town"];

export default function ResponsePage() {
  const found = useData<Answer<"/api/learn">>("/api/learn");
  return (
    <article class="sheet">
      <p class="crumbs noprint"><a href="/learn">{t("place.learn")}</a></p>
      <div class="page-head"><div><h1>{t("learn.followed")}</h1><p class="quiet">{t("resp.about")}</p></div></div>
      <Shown of={found} what={t("learn.loading")}>
        {(data) => (data.hindsight ? <Told of={data.hindsight} /> : <Empty title={t("learn.no_hindsight")}><p>{t("learn.no_hindsight.text")}</p></Empty>)}
      </Shown>
    </article>
  );
}

function Told({ of }: { of: Schemas["LookBack"] }) {
  const rows = (kinds: string[]) => kinds.flatMap((who) => of.response.filter((one) => one.who === who));
  const all = [...rows(ACTORS), ...rows(PLACES)];
  const top = Math.max(1, ...all.flatMap((one) => [...(one.low_90 ?? []), ...(one.high_90 ?? [])]).map(Math.abs));
  const by = (who: string) => of.gains.filter((g) => g.perpetrator.replace("-", "_") === who);
  return (
    <>
      <p class="quiet small">{t("learn.hindsight.about", { n: of.months, first: month(of.first), last: month(of.last), until: month(of.judged_until), left: share(of.left_out_share) })}</p>
      <div class="three">{rows(ACTORS).map((one) => <Study key={one.who} one={one} top={top} />)}</div>
      <div class="two">{["state", "non_state"].map((who) => (
        <section class="card" key={who}><h2>{word("who", who)}{t("resp.reach")}</h2>
          {by(who).length === 0 ? <p>{t("resp.reach.none")}</p> : <Gains gains={by(who)} />}</section>
      ))}</div>
      <div class="two">{rows(PLACES).map((one) => <Study key={one.who} one={one} top={top} />)}</div>
      <section class="card"><h2>{t("resp.mind")}</h2>
        <ul class="reasons small">{(["resp.mind.saved", "resp.mind.held", "resp.mind.cause"] as const).map((key) => <li key={key}>{t(key)}</li>)}</ul></section>
    </>
  );
}

// One event study: a line with its interval, the sentence it amounts to, and the numbers of a few months as a table.
function Study({ one, top }: { one: Schemas["Followed"]; top: number }) {
  const { months_from: lags, change: line, low_90: low, high_90: high } = one;
  const last = (lags?.length ?? 0) - 1;
  if (!lags || !line || !low || !high || last < 1) return <section class="card"><h2>{word("who", one.who)}</h2><p>{t("resp.few")}</p></section>;
  const shown = lags.flatMap((lag, i) => ([-6, -3, 1, 3, 6, 9, 12].includes(lag) ? [i] : []));
  return (
    <section class="card"><h2>{word("who", one.who)}</h2>
      <p>{t("resp.sentence", { n: one.shocks ?? 0, places: one.places ?? 0, months: lags[last]!, change: change(line[last]!), low: change(low[last]!), high: change(high[last]!) })}{" "}
        {one.months_to_respond === null ? t("resp.nothing") : t("resp.from", { n: one.months_to_respond })}</p>
      <Curve lags={lags} line={line} low={low} high={high} top={top} name={word("who", one.who)} />
      <details><summary>{t("resp.numbers")}</summary>
        <table><thead><tr><th scope="col">{t("resp.month")}</th><th scope="col" class="end">{t("resp.change")}</th><th scope="col" class="end">{t("resp.interval")}</th></tr></thead>
          <tbody>{shown.map((i) => <tr key={i}><th scope="row">{change(lags[i]!)}</th><td class="end">{change(line[i]!)}</td><td class="end">{t("resp.to", { low: change(low[i]!), high: change(high[i]!) })}</td></tr>)}</tbody></table></details>
    </section>
  );
}

const WIDTH = 330;
const HEIGHT = 180;

function Curve({ lags, line, low, high, top, name }: { lags: number[]; line: number[]; low: number[]; high: number[]; top: number; name: string }) {
  const rtl = isRtl();
  const span = lags[lags.length - 1]! - lags[0]!;
  const x = (lag: number) => {
    const forward = 44 + ((lag - lags[0]!) / span) * (WIDTH - 58);
    return rtl ? WIDTH - forward : forward;
  };
  const y = (value: number) => 12 + ((top - value) / (2 * top)) * (HEIGHT - 46);
  const path = (values: number[]) => values.map((v, i) => `${x(lags[i]!)},${y(v)}`);
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((s) => s >= top / 1.6) ?? 10000;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("resp.alt", { name })}>
        {[-step, 0, step].filter((v) => Math.abs(v) <= top).map((v) => (
          <g key={v}><line class="chart-grid" x1={x(lags[0]!)} x2={x(lags[lags.length - 1]!)} y1={y(v)} y2={y(v)} />
            <text class="chart-text" x={rtl ? WIDTH - 38 : 38} y={y(v) + 3.500} text-anchor="end">{change(v)}</text></g>
        ))}
        <polygon class="fan fan-2" points={[...path(high), ...path(low).reverse()].join(" ")} />
        <polyline class="fan-mean" points={path(line).join(" ")} />
        <line class="chart-now" x1={x(0)} x2={x(0)} y1={8} y2={HEIGHT - 34} />
        {[-6, 0, 6, 12].filter((lag) => lags.includes(lag)).map((lag) => <text key={lag} class="chart-text" x={x(lag)} y={HEIGHT - 18} text-anchor="middle">{change(lag)}</text>)}
        <text class="chart-text" x={WIDTH / 2} y={HEIGHT - 3} text-anchor="middle">{t("resp.month")}</text>
      </svg>
    </figure>
  );
}

// Who of those killed was in reach, as units stood and under each other posture; one block a posture.
export function Gains({ gains }: { gains: Schemas["Gain"][] }) {
  const policies = [...new Set(gains.map((g) => g.policy))];
  return (
    <table class="grouped"><thead><tr><th scope="col">{t("plan.within")}</th><th scope="col" class="end">{t("learn.as_is")}</th><th scope="col" class="end">{t("learn.under")}</th><th scope="col" class="end">{t("learn.gain")}</th></tr></thead>
      {policies.map((policy) => (
        <tbody key={policy}>
          <tr><th scope="rowgroup" colSpan={4}>{word("policy", policy.replace(/\W+/g, "_"))}</th></tr>
          {gains.filter((g) => g.policy === policy).map((g) => (
            <tr key={g.limit_hours}><th scope="row">{hours(g.limit_hours)}</th><td class="end">{share(g.share_as_is)}</td><td class="end">{share(g.share)}</td>
              <td class="end">{t("learn.points", { gain: change(100 * g.gain), low: change(100 * g.low), high: change(100 * g.high) })}</td></tr>
          ))}
        </tbody>
      ))}</table>
  );
}
