"""Base maps of the mission's own: PMTiles files, given in pieces to whoever is signed in, as a map asks for them."""

import re
from typing import Literal
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel

from tocsin.core.errors import NotFound
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/base-maps", tags=["maps"])
PIECE = re.compile(r"bytes=(?:[0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})")
KEEP = "private, max-age=3600"


class BaseMap(BaseModel):
    """A base map that the screen may offer; `attribution` is plain text, `box` west, south, east, north."""

    address: str
    title: str
    kind: Literal["vector", "pictures"]
    attribution: str
    first_zoom: int
    last_zoom: int
    box: tuple[float, float, float, float]
    layers: list[str]


@router.get("", summary="Base maps of the mission's own that the screen may offer")
def base_maps(at: At, asker: Asker) -> list[BaseMap]:
    """Those found when the door opened."""
    return [
        BaseMap(
            address=f"/base-maps/{quote(one.path.name)}",
            title=one.title or one.path.stem,
            kind="vector" if one.format == "mvt" else "pictures",
            attribution=one.attribution,
            first_zoom=one.first_zoom,
            last_zoom=one.last_zoom,
            box=one.box,
            layers=list(one.layers),
        )
        for one in at.serve.base_maps
    ]


@router.get("/{file}", summary="A base map of the mission's own, whole or one piece of it", response_class=Response)
def base_map(at: At, asker: Asker, request: Request, file: str) -> Response:
    """A PMTiles file; `Range` asks for one piece. The names are those found when the door opened, and no others."""
    found = next((one for one in at.serve.base_maps if one.path.name == file), None)
    if found is None:
        raise NotFound("there is no base map {name}", name=file)
    try:
        state = found.path.stat()
    except OSError as problem:
        raise NotFound("the base map {name} is gone: put it back, or restart the door", name=file) from problem
    wanted = request.headers.get("range")
    if wanted is not None and not PIECE.fullmatch(wanted.strip()):
        return Response(status_code=416, headers={"Content-Range": f"bytes */{state.st_size}"})
    headers = {"Cache-Control": KEEP}
    return FileResponse(found.path, media_type="application/vnd.pmtiles", headers=headers, stat_result=state)
