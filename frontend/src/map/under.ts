// What lies under the lines and names of the risk map: land, and the cells of a month, painted on a canvas of its own.
// Without a graphics card a whole map cannot be drawn thirty times a second; a thousand squares and rings can. The map
// above is drawn again only when somebody moves it. `over`, places: borders and their dots are painted too. A map that
// draws fewer kinds of things is there sooner: each kind costs a program for the graphics card that is not there.
import type { FeatureCollection } from "geojson";
import type { Map as MapLibre } from "maplibre-gl";
import { hatch } from "./base";
import { NO_DATA } from "./colours";
import type { Colours } from "./colours";

interface Cell {
  gid: number;
  lon: number;
  lat: number;
}

const across = (lon: number): number => (lon + 180) / 360;
const down = (lat: number): number => 0.5 - Math.log(Math.tan(Math.PI / 4 + (Math.max(-85, Math.min(85, lat)) * Math.PI) / 360)) / (2 * Math.PI);

// Rings of polygons as a path in the units of the whole world (0 to 1), to be scaled when painted.
function path(data: FeatureCollection, level?: number): Path2D {
  const made = new Path2D();
  const ring = (points: number[][]): void => {
    points.forEach(([lon, lat], i) => (i ? made.lineTo(across(lon!), down(lat!)) : made.moveTo(across(lon!), down(lat!))));
    made.closePath();
  };
  for (const one of data.features) {
    if (level !== undefined && one.properties?.level !== level) continue;
    const shape = one.geometry;
    if (shape.type === "Polygon") shape.coordinates.forEach(ring);
    else if (shape.type === "MultiPolygon") shape.coordinates.forEach((part) => part.forEach(ring));
  }
  return made;
}

export class Under {
  private readonly canvas = document.createElement("canvas");
  private readonly pen: CanvasRenderingContext2D;
  private readonly ground = document.createElement("canvas");
  private readonly slanted: CanvasPattern | null;
  private readonly home: Path2D;
  private readonly areas: Path2D | null;
  private readonly dots: [number, number][];
  private land: Path2D | null = null;
  private seen = "";
  private boxes = new Int32Array(0); // left, top, width, height of each cell, in points of the screen
  private shades: number[] = [];
  private rings: number[] | undefined;
  private readonly known: Map<string, number>;

  constructor(private readonly map: MapLibre, private readonly colours: Colours, area: FeatureCollection, private readonly cells: Cell[] = [], private readonly size = 1, private readonly steps: string[] = [], over?: FeatureCollection) {
    this.canvas.className = "under";
    this.canvas.setAttribute("aria-hidden", "true");
    map.getCanvasContainer().prepend(this.canvas);
    this.pen = this.canvas.getContext("2d", { willReadFrequently: true, alpha: false })!; // kept in memory, not on a card that is not there
    const mark = document.createElement("canvas");
    mark.width = mark.height = 12;
    mark.getContext("2d")!.putImageData(hatch(colours.hatch), 0, 0);
    this.slanted = this.pen.createPattern(mark, "repeat");
    this.slanted?.setTransform(new DOMMatrix().scale(devicePixelRatio / 2));
    this.home = path(area, 0);
    this.areas = over ? path(area, 1) : null;
    this.dots = (over?.features ?? []).flatMap(({ geometry }) => (geometry.type === "Point" ? [[across(geometry.coordinates[0]!), down(geometry.coordinates[1]!)] as [number, number]] : []));
    this.known = new Map(cells.map((cell) => [this.key(cell.lon, cell.lat), cell.gid]));
    map.on("render", () => this.follow());
  }

  private key = (lon: number, lat: number): string => `${Math.floor((lon + 180) / this.size)} ${Math.floor((lat + 90) / this.size)}`;

  // The cell at a place.
  at(lon: number, lat: number): number | null {
    return this.known.get(this.key(lon, lat)) ?? null;
  }

  world(data: FeatureCollection): void {
    this.land = path(data);
    this.seen = "";
    this.follow();
  }

  show(shades: number[], rings: number[] | undefined): void {
    this.shades = shades;
    this.rings = rings;
    if (this.seen) this.paint();
    else this.follow();
  }

  // After the map has moved: everything anew.
  private follow(): void {
    const box = this.map.getContainer();
    const { lng, lat } = this.map.getCenter();
    const zoom = this.map.getZoom();
    const view = [box.clientWidth, box.clientHeight, lng, lat, zoom, devicePixelRatio].join(" ");
    if (view === this.seen) return;
    this.seen = view;
    const ratio = devicePixelRatio;
    const [wide, high] = [Math.round(box.clientWidth * ratio), Math.round(box.clientHeight * ratio)];
    if (!wide || !high) return; // it is not on the page (any more)
    for (const one of [this.canvas, this.ground]) {
      if (one.width !== wide) one.width = wide;
      if (one.height !== high) one.height = high;
    }
    const scale = 512 * 2 ** zoom * ratio;
    const [left, top] = [wide / 2 - across(lng) * scale, high / 2 - down(lat) * scale];
    const half = this.size / 2;
    this.boxes = new Int32Array(4 * this.cells.length);
    this.cells.forEach((cell, i) => {
      const [x0, x1] = [Math.round(across(cell.lon - half) * scale + left), Math.round(across(cell.lon + half) * scale + left)];
      const [y0, y1] = [Math.round(down(cell.lat + half) * scale + top), Math.round(down(cell.lat - half) * scale + top)];
      this.boxes.set([x0, y0, x1 - x0, y1 - y0], 4 * i);
    });
    const pen = this.ground.getContext("2d", { willReadFrequently: true, alpha: false })!;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = this.colours.sea;
    pen.fillRect(0, 0, wide, high);
    pen.setTransform(scale, 0, 0, scale, left, top);
    if (this.land) {
      pen.fillStyle = this.colours.land;
      pen.fill(this.land);
      pen.strokeStyle = this.colours.border;
      pen.lineWidth = (0.8 * ratio) / scale;
      pen.stroke(this.land);
    }
    pen.fillStyle = this.colours.home;
    pen.fill(this.home);
    if (this.areas) {
      const pixel = ratio / scale;
      pen.strokeStyle = this.colours.line;
      pen.lineWidth = 0.8 * pixel;
      pen.setLineDash([2.4 * pixel, 1.6 * pixel]);
      pen.stroke(this.areas);
      pen.setLineDash([]);
      pen.lineWidth = 1.8 * pixel;
      pen.stroke(this.home);
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.fillStyle = this.colours.text;
      pen.globalAlpha = 0.8;
      pen.beginPath();
      for (const [x, y] of zoom >= 5 ? this.dots : []) {
        pen.moveTo(x * scale + left, y * scale + top);
        pen.arc(x * scale + left, y * scale + top, 1.8 * ratio, 0, 2 * Math.PI);
      }
      pen.fill();
      pen.globalAlpha = 1;
    }
    this.paint();
  }

  // One month: the squares of one shade after another, then the rings.
  private paint(): void {
    if (!this.ground.width || !this.ground.height) return;
    const { pen, boxes } = this;
    pen.drawImage(this.ground, 0, 0);
    const shades = new Map<number, number[]>();
    this.cells.forEach((_, i) => {
      const shade = this.shades[i] ?? NO_DATA;
      const same = shades.get(shade);
      if (same) same.push(i);
      else shades.set(shade, [i]);
    });
    for (const [shade, those] of shades) {
      pen.globalAlpha = shade === NO_DATA ? 1 : 0.88;
      pen.fillStyle = shade === NO_DATA ? (this.slanted ?? this.colours.hatch) : this.steps[shade]!;
      for (const i of those) pen.fillRect(boxes[4 * i]!, boxes[4 * i + 1]!, boxes[4 * i + 2]!, boxes[4 * i + 3]!);
    }
    if (this.rings) {
      const zoom = Math.max(4, Math.min(9, this.map.getZoom()));
      const [low, high, from, to] = zoom < 6 ? [4, 6, 0.35, 1] : [6, 9, 1, 5];
      const grown = devicePixelRatio * (from + ((to - from) * (2 ** (zoom - low) - 1)) / (2 ** (high - low) - 1));
      pen.globalAlpha = 0.8;
      pen.strokeStyle = this.colours.ring;
      pen.lineWidth = 1.3 * devicePixelRatio;
      pen.beginPath();
      this.cells.forEach((_, i) => {
        const radius = (this.rings?.[i] ?? 0) * grown;
        if (!radius) return;
        const [x, y] = [boxes[4 * i]! + boxes[4 * i + 2]! / 2, boxes[4 * i + 1]! + boxes[4 * i + 3]! / 2];
        pen.moveTo(x + radius, y);
        pen.arc(x, y, radius, 0, 2 * Math.PI);
      });
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }
}
