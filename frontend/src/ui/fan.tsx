// History and forecast of one cell: recorded months as bars, the months ahead as a fan of 50, 80 and 95 % intervals.
import type { Schemas } from "../api/client";
import { isRtl, month, number, t } from "../words";

const PAD = { left: 40, right: 12, top: 12, bottom: 26 };

export function FanChart({ page }: { page: Schemas["CellPage"] }) {
  const narrow = innerWidth < 640; // a telephone: drawn at its own size, so that letters stay letters, and fewer of them
  const WIDTH = narrow ? 400 : 1140;
  const HEIGHT = narrow ? 220 : 260;
  const history = page.history.slice(-36).map((m) => ({ month: m.month, deaths: m.deaths[0] ?? null }));
  const n = history.length + page.forecast.length;
  const at = (name: number) => page.levels.indexOf(name);
  const quantile = (step: Schemas["CellPage"]["forecast"][number], level: number) => step.quantiles[at(level)] ?? 0;
  const top = Math.max(1, ...history.map((m) => m.deaths ?? 0), ...page.forecast.map((m) => Math.max(quantile(m, 0.975), m.mean ?? 0)));
  const rtl = isRtl();
  const inner = WIDTH - PAD.left - PAD.right;
  const x = (i: number) => {
    const forward = PAD.left + ((i + 0.5) * inner) / n;
    return rtl ? WIDTH - forward : forward;
  };
  // Square-root scale: months of zero, one and forty all stay legible.
  const y = (value: number) => HEIGHT - PAD.bottom - (HEIGHT - PAD.top - PAD.bottom) * Math.sqrt(Math.max(0, value) / top);
  const band = (low: number, high: number) => {
    const upper = page.forecast.map((m, k) => `${x(history.length + k)},${y(quantile(m, high))}`);
    const lower = page.forecast.map((m, k) => `${x(history.length + k)},${y(quantile(m, low))}`).reverse();
    return [...upper, ...lower].join(" ");
  };
  const ticks = [0, 1, 5, 10, 25, 50, 100, 250, 500, 1000].filter((v) => v <= top * 1.05);
  const bar = (inner / n) * 0.62;
  const labels = (narrow ? [0, history.length] : [0, Math.floor(history.length / 2), history.length, n - 1]).filter((v, i, all) => v >= 0 && all.indexOf(v) === i);
  const monthAt = (i: number) => (i < history.length ? history[i]!.month : page.forecast[i - history.length]!.month);
  const recorded = history.reduce((sum, m) => sum + (m.deaths ?? 0), 0);
  const expected = page.forecast.reduce((sum, m) => sum + (m.mean ?? 0), 0);
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("fan.alt", { recorded, months: history.length, expected, ahead: page.forecast.length })}>
        {ticks.map((v) => (
          <g key={v}>
            <line class="chart-grid" x1={rtl ? PAD.right : PAD.left} x2={rtl ? WIDTH - PAD.left : WIDTH - PAD.right} y1={y(v)} y2={y(v)} />
            <text class="chart-text" x={rtl ? WIDTH - PAD.left + 6 : PAD.left - 6} y={y(v) + 3.500} text-anchor="end">{number(v)}</text>
          </g>
        ))}
        {page.forecast.length > 0 && [[0.025, 0.975], [0.1, 0.9], [0.25, 0.75]].map(([low, high], i) => <polygon key={low} class={`fan fan-${i}`} points={band(low!, high!)} />)}
        {history.map((m, i) => m.deaths === null
          ? <rect key={m.month} class="chart-unknown" x={x(i) - bar / 2} width={bar} y={PAD.top} height={HEIGHT - PAD.top - PAD.bottom} />
          : <rect key={m.month} class="chart-bar" x={x(i) - bar / 2} width={bar} y={y(m.deaths)} height={Math.max(0.5, HEIGHT - PAD.bottom - y(m.deaths))} />)}
        {page.forecast.length > 1 && <polyline class="fan-mean" points={page.forecast.map((m, k) => `${x(history.length + k)},${y(m.mean ?? 0)}`).join(" ")} />}
        <line class="chart-now" x1={(x(history.length - 1) + x(history.length)) / 2} x2={(x(history.length - 1) + x(history.length)) / 2} y1={PAD.top} y2={HEIGHT - PAD.bottom} />
        {labels.map((i) => <text key={i} class="chart-text" x={x(i)} y={HEIGHT - 8} text-anchor={i === 0 ? "start" : i === n - 1 ? "end" : "middle"}>{month(monthAt(i))}</text>)}
      </svg>
      <figcaption class="quiet">{t("fan.caption")}</figcaption>
    </figure>
  );
}
