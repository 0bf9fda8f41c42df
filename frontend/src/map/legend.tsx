import { theme } from "../theme";
import { change, number, share, t } from "../words";
import { COLOURS, STEPS, palette } from "./colours";
import type { Scale } from "./colours";

export function Legend({ scale, title, rings, units }: { scale: Scale; title: string; rings?: boolean; units?: boolean }) {
  const shades = palette(COLOURS[theme.value], scale);
  const steps = STEPS[scale];
  const say = (value: number) => (scale === "chance" ? share(value) : scale === "difference" ? change(value) : number(value));
  return (
    <figure class="legend">
      <figcaption>{title}</figcaption>
      <ul>
        {shades.map((colour, i) => (
          <li key={colour}>
            <svg width="18" height="12" aria-hidden="true"><rect width="18" height="12" rx="2" fill={colour} class="swatch" /></svg>
            {i === 0 ? t("legend.below", { to: say(steps[0]) }) : i === steps.length
              ? t("legend.from", { from: say(steps[i - 1]!) })
              : t("legend.between", { from: say(steps[i - 1]!), to: say(steps[i]!) })}
          </li>
        ))}
        <li><svg width="18" height="12" aria-hidden="true" class="hatched"><path d="M-2 12 10 0M6 14 18 2M0 4 4 0M14 14 20 8" /></svg>{t("legend.none")}</li>
        {rings && <li><svg width="18" height="12" aria-hidden="true"><circle cx="9" cy="6" r="4.500" class="ring" /></svg>{t("legend.rings")}</li>}
        {units && <li><svg width="18" height="12" aria-hidden="true"><circle cx="9" cy="6" r="4" class="unit" /></svg>{t("legend.units")}</li>}
      </ul>
    </figure>
  );
}
