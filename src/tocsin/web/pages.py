"""The few pages the server writes itself: signing in, one's account, people. One style sheet.

No script, but for the pages that ask the browser for a passkey: those let in one file of ours and nothing else.
"""

import datetime as dt
import functools
import ipaddress
from pathlib import Path
from typing import Any

import jinja2
from babel import dates, negotiate_locale
from fastapi import Request
from fastapi.responses import HTMLResponse

from tocsin.core.errors import TocsinError
from tocsin.core.words import Translator, languages, translator
from tocsin.store.passkeys import Site
from tocsin.web.guard import HEADERS
from tocsin.web.who import cookie_of, csrf_of, house

TEMPLATES = Path(__file__).parent / "templates"


@functools.cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def language_of(request: Request) -> str:
    """The language a browser asks for, if we have it; else the mission's."""
    asked = [part.partition(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    found = negotiate_locale([a.replace("-", "_") for a in asked if a], languages())
    return str(found or house(request).mission.language)


def words_of(request: Request) -> Translator:
    """The translator for whoever asks."""
    return translator(language_of(request))


def show(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the asker's language."""
    _ = words_of(request)

    def moment(at: dt.datetime) -> str:
        return str(dates.format_datetime(at, "d MMM y HH:mm", tzinfo=dt.UTC, locale=_.locale)) + " UTC"

    session = cookie_of(request)
    text = _environment().get_template(name).render(
        _=_, language=_.language, direction=_.direction, moment=moment, mission=house(request).mission.name,
        csrf=csrf_of(session) if session else "", **values,
    )  # fmt: skip
    return HTMLResponse(text, status)


def with_script(page: HTMLResponse) -> HTMLResponse:
    """A page that may run our one script, and no other."""
    page.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"] + "; script-src 'self'"
    return page


def site_of(request: Request) -> Site | None:
    """Where a passkey of this address holds; None where none can: under an address in figures, or a plain http one."""
    host = (request.url.hostname or "").casefold()
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    else:
        return None
    if request.url.scheme != "https" and host != "localhost":
        return None
    return Site(
        host, f"{request.url.scheme}://{request.headers.get('host', '').casefold()}", house(request).mission.name
    )


def sentence(request: Request, problem: TocsinError) -> str:
    """An error in the asker's language, where the catalogue has it."""
    try:
        return words_of(request)(problem.message, **problem.params)
    except (KeyError, IndexError, ValueError):  # a sentence made without fields may hold braces
        return str(problem)


def wants_page(request: Request) -> bool:
    """Whether a person in a browser asks, and not a program."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(("/api/", "/in/"))


def local_path(wanted: str) -> str:
    """A path of this door to go on to; anything else becomes the first page.

    >>> local_path("/listen?x=1"), local_path("//elsewhere.org"), local_path("https://elsewhere.org"), local_path("")
    ('/listen?x=1', '/', '/', '/')
    """
    good = (
        wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable() and "\\" not in wanted
    )
    return wanted if good else "/"
