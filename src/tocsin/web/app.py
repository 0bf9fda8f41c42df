"""The HTTP door: accounts in front, then the brief, then what each room adds. Every case behind it asks who asks."""

import base64
import hashlib
import re
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from tocsin import __version__
from tocsin.brief.write import KEPT
from tocsin.core import errors
from tocsin.core.mission import Mission
from tocsin.core.words import languages
from tocsin.listen.uploads import Importer
from tocsin.plan.wishes import Planner
from tocsin.store import open_store
from tocsin.store.policy import demand
from tocsin.web import account, act, demo, listen, passkeys, people, screen, second_step, sign_in, single_sign_on, watch
from tocsin.web.api import (
    assess,
    base_maps,
    features,
    field,
    learn,
    listen_imports,
    plan,
    plan_board,
    plan_cards,
    plan_leaving,
    plan_parts,
    plan_scenarios,
    plan_wishes,
    results,
    tiles,
    today,
)
from tocsin.web.budgets import budgets
from tocsin.web.guard import HEADERS, Guard
from tocsin.web.pages import sentence, show, wants_page
from tocsin.web.printer import Printer
from tocsin.web.settings import Serve, serve_settings
from tocsin.web.who import Asker, At, House

STATUS: dict[type[errors.TocsinError], int] = {
    errors.BadInput: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Forbidden: 403,
    errors.NotSignedIn: 401,
    errors.TooMany: 429,
    errors.NoData: 404,
    errors.Infeasible: 422,
    errors.Busy: 503,
    errors.SetupProblem: 500,
    errors.TocsinError: 500,
}
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def make_app(mission: Mission, serve: Serve | None = None) -> FastAPI:
    """The application for one mission.

    Parameters
    ----------
    mission : Mission
    serve : Serve, optional
        Settings of the door; those of the mission folder if not given.
    """
    engine = open_store(mission.store_url)
    settings = serve or serve_settings(mission)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if getattr(app.state, "imports", getattr(app.state, "reads_reports", True)):
            app.state.importer.start()
        yield
        app.state.planner.stop()
        app.state.importer.stop()
        engine.dispose()

    app = FastAPI(
        title="Tocsin", version=__version__, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    app.state.house = House(
        mission, engine, serve=settings, budgets=budgets(settings.requests_per_s, settings.intake_per_s)
    )
    app.state.demo = demo.demo_door(mission, settings)
    app.add_exception_handler(errors.TocsinError, problem)

    app.state.printer = Printer()
    writing_down, written = threading.Lock(), list[bytes]()

    @app.get("/brief.{suffix}", tags=["brief"])
    async def brief_file(request: Request, at: At, asker: Asker, suffix: str, lang: str = "en") -> Response:
        """The brief as html, pdf or docx, in English, French or Arabic."""
        demand(asker, "read", "brief")
        return await _brief(at, app.state.printer, f".{suffix}", lang, f"{request.url.scheme}://{request.url.netloc}")

    @app.get("/briefs/{name}", tags=["brief"])
    def kept_brief(at: At, asker: Asker, name: str) -> Response:
        """A brief as it was made, at the address that stands at its end."""
        demand(asker, "read", "brief")
        path = at.mission.briefs / name
        if not KEPT.fullmatch(name) or not path.is_file():
            raise errors.NotFound(
                "there is no brief {name}: it may have been made in another form or language", name=name
            )
        return _given(path.read_bytes(), path.suffix)

    @app.get("/api/openapi.json", include_in_schema=False)
    def schema(asker: Asker) -> Response:
        """What this door can be asked."""
        with writing_down:  # it takes a second of a processor, once: many who ask at the start wait for one
            if not written:
                written.append(bytes(JSONResponse(app.openapi()).body))
        return Response(written[0], media_type="application/json")

    # Routes are tried one after the other, which costs more than many an answer: what is asked most comes first.
    act.attach(app)
    listen.attach(app)
    for part in (
        sign_in.router,
        account.router,
        account.api,
        passkeys.router,
        second_step.router,
        people.router,
        people.api,
        demo.router,
        watch.router,
        single_sign_on.router,
    ):
        app.include_router(part)
    app.include_router(today.router)
    app.include_router(assess.router)
    app.include_router(plan.router)
    app.state.boards = plan_board.Boards()
    app.include_router(plan_board.router)
    app.state.planner = Planner(mission, lambda: app.state.house)
    app.state.importer = Importer(mission, lambda: app.state.house)
    app.state.arriving = Counter[str]()
    app.include_router(listen_imports.router)
    app.include_router(plan_wishes.router)
    app.include_router(plan_parts.router)
    app.include_router(plan_cards.router)
    app.include_router(plan_leaving.router)
    app.include_router(plan_scenarios.router)
    app.include_router(learn.router)
    app.include_router(results.router)
    app.include_router(features.router)
    app.state.atlas = tiles.Atlas()
    app.include_router(tiles.tiles)
    app.include_router(base_maps.router)
    app.include_router(field.router)
    app.include_router(screen.router)
    app.state.meters = watch.Meters()
    app.add_middleware(Guard, house=lambda: app.state.house, meters=app.state.meters)
    return app


async def _brief(at: House, printer: Printer, suffix: str, language: str, address: str) -> Response:
    if suffix not in MEDIA:
        raise errors.NotFound("there is no brief as '{suffix}': html, pdf and docx are", suffix=suffix[1:])
    if language not in languages():
        raise errors.NotFound("there is no brief in '{language}'", language=language)
    return _given(await printer.brief(at, suffix, language, address), suffix)


def _given(made: bytes, suffix: str) -> Response:
    headers = {}
    if suffix == ".html":  # its one style sheet stands inside it: let in by its hash, and nothing else
        sheets = re.findall(rb"<style>(.*?)</style>", made, re.DOTALL)
        hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s).digest()).decode()}'" for s in sheets)
        rules = HEADERS["Content-Security-Policy"].replace("style-src 'self'", f"style-src {hashes}")
        headers["Content-Security-Policy"] = rules
    return Response(made, media_type=MEDIA[suffix], headers=headers)


def way_on(request: Request, known: errors.TocsinError) -> str:
    """Where a person goes who is signed in, but not well enough; a form they had sent is to be sent again."""
    back = request.url.path if request.method == "GET" else "/account"
    if isinstance(known, errors.SignInAgain):
        return f"/sign-in?{urlencode({'next': back, 'again': 1})}"
    return f"/account/second-step?{urlencode({'next': back})}"


def problem(request: Request, error: Exception) -> Response:
    """Every error of ours: a page for a person, one object for a program; who is not signed in is sent to do so."""
    known = error if isinstance(error, errors.TocsinError) else errors.TocsinError(str(error))
    status = next(STATUS[kind] for kind in type(known).__mro__ if kind in STATUS)
    if status == 422 and request.url.path.startswith("/ogc"):
        status = 400  # what the standard wants for a wrong parameter
    wait = getattr(known, "params", {}).get("wait_s", 60)
    headers = {"Retry-After": str(max(1, round(wait)))} if status in (429, 503) else None
    if status == 401:
        headers = {"WWW-Authenticate": "Bearer"}  # some programs give their token only when they are asked for it
    if wants_page(request):
        if isinstance(known, (errors.SecondStepNeeded, errors.SignInAgain)):
            return RedirectResponse(way_on(request, known), 303)
        if status == 401 and request.method == "GET":
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse("/sign-in" + ("" if wanted == "/" else f"?{urlencode({'next': wanted})}"), 303)
        page = show(request, "problem.html", status, problem=sentence(request, known))
        page.headers.update(headers or {})
        return page
    body = {"type": f"urn:tocsin:{known.code}", "title": str(known), "status": status}
    wrong = known.params.get("wrong") if isinstance(known, errors.BadInput) else None
    if isinstance(wrong, dict):  # a sentence for each wrong field of a request
        body["wrong"] = wrong
    return JSONResponse(body, status, headers, media_type="application/problem+json")
