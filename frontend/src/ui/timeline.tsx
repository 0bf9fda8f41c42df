import { Pause, Play } from "lucide";
import { useEffect, useState } from "preact/hooks";
import { isRtl, month, number, t } from "../words";
import { Icon } from "./icon";

interface Props {
  months: { month: string; ahead: boolean; total: number }[];
  at: number;
  go: (at: number) => void;
  against?: number | null;
}

// Months as bars with one slider under them: what was recorded, then what is expected.
export function Timeline({ months, at, go, against }: Props) {
  const [plays, play] = useState(false);
  useEffect(() => {
    if (!plays) return;
    const timer = setInterval(() => go((at + 1) % months.length), 450);
    return () => clearInterval(timer);
  }, [plays, at, months.length]);
  const most = Math.max(1e-9, ...months.map((m) => m.total));
  const now = months[at];
  const first = months.findIndex((m) => m.ahead);
  if (!now) return null;
  return (
    <section class="timeline" aria-label={t("time.title")}>
      <button type="button" class="round" onClick={() => play(!plays)} aria-label={t(plays ? "time.pause" : "time.play")} title={t(plays ? "time.pause" : "time.play")}>
        <Icon node={plays ? Pause : Play} />
      </button>
      <div class="timeline-now">
        <strong>{month(now.month, "long")}</strong>
        <span class={now.ahead ? "tag ahead" : "tag"}>{t(now.ahead ? "time.forecast" : "time.recorded")}</span>
        <span class="quiet">{t(now.ahead ? "time.total.ahead" : "time.total", { n: now.total })}</span>
      </div>
      <div class="timeline-body">
        <svg class="bars" viewBox={`0 0 ${months.length} 40`} preserveAspectRatio="none" aria-hidden="true" style={{ transform: isRtl() ? "scaleX(-1)" : "none" }}>
          {months.map((m, i) => {
            const height = Math.max(0.8, (38 * m.total) / most);
            return (
              <rect key={m.month} x={i + 0.12} y={40 - height} width={0.76} height={height}
                class={`bar ${m.ahead ? "ahead" : ""} ${i === at ? "now" : ""} ${i === against ? "against" : ""}`} />
            );
          })}
        </svg>
        <input type="range" min={0} max={months.length - 1} value={at} aria-label={t("time.slider")}
          aria-valuetext={`${month(now.month, "long")}, ${t(now.ahead ? "time.forecast" : "time.recorded")}, ${number(now.total)}`}
          onInput={(event) => {
            play(false);
            go(Number(event.currentTarget.value));
          }} />
        <div class="timeline-ends" aria-hidden="true">
          <span>{month(months[0]!.month)}</span>
          {first > 0 && <span>{t("time.forecast_from", { month: month(months[first]!.month) })}</span>}
          <span>{month(months[months.length - 1]!.month)}</span>
        </div>
      </div>
    </section>
  );
}
