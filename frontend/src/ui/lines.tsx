// A small chart of lines or points: numbers against months or against other numbers; each line also has its own dash.
import type { ComponentChildren } from "preact";
import { isRtl, number } from "../words";

const WIDTH = 640;
const HEIGHT = 260;
const PAD = { left: 56, right: 20, top: 14, bottom: 34 };

export interface Series {
  name: string;
  points: [number, number][];
  look: number; // 0 is the one that matters
  dots?: boolean;
}
export interface Mark {
  name: string;
  at: [number, number];
  look: number;
}

// Digits that tell neighbouring ticks apart.
const digitsOf = (marks: number[]): number => (marks.length < 2 ? 1 : Math.min(4, Math.max(0, -Math.floor(Math.log10(Math.abs(marks[1]! - marks[0]!) * 1.0001)) + (/[1-9].*[1-9]/.test((marks[1]! - marks[0]!).toPrecision(3)) ? 1 : 0))));

function ticks(low: number, high: number, wanted: number): number[] {
  const span = high - low || 1;
  const step = [1, 2, 2.5, 5, 10].map((m) => m * 10 ** Math.floor(Math.log10(span / wanted))).find((s) => span / s <= wanted) ?? span;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, k) => (first + k) * step);
}

export function Lines({ series, marks = [], x, y, label, children, at, zero = true }: {
  series: Series[]; marks?: Mark[]; x: string; y: string; label: string; children?: ComponentChildren; at?: { value: number; name: string }[]; zero?: boolean;
}) {
  const all = [...series.flatMap((s) => s.points), ...marks.map((m) => m.at)];
  if (!all.length) return null;
  const [xs, ys] = [all.map((p) => p[0]), all.map((p) => p[1])];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const room = (Math.max(...ys) - Math.min(...ys) || Math.abs(ys[0]!) || 1) * 0.12;
  const low = zero ? 0 : Math.max(Math.min(0, ...ys), Math.min(...ys) - room);
  const top = Math.max(...ys) + room;
  const rtl = isRtl();
  const [width, height] = [WIDTH - PAD.left - PAD.right, HEIGHT - PAD.top - PAD.bottom];
  const px = (v: number) => {
    const forward = PAD.left + (width * (v - left)) / (right - left || 1);
    return rtl ? WIDTH - forward : forward;
  };
  const py = (v: number) => HEIGHT - PAD.bottom - (height * (v - low)) / (top - low || 1);
  const [from, to] = [px(left), px(right)];
  const anchor = (v: number) => (marked.length > 1 && v === marked[0]!.value ? "start" : marked.length > 1 && v === marked.at(-1)!.value ? "end" : "middle");
  const narrow = innerWidth < 640; // the same drawing is shown half as large: larger letters, fewer of them
  const across = ticks(left, right, narrow ? 3 : 6);
  const named = at ?? across.map((value) => ({ value, name: number(value, digitsOf(across)) }));
  const marked = named.filter((_, i) => !narrow || named.length < 4 || i === 0 || i === named.length - 1);
  const up = ticks(low, top, narrow ? 3 : 5);
  return (
    <figure class="chart lines">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {up.map((v) => (
          <g key={v}><line class="chart-grid" x1={from} x2={to} y1={py(v)} y2={py(v)} /><text class="chart-text" x={rtl ? from + 6 : from - 6} y={py(v) + 4} text-anchor="end">{number(v, digitsOf(up))}</text></g>
        ))}
        {marked.map((m) => <text key={m.value} class="chart-text" x={px(m.value)} y={HEIGHT - PAD.bottom + 15} text-anchor={anchor(m.value)}>{m.name}</text>)}
        <text class="chart-text" x={rtl ? from - 2 : from + 2} y={PAD.top - 3} text-anchor="start">{y}</text>
        <text class="chart-text" x={rtl ? to + 4 : to - 4} y={HEIGHT - 4} text-anchor="end">{x}</text>
        {[...series].reverse().map((s) => (
          <g key={s.name}><polyline class={`curve curve-${s.look}`} points={s.points.map(([a, b]) => `${px(a)},${py(b)}`).join(" ")} />
            {s.dots && s.points.map(([a, b]) => <circle key={`${a},${b}`} class={`curve-dot curve-${s.look}`} cx={px(a)} cy={py(b)} r={3} />)}</g>
        ))}
        {marks.map((m) => <circle key={m.name} class={`curve-mark curve-${m.look}`} cx={px(m.at[0])} cy={py(m.at[1])} r={7}><title>{m.name}</title></circle>)}
      </svg>
      <ul class="curve-keys">{series.length > 1 && series.map((s) => <li key={s.name}><svg width="26" height="10" aria-hidden="true"><line class={`curve curve-${s.look}`} x1="1" x2="25" y1="5" y2="5" /></svg> {s.name}</li>)}
        {marks.map((m) => <li key={m.name}><svg width="16" height="16" aria-hidden="true"><circle class={`curve-mark curve-${m.look}`} cx="8" cy="8" r="6" /></svg> {m.name}</li>)}</ul>
      {children && <figcaption class="quiet">{children}</figcaption>}
    </figure>
  );
}
