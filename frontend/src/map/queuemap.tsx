// Every open alert or report on one map, as vector tiles of our own server: circles with their number far away, one by
// one close by. The queue beside it lists the same, for who does not look at maps.
import type { ExpressionSpecification, Map as MapLibre, MapGeoJSONFeature } from "maplibre-gl";
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../theme";
import { t, tag } from "../words";
import { bounds, open } from "./base";
import type { Ground } from "./base";
import { COLOURS } from "./colours";
import { Under } from "./under";

export type QueueLayer = "alerts" | "reports";
const NUMBER: ExpressionSpecification = ["coalesce", ["get", "n"], 1];
const RADIUS: ExpressionSpecification = ["interpolate", ["linear"], ["sqrt", NUMBER], 1, 6, 4, 10, 10, 15, 40, 24];
const FEW: ExpressionSpecification = ["to-boolean", ["get", "few"]];

// Most urgent first: the level's own colours, as in the queue.
export const LEVELS = ["#8c1d11", "#b8561d", "#f3c888", "#9aa0a8"] as const;
const OTHER = LEVELS[3];

export function QueueMap({ ground, layer, version, enter }: { ground: Ground; layer: QueueLayer; version: number | null; enter: (id: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre | null>(null);
  const drawn = useRef(version);
  const go = useRef(enter);
  go.current = enter;

  useEffect(() => {
    if (!box.current) return;
    box.current.dataset.idle = "no";
    const colours = COLOURS[theme.value];
    const urgent: ExpressionSpecification | string = layer === "alerts"
      ? ["match", ["to-number", ["get", "level"], 4], 1, LEVELS[0], 2, LEVELS[1], 3, LEVELS[2], OTHER] : colours.unit;
    const tiles = [`${location.origin}/ogc/collections/${layer}/tiles/WebMercatorQuad/{z}/{y}/{x}`];
    const at = open(box.current, colours, ground, {
      legend: true,
      painted: (made) => {
        const under = new Under(made, colours, ground.area, [], 1, [], ground.places);
        return (world) => under.world(world);
      },
      paintedOver: true,
      sources: { queue: { type: "vector", tiles, maxzoom: 14, bounds: bounds(ground.area).map((edge, i) => edge + (i < 2 ? -1 : 1)) as [number, number, number, number] } },
      layers: [
        {
          id: "queue", type: "circle", source: "queue", "source-layer": layer,
          paint: {
            "circle-radius": RADIUS, "circle-color": urgent,
            // Only alerts are blurred; what is the same for all costs less.
            ...(layer === "alerts" ? {
              "circle-opacity": ["case", FEW, 0, 0.88], "circle-stroke-width": ["case", FEW, 2, 1],
              "circle-stroke-color": ["case", FEW, colours.ring, colours.text],
            } : { "circle-opacity": 0.88, "circle-stroke-width": 1, "circle-stroke-color": colours.text }),
          },
        },
        {
          id: "numbers", type: "symbol", source: "queue", "source-layer": layer, filter: [">", NUMBER, 1],
          layout: {
            "text-field": ["number-format", ["get", "n"], { locale: tag(), "max-fraction-digits": 0 }],
            "text-font": ["IBM Plex Sans", "IBM Plex Sans Arabic"], "text-size": 11, "text-allow-overlap": true, "text-ignore-placement": true,
          },
          paint: { "text-color": layer === "alerts" ? ["match", ["to-number", ["get", "level"], 4], 1, "#ffffff", 2, "#ffffff", "#2b1c00"] : colours.halo },
        },
      ],
    });
    map.current = at;
    at.on("mouseenter", "queue", () => (at.getCanvas().style.cursor = "pointer"));
    at.on("mouseleave", "queue", () => (at.getCanvas().style.cursor = ""));
    at.on("click", "queue", (event) => {
      const one: MapGeoJSONFeature | undefined = event.features?.[0];
      const id = Number(one?.id ?? 0);
      if (id) go.current(id);
      else at.easeTo({ center: event.lngLat, zoom: Math.min(at.getMaxZoom(), at.getZoom() + 2), duration: 300 });
    });
    return () => {
      map.current = null;
      at.remove();
    };
  }, [ground, layer, theme.value]);

  // What was read again may be drawn again: only the tiles in sight are asked for, and they come from the server's memory.
  useEffect(() => {
    if (drawn.current === version) return;
    const first = drawn.current === null;
    drawn.current = version;
    if (!first && map.current?.getSource("queue")) map.current.refreshTiles("queue");
  }, [version]);

  return <div ref={box} class="map" aria-label={t(`listen.map.${layer}`)} />;
}

export function QueueLegend({ layer }: { layer: QueueLayer }) {
  const dot = (colour: string) => <svg width="18" height="12" aria-hidden="true"><circle cx="9" cy="6" r="4.500" fill={colour} stroke={COLOURS[theme.value].text} stroke-width="0.800" /></svg>;
  return (
    <figure class="legend">
      <figcaption>{t(`listen.map.${layer}`)}</figcaption>
      <ul>
        {layer === "alerts" ? LEVELS.map((colour, i) => <li key={colour}>{dot(colour)}{t("alert.level", { level: i + 1 })}</li>)
          : <li>{dot(COLOURS[theme.value].unit)}{t("listen.map.one")}</li>}
        {layer === "alerts" && <li><svg width="18" height="12" aria-hidden="true"><circle cx="9" cy="6" r="4.500" class="ring" /></svg>{t("listen.map.few")}</li>}
      </ul>
    </figure>
  );
}
