"""Passkeys through the pages: made, used alone and after a password, and every lie a device or a page could tell."""

import dataclasses
import datetime as dt
import html
import json
import re

import pyotp
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient

from tests.conftest import NOW
from tests.web.access.conftest import PASSWORD, Door
from tests.web.access.device import PRESENT, Device, text
from tests.web.access.provider import Provider, running
from tocsin.core.codes import Role
from tocsin.store import passkeys, reading, writing
from tocsin.store.accounts import CONSOLE, find_account, recovery_link
from tocsin.store.tables import audit, passkey, passkey_challenge
from tocsin.web.budgets import Buckets
from tocsin.web.settings import Serve

HERE = "http://localhost"
WRONG = "That passkey opens nothing here."


@pytest.fixture
def home(with_password: Door) -> Door:
    """Tries enough for a test, and a clock to move."""
    at(with_password, budgets=dataclasses.replace(with_password.app.state.house.budgets, sign_in=Buckets(1e6, 1e6)))
    return with_password


def at(door: Door, **changed) -> None:
    door.app.state.house = dataclasses.replace(door.app.state.house, **changed)


def later(door: Door, **span: float) -> None:
    at(door, now=lambda: NOW + dt.timedelta(**span))


def browser_of(door: Door, base_url: str = HERE) -> TestClient:
    return door.browser(base_url=base_url)


def enter(browser: TestClient, login: str = "somebody", **more):
    return browser.post("/sign-in", data={"login": login, "password": PASSWORD, **more})


def options_in(page) -> dict:
    return json.loads(html.unescape(re.search(r'data-options="([^"]+)"', page.text)[1]))


def csrf(browser: TestClient) -> str:
    return re.search(r'name="csrf" value="(\w+)"', browser.get("/account").text)[1]


def make(browser: TestClient, device: Device, name: str = "telephone", **lies):
    token = csrf(browser)
    page = browser.post("/account/passkeys", data={"csrf": token, "name": name})
    form = {"csrf": token, "name": name, "answer": device.make(options_in(page), **lies)}
    return browser.post("/account/passkeys/add", data=form)


def asked(browser: TestClient) -> dict:
    return options_in(browser.post("/sign-in/passkey/ask", data={"next": "/account"}))


def use(browser: TestClient, answer: str):
    return browser.post("/sign-in/passkey", data={"answer": answer, "next": "/account"})


@pytest.fixture
def device(home: Door) -> Device:
    """A device with a passkey of the duty officer's."""
    made = Device()
    browser = browser_of(home)
    enter(browser)
    assert make(browser, made).headers["location"] == "/account"
    return made


def trail(door: Door, what: str) -> list:
    with reading(door.app.state.house.engine) as connection:
        return connection.execute(sa.select(audit).where(audit.c.what == what)).all()


def test_a_passkey_alone_opens_the_account_and_the_password_alone_no_more(home: Door, device: Device) -> None:
    browser = browser_of(home)
    page = browser.post("/sign-in/passkey/ask", data={"next": "/account"})
    assert page.headers["content-security-policy"].endswith("script-src 'self'")
    assert re.findall(r"<script[^>]*>", page.text) == ['<script src="/door.js" defer>']
    options = options_in(page)
    assert options["userVerification"] == "required"
    assert options["rpId"] == "localhost"
    assert not options.get("allowCredentials"), "nobody is told which keys there are"
    answer = use(browser, device.use(options))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    mine = browser.get("/api/me").json()
    assert (mine["login"], mine["second_step"]) == ("somebody", True)
    assert json.loads(trail(home, "session.open")[-1].details)["passkey"] is True
    other = browser_of(home)
    assert enter(other).status_code == 401
    assert other.get("/api/me").status_code == 401


def test_after_the_password_it_must_be_ones_own(home: Door, device: Device) -> None:
    browser = browser_of(home)
    page = enter(browser)
    assert page.status_code == 401
    assert "Now your passkey." in page.text
    options = options_in(page)
    assert [c["id"] for c in options["allowCredentials"]] == [text(device.id)]
    boss, theirs = browser_of(home), Device()
    enter(boss, "boss")
    make(boss, theirs)
    assert WRONG in use(browser, theirs.use(options)).text
    answer = use(browser, device.use(options_in(enter(browser)), holder=""))
    assert answer.status_code == 303
    assert browser.get("/api/me").json()["login"] == "somebody"
    assert json.loads(trail(home, "session.open")[-1].details)["password"] is True


def test_beside_a_code_either_will_do(home: Door, device: Device) -> None:
    browser = browser_of(home)
    use(browser, device.use(asked(browser)))
    token = csrf(browser)
    page = browser.post("/account/totp", data={"csrf": token}).text
    totp = pyotp.TOTP(re.search(r"<code dir=\"ltr\">([A-Z2-7 ]+)</code>", page)[1].replace(" ", ""))
    assert browser.post("/account/totp/confirm", data={"csrf": token, "code": totp.at(NOW)}).status_code == 303
    other = browser_of(home)
    page = enter(other)
    assert "six digits" in page.text
    assert enter(other, code=totp.at(NOW + dt.timedelta(seconds=30))).status_code == 303
    assert use(browser_of(home), device.use(options_in(page))).status_code == 303


@pytest.mark.parametrize(
    "lie",
    [{"origin": "http://localhost.evil.example"}, {"origin": "https://localhost"}, {"rp": "evil.example"},
     {"flags": PRESENT}, {"flags": 0}, {"type": "webauthn.create"}, {"challenge": text(b"x" * 32)},
     {"holder": text(b"a0000")}, {"holder": ""}, {"key": ec.generate_private_key(ec.SECP256R1())}],
    ids=lambda lie: "-".join(f"{k}" for k in lie) + str(next(iter(lie.values())))[:12],
)  # fmt: skip
def test_an_answer_that_lies_opens_nothing(home: Door, device: Device, lie: dict) -> None:
    browser = browser_of(home)
    answer = use(browser, device.use(asked(browser), **lie))
    assert answer.status_code == 401
    assert WRONG in answer.text
    assert browser.get("/api/me").status_code == 401
    assert use(browser, device.use(asked(browser))).status_code == 303, "and the true one still does"


def test_a_challenge_is_signed_once(home: Door, device: Device) -> None:
    browser = browser_of(home)
    options = asked(browser)
    answer = device.use(options)
    assert use(browser, answer).status_code == 303
    other = browser_of(home)
    assert use(other, answer).status_code == 401, "the same answer again"
    assert use(other, device.use(options)).status_code == 401, "a new answer to the old challenge"
    options = asked(other)
    assert use(other, device.use(options, origin="http://elsewhere")).status_code == 401
    assert use(other, device.use(options)).status_code == 401, "a lie uses it up too"
    with reading(home.app.state.house.engine) as connection:
        assert connection.execute(sa.select(passkey_challenge)).all() == []


def test_a_challenge_is_old_after_five_minutes_and_forgotten(home: Door, device: Device) -> None:
    browser = browser_of(home)
    options = asked(browser)
    later(home, minutes=5)
    assert use(browser, device.use(options)).status_code == 401
    asked(browser)
    later(home, minutes=11)
    fresh = asked(browser)
    with reading(home.app.state.house.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(passkey_challenge)).scalar_one() == 1
    assert use(browser, device.use(fresh)).status_code == 303


def test_a_challenge_to_make_one_signs_nobody_in(home: Door, device: Device) -> None:
    browser = browser_of(home)
    use(browser, device.use(asked(browser)))
    page = browser.post("/account/passkeys", data={"csrf": csrf(browser), "name": "x"})
    wanted = {"challenge": options_in(page)["challenge"], "rpId": "localhost"}
    assert use(browser_of(home), device.use(wanted)).status_code == 401


def test_a_counter_that_goes_back_is_a_copy(home: Door, device: Device) -> None:
    copy = dataclasses.replace(device)
    browser = browser_of(home)
    for _ in range(2):
        assert use(browser, device.use(asked(browser))).status_code == 303
    answer = use(browser_of(home), copy.use(asked(browser)))
    assert answer.status_code == 401
    assert "a copy of it seems to be in use" in answer.text
    told = trail(home, "passkey.copied")
    assert [json.loads(t.details) for t in told] == [{"count": 1, "kept": 2}]
    assert use(browser_of(home), device.use(asked(browser), steps=0)).status_code == 401, "nor may it stand still"
    assert use(browser_of(home), device.use(asked(browser))).status_code == 303


def test_a_device_that_does_not_count(home: Door) -> None:
    browser, quiet = browser_of(home), Device(counter=None)
    enter(browser)
    make(browser, quiet)
    for _ in range(2):
        assert use(browser_of(home), quiet.use(asked(browser))).status_code == 303


@pytest.mark.parametrize(
    "lie",
    [{"origin": "http://localhost:9"}, {"rp": "evil.example"}, {"flags": PRESENT}, {"type": "webauthn.get"},
     {"challenge": text(b"x" * 32)}],
    ids=lambda lie: next(iter(lie)),
)  # fmt: skip
def test_a_passkey_made_with_a_lie_is_not_kept(home: Door, lie: dict) -> None:
    browser = browser_of(home)
    enter(browser)
    assert make(browser, Device(), **lie).status_code == 403
    assert not trail(home, "passkey.add")
    assert enter(browser_of(home)).status_code == 303, "the password still opens"


def test_one_cannot_be_made_twice_or_for_somebody_else(home: Door, device: Device) -> None:
    boss = browser_of(home)
    enter(boss, "boss")
    assert make(boss, device).status_code == 403, "known already"
    mine = browser_of(home)
    use(mine, device.use({**asked(mine)}, holder=text(find(home, "somebody").encode())))
    page = mine.post("/account/passkeys", data={"csrf": csrf(mine), "name": "x"})
    form = {"csrf": csrf(boss), "name": "x", "answer": Device().make(options_in(page))}
    assert boss.post("/account/passkeys/add", data=form).status_code == 403, "asked for by another account"


def find(door: Door, login: str) -> str:
    with reading(door.app.state.house.engine) as connection:
        return find_account(connection, login).id


def said(client: str, **more: str) -> str:
    return json.dumps({"response": {"clientDataJSON": client, **more}})


@pytest.mark.parametrize(
    "answer",
    ["", "{", "[]", "null", "{}", '{"response": {}}', said("!"), "[" * 5000, '{"id": 1}', said("e30"),
     said(text(b'{"challenge":3}')), said(text(b'{"challenge":"eA"}'), userHandle="_w"), "x" * 1999],
    ids=range(13),
)  # fmt: skip
def test_nonsense_is_an_error_of_the_asker(home: Door, answer: str) -> None:
    assert use(browser_of(home), answer).status_code == 422


@pytest.mark.parametrize("broken", ["attestationObject", "authenticatorData", "signature"])
@pytest.mark.parametrize("junk", ["", "AAAA", text(b"\xbf" * 50), "!!!", 7, None, [1]])
def test_junk_inside_a_good_frame_is_refused(home: Door, device: Device, broken: str, junk) -> None:
    browser = browser_of(home)
    if broken == "attestationObject":
        enter(browser, "boss")
        token = csrf(browser)
        page = browser.post("/account/passkeys", data={"csrf": token, "name": "x"})
        whole = json.loads(Device().make(options_in(page)))
    else:
        whole = json.loads(device.use(asked(browser)))
    whole["response"][broken] = junk
    if broken == "attestationObject":
        form = {"csrf": token, "name": "x", "answer": json.dumps(whole)}
        assert browser.post("/account/passkeys/add", data=form).status_code == 403
    else:
        assert use(browser, json.dumps(whole)).status_code == 401


def test_several_are_listed_renamed_and_removed(home: Door, device: Device) -> None:
    browser = browser_of(home)
    use(browser, device.use(asked(browser)))
    later(home, seconds=1)
    second = Device()
    make(browser, second, name="<b>security key</b>")
    page = browser.get("/account").text
    assert "&lt;b&gt;security key" in page
    ids = re.findall(r"/account/passkeys/(\w+)/end", page)
    assert len(ids) == 2
    token = csrf(browser)
    assert browser.post(f"/account/passkeys/{ids[0]}/name", data={"csrf": token, "name": "old one"}).status_code == 303
    assert 'value="old one"' in browser.get("/account").text
    assert browser.post(f"/account/passkeys/{ids[0]}/name", data={"csrf": token, "name": " "}).status_code == 422
    boss = browser_of(home)
    enter(boss, "boss")
    assert boss.post(f"/account/passkeys/{ids[0]}/end", data={"csrf": csrf(boss)}).status_code == 404, "not theirs"
    assert browser.post(f"/account/passkeys/{ids[0]}/end", data={"csrf": token}).status_code == 303
    assert use(browser_of(home), device.use(asked(browser))).status_code == 401
    assert use(browser_of(home), second.use(asked(browser))).status_code == 303
    assert [t.what for t in (*trail(home, "passkey.rename"), *trail(home, "passkey.end"))] == [
        "passkey.rename", "passkey.end",
    ]  # fmt: skip
    for n in range(passkeys.MOST - 1):
        make(browser, Device(), name=f"n{n}")
    assert browser.post("/account/passkeys", data={"csrf": token, "name": "x"}).status_code == 409, "ten are enough"


def test_recovery_takes_them_away(home: Door, device: Device) -> None:
    with writing(home.app.state.house.engine) as connection:
        token = recovery_link(connection, CONSOLE, find_account(connection, "somebody").id, NOW)
    new = "nine herons wade slowly"
    browser_of(home).post("/link", data={"token": token, "password": new, "again": new})
    browser = browser_of(home)
    assert use(browser, device.use(asked(browser))).status_code == 401
    assert browser.post("/sign-in", data={"login": "somebody", "password": new}).status_code == 303


def test_under_an_address_in_figures_there_are_none(home: Door, device: Device) -> None:
    browser = browser_of(home, "http://127.0.0.1")
    assert "passkey" not in browser.get("/sign-in").text
    assert browser.post("/sign-in/passkey/ask").status_code == 409
    page = enter(browser)
    assert page.status_code == 401
    assert "under the name of this door" in page.text


def test_a_session_left_open_is_not_enough_to_change_the_ways_in(home: Door) -> None:
    browser = browser_of(home)
    enter(browser)
    token = csrf(browser)
    later(home, minutes=16)
    assert browser.get("/api/me").status_code == 200
    page = browser.get("/account").text
    assert "Sign in again to change how you sign in." in page
    assert 'action="/account/passkeys"' not in page
    session = browser.get("/api/sessions").json()[0]["id"]
    for path in ("/account/passkeys", "/account/totp", "/account/totp/confirm", "/account/totp/end",
                 f"/account/sessions/{session}/end", "/account/sessions/end-others"):  # fmt: skip
        answer = browser.post(path, data={"csrf": token, "name": "x"})
        assert answer.headers["location"] == "/sign-in?next=%2Faccount&again=1", path
    refused = browser.delete(f"/api/sessions/{session}", headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:tocsin:sign_in_again")
    assert "Sign in again" in browser.get(answer.headers["location"]).text
    with reading(home.app.state.house.engine) as connection:
        assert connection.execute(sa.select(passkey)).all() == []
    enter(browser)
    assert make(browser, Device()).status_code == 303


def must(door: Door, *roles: Role) -> None:
    at(door, serve=dataclasses.replace(door.app.state.house.serve, second_step=frozenset(roles)))


def test_a_role_that_must_have_a_second_step_sets_it_up_before_anything_else(home: Door) -> None:
    must(home, Role.DUTY_OFFICER)
    browser = browser_of(home)
    enter(browser)
    sent = browser.get("/listen")
    assert sent.headers["location"] == "/account/second-step?next=%2Flisten"
    page = browser.get(sent.headers["location"])
    assert "asks your role for a second step" in page.text
    for path in ("/api/me", "/api/alerts", "/api/sessions", "/brief.html"):
        answer = browser.get(path, headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:tocsin:second_step"), path
    token = re.search(r'name="csrf" value="(\w+)"', page.text)[1]
    assert browser.post("/account/tokens", data={"csrf": token, "name": "n", "scope": "read event"}).status_code == 303
    page = browser.post("/account/passkeys", data={"csrf": token, "name": "key", "next": "/account"})
    device = Device()
    form = {"csrf": token, "name": "key", "next": "/account", "answer": device.make(options_in(page))}
    assert browser.post("/account/passkeys/add", data=form).headers["location"] == "/account"
    mine = browser.get("/api/me").json()
    assert mine["second_step"]
    assert browser.get("/api/tokens").json() == []
    only = re.search(r"/account/passkeys/(\w+)/end", browser.get("/account").text)[1]
    assert browser.post(f"/account/passkeys/{only}/end", data={"csrf": token}).status_code == 409, "the last one stays"
    boss = browser_of(home)
    assert enter(boss, "boss").headers["location"] == "/people"
    assert boss.get("/people").status_code == 200, "another role is not asked"


def test_or_an_authenticator(home: Door) -> None:
    must(home, Role.DUTY_OFFICER)
    browser = browser_of(home, "http://127.0.0.1")
    enter(browser)
    page = browser.get("/account/second-step?next=/account").text
    assert "A passkey" not in page, "there are none under an address in figures"
    token = re.search(r'name="csrf" value="(\w+)"', page)[1]
    page = browser.post("/account/totp", data={"csrf": token, "next": "/account"}).text
    seed = re.search(r"<code dir=\"ltr\">([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    wrong = browser.post("/account/totp/confirm", data={"csrf": token, "code": "000000", "next": "/account"})
    assert wrong.status_code == 403
    assert browser.get("/api/me").status_code == 401
    form = {"csrf": token, "code": pyotp.TOTP(seed).at(NOW), "next": "/account"}
    assert browser.post("/account/totp/confirm", data=form).headers["location"] == "/account"
    assert browser.get("/api/me").status_code == 200
    assert browser.post("/account/totp/end", data={"csrf": token}).status_code == 409


def test_a_programs_token_does_not_go_round_it(home: Door) -> None:
    browser = browser_of(home)
    enter(browser)
    form = {"csrf": csrf(browser), "name": "n", "scope": "read event", "days": "7"}
    token = re.search(r"tcs_[\w-]+", browser.post("/account/tokens", data=form).text)[0]
    program = home.program()
    program.headers["authorization"] = f"Bearer {token}"
    assert program.get("/api/me").status_code == 200
    must(home, Role.DUTY_OFFICER)
    assert program.get("/api/me").status_code == 401
    must(home)
    make(browser, Device())
    must(home, Role.DUTY_OFFICER)
    assert program.get("/api/me").status_code == 200


def test_single_sign_on_asks_for_the_second_step_too(home: Door, device: Device, tmp_path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")

    def come(provider: Provider) -> TestClient:
        browser = browser_of(home)
        back = provider.authorize(browser.get("/sso?next=/account").headers["location"])
        assert browser.get(back).status_code == 200
        return browser

    with running(NOW.timestamp()) as provider:
        settings = {"issuer": provider.issuer, "client_id": "tocsin", "secret_file": str(tmp_path / "secret")}
        at(home, serve=Serve(single_sign_on=settings))
        browser = come(provider)
        assert browser.get("/api/me").status_code == 401
        sent = browser.get("/account").headers["location"]
        page = browser.get(sent)
        token = re.search(r'name="csrf" value="(\w+)"', page.text)[1]
        for path in ("/account/passkeys", "/account/totp"):  # the one there is must be shown, not another one added
            assert browser.post(path, data={"csrf": token, "name": "x"}).headers["location"].startswith("/account/sec")
        form = {"csrf": token, "next": "/account"}
        bad = {**form, "answer": device.use(options_in(page), origin="http://elsewhere")}
        assert browser.post("/account/second-step/passkey", data=bad).status_code == 403
        page = browser.get(sent)
        good = {**form, "answer": device.use(options_in(page))}
        assert browser.post("/account/second-step/passkey", data=good).headers["location"] == "/account"
        assert browser.get("/api/me").status_code == 200
        assert len(trail(home, "session.step")) == 2, "when the passkey was made, and now"
        other = come(provider)
        assert other.get("/api/me").status_code == 401, "the next session anew"
