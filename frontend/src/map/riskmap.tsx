import type { FeatureCollection } from "geojson";
import type { ExpressionSpecification, GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../theme";
import { t } from "../words";
import { hatch, open, squares } from "./base";
import type { Ground } from "./base";
import { COLOURS, NO_DATA, palette } from "./colours";
import type { Scale } from "./colours";

export interface MapUnit {
  name: string;
  kind: string;
  lon: number;
  lat: number;
}

interface Props {
  ground: Ground;
  cells: { gid: number; lon: number; lat: number }[];
  size: number;
  scale: Scale;
  shades: number[];
  rings?: number[]; // radius of the ring that shows how much worse it could be, pixels at zoom 6
  selected?: number | null;
  box?: [number, number, number, number];
  units?: MapUnit[];
  over?: (gid: number | null) => void;
  open?: (gid: number) => void;
}

const SHADE: ExpressionSpecification = ["coalesce", ["feature-state", "shade"], NO_DATA];

// The risk map: only cells whose shade changes are touched, so that a month can follow a month at the speed of a hand.
export function RiskMap({ ground, cells, size, scale, shades, rings, selected, box: part, units, over, open: enter }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre | null>(null);
  const ready = useRef(false);
  const shown = useRef<{ shade: number; ring: number }[]>([]);
  const wanted = useRef({ shades, rings });
  wanted.current = { shades, rings };
  const calls = useRef({ over, enter });
  calls.current = { over, enter };

  const draw = () => {
    const at = map.current;
    if (!at || !ready.current) return;
    const { shades, rings } = wanted.current;
    // A layer that shows nothing is still painted, cell by cell: without a graphics card that halves the frames.
    const visible = cells.some((_, i) => (shades[i] ?? NO_DATA) === NO_DATA) ? "visible" : "none";
    if (at.getLayoutProperty("unknown", "visibility") !== visible) at.setLayoutProperty("unknown", "visibility", visible);
    cells.forEach((cell, i) => {
      const next = { shade: shades[i] ?? NO_DATA, ring: rings?.[i] ?? 0 };
      const now = shown.current[i];
      if (now?.shade === next.shade && now.ring === next.ring) return;
      shown.current[i] = next;
      at.setFeatureState({ source: "cells", id: cell.gid }, next);
      at.setFeatureState({ source: "centres", id: cell.gid }, next);
    });
  };

  useEffect(() => {
    if (!box.current) return;
    const colours = COLOURS[theme.value];
    const at = open(box.current, colours, ground, part, true);
    map.current = at;
    ready.current = false;
    shown.current = [];
    at.on("load", () => {
      at.addImage("hatch", hatch(colours.hatch), { pixelRatio: 2 });
      at.addSource("cells", { type: "geojson", data: squares(cells, size) });
      at.addSource("centres", {
        type: "geojson",
        data: {
          type: "FeatureCollection",
          features: cells.map(({ gid, lon, lat }) => ({ type: "Feature", id: gid, properties: { gid }, geometry: { type: "Point", coordinates: [lon, lat] } })),
        },
      });
      const steps = palette(colours, scale);
      const colour = ["match", SHADE, ...steps.flatMap((one, i) => [i, one]), "rgba(0,0,0,0)"] as unknown as ExpressionSpecification;
      at.addLayer({ id: "cells", type: "fill", source: "cells", paint: { "fill-color": colour, "fill-opacity": 0.88, "fill-antialias": false } }, "areas");
      at.addLayer({ id: "unknown", type: "fill", source: "cells", paint: { "fill-pattern": "hatch", "fill-opacity": ["case", ["==", SHADE, NO_DATA], 1, 0] } }, "areas");
      at.addLayer({ id: "grid", type: "line", source: "cells", paint: { "line-color": colours.line, "line-opacity": 0.18, "line-width": 0.6 } }, "areas");
      const ring: ExpressionSpecification = ["coalesce", ["feature-state", "ring"], 0];
      at.addLayer({
        id: "rings", type: "circle", source: "centres",
        paint: {
          "circle-radius": ["interpolate", ["exponential", 2], ["zoom"], 4, ["*", ring, 0.35], 6, ring, 9, ["*", ring, 5]],
          "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": colours.ring,
          "circle-stroke-width": ["case", [">", ring, 0], 1.3, 0], "circle-stroke-opacity": 0.8,
        },
      }, "names");
      at.addLayer({ id: "chosen", type: "line", source: "cells", filter: ["==", ["get", "gid"], selected ?? -1], paint: { "line-color": colours.ring, "line-width": 2.6 } }, "names");
      at.addSource("units", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
      at.addLayer({
        id: "units", type: "circle", source: "units",
        paint: { "circle-radius": 4.5, "circle-color": colours.unit, "circle-stroke-color": colours.halo, "circle-stroke-width": 1.5 },
      });
      ready.current = true;
      draw();
      showUnits();
    });
    at.on("mousemove", "cells", (event) => {
      at.getCanvas().style.cursor = calls.current.enter ? "pointer" : "";
      calls.current.over?.(Number(event.features?.[0]?.id ?? 0) || null);
    });
    at.on("mouseleave", "cells", () => {
      at.getCanvas().style.cursor = "";
      calls.current.over?.(null);
    });
    at.on("click", "cells", (event) => {
      const gid = Number(event.features?.[0]?.id ?? 0);
      if (gid) calls.current.enter?.(gid);
    });
    return () => {
      map.current = null;
      ready.current = false;
      at.remove();
    };
  }, [ground, cells, size, scale, theme.value]);

  const showUnits = () => {
    const source = ready.current ? (map.current?.getSource("units") as GeoJSONSource | undefined) : undefined;
    const points: FeatureCollection = {
      type: "FeatureCollection",
      features: (units ?? []).map((u) => ({ type: "Feature", properties: { name: u.name }, geometry: { type: "Point", coordinates: [u.lon, u.lat] } })),
    };
    source?.setData(points);
  };

  useEffect(draw, [shades, rings]);
  useEffect(showUnits, [units]);
  useEffect(() => {
    if (ready.current) map.current?.setFilter("chosen", ["==", ["get", "gid"], selected ?? -1]);
  }, [selected]);

  return <div ref={box} class="map" aria-label={t("map.title")} />;
}
