// Learn: how good the forecasts were, how fast the response, and whether the posture reached those who were killed.
import type { Answer, Schemas } from "../api/client";
import { useData } from "../api/client";
import { Empty, Shown } from "../ui/states";
import { month, number, share, t, tag, word } from "../words";
import { Gains } from "./response";

type Learned = Answer<"/api/learn">;

interface Delay { n: number | null; median: number | null; p90: number | null }
interface Figures {
  alerts: number | null;
  by_outcome: Record<string, number | null>;
  delays: Record<string, Delay>;
  answered: number | null;
  told: number | null;
  false_alarms: number | null;
  in_time: Record<string, number | null>;
  open: number | null;
  smallest: number;
}

const DAYS = 90;
const day = (ahead: number): string => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
const part = (v: number | null | undefined): string => (v === null || v === undefined ? t("none") : share(v));
const value = (v: number | null | undefined, digits?: number): string => (v === null || v === undefined ? t("none") : number(v, digits));

export default function Learn() {
  const found = useData<Learned>("/api/learn");
  const figures = useData<Figures>(`/api/figures?from=${day(-DAYS)}&to=${day(1)}`);
  return (
    <article class="sheet">
      <div class="page-head"><div><h1>{t("place.learn")}</h1><p class="quiet">{t("learn.about")}</p></div><div class="tools"><a class="button" href="/learn/response">{t("learn.followed")}</a><a class="button" href="/learn/police">{t("result.police")}</a></div></div>
      <section class="card"><h2>{t("learn.response", { n: DAYS })}</h2><Shown of={figures}>{(data) => <Answering data={data} />}</Shown></section>
      <Shown of={found} what={t("learn.loading")}>
        {(data) => (
          <>
            {data.record ? <Record of={data.record} /> : <Empty title={t("learn.no_record")}><p>{t("learn.no_record.text")}</p></Empty>}
            {data.hindsight ? <LookBack of={data.hindsight} /> : <Empty title={t("learn.no_hindsight")}><p>{t("learn.no_hindsight.text")}</p></Empty>}
          </>
        )}
      </Shown>
    </article>
  );
}

function Answering({ data }: { data: Figures }) {
  const steps = ["acknowledge", "decision", "arrival", "feedback"] as const;
  const few = (v: number | null | undefined) => (v === null || v === undefined ? t("learn.few") : share(v));
  const counted = (v: number | null) => (v === null ? t("learn.few") : number(v));
  const minutes = (v: number | null) => (v === null ? t("learn.few") : t("learn.minutes", { minutes: number(v) }));
  return (
    <>
      <div class="facts">
        <Fact name={t("learn.alerts")} text={counted(data.alerts)} />
        <Fact name={t("learn.answered")} text={few(data.answered)} />
        <Fact name={t("learn.in_time")} text={few(data.in_time.acknowledge)} />
        <Fact name={t("learn.told")} text={few(data.told)} />
        <Fact name={t("learn.false")} text={few(data.false_alarms)} />
      </div>
      <table><thead><tr><th scope="col">{t("learn.step")}</th><th scope="col" class="end">{t("learn.median")}</th><th scope="col" class="end">{t("learn.p90")}</th><th scope="col" class="end">{t("learn.count")}</th></tr></thead>
        <tbody>{steps.map((step) => { const d = data.delays[step] ?? { n: null, median: null, p90: null }; return <tr key={step}><th scope="row">{word("delay", step)}</th><td class="end">{minutes(d.median)}</td><td class="end">{minutes(d.p90)}</td><td class="end">{counted(d.n)}</td></tr>; })}</tbody></table>
      <p class="quiet small">{t("learn.small", { n: data.smallest })}</p>
    </>
  );
}

const Fact = ({ name, text }: { name: string; text: string }) => <div class="fact"><div class="fact-name">{name}</div><div class="fact-value">{text}</div></div>;

function Record({ of }: { of: Schemas["Record"] }) {
  const all = of.table.filter((row) => row.months_ahead === "all");
  return (
    <div class="two">
      <section class="card"><h2>{t("learn.record")}</h2>
        <p class="quiet small">{t("learn.record.about", { n: of.origins, first: month(of.first_origin), last: month(of.until) })}</p>
        <table><thead><tr><th scope="col">{t("learn.model")}</th><th scope="col" class="end">CRPS</th><th scope="col" class="end">{t("learn.brier")}</th><th scope="col" class="end">{t("learn.top10")}</th></tr></thead>
          <tbody>{all.map((row) => <tr key={`${row.target}.${row.model}`}><th scope="row">{word("model", row.model)} {row.model === of.model && <span class="tag good">{t("learn.ours")}</span>}</th><td class="end">{value(row.crps, 3)}</td><td class="end">{value(row.brier, 4)}</td><td class="end">{part(row.top_10)}</td></tr>)}</tbody></table>
        <p class="quiet small">{t("learn.scores.about")}</p>
      </section>
      <section class="card tall"><h2>{t("learn.reliability")}</h2><Reliability bins={of.reliability} /></section>
      <section class="card"><h2>{t("learn.lead")}</h2>
        <table><thead><tr><th scope="col">{t("learn.model")}</th><th scope="col" class="end">{t("learn.killings")}</th>{[1, 3, 6].map((n) => <th key={n} scope="col" class="end">{t("learn.ahead", { n })}</th>)}</tr></thead>
          <tbody>{of.lead.map((l) => <tr key={`${l.target}.${l.model}`}><th scope="row">{word("model", l.model)}</th><td class="end">{number(l.mass_killings)}</td><td class="end">{part(l.share_1_month_ahead)}</td><td class="end">{part(l.share_3_months_ahead)}</td><td class="end">{part(l.share_6_months_ahead)}</td></tr>)}</tbody></table>
        <p class="quiet small">{t("learn.lead.about")}</p>
      </section>
      <section class="card"><h2>{t("learn.losses")}</h2>
        {of.losses.length === 0 ? <p>{t("learn.losses.none")}</p> : (
          <table><thead><tr><th scope="col">{t("learn.measure")}</th><th scope="col" class="end">{t("learn.ours")}</th><th scope="col">{t("learn.better")}</th><th scope="col" class="end">{t("learn.theirs")}</th></tr></thead>
            <tbody>{of.losses.map((l, i) => <tr key={i}><th scope="row">{word("measure", l.measure)} <small class="quiet">{partOf(l.months_ahead)}</small></th><td class="end">{value(l.ours, 3)}</td><td>{word("model", l.model)}</td><td class="end">{value(l.theirs, 3)}</td></tr>)}</tbody></table>
        )}
      </section>
    </div>
  );
}

// Which forecasts a line judges: all, one month ahead, onsets, or those made in a year.
function partOf(slice: string): string {
  if (/^\d+$/.test(slice)) return t("learn.ahead", { n: Number(slice) });
  const [, from, to] = slice.match(/^(\d+)–(\d+)$/) ?? [];
  if (from && to) return t("slice.ahead", { from: Number(from), to: Number(to) });
  const year = slice.match(/^origins of (\d{4})$/)?.[1];
  return year ? t("slice.year", { year: new Intl.NumberFormat(tag(), { useGrouping: false }).format(Number(year)) }) : word("slice", slice);
}

// Chance given against how often it came true; on the line, one can take the numbers at their word.
function Reliability({ bins }: { bins: Schemas["Bin"][] }) {
  if (bins.length === 0) return <p>{t("learn.losses.none")}</p>;
  const top = Math.max(0.1, ...bins.flatMap((b) => [b.said, b.came]));
  return (
    <>
      <svg class="reliability" viewBox="0 0 220 200" role="img" aria-label={t("learn.reliability")}>
        <path class="grid-line" d="M30 170H210M30 10V170M30 170L210 10" />
        {bins.map((b, i) => <circle key={i} class="dot" cx={30 + (180 * b.said) / top} cy={170 - (160 * b.came) / top} r="4.500" />)}
        <text x="120" y="192" text-anchor="middle">{t("learn.said")}</text>
        <text x="-90" y="16" transform="rotate(-90)" text-anchor="middle">{t("learn.came")}</text>
      </svg>
      <table><thead><tr><th scope="col">{t("learn.said")}</th><th scope="col" class="end">{t("learn.came")}</th><th scope="col" class="end">{t("learn.count")}</th></tr></thead>
        <tbody>{bins.map((b, i) => <tr key={i}><th scope="row">{share(b.said)}</th><td class="end">{share(b.came)}</td><td class="end">{number(b.n)}</td></tr>)}</tbody></table>
    </>
  );
}

function LookBack({ of }: { of: Schemas["LookBack"] }) {
  return (
    <section class="card"><h2>{t("learn.hindsight")}</h2>
      <p class="quiet small">{t("learn.hindsight.about", { n: of.months, first: month(of.first), last: month(of.last), until: month(of.judged_until), left: share(of.left_out_share) })}</p>
      <Gains gains={of.gains.filter((g) => g.perpetrator === "all")} />
      <p><a href="/learn/response">{t("learn.followed")}</a></p>
    </section>
  );
}
