import type { FeatureCollection } from "geojson";
import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../theme";
import { t } from "../words";
import { open, squares } from "./base";
import type { Ground } from "./base";
import { COLOURS, palette } from "./colours";
import type { Scale } from "./colours";
import { Under } from "./under";

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

// The risk map: the cells of a month are painted under it, so that a month can follow a month at the speed of a hand.
export function RiskMap({ ground, cells, size, scale, shades, rings, selected, box: part, units, over, open: enter }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre | null>(null);
  const under = useRef<Under | null>(null);
  const ready = useRef(false);
  const wanted = useRef({ shades, rings });
  wanted.current = { shades, rings };
  const calls = useRef({ over, enter });
  calls.current = { over, enter };

  useEffect(() => {
    if (!box.current) return;
    const colours = COLOURS[theme.value];
    const painted = (made: MapLibre) => {
      const painter = new Under(made, colours, ground.area, cells, size, palette(colours, scale));
      painter.show(wanted.current.shades, wanted.current.rings);
      under.current = painter;
      return (world: FeatureCollection) => painter.world(world);
    };
    const at = open(box.current, colours, ground, { box: part, legend: true, painted, shaded: true });
    map.current = at;
    ready.current = false;
    at.on("load", () => {
      at.addSource("cells", { type: "geojson", data: squares(cells, size) });
      at.addLayer({ id: "grid", type: "line", source: "cells", paint: { "line-color": colours.line, "line-opacity": 0.18, "line-width": 0.6 } }, "areas");
      at.addLayer({ id: "chosen", type: "line", source: "cells", filter: ["==", ["get", "gid"], selected ?? -1], paint: { "line-color": colours.ring, "line-width": 2.6 } }, "names");
      at.addSource("units", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
      at.addLayer({
        id: "units", type: "circle", source: "units",
        paint: { "circle-radius": 4.5, "circle-color": colours.unit, "circle-stroke-color": colours.halo, "circle-stroke-width": 1.5 },
      });
      ready.current = true;
      showUnits();
    });
    at.on("mousemove", (event) => {
      const gid = under.current?.at(event.lngLat.lng, event.lngLat.lat) ?? null;
      at.getCanvas().style.cursor = gid && calls.current.enter ? "pointer" : "";
      calls.current.over?.(gid);
    });
    at.on("mouseout", () => calls.current.over?.(null));
    at.on("click", (event) => {
      const gid = under.current?.at(event.lngLat.lng, event.lngLat.lat);
      if (gid) calls.current.enter?.(gid);
    });
    return () => {
      map.current = null;
      under.current = null;
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

  useEffect(() => under.current?.show(shades, rings), [shades, rings]);
  useEffect(showUnits, [units]);
  useEffect(() => {
    if (ready.current) map.current?.setFilter("chosen", ["==", ["get", "gid"], selected ?? -1]);
  }, [selected]);

  return <div ref={box} class="map" aria-label={t("map.title")} />;
}
