// The trade-off between time and exposure as a curve, and the ways that are really different on the map.
import { useMemo } from "preact/hooks";
import type { Schemas } from "../api/client";
import { ShapeMap, line, point } from "../map/shapemap";
import { theme } from "../theme";
import { Lines } from "../ui/lines";
import { Waiting } from "../ui/states";
import { hours, number, share, t } from "../words";
import { useGround } from "./ground";

const LOOKS = { day: ["#12394a", "#b8521d", "#1f5f99", "#6f6a00", "#7a3b86"], night: ["#9fd4e8", "#f2a04e", "#6db7f2", "#d8cf6a", "#d7a4e2"] };

export function WayShapes({ made }: { made: Schemas["WayMade"] }) {
  const ground = useGround();
  const colours = LOOKS[theme.value];
  const shapes = useMemo(() => [
    ...made.others.flatMap((o, i) => (o.line?.length ? [line(o.line, { colour: colours[1 + (i % 4)]!, width: 3, dash: true })] : [])),
    line(made.line, { colour: colours[0]!, width: 4.5 }),
    point(made.start.lon, made.start.lat, { colour: colours[0]!, hollow: true }),
    point(made.end.lon, made.end.lat, { colour: colours[0]! }),
  ], [made, colours]);
  const at = (w: Schemas["WaySum"]): [number, number] => [w.hours, w.exposure];
  return (
    <div class="two way-shapes">
      <section><h3>{t("cards.curve")}</h3>
        <Lines series={[{ name: t("cards.curve"), points: made.front.map(at), look: 5, dots: true }]} x={t("cards.curve.x")} y={t("cards.curve.y")} zero={false}
          marks={[{ name: t("cards.fastest"), at: at(made.fastest), look: 1 }, { name: t("cards.chosen"), at: at(made.chosen), look: 0 }, { name: t("cards.safest"), at: at(made.safest), look: 2 }]}
          label={t("cards.curve.alt", { n: made.front_size, fast: hours(made.fastest.hours), risky: number(made.fastest.exposure), slow: hours(made.safest.hours), safe: number(made.safest.exposure) })}>
          {t("cards.curve.about", { n: made.front_size, times: number(made.most_time) })} {t(made.complete ? "cards.curve.complete" : "cards.curve.cut")}
        </Lines></section>
      <section class="noprint"><h3>{t("cards.ways.map")}</h3>
        {ground ? <div class="map-frame small-map"><ShapeMap ground={ground} shapes={shapes} fit /></div> : <Waiting what={t("map.loading")} />}
        <ul class="curve-keys"><li><Swatch colour={colours[0]!} /> {t("cards.chosen")}</li>{made.others.map((o, i) => <li key={i}><Swatch colour={colours[1 + (i % 4)]!} dash /> {t("cards.other.key", { number: i + 1, share: share(o.shared) })}</li>)}</ul>
        {made.others.length === 0 && <p class="quiet small">{t("cards.others.none")}</p>}
      </section>
    </div>
  );
}

export function Swatch({ colour, dash }: { colour: string; dash?: boolean }) {
  return <svg width="26" height="10" aria-hidden="true"><line x1="1" x2="25" y1="5" y2="5" stroke={colour} stroke-width="3.500" stroke-dasharray={dash ? "6 4" : undefined} /></svg>;
}
