"""For other tools: OGC API – Features (Part 1, core; queryables of Part 3) and downloads, of every collection.

Every collection is read through the same functions as the screen's pages: the same rights, the same blurring. A
download is written to the audit trail: who took which collection, with what filter, how many rows.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from shapely.geometry import shape

from tocsin.brief.tables import FORMATS, MEDIA, Table, collection, plain, write_table
from tocsin.core import lattice
from tocsin.core.errors import BadInput, NotFound
from tocsin.core.mission import Mission
from tocsin.listen.alerts.collected import can_collect, collect
from tocsin.store import reading, writing
from tocsin.store.audit import Entry, record
from tocsin.store.policy import Actor, allowed, demand
from tocsin.web.api.feature_tables import KINDS, Columns, Kind, alerts_table, kind_of
from tocsin.web.api.listen import PROBLEMS, Box, Word, box
from tocsin.web.who import Asker, At, House

router = APIRouter(prefix="/ogc", tags=["other tools"], responses=PROBLEMS)
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
OGC = "http://www.opengis.net/spec"
CLASSES = [
    f"{OGC}/ogcapi-common-1/1.0/conf/core",
    f"{OGC}/ogcapi-common-2/1.0/conf/collections",
    f"{OGC}/ogcapi-features-1/1.0/conf/core",
    f"{OGC}/ogcapi-features-1/1.0/conf/geojson",
    f"{OGC}/ogcapi-features-3/1.0/conf/queryables",
    f"{OGC}/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    f"{OGC}/ogcapi-tiles-1/1.0/conf/core",
    f"{OGC}/ogcapi-tiles-1/1.0/conf/tileset",
    f"{OGC}/ogcapi-tiles-1/1.0/conf/tilesets-list",
    f"{OGC}/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    f"{OGC}/ogcapi-tiles-1/1.0/conf/mvt",
]
MOST = 10_000
OWN = {"limit", "offset", "after", "bbox", "datetime", "f"}
# Columns whose values are codes of ours or of the mission's areas; the values of others may name people or places.
CODES = {
    "state", "level", "threat", "imminence", "actor", "area", "component", "tlp", "kind", "outcome", "reliability",
    "credibility", "practice", "what", "season", "target", "in_area", "source",
}  # fmt: skip
JSON_KINDS = {int: "integer", float: "number", str: "string", bool: "boolean"}
Name = Annotated[Word, "A collection: alerts, reports, events, units, plan, risk or places."]


@router.get("", summary="Landing page")
def landing(request: Request, asker: Asker) -> dict[str, Any]:
    """Where everything is."""
    base = top(request)
    return {
        "title": "Tocsin",
        "description": "Alerts, reports, events, units, plan, risk and places of this mission.",
        "links": [
            link(f"{base}/ogc", "self", "application/json", "This page"),
            link(f"{base}/api/openapi.json", "service-desc", "application/vnd.oai.openapi+json;version=3.0", "API"),
            link(f"{base}/ogc/conformance", "conformance", "application/json", "Conformance"),
            link(f"{base}/ogc/collections", "data", "application/json", "Collections"),
        ],
    }  # fmt: skip


@router.get("/conformance", summary="Which parts of the standard this follows")
def conformance(asker: Asker) -> dict[str, list[str]]:
    """OGC 17-069r4 (features), 19-079r2 (queryables), 20-057 (tiles)."""
    return {"conformsTo": CLASSES}


@router.get("/collections", summary="Collections the asker may see")
def collections(request: Request, at: At, asker: Asker) -> dict[str, Any]:
    """Each with its links."""
    around = extent(at.mission)
    found = [_told(request, name, around) for name, kind in KINDS.items() if allowed(asker, "read", kind.needs)]
    here = f"{top(request)}/ogc/collections"
    return {"links": [link(here, "self", "application/json", "Collections")], "collections": found}


@router.get("/collections/{name}", summary="One collection")
def one_collection(request: Request, at: At, asker: Asker, name: Name) -> dict[str, Any]:
    """Its title, extent and links."""
    demand(asker, "read", kind_of(name).needs)
    return _told(request, name, extent(at.mission))


@router.get("/collections/{name}/queryables", summary="Columns one can filter by", response_class=Response)
def queryables(request: Request, asker: Asker, name: Name) -> Response:
    """A JSON schema: each column can be given as a query parameter."""
    kind = kind_of(name)
    demand(asker, "read", kind.needs)
    properties: dict[str, Any] = {k: {"title": k, "type": JSON_KINDS[v]} for k, v in kind.columns.items()}
    properties["geometry"] = {"title": "geometry", "$ref": f"https://geojson.org/schema/{kind.shape}.json"}
    body = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{top(request)}/ogc/collections/{name}/queryables", "type": "object", "title": kind.title,
        "properties": properties, "additionalProperties": False,
    }  # fmt: skip
    return JSONResponse(body, media_type="application/schema+json")


@router.get("/collections/{name}/items", summary="Features of a collection, or a download of them",
            response_class=Response)  # fmt: skip
def items(
    request: Request,
    at: At,
    asker: Asker,
    name: Name,
    limit: Annotated[int, Query(ge=1, description=f"Features a page; more than {MOST} are {MOST}.")] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    after: Annotated[Word | None, Query(description="From the `next` link of alerts; goes before `offset`.")] = None,
    bbox: Box = None,
    datetime: Annotated[Word | None, Query(description="An instant, or from/to with .. for open ends.")] = None,
    f: Annotated[Literal["json", "csv", "xlsx", "parquet", "gpkg"], Query(description="Format.")] = "json",
) -> Response:
    """Filters by box, time, and any column (``?state=open&area=CF41``). A download holds every row of the filter."""
    kind = kind_of(name)
    demand(asker, "read", kind.needs)
    limit = min(limit, MOST)
    wanted = _wanted(request, name, kind.columns)  # wrong questions are refused before anything is read
    around, times = _box(bbox), _times(datetime)
    if name == "alerts" and f == "json" and around is None and times == ("", "") and can_collect(wanted):
        return _alerts_page(request, at, asker, wanted, limit, offset, after)
    if after is not None:
        raise BadInput("that collection and filter are paged by `offset`: leave `after` out")
    table = _filtered(kind.read(at, asker), kind, wanted, around, times)
    if f != "json":
        made = write_table(table, f)
        _write_down(at, asker, name, f, wanted, around, times, len(table.rows))
        file = f'attachment; filename="{name}.{f}"'
        return Response(made, media_type=MEDIA[f], headers={"Content-Disposition": file})
    page = Table(table.name, table.columns, table.rows[offset : offset + limit],
                 table.geometry[offset : offset + limit])  # fmt: skip
    given = [(k, v) for k, v in request.query_params.multi_items() if k not in ("offset", "limit")]
    links = [_page_link(request, name, given, limit, ("offset", str(offset)), "self")]
    if offset + limit < len(table.rows):
        links.append(_page_link(request, name, given, limit, ("offset", str(offset + limit)), "next"))
    if offset:
        links.append(_page_link(request, name, given, limit, ("offset", str(max(0, offset - limit))), "prev"))
    return _features(at, page, links, len(table.rows))


def _features(at: House, page: Table, links: list[dict[str, str]], matched: int) -> JSONResponse:
    body = {
        **collection(page), "links": links, "numberMatched": matched, "numberReturned": len(page.rows),
        "timeStamp": at.now().astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
    return JSONResponse(body, media_type=MEDIA["json"])


def _alerts_page(
    request: Request, at: House, asker: Actor, wanted: Mapping[str, str], limit: int, offset: int, after: str | None
) -> JSONResponse:
    """Alerts cut by the database: the next page begins after the last row, also when new ones came meanwhile."""
    with reading(at.engine) as connection:
        found = collect(connection, asker, wanted, limit, offset, after)
    given = [(k, v) for k, v in request.query_params.multi_items() if k not in ("offset", "limit", "after")]
    mine = ("after", after) if after is not None else ("offset", str(offset))
    links = [_page_link(request, "alerts", given, limit, mine, "self")]
    if found.after:
        links.append(_page_link(request, "alerts", given, limit, ("after", found.after), "next"))
    if offset and after is None:
        links.append(_page_link(request, "alerts", given, limit, ("offset", str(max(0, offset - limit))), "prev"))
    return _features(at, alerts_table(found.rows), links, found.matched)


@router.get("/collections/{name}/items/{id}", summary="One feature", response_class=Response)
def item(request: Request, at: At, asker: Asker, name: Name, id: Word) -> Response:
    """By its id."""
    kind = kind_of(name)
    demand(asker, "read", kind.needs)
    table = kind.read(at, asker)
    for row, place in zip(table.rows, table.geometry, strict=True):
        if str(row.get("id")) == id:
            found = collection(Table(name, table.columns, [row], [place]))["features"][0]
            found["links"] = [link(str(request.url), "self", MEDIA["json"], "This feature"),
                              link(f"{top(request)}/ogc/collections/{name}", "collection", "application/json",
                                    kind.title)]  # fmt: skip
            return JSONResponse(found, media_type=MEDIA["json"])
    raise NotFound("there is no such feature, or it is not for you")


def _write_down(
    at: House, asker: Actor, name: str, form: str, wanted: Mapping[str, str],
    around: tuple[float, float, float, float] | None, times: tuple[str, str], rows: int,
) -> None:  # fmt: skip
    """A download into the audit trail: no names there, so that of a column that is no code only its name is kept."""
    told = [f"{k}:{v}" if k in CODES and re.fullmatch(r"[A-Za-z0-9_+\- ]{0,40}", v) else f"{k}:*"
            for k, v in sorted(wanted.items())]  # fmt: skip
    details: dict[str, Any] = {"format": form, "filter": told, "rows": rows}
    details |= {"bbox": [round(v, 4) for v in around]} if around else {}
    details |= {k: int(re.sub(r"\D", "", t)[:14] or 0) for k, t in zip(("from", "to"), times, strict=True) if t}
    with writing(at.engine) as connection:
        record(connection, at.now(), Entry(asker.id, "table.download", "collection", name, details=details))


def _wanted(request: Request, name: str, columns: Columns) -> dict[str, str]:
    wanted = {k: v for k, v in request.query_params.multi_items() if k not in OWN}
    unknown = set(wanted) - set(columns)
    if unknown:
        raise BadInput("there is no column '{name}' in {what}", name=sorted(unknown)[0], what=name)
    return wanted


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    """A box of four numbers, or of six (heights are not ours and left out)."""
    parts = (text or "").split(",")
    return box(",".join([*parts[0:2], *parts[3:5]]) if len(parts) == 6 else text)


def _filtered(
    table: Table, kind: Kind, wanted: Mapping[str, str], around: tuple[float, float, float, float] | None,
    times: tuple[str, str],
) -> Table:  # fmt: skip
    first, last = times
    if not (wanted or around or first or last):
        return table
    rows, places = [], []
    for row, place in zip(table.rows, table.geometry, strict=True):
        if any(str(plain(row.get(k))).lower() != v.lower() for k, v in wanted.items()):
            continue
        if around is not None and not (place and _touches(place, *around)):
            continue
        if (first or last) and kind.time is not None:
            at = str(plain(row[kind.time]))
            if (first and at[: len(first)] < first[: len(at)]) or (last and at[: len(last)] > last[: len(at)]):
                continue
        rows.append(row)
        places.append(place)
    return Table(table.name, table.columns, rows, places)


def _times(when: str | None) -> tuple[str, str]:
    if when is None:
        return "", ""
    parts = when.split("/")
    if len(parts) > 2:
        raise BadInput("a time is an instant, or from/to with .. for open ends")
    ends = []
    for part in parts:
        text = "" if part in ("", "..") else part
        if text:
            try:
                at = dt.datetime.fromisoformat(text if len(text) > 7 else f"{text}-01")
                if len(text) > 10:  # rows hold instants in UTC; one without an offset is taken as UTC
                    at = at.replace(tzinfo=at.tzinfo or dt.UTC).astimezone(dt.UTC)
                    text = at.isoformat(timespec="seconds")[:19]
            except (ValueError, OverflowError) as problem:
                raise BadInput("a time is an instant, or from/to with .. for open ends") from problem
        ends.append(text)
    return ends[0], ends[-1]


def _touches(place: Any, west: float, south: float, east: float, north: float) -> bool:
    left, low, right, high = (*place["coordinates"],) * 2 if place["type"] == "Point" else shape(place).bounds
    across = (right >= west and left <= east) if west <= east else (right >= west or left <= east)
    return bool(across and high >= south and low <= north)


def extent(mission: Mission) -> list[float]:
    """West, south, east and north of the mission's cells, degrees."""
    lon, lat = (np.asarray(v) for v in lattice.centre(mission.cells()))
    return [float(v) for v in (lon.min() - 0.25, lat.min() - 0.25, lon.max() + 0.25, lat.max() + 0.25)]


def _told(request: Request, name: str, around: list[float]) -> dict[str, Any]:
    kind, here = KINDS[name], f"{top(request)}/ogc/collections/{name}"
    return {
        "id": name, "title": kind.title, "description": kind.about, "itemType": "feature", "crs": [CRS84],
        "extent": {"spatial": {"bbox": [around], "crs": CRS84}},
        "links": [
            link(here, "self", "application/json", kind.title),
            link(f"{here}/queryables", "http://www.opengis.net/def/rel/ogc/1.0/queryables", "application/schema+json",
                  "Columns to filter by"),
            link(f"{here}/tiles", "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", "application/json",
                  "Vector tiles"),
            *(link(f"{here}/items" + ("" if f == "json" else f"?f={f}"), "items", MEDIA[f], f"{kind.title}, {f}")
              for f in FORMATS),
        ],
    }  # fmt: skip


def top(request: Request) -> str:
    """Address of this door, as the asker reached it."""
    return str(request.base_url).rstrip("/")


def link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    """A link as OGC writes it."""
    return {"href": href, "rel": rel, "type": kind, "title": title}


def _page_link(
    request: Request, name: str, given: list[tuple[str, str]], limit: int, where: tuple[str, str], rel: str
) -> dict[str, str]:
    from urllib.parse import urlencode

    query = urlencode([*given, ("limit", limit), where])
    return link(f"{top(request)}/ogc/collections/{name}/items?{query}", rel, MEDIA["json"], rel)


def _point(lon: float | None, lat: float | None) -> dict[str, Any] | None:
    return None if lon is None or lat is None else {"type": "Point", "coordinates": [lon, lat]}


def _round(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
