"""The operations room: one page and its files, built from ``frontend/`` into ``static/`` and packed in the wheel.

Every place of the screen has its own address; the page reads it and shows the place, so all of them answer alike. The
page holds no data, and who is not signed in is led to sign in before it comes.
"""

import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from tocsin.core.errors import NotFound, SetupProblem
from tocsin.web.who import Asker

STATIC = Path(__file__).parent / "static"
PLACES = ("today", "listen", "assess", "plan", "act", "learn", "field")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# The names of built files carry a hash of what is in them.
FOREVER = "public, max-age=31536000, immutable"
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("font/woff2", ".woff2")

router = APIRouter(include_in_schema=False)


def _send(request: Request, path: Path, keep: str) -> Response:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": keep, "Vary": "Accept-Encoding"}
    packed = path.with_name(path.name + ".gz")
    if "gzip" in request.headers.get("accept-encoding", "") and packed.is_file():
        return FileResponse(packed, media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return FileResponse(path, media_type=kind, headers=headers)


def page(request: Request, asker: Asker) -> Response:
    """The page of the operations room."""
    if not (STATIC / "index.html").is_file():
        raise SetupProblem("the screen has not been built: run `make setup`, or install Tocsin from its wheel")
    return _send(request, STATIC / "index.html", "no-cache")


router.add_api_route("/", page, methods=["GET"])
for _place in PLACES:
    router.add_api_route(f"/{_place}", page, methods=["GET"])
    router.add_api_route(f"/{_place}/{{rest:path}}", page, methods=["GET"])


@router.get("/static/{name:path}")
def static_file(request: Request, name: str) -> Response:
    """A file of the screen."""
    path = (STATIC / name).resolve()
    if not path.is_relative_to(STATIC) or not path.is_file() or path.suffix == ".gz":
        raise NotFound("there is no file {name}", name=name)
    return _send(request, path, FOREVER if path.parent.name == "assets" else "no-cache")


@router.get("/service-worker.js")
def service_worker(request: Request) -> Response:
    """What keeps the field pages working without a link; it must come from the top to speak for every page."""
    return static_file(request, "service-worker.js")
