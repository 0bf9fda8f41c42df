// An order of leaving: months by bases, what is kept against other orders, what must be in place before, who is left out.
import { Download, Printer } from "lucide";
import { useMemo } from "preact/hooks";
import type { Schemas } from "../api/client";
import { ShapeMap, point, square } from "../map/shapemap";
import { theme } from "../theme";
import { Icon } from "../ui/icon";
import { Lines } from "../ui/lines";
import { Waiting } from "../ui/states";
import { hours, month, number, share, spot, t, word } from "../words";
import { Beside } from "./asked";
import { useGround } from "./ground";

type Made = Schemas["OrderMade"];
const COLOURS = { day: { lost: "#e57f3c", out: "#6b1509", base: "#12394a" }, night: { lost: "#e69a45", out: "#ffdf9e", base: "#9fd4e8" } };

export function Order({ made }: { made: Made }) {
  const closing = made.units.filter((u) => u.step !== null).sort((a, b) => a.step! - b.step! || a.unit.localeCompare(b.unit));
  const rows = [...closing, ...made.units.filter((u) => u.step === null && made.kept.includes(u.unit))];
  return (
    <>
      <div class="page-head"><div><h1>{t("leave_kind.drawdown")}</h1><p class="quiet">{t("order.about", { month: month(made.as_of, "long"), n: made.bases, kept: made.kept.length, hours: hours(made.limit_hours) })}</p></div>
        <div class="tools noprint"><a class="button" href={`/api/plan/leaving/${made.run}/map`} download><Icon node={Download} size={16} /> {t("order.map.take")}</a>
          <button type="button" class="button" onClick={() => print()}><Icon node={Printer} size={16} /> {t("cards.print")}</button></div></div>
      <div class="facts">
        <Fact name={t("order.now")} value={number(made.before, 1)} />
        <Fact name={t("order.end")} value={number(made.steps.at(-1)?.protection ?? made.before, 1)} />
        <Fact name={t("order.value")} value={number(made.value, 1)} about={made.proven ? t("order.proven") : t("order.bound", { bound: number(made.bound, 1) })} />
        <Fact name={t("order.price")} value={number(made.price_of_order, 1)} about={t("order.price.about")} />
      </div>
      <section class="card"><h2>{t("order.months")}</h2>
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("order.months")}><table class="months"><thead><tr><th scope="col">{t("leave.base")}</th>{made.steps.map((s) => <th key={s.step} scope="col">{month(s.month)}<div class="small">{word("season", s.season)}</div></th>)}</tr></thead>
          <tbody>{rows.map((u) => <tr key={u.unit}><th scope="row" dir="auto">{u.unit}</th>{made.steps.map((s) => {
            const state = u.step === null || s.step < u.step ? "open" : s.step === u.step ? "closes" : "closed";
            return <td key={s.step} class={state === "closed" ? "shut" : state === "open" ? "opened" : ""}>{state === "closes" ? <span class="tag warn">{t("order.closes")}</span> : <small class="quiet">{t(`order.${state}`)}</small>}</td>;
          })}</tr>)}
            <tr><th scope="row">{t("order.within")}</th>{made.steps.map((s) => <td key={s.step}><strong>{number(s.protection, 1)}</strong></td>)}</tr>
            <tr><th scope="row">{t("order.out")}</th>{made.steps.map((s) => <td key={s.step}>{number(s.out_of_reach, 1)}</td>)}</tr></tbody></table></div>
        {made.stay_to_the_end.length > 0 && <p class="quiet small">{t("order.stay", { names: made.stay_to_the_end.join(", ") })}</p>}
      </section>
      <div class="two">
        <section class="card"><h2>{t("order.compared")}</h2>
          <Lines label={t("order.curve.alt", { orders: [t("order.ours"), ...made.compared.map(named)].join(", ") })} x={t("order.month")} y={t("order.within")} zero={false}
            series={[{ name: t("order.ours"), points: made.steps.map((s) => [s.step, s.protection]), look: 0 }, ...made.compared.map((o, i) => ({ name: named(o), points: o.curve.map((v, k) => [k + 1, v] as [number, number]), look: i + 1 }))]}
            at={made.steps.filter((_, i) => made.steps.length <= 8 || i % Math.ceil(made.steps.length / 8) === 0).map((s) => ({ value: s.step, name: month(s.month) }))}>{t("order.cut")}</Lines>
          <table><thead><tr><th scope="col">{t("order.by")}</th><th scope="col" class="end">{t("order.kept")}</th><th scope="col" class="end">{t("order.more")}</th></tr></thead>
            <tbody>{made.compared.map((o) => <tr key={o.order}><th scope="row">{named(o)}</th><td class="end">{number(o.value, 1)}</td><td class="end">{share(o.kept_more)}</td></tr>)}</tbody></table>
        </section>
        <Gap made={made} />
      </div>
      <Needs made={made} />
      <Residual made={made} />
      <Beside worse={made.worse} assumes={made.assumes} />
    </>
  );
}

const named = (o: Schemas["OtherOrder"]): string => (o.by ? word("order_by", o.by) : o.order);

function Fact({ name, value, about }: { name: string; value: string; about?: string }) {
  return <div class="fact"><div class="fact-name">{name}</div><div class="fact-value">{value}</div>{about && <div class="quiet small">{about}</div>}</div>;
}

function Gap({ made }: { made: Made }) {
  const ground = useGround();
  const colours = COLOURS[theme.value];
  const shapes = useMemo(() => {
    const out = new Set(made.residual.map((c) => c.gid));
    const lost = made.steps.flatMap((s) => s.loses_reach).filter((c) => !out.has(c.gid));
    return [
      ...lost.map((c) => square(c.lon, c.lat, { colour: colours.lost, fill: 0.4 })),
      ...made.residual.map((c) => square(c.lon, c.lat, { colour: colours.out, fill: 0.5 })),
      ...made.units.map((u) => point(u.lon, u.lat, u.step === null ? { colour: colours.base } : { colour: colours.base, hollow: true, label: number(u.step) })),
    ];
  }, [made, colours]);
  return (
    <section class="card"><h2>{t("order.gap")}</h2>
      {ground ? <div class="map-frame small-map gap-map"><ShapeMap ground={ground} shapes={shapes} /></div> : <Waiting what={t("map.loading")} />}
      <ul class="curve-keys">
        <li><svg width="16" height="12" aria-hidden="true"><rect width="16" height="12" fill={colours.out} fill-opacity="0.500" stroke={colours.out} /></svg> {t("order.key.out")}</li>
        <li><svg width="16" height="12" aria-hidden="true"><rect width="16" height="12" fill={colours.lost} fill-opacity="0.400" stroke={colours.lost} /></svg> {t("order.key.lost")}</li>
        <li><svg width="16" height="16" aria-hidden="true"><circle cx="8" cy="8" r="6" fill="none" stroke={colours.base} stroke-width="2.500" /></svg> {t("order.key.closes")}</li>
        <li><svg width="16" height="16" aria-hidden="true"><circle cx="8" cy="8" r="7" fill={colours.base} /></svg> {t("order.key.stays")}</li>
      </ul>
      <p class="quiet small">{t(made.over === "ground" ? "plan.over_ground" : "plan.over_straight")}</p>
    </section>
  );
}

function Needs({ made }: { made: Made }) {
  const steps = made.steps.filter((s) => s.in_place_before.length > 0);
  return (
    <section class="card"><h2>{t("order.needs")}</h2><p class="quiet small">{t("order.needs.about")}</p>
      {steps.length === 0 ? <p>{t("order.needs.none")}</p> : steps.map((s) => (
        <div key={s.step}><h3>{t("order.needs.before", { month: month(s.month, "long") })} <span class="quiet" dir="auto">{s.closes.map((c) => c.unit).join(", ")}</span></h3>
          {s.deaths_a_month_losing_reach > 0 && <p class="small">{t("order.loses", { deaths: number(s.deaths_a_month_losing_reach, 1), people: s.people_losing_reach === null ? t("unknown") : number(s.people_losing_reach, 0) })}</p>}
          <div class="scroll-x" tabIndex={0} role="region" aria-label={t("order.needs.before", { month: month(s.month, "long") })}><table><thead><tr><th scope="col">{t("order.who")}</th><th scope="col">{t("order.what")}</th><th scope="col">{t("order.where")}</th><th scope="col">{t("order.there")}</th></tr></thead>
            <tbody>{s.in_place_before.map((n, i) => <tr key={i}><th scope="row">{word("order_who", n.who.replaceAll(/[ -]/g, "_"))}</th><td>{n.need ? word("order_need", n.need.replaceAll(" ", "_")) : <span lang="en">{n.what}</span>}</td><td><span dir="auto">{n.where.map(spot).join(", ")}</span></td>
              <td>{n.there_now === null ? <span class="tag warn">{t("order.there.ask")}</span> : n.there_now.length ? <span dir="auto">{n.there_now.join(", ")}</span> : <span class="tag bad">{t("order.there.nobody")}</span>}</td></tr>)}</tbody></table></div>
        </div>
      ))}
    </section>
  );
}

function Residual({ made }: { made: Made }) {
  const harm = made.residual.reduce((sum, c) => sum + c.deaths_a_month, 0);
  return (
    <section class="card"><h2>{t("order.residual")}</h2>
      {made.residual.length === 0 ? <p>{t("order.residual.none")}</p> : <>
        <p>{t("order.residual.about", { n: made.residual.length, deaths: number(harm, 1), all: number(made.steps.at(-1)?.out_of_reach ?? harm, 1), hours: hours(made.limit_hours) })}</p>
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("order.residual")}><table><thead><tr><th scope="col">{t("column.place")}</th><th scope="col" class="end">{t("order.deaths")}</th><th scope="col" class="end">{t("order.people")}</th><th scope="col" class="end">{t("order.nearest")}</th></tr></thead>
          <tbody>{made.residual.slice(0, 12).map((c) => <tr key={c.gid}><th scope="row"><a href={`/assess/cells/${c.gid}`} dir="auto">{spot(c.near)}</a> <small class="quiet" dir="auto">{c.area}</small></th><td class="end">{number(c.deaths_a_month, 2)}</td><td class="end">{c.people === null ? t("unknown") : number(c.people, 0)}</td><td class="end">{c.nearest_hours === null ? t("cell.nobody") : hours(c.nearest_hours)}</td></tr>)}</tbody></table></div></>}
    </section>
  );
}
