"""The HTTP door, first version: the brief in each language, the forecast as a table, and nothing that changes anything.

For one machine only: it answers on 127.0.0.1 and has no accounts yet, so it must not be put on a network.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from tocsin import __version__
from tocsin.brief.actions import gather
from tocsin.brief.write import render
from tocsin.core import errors
from tocsin.core.mission import Mission
from tocsin.core.time import utc_now
from tocsin.core.words import languages
from tocsin.store import open_store, reading
from tocsin.web import act, listen, screen
from tocsin.web.api import assess, today
from tocsin.web.who import House

STATUS: dict[type[errors.TocsinError], int] = {
    errors.BadInput: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Forbidden: 403,
    errors.NotSignedIn: 401,
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
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
LOCAL = {"127.0.0.1", "localhost", "[::1]"}


def make_app(mission: Mission) -> FastAPI:
    """The application for one mission."""
    app = FastAPI(title="Tocsin", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    engine = open_store(mission.store_url)
    app.state.house = House(mission, engine)

    @app.middleware("http")
    async def guard(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        host = request.headers.get("host", "").rsplit(":", 1)[0]
        # A page elsewhere that points its name at this machine must not read the mission through the browser.
        if host not in LOCAL:
            answer: Response = JSONResponse(
                {"title": "this address answers only as 127.0.0.1", "status": 403, "type": "about:blank"}, 403
            )
        else:
            answer = await go_on(request)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    @app.exception_handler(errors.TocsinError)
    def problem(_: Request, error: Exception) -> JSONResponse:
        known = error if isinstance(error, errors.TocsinError) else errors.TocsinError(str(error))
        status = next(STATUS[kind] for kind in type(known).__mro__ if kind in STATUS)
        body = {"type": f"urn:tocsin:{known.code}", "title": str(known), "status": status}
        wait = {"Retry-After": "60"} if isinstance(known, errors.Busy) else None
        return JSONResponse(body, status, wait, media_type="application/problem+json")

    def made(suffix: str, language: str) -> Response:
        if language not in languages():
            raise errors.NotFound("there is no brief in '{language}'", language=language)
        with reading(engine) as connection:  # what is calculated on the way is not kept: reading changes nothing
            content = gather(connection, mission, utc_now(), language=language)
        return Response(render(content, suffix, language), media_type=MEDIA[suffix])

    @app.get("/brief.{suffix}")
    def brief_file(suffix: str, lang: str = "en") -> Response:
        """The brief as html, pdf or docx, in English or French."""
        if f".{suffix}" not in MEDIA:
            raise errors.NotFound("there is no brief as '{suffix}': html, pdf and docx are", suffix=suffix)
        return made(f".{suffix}", lang)

    app.include_router(today.router)
    app.include_router(assess.router)
    app.include_router(screen.router)
    act.attach(app)
    listen.attach(app)
    return app
