"""The few pages the server writes itself: signing in, one's account, people. One style sheet.

No script, but for the pages that ask the browser for a passkey: those let in one file of ours and nothing else.
"""

import functools
import ipaddress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from babel import negotiate_locale
from fastapi import Request
from fastapi.responses import HTMLResponse

from tocsin.core.errors import TocsinError
from tocsin.core.words import Translator, languages, translator
from tocsin.store.passkeys import Site
from tocsin.web.guard import HEADERS
from tocsin.web.who import cookie_of, csrf_of, house

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE = "tocsin_language"  # a cookie and the parameter that sets it; the screen reads and writes the same cookie
YEAR_S = 365 * 86_400


@functools.cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def language_of(request: Request) -> str:
    """The language somebody chose, here or on the screen; else one the browser asks for; else the mission's."""
    for chosen in (request.query_params.get("language", ""), request.cookies.get(LANGUAGE, "")):
        if chosen in languages():
            return chosen
    asked = [part.partition(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    found = negotiate_locale([a.replace("-", "_") for a in asked if a], languages())
    return str(found or house(request).mission.language)


def _others(request: Request, language: str) -> list[tuple[str, str, str]]:
    """The languages this page could be read in: code, own name, address; none where a form was sent."""
    if request.method != "GET":
        return []
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "language"]
    names = {name: str(translator(name).locale.get_language_name()).capitalize() for name in languages()}
    return [(k, v, "?" + urlencode([*kept, ("language", k)])) for k, v in names.items() if k != language]


def words_of(request: Request) -> Translator:
    """The translator for whoever asks."""
    return translator(language_of(request))


def show(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the asker's language; a language chosen in the address is kept."""
    _ = words_of(request)

    session = cookie_of(request)
    text = _environment().get_template(name).render(
        _=_, language=_.language, direction=_.direction, moment=_.moment, mission=house(request).mission.name,
        others=_others(request, _.language), csrf=csrf_of(session) if session else "", **values,
    )  # fmt: skip
    answer = HTMLResponse(text, status)
    if request.query_params.get("language") == _.language:
        answer.set_cookie(LANGUAGE, _.language, YEAR_S, path="/", samesite="lax", secure=request.url.scheme == "https")
    return answer


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
