// Base maps of the mission's own (PMTiles files that our server gives in pieces), and the choice between them on a map.
import { effect, signal } from "@preact/signals";
import * as Ariakit from "@ariakit/react";
import { Check, Layers } from "lucide";
import * as maplibregl from "maplibre-gl";
import { render } from "preact";
import type { Schemas } from "../api/client";
import { get } from "../api/client";
import { said } from "../places/cases";
import { Icon } from "../ui/icon";
import { language, t } from "../words";
import type { Colours } from "./colours";
import { layersOf } from "./detail";
import type { Under } from "./detail";

type BaseMap = Schemas["BaseMap"];
const KEPT = "base_map";
const SOURCE = "own";

const bases = signal<BaseMap[]>([]);
const chosen = signal(localStorage.getItem(KEPT) ?? "");
let asked: Promise<void> | null = null;
let protocol: Promise<void> | null = null;

function ask(): Promise<void> {
  asked ??= get<BaseMap[]>("/base-maps").then((found) => { bases.value = found; });
  asked.catch(() => (asked = null)); // the link may be back when the next map asks
  return asked;
}

function choose(address: string): void {
  chosen.value = address;
  localStorage.setItem(KEPT, address);
}

// What reads the files is fetched when somebody wants one.
function reader(): Promise<void> {
  protocol ??= import("pmtiles").then(({ Protocol }) => {
    const made = new Protocol();
    maplibregl.addProtocol("pmtiles", made.tile);
  });
  protocol.catch(() => (protocol = null));
  return protocol;
}

const plain = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

function takeOff(map: maplibregl.Map): void {
  for (const layer of map.getStyle().layers) if (layer.id.startsWith("own-")) map.removeLayer(layer.id);
  if (map.getSource(SOURCE)) map.removeSource(SOURCE);
}

function putOn(map: maplibregl.Map, base: BaseMap, colours: Colours, speech: string, under: Under, ground: string[]): void {
  const common = {
    tiles: [`pmtiles://${location.origin}${base.address}/{z}/{x}/{y}`], minzoom: base.first_zoom, maxzoom: base.last_zoom,
    bounds: base.box, attribution: base.attribution && `<bdi>${plain(base.attribution)}</bdi>`,
  };
  map.addSource(SOURCE, base.kind === "vector" ? { type: "vector", ...common } : { type: "raster", tileSize: 256, ...common });
  const standing = map.getStyle().layers.map((layer) => layer.id).filter((id) => !ground.includes(id));
  const over = standing.includes("names") ? "names" : standing[0];
  for (const layer of layersOf(base, colours, speech, under)) map.addLayer(layer, layer.type === "symbol" ? over : standing[0]);
}

// Follows the choice on one map for as long as it is there. The answer says whether what was chosen is on it by now.
export function follow(map: maplibregl.Map, colours: Colours, under: Under, ground: string[], usual: number): () => boolean {
  const asking = ask();
  let done = !chosen.value;
  asking.catch(() => (done = true));
  let stop = (): void => undefined;
  let gone = false;
  let told = "";
  map.once("load", () => {
    if (gone) return;
    let worn: string | null = null;
    const show = (base: BaseMap | undefined, speech: string): void => {
      const key = base ? `${base.address} ${speech}` : "";
      if (key === worn) return;
      if (worn) takeOff(map);
      worn = key;
      done = !base;
      map.setMaxZoom(base ? Math.max(usual, Math.min(17, base.last_zoom + 2)) : usual);
      if (base) {
        map.getContainer().dataset.idle = "no";
        reader().then(
          () => { if (!gone && worn === key) putOn(map, base, colours, speech, under, ground); },
          () => (said.value = { text: t("map.base.broken", { name: base.title }), bad: true }),
        ).finally(() => (done = true));
      }
      map.triggerRepaint();
    };
    void asking.catch(() => undefined).then(() => {
      if (!gone) stop = effect(() => show(bases.value.find((one) => one.address === chosen.value), language.value));
    });
  });
  map.on("error", (event) => {
    const base = bases.value.find((one) => one.address === chosen.value);
    if (!base || (event as { sourceId?: string }).sourceId !== SOURCE || told === base.address) return;
    told = base.address;
    (said.value = { text: t("map.base.broken", { name: base.title }), bad: true });
  });
  map.once("remove", () => {
    gone = true;
    stop();
  });
  return () => done;
}

function Menu() {
  if (!bases.value.length) return null;
  const choices = [{ address: "", title: t("map.base.simple") }, ...bases.value];
  const worn = bases.value.some((one) => one.address === chosen.value) ? chosen.value : "";
  return (
    <Ariakit.MenuProvider placement="bottom-end" values={{ base: worn }} setValues={(next: { base: string }) => choose(next.base)}>
      <Ariakit.MenuButton className="base-button" title={t("map.base")} aria-label={t("map.base")}><Icon node={Layers} size={17} /></Ariakit.MenuButton>
      <Ariakit.Menu className="menu" portal gutter={6} aria-label={t("map.base")}>
        {choices.map((one) => (
          <Ariakit.MenuItemRadio key={one.address} className="menu-item" name="base" value={one.address} hideOnClick>
            <span class="menu-mark">{worn === one.address && <Icon node={Check} size={15} />}</span> <span dir="auto">{one.title}</span>
          </Ariakit.MenuItemRadio>
        ))}
      </Ariakit.Menu>
    </Ariakit.MenuProvider>
  );
}

// The choice, as one of the map's own controls; not there where there is nothing to choose.
export class BaseChoice implements maplibregl.IControl {
  private readonly box = document.createElement("div");

  onAdd(): HTMLElement {
    this.box.className = "maplibregl-ctrl maplibregl-ctrl-group base-choice";
    render(<Menu />, this.box);
    return this.box;
  }

  onRemove(): void {
    render(null, this.box);
    this.box.remove();
  }
}
