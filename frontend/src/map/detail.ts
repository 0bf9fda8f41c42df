// What is drawn of a base map of the mission's own: water, green, roads, buildings and names in the screen's colours,
// by the names that layers have in the common schemas (Protomaps, OpenMapTiles, Shortbread); any other layer plainly.
// Land is not drawn: it lies under every map already, and what the map is about must show through.
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { Schemas } from "../api/client";
import type { Colours } from "./colours";

const SOURCE = "own";
// What lies under the map's own drawing, painted: nothing, lines and dots, or shades that mean something.
export type Under = "nothing" | "lines" | "shades";
const STRENGTH: Record<Under, number> = { nothing: 1, lines: 0.75, shades: 0.35 };
type Drawn = Exclude<LayerSpecification, { type: "background" | "slot" }>;

const ROLES: [string, string[]][] = [
  ["none", ["earth", "mask", "ocean_labels", "transportation_name", "water_name", "housenumber", "addresses"]],
  ["water", ["water", "ocean", "waterway", "waterways", "water_polygons", "water_lines", "rivers", "lakes", "physical_line"]],
  ["green", ["landcover", "landuse", "land", "park", "parks", "natural", "sites"]],
  ["roads", ["roads", "road", "transportation", "transit", "streets", "street_polygons", "bridges", "ferries", "highways", "tracks"]],
  ["buildings", ["buildings", "building"]],
  ["boundaries", ["boundaries", "boundary", "admin"]],
  ["places", ["places", "place", "place_labels", "settlements", "villages", "towns"]],
  ["points", ["pois", "poi"]],
];

const roleOf = (layer: string): string => ROLES.find(([, names]) => names.includes(layer.toLowerCase()))?.[0] ?? "plain";

const LINES: ExpressionSpecification = ["==", ["geometry-type"], "LineString"];
const AREAS: ExpressionSpecification = ["==", ["geometry-type"], "Polygon"];
const POINTS: ExpressionSpecification = ["==", ["geometry-type"], "Point"];
const CLASS: ExpressionSpecification = ["coalesce", ["get", "kind"], ["get", "class"], ["get", "highway"], ""];
const MAJOR: ExpressionSpecification = ["in", CLASS, ["literal", ["highway", "major_road", "motorway", "trunk", "primary", "secondary"]]];

function grows(from: number, to: number): ExpressionSpecification {
  return ["interpolate", ["exponential", 1.5], ["zoom"], 6, from, 14, to];
}

function names(colours: Colours, language: string, size: number): Pick<Extract<Drawn, { type: "symbol" }>, "layout" | "paint"> {
  return {
    layout: {
      "text-field": ["coalesce", ["get", `name:${language}`], ["get", `name_${language}`], ["get", "name"], ""],
      "text-font": ["IBM Plex Sans", "IBM Plex Sans Arabic"], "text-size": size, "text-padding": 6, "text-max-width": 8,
      "symbol-sort-key": ["coalesce", ["to-number", ["get", "min_zoom"], 20], 20],
    },
    paint: { "text-color": colours.detail.name, "text-halo-color": colours.halo, "text-halo-width": 1.2 },
  };
}

// One layer of a vector file; over shades nothing is filled that would hide them.
function drawn(layer: string, colours: Colours, language: string, shaded: boolean): Drawn[] {
  const at = { source: SOURCE, "source-layer": layer };
  const { water, green, road, path, building } = colours.detail;
  switch (roleOf(layer)) {
    case "none": return [];
    case "water": return [
      { ...at, id: `own-${layer}-area`, type: "fill", filter: AREAS, paint: { "fill-color": water, "fill-opacity": shaded ? 0.4 : 1 } },
      { ...at, id: `own-${layer}-line`, type: "line", filter: LINES, paint: { "line-color": water, "line-width": grows(0.7, 3) } },
    ];
    case "green": return shaded ? [] : [
      { ...at, id: `own-${layer}`, type: "fill", filter: ["all", AREAS, ["in", CLASS, ["literal", ["forest", "wood", "nature_reserve", "national_park", "park", "protected_area", "grass", "grassland", "scrub", "wetland", "farmland"]]]], paint: { "fill-color": green, "fill-opacity": 0.6 } },
    ];
    case "roads": return [
      { ...at, id: `own-${layer}-small`, type: "line", minzoom: 8, filter: ["all", LINES, ["!", MAJOR]], paint: { "line-color": path, "line-width": grows(0.4, 2.4) } },
      { ...at, id: `own-${layer}-large`, type: "line", filter: ["all", LINES, MAJOR], layout: { "line-join": "round" }, paint: { "line-color": road, "line-width": grows(1.3, 4.5) } },
    ];
    case "buildings": return shaded ? [] : [{ ...at, id: `own-${layer}`, type: "fill", minzoom: 12, filter: AREAS, paint: { "fill-color": building } }];
    case "boundaries": return [{ ...at, id: `own-${layer}`, type: "line", filter: LINES, paint: { "line-color": colours.line, "line-width": 0.8, "line-dasharray": [4, 2] } }];
    case "places": return [{ ...at, id: `own-${layer}`, type: "symbol", filter: POINTS, ...names(colours, language, 11.5) }];
    case "points": return [{ ...at, id: `own-${layer}`, type: "symbol", minzoom: 13, filter: POINTS, ...names(colours, language, 10.5) }];
    default: return [
      { ...at, id: `own-${layer}-area`, type: "fill", filter: AREAS, paint: { "fill-color": colours.detail.other, "fill-opacity": shaded ? 0.06 : 0.14 } },
      { ...at, id: `own-${layer}-line`, type: "line", filter: ["!", POINTS], paint: { "line-color": colours.detail.other, "line-width": grows(0.6, 1.8) } },
      { ...at, id: `own-${layer}-point`, type: "circle", filter: POINTS, paint: { "circle-radius": 2.6, "circle-color": colours.detail.other, "circle-stroke-color": colours.halo, "circle-stroke-width": 1 } },
    ];
  }
}

// Layers of a base map in the order they are drawn: grounds first, names last.
export function layersOf(base: Schemas["BaseMap"], colours: Colours, language: string, under: Under): Drawn[] {
  if (base.kind === "pictures") return [{ id: "own-pictures", source: SOURCE, type: "raster", paint: { "raster-opacity": STRENGTH[under] } }];
  const order = ["green", "water", "plain", "buildings", "roads", "boundaries", "points", "places"];
  return [...base.layers]
    .sort((a, b) => order.indexOf(roleOf(a)) - order.indexOf(roleOf(b)))
    .flatMap((layer) => drawn(layer, colours, language, under === "shades"));
}
