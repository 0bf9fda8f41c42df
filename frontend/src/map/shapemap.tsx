// Lines, squares and points of a result on the mission's map; what they mean stands beside it as a key and as a table.
import type { Feature, FeatureCollection } from "geojson";
import type { Map as MapLibre } from "maplibre-gl";
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../theme";
import { t } from "../words";
import { bounds, open } from "./base";
import type { Ground } from "./base";
import { COLOURS } from "./colours";

export interface Shape {
  colour: string;
  fill?: number; // opacity of an area
  width?: number;
  dash?: boolean;
  hollow?: boolean;
  label?: string;
}
type Shaped = Feature & { properties: Shape };

export function ShapeMap({ ground, shapes, fit }: { ground: Ground; shapes: Shaped[]; fit?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const key = JSON.stringify(shapes);
  useEffect(() => {
    if (!box.current) return;
    const colours = COLOURS[theme.value];
    const data: FeatureCollection = { type: "FeatureCollection", features: shapes };
    const found = fit && shapes.length ? bounds(data) : null;
    const map: MapLibre = open(box.current, colours, ground, found ? { box: [found[0] - 0.4, found[1] - 0.4, found[2] + 0.4, found[3] + 0.4] } : {});
    map.on("load", () => {
      map.addSource("shapes", { type: "geojson", data });
      map.addLayer({ id: "areas-of", type: "fill", source: "shapes", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": ["get", "colour"], "fill-opacity": ["coalesce", ["get", "fill"], 0.4] } }, "names");
      map.addLayer({ id: "edges", type: "line", source: "shapes", filter: ["==", ["geometry-type"], "Polygon"], paint: { "line-color": ["get", "colour"], "line-width": 1.2 } }, "names");
      map.addLayer({ id: "halos", type: "line", source: "shapes", filter: ["==", ["geometry-type"], "LineString"], layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": colours.halo, "line-width": ["+", ["coalesce", ["get", "width"], 3], 2.5] } }, "names");
      for (const dash of [false, true]) {
        map.addLayer({ id: `ways-${dash}`, type: "line", source: "shapes", filter: ["all", ["==", ["geometry-type"], "LineString"], ["==", ["coalesce", ["get", "dash"], false], dash]], layout: { "line-join": "round" }, paint: { "line-color": ["get", "colour"], "line-width": ["coalesce", ["get", "width"], 3], ...(dash ? { "line-dasharray": [2, 1.5] } : {}) } }, "names");
      }
      map.addLayer({ id: "points", type: "circle", source: "shapes", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 8, "circle-color": ["case", ["coalesce", ["get", "hollow"], false], colours.home, ["get", "colour"]], "circle-stroke-color": ["get", "colour"], "circle-stroke-width": 2.5 } });
      map.addLayer({ id: "labels", type: "symbol", source: "shapes", filter: ["all", ["==", ["geometry-type"], "Point"], ["has", "label"]], layout: { "text-field": ["get", "label"], "text-font": ["IBM Plex Sans", "IBM Plex Sans Arabic"], "text-size": 11, "text-allow-overlap": true, "text-ignore-placement": true }, paint: { "text-color": ["case", ["coalesce", ["get", "hollow"], false], colours.text, colours.halo] } });
    });
    return () => map.remove();
  }, [ground, key, theme.value]);
  return <div ref={box} class="map" aria-label={t("map.title")} />;
}

export const line = (coordinates: number[][], properties: Shape): Shaped => ({ type: "Feature", properties, geometry: { type: "LineString", coordinates } });
export const point = (lon: number, lat: number, properties: Shape): Shaped => ({ type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] } });
export const square = (lon: number, lat: number, properties: Shape, half = 0.25): Shaped => ({
  type: "Feature", properties,
  geometry: { type: "Polygon", coordinates: [[[lon - half, lat - half], [lon + half, lat - half], [lon + half, lat + half], [lon - half, lat + half], [lon - half, lat - half]]] },
});
