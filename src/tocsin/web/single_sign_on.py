"""Signing in through the organisation: OpenID Connect, authorisation code with PKCE (RFC 7636); ``tocsin[sso]``.

The organisation says who somebody is; what they may do stays with the mission: the login (``preferred_username``, or
the part of a verified address before the @) must be an account that was invited here. From the first time on the
account is theirs by the organisation's own mark of them (``sub``), and a login given to somebody else opens nothing.
Nobody is let in merely for being known elsewhere, and an administrator's account is never opened this way.
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from tocsin.core.codes import Role
from tocsin.core.errors import Forbidden, NotFound, SetupProblem
from tocsin.core.words import mark
from tocsin.store import writing
from tocsin.store.accounts import Account
from tocsin.store.audit import Entry, record
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.organisation import account_at
from tocsin.store.sessions import LONGEST, open_session
from tocsin.web.pages import local_path, show
from tocsin.web.sign_in import client_of, end_one_before, keep_session
from tocsin.web.who import At, House, cookie_of, keep_cookie

STATE = "tocsin_sso"
STATE_LIFE_S = 600
LONGEST_SUBJECT = 255  # characters, as the standard has it
HOURS = 12.0  # after which the organisation is asked again, whatever is being done
MOST_BYTES = 1 << 20
WAIT_S = 10.0
router = APIRouter(include_in_schema=False)
NOT_LET_IN = mark("the organisation's answer does not let you in here: ask the administrator for an account")


@dataclass(frozen=True)
class Provider:
    """What the organisation's own description says (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorize: str
    token: str
    keys: str


@router.get("/sso")
def go(request: Request, at: At, next: str = "/") -> Response:  # noqa: A002  the name in the address
    """Send the browser to the organisation."""
    settings = _settings(at)
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        # Another page must not sign somebody in unasked: they press the button on ours.
        return RedirectResponse("/sign-in", 303)
    found = discover(settings["issuer"])
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": settings["client_id"], "redirect_uri": _back(request),
        "scope": "openid profile email", "state": state, "nonce": nonce, "code_challenge": challenge,
        "code_challenge_method": "S256",
    }  # fmt: skip
    answer = RedirectResponse(f"{found.authorize}{'&' if '?' in found.authorize else '?'}{urlencode(asked)}", 303)
    kept = base64.urlsafe_b64encode(json.dumps([state, nonce, verifier, local_path(next)]).encode()).decode()
    # Lax: the organisation's page sends the browser back, which is another site.
    keep_cookie(request, answer, STATE, kept, STATE_LIFE_S, "lax")
    return answer


@router.get("/sso/back")
def back(request: Request, at: At, code: str = "", state: str = "") -> Response:
    """Take the organisation's answer, and open a session if it names an account of this mission."""
    settings = _settings(at)
    try:
        kept = json.loads(base64.urlsafe_b64decode(cookie_of(request, STATE)))
        known, nonce, verifier, wanted = (str(part) for part in kept)
    except (ValueError, TypeError):
        raise Forbidden(NOT_LET_IN) from None
    if not code or not hmac.compare_digest(known.encode(), state.encode()):
        raise Forbidden(NOT_LET_IN)
    found = discover(settings["issuer"])
    claims = _claims(found, settings, code, verifier, _back(request), nonce, at)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise Forbidden(NOT_LET_IN)
    with writing(at.engine) as connection:
        keys = open_keys(connection, key_folder(at.mission), at.now())
        try:
            account = account_at(connection, keys, found.issuer, subject, _login(claims), at.now())
        except NotFound:
            raise Forbidden(NOT_LET_IN) from None
    if account.closed_at is not None or Role.ADMINISTRATOR in account.roles:
        raise Forbidden(NOT_LET_IN)
    answer = _enter(request, at, account, local_path(wanted))
    keep_cookie(request, answer, STATE, "", 0)
    return answer


def _enter(request: Request, at: House, account: Account, wanted: str) -> HTMLResponse:
    end_one_before(request, at)
    with writing(at.engine) as connection:
        ends_at = at.now() + dt.timedelta(hours=_hours(at))
        session = open_session(connection, account.id, client_of(request), at.now(), ends_at=ends_at)
        record(connection, at.now(), Entry(account.id, "session.open", "account", account.id, details={"sso": True}))
    # A redirect that began on another site would not carry the strict cookie: our own page goes on instead.
    answer = show(request, "go_on.html", wanted=wanted)
    keep_session(request, answer, session)
    return answer


def discover(issuer: str) -> Provider:
    """The organisation's own description of where to ask what."""
    found = _get(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise SetupProblem("the organisation's sign-in describes another issuer: see [serve] single_sign_on")
    places = [str(found.get(k, "")) for k in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if any(not _is_safe(place) for place in places):
        raise SetupProblem("the organisation's sign-in is not over https")
    return Provider(issuer, *places)


def _claims(
    found: Provider, settings: dict[str, str], code: str, verifier: str, back: str, nonce: str, at: House
) -> dict[str, Any]:
    """What a checked identity token says."""
    try:
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet
    except ImportError:
        raise SetupProblem("signing in through the organisation needs the extra tocsin[sso]") from None
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier,
            "client_id": settings["client_id"]}  # fmt: skip
    if settings.get("secret_file"):
        form["client_secret"] = Path(settings["secret_file"]).read_text(encoding="utf-8").strip()
    answer = _post(found.token, form)
    try:
        keys = KeySet.import_key_set(_get(found.keys))
        token = jwt.decode(str(answer.get("id_token", "")), keys, algorithms=["RS256", "ES256", "EdDSA", "PS256"])
        claims: dict[str, Any] = token.claims
        now = at.now().timestamp()
        audience = claims.get("aud")
        good = (
            claims.get("iss") == found.issuer
            and settings["client_id"] in (audience if isinstance(audience, list) else [audience])
            and claims.get("azp", settings["client_id"]) == settings["client_id"]
            and float(claims["exp"]) > now - 60
            and float(claims.get("iat", now)) < now + 60
            and hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
        )
    except (JoseError, KeyError, ValueError, TypeError):
        raise Forbidden(NOT_LET_IN) from None
    if not good:
        raise Forbidden(NOT_LET_IN)
    return claims


def _login(claims: dict[str, Any]) -> str:
    if claims.get("preferred_username"):
        return str(claims["preferred_username"])
    if claims.get("email") and claims.get("email_verified") is True:
        return str(claims["email"]).partition("@")[0]
    raise Forbidden(NOT_LET_IN)


def _settings(at: House) -> dict[str, str]:
    found = at.serve.single_sign_on
    if not found:
        raise NotFound("there is no such page")
    if not found.get("issuer") or not found.get("client_id") or not _is_safe(found["issuer"]):
        raise SetupProblem("[serve] single_sign_on needs issuer (https://…) and client_id")
    return found


def _hours(at: House) -> float:
    try:
        hours = float(at.serve.single_sign_on.get("hours", HOURS))
    except ValueError:
        hours = 0.0
    if not 0 < hours <= LONGEST.total_seconds() / 3600:
        raise SetupProblem("[serve] single_sign_on: hours is a number above 0, a week at most")
    return hours


def _is_safe(url: str) -> bool:
    return url.startswith(("https://", "http://127.0.0.1:", "http://localhost:"))


def _back(request: Request) -> str:
    return str(request.base_url.replace(path="/sso/back", query=""))


def _get(url: str) -> Any:
    return _read("GET", url, None)


def _post(url: str, form: dict[str, str]) -> dict[str, Any]:
    found = _read("POST", url, form)
    return found if isinstance(found, dict) else {}


def _read(method: str, url: str, form: dict[str, str] | None) -> Any:
    """Ask the organisation's server, whose name the mission's settings give; nothing a visitor types comes here."""
    import httpx2

    try:
        with httpx2.Client(timeout=WAIT_S, follow_redirects=False) as client:
            answer = client.request(method, url, data=form)
        if answer.status_code != 200 or len(answer.content) > MOST_BYTES:
            raise Forbidden(NOT_LET_IN)
        return answer.json()
    except (httpx2.HTTPError, ValueError):
        raise SetupProblem("the organisation's sign-in cannot be reached: try again, or use a password") from None
