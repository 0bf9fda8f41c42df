// A small map of points with the circle each of them may lie in.
import type { Feature, FeatureCollection, Polygon } from "geojson";
import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../theme";
import { t } from "../words";
import { open } from "./base";
import type { Ground } from "./base";
import { COLOURS } from "./colours";

export interface Spot {
  lon: number;
  lat: number;
  radius_km: number;
  name: string;
  chosen?: boolean;
}

const KM = 111.195;

export function circle({ lon, lat, radius_km }: Spot): Polygon {
  const points = Array.from({ length: 49 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 48;
    return [lon + (radius_km * Math.cos(angle)) / (KM * Math.cos((lat * Math.PI) / 180)), lat + (radius_km * Math.sin(angle)) / KM];
  });
  return { type: "Polygon", coordinates: [points] };
}

function around(spots: Spot[]): [number, number, number, number] | undefined {
  if (!spots.length) return undefined;
  const span = Math.max(0.35, ...spots.map((s) => Math.min(s.radius_km, 150) / KM)) * 1.5;
  return [
    Math.min(...spots.map((s) => s.lon)) - span, Math.min(...spots.map((s) => s.lat)) - span,
    Math.max(...spots.map((s) => s.lon)) + span, Math.max(...spots.map((s) => s.lat)) + span,
  ];
}

export function PointMap({ ground, spots }: { ground: Ground; spots: Spot[] }) {
  const box = useRef<HTMLDivElement>(null);
  const key = JSON.stringify(spots);
  useEffect(() => {
    if (!box.current) return;
    const colours = COLOURS[theme.value];
    const map: MapLibre = open(box.current, colours, ground, { box: around(spots) });
    const features: Feature[] = spots.flatMap((spot) => [
      { type: "Feature", properties: { chosen: spot.chosen ?? false }, geometry: circle(spot) },
      { type: "Feature", properties: { chosen: spot.chosen ?? false }, geometry: { type: "Point", coordinates: [spot.lon, spot.lat] } },
    ]);
    const data: FeatureCollection = { type: "FeatureCollection", features };
    map.on("load", () => {
      map.addSource("spots", { type: "geojson", data });
      map.addLayer({ id: "radius", type: "fill", source: "spots", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colours.ring, "fill-opacity": ["case", ["get", "chosen"], 0.22, 0.08] } }, "names");
      map.addLayer({ id: "edge", type: "line", source: "spots", filter: ["==", ["geometry-type"], "Polygon"], paint: { "line-color": colours.ring, "line-width": 1.3, "line-dasharray": [2, 2] } }, "names");
      map.addLayer({ id: "centre", type: "circle", source: "spots", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 5, "circle-color": colours.ring, "circle-stroke-color": colours.halo, "circle-stroke-width": 2 } });
      (map.getSource("spots") as GeoJSONSource).setData(data);
    });
    return () => map.remove();
  }, [ground, key, theme.value]);
  return <div ref={box} class="map" aria-label={t("map.title")} />;
}
