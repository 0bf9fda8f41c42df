// The base of every map: land and borders of the world (Natural Earth), the mission's outline and areas, place names.
import type { Feature, FeatureCollection, Polygon } from "geojson";
import * as maplibregl from "maplibre-gl";
import type { StyleSpecification } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { feature } from "topojson-client";
import type { Topology } from "topojson-specification";
import atlasUrl from "world-atlas/countries-50m.json?url";
import { t } from "../words";
import type { Colours } from "./colours";
import { BaseChoice, follow } from "./own";

maplibregl.setWorkerUrl(workerUrl);

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
let world: Promise<FeatureCollection> | null = null;

function land(): Promise<FeatureCollection> {
  world ??= fetch(atlasUrl)
    .then((answer) => answer.json() as Promise<Topology>)
    .then((atlas) => feature(atlas, atlas.objects.countries!) as unknown as FeatureCollection);
  world.catch(() => (world = null)); // the link may be back when the next map asks
  return world;
}

// Whoever reads this file will draw a map: the worker and the land come while the page still asks for its data.
maplibregl.prewarm();
land().catch(() => undefined);

function style(colours: Colours, ground: Ground): StyleSpecification {
  return {
    version: 8,
    sources: {
      world: { type: "geojson", data: EMPTY, tolerance: 0.2, attribution: "Natural Earth" },
      area: { type: "geojson", data: ground.area },
      places: { type: "geojson", data: ground.places },
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": colours.sea } },
      { id: "land", type: "fill", source: "world", paint: { "fill-color": colours.land } },
      { id: "borders", type: "line", source: "world", paint: { "line-color": colours.border, "line-width": 0.8 } },
      { id: "home", type: "fill", source: "area", filter: ["==", ["get", "level"], 0], paint: { "fill-color": colours.home } },
      { id: "areas", type: "line", source: "area", filter: ["==", ["get", "level"], 1], paint: { "line-color": colours.line, "line-width": 0.8, "line-dasharray": [3, 2] } },
      { id: "outline", type: "line", source: "area", filter: ["==", ["get", "level"], 0], paint: { "line-color": colours.line, "line-width": 1.8 } },
      {
        id: "names", type: "symbol", source: "places",
        layout: {
          "text-field": ["get", "name"], "text-font": ["IBM Plex Sans", "IBM Plex Sans Arabic"], "text-size": ["interpolate", ["linear"], ["zoom"], 4, 11, 8, 14],
          "text-variable-anchor": ["left", "right", "top", "bottom"], "text-radial-offset": 0.5,
          "symbol-sort-key": ["get", "rank"], "text-padding": 8,
        },
        paint: { "text-color": colours.text, "text-halo-color": colours.halo, "text-halo-width": 1.4 },
      },
      {
        id: "dots", type: "circle", source: "places", minzoom: 5,
        paint: { "circle-radius": 1.8, "circle-color": colours.text, "circle-opacity": 0.8 },
      },
    ],
  };
}

export interface Ground {
  area: FeatureCollection;
  places: FeatureCollection;
}

export function bounds(area: FeatureCollection): [number, number, number, number] {
  const box: [number, number, number, number] = [180, 90, -180, -90];
  const walk = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    if (typeof part[0] === "number") {
      const [x, y] = part as [number, number];
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    } else part.forEach(walk);
  };
  for (const one of area.features) if ("coordinates" in one.geometry) walk(one.geometry.coordinates);
  return box[0] > box[2] ? [-20, -35, 55, 38] : box;
}

// Countries that could come into sight; the rest of the world costs time and shows nothing.
function near(data: FeatureCollection, [west, south, east, north]: [number, number, number, number]): FeatureCollection {
  const reach = 20;
  return {
    ...data,
    features: data.features.filter((one) => {
      const box = bounds({ type: "FeatureCollection", features: [one] });
      return box[0] < east + reach && box[2] > west - reach && box[1] < north + reach && box[3] > south - reach;
    }),
  };
}

const GROUND = ["sea", "land", "borders", "home"];
const OVER = ["areas", "outline", "dots"];
const CLOSEST = 12; // zoom: the ground that ships with the program shows nothing more

interface More {
  box?: [number, number, number, number];
  legend?: boolean;
  // Gets the land to paint under the map, which then draws lines, dots and names only; or names only.
  painted?: (map: maplibregl.Map) => (world: FeatureCollection) => void;
  paintedOver?: boolean;
  // Colours that mean something lie under the lines: a base map of the mission's own must not hide them.
  shaded?: boolean;
  // Drawn from the first moment: what is added later costs a whole drawing more.
  sources?: StyleSpecification["sources"];
  layers?: StyleSpecification["layers"];
}

// A map with its base, fitted to the mission's area.
export function open(container: HTMLElement, colours: Colours, ground: Ground, more: More = {}): maplibregl.Map {
  const { box = bounds(ground.area), legend = false, painted } = more;
  const base = style(colours, ground);
  if (painted) delete base.sources.world;
  if (more.paintedOver) delete base.sources.area;
  const left = [...(painted ? GROUND : []), ...(more.paintedOver ? OVER : [])];
  const map = new maplibregl.Map({
    container,
    style: {
      ...base,
      sources: { ...base.sources, ...more.sources },
      layers: [...base.layers.filter((layer) => !left.includes(layer.id)), ...(more.layers ?? [])],
    },
    bounds: box,
    fitBoundsOptions: { padding: room(container, legend) },
    attributionControl: { compact: true, customAttribution: painted ? ["Natural Earth", t("map.disclaimer")] : t("map.disclaimer") },
    dragRotate: false,
    pitchWithRotate: false,
    maxZoom: CLOSEST,
    renderWorldCopies: false,
    fadeDuration: 0,
    locale: {
      "Map.Title": t("map.title"), "NavigationControl.ZoomIn": t("map.zoom_in"), "NavigationControl.ZoomOut": t("map.zoom_out"),
      "AttributionControl.ToggleAttribution": t("map.about"),
    },
  });
  const under = painted?.(map);
  map.touchZoomRotate.disableRotation();
  const rtl = document.documentElement.dir === "rtl";
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), rtl ? "top-left" : "top-right");
  map.addControl(new BaseChoice(), rtl ? "top-left" : "top-right");
  const settled = follow(map, colours, more.shaded ? "shades" : more.paintedOver ? "lines" : "nothing", GROUND, CLOSEST);
  // On a phone the line about boundaries takes the whole foot of the map.
  const foot = container.clientWidth > 480;
  map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), foot ? "bottom-left" : rtl ? "top-right" : "top-left");
  let whole = false; // with the land
  let gone = false;
  map.once("remove", () => (gone = true));
  const drawn = new Promise<void>((done) => map.once("load", () => done()));
  void land().then(async (data) => {
    if (!under) await drawn;
    if (gone) return;
    if (under) under(near(data, box));
    else (map.getSource("world") as maplibregl.GeoJSONSource | undefined)?.setData(near(data, box));
    whole = true;
    if (under && map.loaded() && !map.isMoving() && settled()) container.dataset.idle = "yes";
  });
  map.on("idle", () => (container.dataset.idle = whole && settled() ? "yes" : "no"));
  map.on("error", (event) => console.error(event.error));
  map.on("movestart", () => (container.dataset.idle = "no"));
  return map;
}

// Keeps the area clear of the legend where there is room for both.
function room(container: HTMLElement, legend: boolean): maplibregl.PaddingOptions {
  const side = legend && container.clientWidth > 640 ? 215 : 20;
  const rtl = document.documentElement.dir === "rtl";
  return { top: 20, bottom: 36, left: rtl ? side : 20, right: rtl ? 20 : side };
}

// Lattice cells as squares whose feature id is the cell's number.
export function squares(cells: { gid: number; lon: number; lat: number }[], size: number): FeatureCollection<Polygon> {
  const half = size / 2;
  return {
    type: "FeatureCollection",
    features: cells.map(({ gid, lon, lat }): Feature<Polygon> => ({
      type: "Feature", id: gid, properties: { gid },
      geometry: { type: "Polygon", coordinates: [[[lon - half, lat - half], [lon + half, lat - half], [lon + half, lat + half], [lon - half, lat + half], [lon - half, lat - half]]] },
    })),
  };
}

// Slanted lines for "no data", drawn for the map's own use.
export function hatch(colour: string): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 12;
  const pen = canvas.getContext("2d")!;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.6;
  for (const shift of [-12, 0, 12]) {
    pen.beginPath();
    pen.moveTo(shift, 12);
    pen.lineTo(shift + 12, 0);
    pen.stroke();
  }
  return pen.getImageData(0, 0, 12, 12);
}
