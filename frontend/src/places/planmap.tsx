// The posture on the map: units to drag, a base to draw by a click or with the keys, and where the plan would send whom.
import type { FeatureCollection } from "geojson";
import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Answer, Schemas } from "../api/client";
import { open } from "../map/base";
import type { Ground } from "../map/base";
import { COLOURS } from "../map/colours";
import { theme } from "../theme";
import { t } from "../words";
import type { Shift } from "./move";

interface Props {
  ground: Ground;
  plan: Answer<"/api/plan/newest">;
  shift: Shift | null;
  placing: boolean;
  move: (next: Shift) => void;
  place: (lon: number, lat: number) => void;
}

const EDGE = "#c9772b";

export function PlanMap({ ground, plan, shift, placing, move, place }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const at = useRef<MapLibre | null>(null);
  const doing = useRef({ move, place, placing });
  doing.current = { move, place, placing };
  const latest = useRef(shift);
  latest.current = shift;
  const moves = useMemo((): FeatureCollection => ({
    type: "FeatureCollection",
    features: plan.moves.flatMap((m) => [
      { type: "Feature" as const, properties: { what: m.what }, geometry: { type: "Point" as const, coordinates: [m.lon, m.lat] } },
      ...(m.origin_lon !== null && m.origin_lat !== null ? [{ type: "Feature" as const, properties: { what: m.what }, geometry: { type: "LineString" as const, coordinates: [[m.origin_lon, m.origin_lat], [m.lon, m.lat]] } }] : []),
    ]),
  }), [plan]);
  useEffect(() => {
    if (!box.current) return;
    const colours = COLOURS[theme.value];
    const map: MapLibre = open(box.current, colours, ground);
    at.current = map;
    map.on("load", () => {
      map.addSource("moves", { type: "geojson", data: moves });
      map.addSource("units", { type: "geojson", data: stand(plan.units ?? [], latest.current) });
      map.addLayer({ id: "ways", type: "line", source: "moves", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": EDGE, "line-width": 2, "line-dasharray": [2, 1.5] } }, "names");
      map.addLayer({ id: "goals", type: "circle", source: "moves", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 7, "circle-color": ["match", ["get", "what"], "add", EDGE, "rgba(0,0,0,0)"], "circle-stroke-color": EDGE, "circle-stroke-width": 2.5 } }, "names");
      map.addLayer({ id: "shift", type: "line", source: "units", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": colours.unit, "line-width": 2 } }, "names");
      map.addLayer({ id: "units", type: "circle", source: "units", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": ["case", ["get", "base"], 9, ["get", "moved"], 8, 5.5], "circle-color": colours.unit, "circle-stroke-color": ["case", ["get", "base"], EDGE, colours.halo], "circle-stroke-width": ["case", ["get", "base"], 3.5, 1.5] } });
    });
    // Which part of the world shows, for whoever looks at the page from outside.
    map.on("idle", () => { if (box.current) box.current.dataset.bounds = map.getBounds().toArray().flat().join(","); });
    // A unit is dragged with its point; the map stands still meanwhile.
    map.on("mouseenter", "units", () => (map.getCanvas().style.cursor = "grab"));
    map.on("mouseleave", "units", () => (map.getCanvas().style.cursor = doing.current.placing ? "crosshair" : ""));
    for (const [down, go, up] of [["mousedown", "mousemove", "mouseup"], ["touchstart", "touchmove", "touchend"]] as const) {
      map.on(down, "units", (event) => {
        const held = event.features?.[0]?.properties;
        if (!held) return;
        event.preventDefault();
        const carry = (to: { lngLat: { lng: number; lat: number } }) =>
          held.base ? doing.current.place(to.lngLat.lng, to.lngLat.lat) : doing.current.move({ unit: String(held.name), lon: to.lngLat.lng, lat: to.lngLat.lat });
        map.on(go, carry);
        map.once(up, () => map.off(go, carry));
      });
    }
    map.on("click", (event) => {
      const on = map.getLayer("units") ? map.queryRenderedFeatures(event.point, { layers: ["units"] }) : [];
      if (doing.current.placing && on.length === 0) doing.current.place(event.lngLat.lng, event.lngLat.lat);
    });
    const keys = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !doing.current.placing || event.target !== map.getCanvas()) return;
      event.preventDefault();
      const { lng, lat } = map.getCenter();
      doing.current.place(lng, lat);
    };
    box.current.addEventListener("keydown", keys);
    return () => map.remove();
  }, [ground, moves, theme.value]);
  useEffect(() => {
    (at.current?.getSource("units") as GeoJSONSource | undefined)?.setData(stand(plan.units ?? [], shift));
  }, [shift, plan]);
  useEffect(() => {
    const canvas = at.current?.getCanvas();
    if (canvas) canvas.style.cursor = placing ? "crosshair" : "";
  }, [placing]);
  return (
    <>
      <div ref={box} class="map" aria-label={t("map.title")} />
      {placing && <span class="map-cross" aria-hidden="true" />}
    </>
  );
}

function stand(units: Schemas["UnitPoint"][], shift: Shift | null): FeatureCollection {
  const base = shift?.base ? [{ type: "Feature" as const, properties: { name: "", moved: true, base: true }, geometry: { type: "Point" as const, coordinates: [shift.lon, shift.lat] } }] : [];
  return {
    type: "FeatureCollection",
    features: [
      ...units.flatMap((u) => {
        const moved = !shift?.base && shift?.unit === u.name ? shift : null;
        const to = moved ? [moved.lon, moved.lat] : [u.lon, u.lat];
        return [
          { type: "Feature" as const, properties: { kind: u.kind, name: u.name, moved: moved !== null, base: false }, geometry: { type: "Point" as const, coordinates: to } },
          ...(moved ? [{ type: "Feature" as const, properties: { moved: true }, geometry: { type: "LineString" as const, coordinates: [[u.lon, u.lat], to] } }] : []),
        ];
      }),
      ...base,
    ],
  };
}
