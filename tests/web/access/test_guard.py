"""What every request passes: names, headers, sizes, rates, forgery, proxies."""

import asyncio
import dataclasses
import ipaddress
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.web.access.conftest import BASE, Door
from tocsin.core.errors import BadFile
from tocsin.web.budgets import Buckets, Budgets, budgets
from tocsin.web.guard import MOST_BYTES, Guard
from tocsin.web.settings import Serve, serve_settings
from tocsin.web.watch import Meters
from tocsin.web.who import COOKIE, csrf_of


def served(door: Door, **changes) -> None:
    home = door.app.state.house
    door.app.state.house = dataclasses.replace(home, **changes)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.", "[::2]", "tocsin.example"]
)
def test_names_that_are_not_ours_are_refused(door: Door, host: str) -> None:
    answer = door.program("duty_officer").get("/api/me", headers={"host": host})
    assert answer.status_code == 421
    served(door, serve=Serve(hosts=frozenset({"tocsin.example"})))
    expected = 200 if host == "tocsin.example" else 421
    assert door.program("duty_officer").get("/api/me", headers={"host": host}).status_code == expected


def test_every_answer_has_the_headers(door: Door) -> None:
    browser = door.browser("analyst")
    for path in ("/sign-in", "/account", "/api/me", "/nothing", "/door.css", "/brief.exe"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers
    assert browser.get("/api/me").headers["cache-control"] == "no-store"
    assert browser.get("/nothing", headers={"host": "x"}).headers["x-content-type-options"] == "nosniff"


def test_pages_have_no_script_and_no_inline_style(door: Door) -> None:
    for path in ("/sign-in", "/link", "/account", "/people"):
        page = door.browser("administrator").get(path).text
        assert "<script" not in page
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick" not in page


FORGED = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "null", "sec-fetch-site": "cross-site"},
    {"origin": "https://127.0.0.1"},
    {"sec-fetch-site": "same-origin", "origin": "http://evil.example"},
    {},
    {"x-csrf-token": "wrong"},
]


@pytest.mark.parametrize("headers", FORGED)
def test_a_change_from_another_page_is_refused(door: Door, headers: dict) -> None:
    client = TestClient(door.app, base_url=BASE, cookies={COOKIE: door.sessions["analyst"]})
    wanted = {"name": "n", "scope": ["read event"], "days": 1}
    assert client.post("/api/tokens", json=wanted, headers=headers).status_code == 403
    assert client.get("/api/tokens", headers=headers).json() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"origin": BASE},
        {"x-csrf-token": "right"},
        {"authorization": "y"},
    ],
)
def test_a_change_from_our_page_or_program_is_taken(door: Door, headers: dict) -> None:
    session = door.sessions["analyst"]
    headers = {k: {"right": csrf_of(session), "y": f"Bearer {session}"}.get(v, v) for k, v in headers.items()}
    cookies = {} if "authorization" in headers else {COOKIE: session}
    client = TestClient(door.app, base_url=BASE, cookies=cookies)
    answer = client.post("/api/tokens", json={"name": "n", "scope": ["read event"], "days": 1}, headers=headers)
    assert answer.status_code == 201


@pytest.mark.parametrize("csrf", ["", "x" * 32, "ü"])
def test_a_form_without_its_token_is_refused(door: Door, csrf: str) -> None:
    answer = door.browser("analyst").post("/account/totp", data={"csrf": csrf})
    assert answer.status_code == 403


def test_too_large_too_long_and_unreadable(door: Door) -> None:
    client = door.program("duty_officer")
    assert client.post("/api/tokens", content=b"x" * (MOST_BYTES + 1)).status_code == 413

    def pieces():
        for _ in range(10):
            yield b"x" * (1 << 20)

    assert client.post("/api/tokens", content=pieces()).status_code == 413
    assert client.get("/api/me", params={"q": "x" * 9_000}).status_code == 414
    assert client.get("/api/me", headers={"content-length": "-1"}).status_code == 400


def test_what_does_not_fit_is_not_said_back(door: Door) -> None:
    answer = door.program("analyst").post("/api/tokens", json={"name": "secret-word", "scope": "secret-word"})
    assert answer.status_code == 422
    assert "secret-word" not in answer.text
    assert answer.json()["fields"] == ["body.scope"]
    assert "body.scope: Input should be a valid list" in answer.json()["title"]


def test_one_address_that_floods_waits_and_others_and_the_intake_do_not(door: Door) -> None:
    still = Budgets(Buckets(1, 8, clock=lambda: 0.0), Buckets(1000, 8000))
    served(door, budgets=still)
    flood = TestClient(door.app, base_url=BASE, client=("10.0.0.1", 1))
    codes = [flood.get("/sign-in").status_code for _ in range(12)]
    assert codes == [200] * 8 + [429] * 4
    assert "retry-after" in flood.get("/sign-in").headers
    assert TestClient(door.app, base_url=BASE, client=("10.0.0.2", 1)).get("/sign-in").status_code == 200
    assert flood.get("/in/nowhere/secret").status_code != 429


def test_one_address_that_is_slow_leaves_room_and_an_office_behind_a_proxy_is_many(door: Door) -> None:
    proxy = (ipaddress.ip_network("10.0.0.5/32"),)
    serve = Serve(at_once=3, trusted_proxies=proxy)
    home = dataclasses.replace(door.app.state.house, serve=serve, budgets=budgets(1000, 1000))

    async def ask(guard: Guard, address: str, forwarded: str = "") -> int:
        said: list[int] = []

        async def send(message: Any) -> None:
            said.append(message.get("status", 0))

        headers = [(b"host", b"127.0.0.1"), (b"x-forwarded-for", forwarded.encode())]
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers,
                 "client": (address, 1), "scheme": "http"}  # fmt: skip
        await guard(scope, send, send)
        return said[0]

    async def shift() -> tuple[list[int], list[int]]:
        ended = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await ended.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        guard = Guard(slow, lambda: home, Meters())
        one = [asyncio.create_task(ask(guard, "10.9.9.9")) for _ in range(5)]
        office = [asyncio.create_task(ask(guard, "10.0.0.5", f"10.1.0.{n}")) for n in range(5)]
        await asyncio.sleep(0)
        ended.set()
        return list(await asyncio.gather(*one)), list(await asyncio.gather(*office))

    assert asyncio.run(shift()) == ([200] * 3 + [503] * 2, [200] * 5)


def test_one_account_from_many_addresses_waits(door: Door) -> None:
    home = door.app.state.house
    served(door, budgets=dataclasses.replace(home.budgets, account=Buckets(0.001, 3)))
    headers = {"authorization": f"Bearer {door.sessions['analyst']}"}
    codes = [
        TestClient(door.app, base_url=BASE, client=(f"10.0.1.{n}", 1)).get("/api/me", headers=headers).status_code
        for n in range(5)
    ]
    assert codes == [200, 200, 200, 429, 429]


def test_the_address_comes_from_a_trusted_proxy_only(door: Door) -> None:
    trusted = (ipaddress.ip_network("10.0.0.0/24"),)
    proxied = Serve(address="0.0.0.0", hosts=frozenset({"tocsin.example"}), trusted_proxies=trusted)
    served(door, serve=proxied, budgets=budgets(1, 1))
    headers = {"x-forwarded-proto": "https", "x-forwarded-for": "1.1.1.1, 203.0.113.9"}
    proxy = TestClient(door.app, base_url="http://tocsin.example", client=("10.0.0.5", 1))
    answer = proxy.get("/sign-in", headers=headers)
    assert answer.status_code == 200
    assert "strict-transport-security" in answer.headers
    stranger = TestClient(door.app, base_url="http://tocsin.example", client=("10.9.0.5", 1))
    assert stranger.get("/sign-in", headers=headers).status_code == 403, "plain http from elsewhere"
    assert proxy.get("/sign-in").status_code == 403
    # The last hop that is not ours counts, so one asker cannot pretend to be many.
    codes = [
        proxy.get("/sign-in", headers={**headers, "x-forwarded-for": f"9.9.9.{n}, 203.0.113.9"}).status_code
        for n in range(9)
    ]
    assert 429 in codes
    assert proxy.get("/sign-in", headers={**headers, "x-forwarded-for": "rubbish"}).status_code == 200


@pytest.mark.parametrize(
    "text", ["adress = 'x'", "hosts = 'a'", "hosts = ['*']", "address = 'x y'", "requests_per_s = 0", "log = 'loud'",
             "at_once = 0", "at_once = 151", "at_once = true",
             "trusted_proxies = ['10.0.0.1/8']"],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(mission, text: str) -> None:
    path = mission.folder / "tocsin.toml"
    path.write_text(path.read_text() + f"\n[serve]\n{text}\n")
    with pytest.raises(BadFile, match="serve"):
        serve_settings(mission)


def test_https_makes_the_cookie_secure(with_password: Door) -> None:
    from tests.web.access.test_sign_in import cookie_of, enter

    browser = with_password.browser(base_url="https://127.0.0.1")
    answer = enter(browser)
    for name in ("__Host-tocsin_session", "__Host-tocsin_device"):
        kept = cookie_of(answer, name)
        for word in ("Secure", "HttpOnly", "SameSite=strict", "Path=/;"):
            assert word in kept + ";"
        assert "Domain" not in kept
    assert len(answer.headers.get_list("set-cookie")) == 2
    mine = browser.get("/api/me")
    assert mine.status_code == 200
    session = browser.cookies["__Host-tocsin_session"]
    plain = TestClient(with_password.app, base_url="https://127.0.0.1", cookies={COOKIE: session})
    assert plain.get("/api/me").status_code == 401, "a cookie that another host could have set"
    out = browser.post("/sign-out", data={"csrf": mine.json()["csrf"]})
    gone = cookie_of(out, "__Host-tocsin_session")
    assert "Max-Age=0" in gone
    assert "Secure" in gone, "without it the browser would keep the old one"
    assert browser.get("/api/me").status_code == 401


def test_use_of_a_session_is_noted(door: Door) -> None:
    import datetime as dt

    import sqlalchemy as sa

    from tests.conftest import NOW
    from tocsin.store import reading
    from tocsin.store.tables import session

    later = NOW + dt.timedelta(hours=1)
    served(door, now=lambda: later)
    assert door.program("analyst").get("/api/me").status_code == 200
    with reading(door.app.state.house.engine) as connection:
        seen = connection.execute(
            sa.select(session.c.seen_at).where(session.c.account_id == door.ids["analyst"])
        ).scalar_one()
    assert seen == later


def test_no_page_of_the_program_documents_itself_to_strangers(door: Door) -> None:
    assert door.program().get("/api/openapi.json").status_code == 401
    assert door.program("read_only").get("/api/openapi.json").json()["openapi"].startswith("3.")


def test_over_https_every_answer_says_so_for_a_year_and_the_intake_too(door: Door) -> None:
    browser = door.browser("analyst", base_url="https://127.0.0.1")
    for path in ("/sign-in", "/api/me", "/nothing", "/in/nowhere/secret"):
        headers = browser.get(path).headers
        assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_no_other_origin_may_read_an_answer(door: Door) -> None:
    for path in ("/sign-in", "/api/me", "/nothing", "/in/nowhere/secret"):
        for method in ("GET", "OPTIONS"):
            asked = {"origin": "https://evil.example", "access-control-request-method": "GET"}
            answer = door.browser("analyst").request(method, path, headers=asked)
            assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_what_an_answer_is_and_in_which_letters(door: Door) -> None:
    browser = door.browser("analyst")
    kinds = {p: browser.get(p).headers["content-type"] for p in ("/sign-in", "/door.css", "/api/me")}
    assert kinds == {
        "/sign-in": "text/html; charset=utf-8", "/door.css": "text/css; charset=utf-8", "/api/me": "application/json",
    }  # fmt: skip
    assert door.program().get("/api/me").headers["content-type"] == "application/problem+json"


def test_trace_is_not_answered(door: Door) -> None:
    for path in ("/", "/api/me", "/sign-in", "/nothing"):
        answer = door.browser("analyst").request("TRACE", path, headers={"x-mine": "said back?"})
        assert answer.status_code in (404, 405)
        assert "said back?" not in answer.text


def test_a_mistake_of_ours_tells_nothing(door: Door) -> None:
    @door.app.get("/api/broken")
    def broken() -> None:
        raise RuntimeError("secret-word in SELECT")

    client = TestClient(door.app, base_url=BASE, raise_server_exceptions=False)
    answer = client.get("/api/broken")
    assert answer.status_code == 500
    assert "secret-word" not in answer.text
    assert "Traceback" not in answer.text


def test_fields_nobody_asks_for_change_nothing(door: Door) -> None:
    boss = door.program("administrator")
    id = door.ids["planner"]
    more = {"areas": ["W"], "login": "other", "name": "Other", "id": "x", "password": "x", "closed_at": "2026-01-01"}
    assert boss.patch(f"/api/accounts/{id}", json=more).status_code == 200
    (found,) = [a for a in boss.get("/api/accounts").json() if a["id"] == id]
    assert (found["login"], found["name"], found["state"]) == ("planner", "planner", "invited")
    assert found["areas"] == ["W"]
