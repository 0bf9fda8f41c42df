"""For other tools: OGC API – Features (Part 1, core) and downloads of alerts, units, plan and risk.

Every collection is read through the same functions as the screen's pages: the same rights, the same blurring.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from shapely.geometry import box as square
from shapely.geometry import mapping, shape

from tocsin.assess.ground import Land, land_of
from tocsin.assess.reads import assessed_land, grid, latest_assessed, may_see
from tocsin.brief.tables import FORMATS, MEDIA, Table, collection, plain, write_table
from tocsin.core import lattice
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput, NoData, NotFound
from tocsin.core.mission import Mission
from tocsin.core.time import month_text, parse_month
from tocsin.listen.alerts import reads
from tocsin.plan.actions import units_of
from tocsin.store import reading
from tocsin.store.policy import Actor, Thing, allowed, demand
from tocsin.store.runs import latest_run
from tocsin.web.api.listen import PROBLEMS, Box, Word, box
from tocsin.web.who import Asker, At, House

router = APIRouter(prefix="/ogc", tags=["other tools"], responses=PROBLEMS)
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CLASSES = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
]
MOST = 10_000
Seen = Callable[[House, Actor], Table]
Which = Literal["alerts", "units", "plan", "risk"]


@dataclass(frozen=True)
class Kind:
    """A collection: what it holds, what one must be allowed to, how it is read, and its column of time."""

    title: str
    about: str
    needs: str
    read: Seen
    time: str | None = None


def _alerts(at: House, actor: Actor) -> Table:
    columns: dict[str, type] = {
        "id": int, "state": str, "level": str, "priority": float, "threat": str, "imminence": str, "actor": str,
        "place": str, "area": str, "radius_km": float, "component": str, "reports": int, "independent": int,
        "reliability": str, "credibility": str, "heard_at": str, "last_at": str, "outcome": str, "tlp": str,
        "practice": bool,
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    every = ("open", "acknowledged", "decided", "closed", "merged", "dismissed")
    after: str | None = None
    with reading(at.engine) as connection:
        while True:
            page = reads.list_alerts(connection, actor, reads.AlertFilter(every, order="heard_at"), 200, after)
            rows += [dict(r) for r in page.rows]
            after = page.next
            if after is None:
                break
    return Table("alerts", columns, rows, [_point(r["lon"], r["lat"]) for r in rows])


def _units(at: House, actor: Actor) -> Table:
    with reading(at.engine) as connection:
        done = latest_assessed(connection)
        month = parse_month(done.summary["as_of"])
        land = land_of(connection, at.mission, month)
        stand = units_of(connection, land, month).units
    sees = _sees(actor, "deployment", land)
    kept = [u for u in stand if sees(u.lon, u.lat)]
    rows = [{"id": u.name, "name": u.name, "kind": u.kind.value, "strength": u.strength, "as_of": month_text(month)}
            for u in kept]  # fmt: skip
    columns: dict[str, type] = {"id": str, "name": str, "kind": str, "strength": int, "as_of": str}
    return Table("units", columns, rows, [_point(u.lon, u.lat) for u in kept])


def _plan(at: House, actor: Actor) -> Table:
    with reading(at.engine) as connection:
        found = latest_run(connection, "plan")
        if found is None:
            raise NoData("there is no plan yet: import units, then run `tocsin plan`")
    made = found[1]
    units = allowed(actor, "read", "deployment")  # who may not see units learns where to go, not who
    rows = [
        {"id": f"{found[0]}-{n}", "run": found[0], "as_of": made["as_of"], "season": made["season"], "what": m["what"],
         "unit": m["unit"] if units else None, "kind": m["kind"], "gid": m["gid"], "area": m["area"],
         "gain": round(m["gain"], 3)}
        for n, m in enumerate(made["moves"], 1)
    ]  # fmt: skip
    columns: dict[str, type] = {
        "id": str, "run": str, "as_of": str, "season": str, "what": str, "unit": str, "kind": str, "gid": int,
        "area": str, "gain": float,
    }  # fmt: skip
    return Table("plan", columns, rows, [_point(m["lon"], m["lat"]) for m in made["moves"]])


def _risk(at: House, actor: Actor) -> Table:
    with reading(at.engine) as connection:
        done = latest_assessed(connection)
        found = grid(at.mission, done)
        land = assessed_land(connection, at.mission, done)
    seen = np.flatnonzero(may_see(actor, land)).tolist()
    shades = []
    for k in seen:
        lon, lat = (float(v) for v in lattice.centre(found.gids[k]))
        shades.append(mapping(square(lon - 0.25, lat - 0.25, lon + 0.25, lat + 0.25)))
    rows: list[dict[str, Any]] = []
    for step in range(found.ahead["mean"].shape[0]):
        month = month_text(found.as_of + 1 + step)
        rows += [
            {"id": f"{month}-{int(found.gids[k])}", "gid": int(found.gids[k]), "area": land.area_names[k],
             "month": month, "target": found.target, "as_of": month_text(found.as_of), "run": found.run,
             "mean": _round(found.ahead["mean"][step, k]), "p_any": _round(found.ahead["p_any"][step, k]),
             "low_80": _round(found.ahead["q10"][step, k]), "high_80": _round(found.ahead["q90"][step, k])}
            for k in seen
        ]  # fmt: skip
    columns: dict[str, type] = {
        "id": str, "gid": int, "area": str, "month": str, "target": str, "as_of": str, "run": str, "mean": float,
        "p_any": float, "low_80": float, "high_80": float,
    }  # fmt: skip
    return Table("risk", columns, rows, shades * found.ahead["mean"].shape[0])


KINDS: dict[str, Kind] = {
    "alerts": Kind("Alerts", "What reports together say is happening or about to; points as far as the asker may "
                   "see them.", "alert", _alerts, "heard_at"),
    "units": Kind("Units", "Where units stand as of the newest assessment.", "deployment", _units),
    "plan": Kind("Plan", "The changes that the newest plan recommends.", "plan", _plan),
    "risk": Kind("Risk", "Forecast of each cell and month: expected killed, chance of any, 80 % interval.", "forecast",
                 _risk, "month"),
}  # fmt: skip


@router.get("", summary="Landing page")
def landing(request: Request, asker: Asker) -> dict[str, Any]:
    """Where everything is."""
    top = _top(request)
    return {
        "title": "Tocsin", "description": "Alerts, units, plan and risk of this mission.",
        "links": [
            _link(f"{top}/ogc", "self", "application/json", "This page"),
            _link(f"{top}/api/openapi.json", "service-desc", "application/vnd.oai.openapi+json;version=3.0", "API"),
            _link(f"{top}/ogc/conformance", "conformance", "application/json", "Conformance"),
            _link(f"{top}/ogc/collections", "data", "application/json", "Collections"),
        ],
    }  # fmt: skip


@router.get("/conformance", summary="Which parts of the standard this follows")
def conformance(asker: Asker) -> dict[str, list[str]]:
    """OGC 17-069r4."""
    return {"conformsTo": CLASSES}


@router.get("/collections", summary="Collections the asker may see")
def collections(request: Request, at: At, asker: Asker) -> dict[str, Any]:
    """Each with its links."""
    found = [_told(request, name, at.mission) for name, kind in KINDS.items() if allowed(asker, "read", kind.needs)]
    top = f"{_top(request)}/ogc/collections"
    return {"links": [_link(top, "self", "application/json", "Collections")], "collections": found}


@router.get("/collections/{name}", summary="One collection")
def one_collection(request: Request, at: At, asker: Asker, name: Which) -> dict[str, Any]:
    """Its title, extent and links."""
    demand(asker, "read", KINDS[name].needs)
    return _told(request, name, at.mission)


@router.get("/collections/{name}/items", summary="Features of a collection, or a download of them",
            response_class=Response)  # fmt: skip
def items(
    request: Request,
    at: At,
    asker: Asker,
    name: Which,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    bbox: Box = None,
    datetime: Annotated[Word | None, Query(description="An instant, or from/to with .. for open ends.")] = None,
    f: Annotated[Literal["json", "csv", "xlsx", "parquet", "gpkg"], Query(description="Format.")] = "json",
) -> Response:
    """Filters by box, time, and any column (``?state=open&area=CF41``). A download holds every row of the filter."""
    table = _filtered(request, KINDS[name], KINDS[name].read(at, _may(asker, name)), bbox, datetime)
    if f != "json":
        file = f'attachment; filename="{name}.{f}"'
        return Response(write_table(table, f), media_type=MEDIA[f], headers={"Content-Disposition": file})
    page = Table(table.name, table.columns, table.rows[offset : offset + limit],
                 table.geometry[offset : offset + limit])  # fmt: skip
    given = [(k, v) for k, v in request.query_params.multi_items() if k not in ("offset", "limit")]
    links = [_page_link(request, name, given, limit, offset, "self")]
    if offset + limit < len(table.rows):
        links.append(_page_link(request, name, given, limit, offset + limit, "next"))
    if offset:
        links.append(_page_link(request, name, given, limit, max(0, offset - limit), "prev"))
    body = {
        **collection(page), "links": links, "numberMatched": len(table.rows), "numberReturned": len(page.rows),
        "timeStamp": at.now().replace(tzinfo=dt.UTC).isoformat(),
    }  # fmt: skip
    return JSONResponse(body, media_type=MEDIA["json"])


@router.get("/collections/{name}/items/{id}", summary="One feature", response_class=Response)
def item(request: Request, at: At, asker: Asker, name: Which, id: str) -> Response:
    """By its id."""
    table = KINDS[name].read(at, _may(asker, name))
    for found in collection(table)["features"]:
        if str(found["id"]) == id:
            found["links"] = [_link(str(request.url), "self", MEDIA["json"], "This feature"),
                              _link(f"{_top(request)}/ogc/collections/{name}", "collection", "application/json",
                                    KINDS[name].title)]  # fmt: skip
            return JSONResponse(found, media_type=MEDIA["json"])
    raise NotFound("there is no such feature, or it is not for you")


def _may(asker: Actor, name: str) -> Actor:
    demand(asker, "read", KINDS[name].needs)
    return asker


def _sees(actor: Actor, kind: str, land: Land) -> Callable[[float, float], bool]:
    """Whether a point's row may be read, by the area its cell lies in."""
    row_of = {int(g): k for k, g in enumerate(land.ground.gids)}
    codes = [*(a.code for a in land.ground.areas), None]

    def sees(lon: float, lat: float) -> bool:
        row = row_of.get(int(lattice.gid_at(lon, lat)))
        area = None if row is None else codes[int(land.ground.area_of_cell[row])]
        return allowed(actor, "read", kind, thing=Thing(area, None, None, Tlp.AMBER, Classification.UNCLASSIFIED))

    return sees


def _filtered(request: Request, kind: Kind, table: Table, bbox: str | None, when: str | None) -> Table:
    own = {"limit", "offset", "bbox", "datetime", "f"}
    wanted = {k: v for k, v in request.query_params.multi_items() if k not in own}
    unknown = set(wanted) - set(table.columns)
    if unknown:
        raise BadInput("there is no column '{name}' in {what}", name=sorted(unknown)[0], what=table.name)
    west, south, east, north = box(bbox) or (-180.0, -90.0, 180.0, 90.0)
    first, last = _times(when)
    rows, places = [], []
    for row, place in zip(table.rows, table.geometry, strict=True):
        if any(str(plain(row.get(k))).lower() != v.lower() for k, v in wanted.items()):
            continue
        if bbox is not None and not (place and _touches(place, west, south, east, north)):
            continue
        if when is not None and kind.time is not None:
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
    left, low, right, high = shape(place).bounds
    across = (right >= west and left <= east) if west <= east else (right >= west or left <= east)
    return bool(across and high >= south and low <= north)


def _told(request: Request, name: str, mission: Mission) -> dict[str, Any]:
    kind, here = KINDS[name], f"{_top(request)}/ogc/collections/{name}"
    lon, lat = (np.asarray(v) for v in lattice.centre(mission.cells()))
    west, south, east, north = (float(v) for v in (lon.min() - 0.25, lat.min() - 0.25, lon.max() + 0.25,
                                                   lat.max() + 0.25))  # fmt: skip
    return {
        "id": name, "title": kind.title, "description": kind.about, "itemType": "feature", "crs": [CRS84],
        "extent": {"spatial": {"bbox": [[west, south, east, north]], "crs": CRS84}},
        "links": [
            _link(here, "self", "application/json", kind.title),
            *(_link(f"{here}/items" + ("" if f == "json" else f"?f={f}"), "items", MEDIA[f], f"{kind.title}, {f}")
              for f in FORMATS),
        ],
    }  # fmt: skip


def _top(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": kind, "title": title}


def _page_link(
    request: Request, name: str, given: list[tuple[str, str]], limit: int, offset: int, rel: str
) -> dict[str, str]:
    from urllib.parse import urlencode

    query = urlencode([*given, ("limit", limit), ("offset", offset)])
    return _link(f"{_top(request)}/ogc/collections/{name}/items?{query}", rel, MEDIA["json"], rel)


def _point(lon: float | None, lat: float | None) -> dict[str, Any] | None:
    return None if lon is None or lat is None else {"type": "Point", "coordinates": [lon, lat]}


def _round(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
