"""Signing in and out through the pages, one-time links, sessions and tokens, people."""

import dataclasses
import datetime as dt
import re

import pyotp
import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.web.access.conftest import BASE, PASSWORD, Door
from tocsin.core.codes import Role
from tocsin.store import passwords, reading, writing
from tocsin.store.accounts import CONSOLE, find_account, first_link, invite, recovery_link
from tocsin.web.budgets import Buckets
from tocsin.web.who import COOKIE, csrf_of


def enter(browser, login="somebody", password=PASSWORD, **more):
    return browser.post("/sign-in", data={"login": login, "password": password, **more})


def cookie_of(answer, name=COOKIE) -> str:
    return next(v for v in answer.headers.get_list("set-cookie") if v.startswith(f"{name}="))


def test_sign_in_see_oneself_sign_out(with_password: Door) -> None:
    browser = with_password.browser()
    asked = browser.get("/brief.html?lang=fr")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/sign-in?next=%2Fbrief.html%3Flang%3Dfr"
    page = browser.get(asked.headers["location"])
    assert 'value="/brief.html?lang=fr"' in page.text
    answer = enter(browser, next="/brief.html?lang=fr")
    assert (answer.status_code, answer.headers["location"]) == (303, "/brief.html?lang=fr")
    kept = cookie_of(answer)
    assert "HttpOnly" in kept
    assert "SameSite=strict" in kept
    assert "Secure" not in kept  # plain http on this machine
    mine = browser.get("/api/me").json()
    assert (mine["login"], mine["roles"]) == ("somebody", ["duty_officer"])
    assert "read alert" in mine["may"]
    assert "change account" not in mine["may"]
    page = browser.get("/account").text
    assert "Where you are signed in" in page
    assert browser.post("/sign-out").status_code == 403, "without the form's token"
    out = browser.post("/sign-out", data={"csrf": mine["csrf"]})
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert out.headers["clear-site-data"] == '"cache"', "what waits in the field page stays"
    browser.cookies.set(COOKIE, kept.split("=", 1)[1].split(";")[0])
    assert browser.get("/api/me").status_code == 401, "the session itself has ended"


def test_pages_speak_the_language_that_was_chosen_here_or_on_the_screen(with_password: Door) -> None:
    browser = with_password.browser()
    assert '<html lang="fr" dir="ltr">' in browser.get("/sign-in", headers={"Accept-Language": "fr-CA"}).text
    page = browser.get("/sign-in?next=/listen", headers={"Accept-Language": "ar-SD,en;q=0.5"})
    assert '<html lang="ar" dir="rtl">' in page.text
    assert "اسم الدخول" in page.text
    assert "set-cookie" not in page.headers
    assert 'href="?next=%2Flisten&amp;language=fr"' in page.text
    assert 'language=ar"' not in page.text, "the language it is in already"
    chosen = browser.get("/sign-in?next=/listen&language=ar")
    assert 'value="/listen"' in chosen.text
    assert cookie_of(chosen, "tocsin_language").startswith("tocsin_language=ar; Max-Age=31536000; Path=/; SameSite=lax")
    wrong = enter(browser, password="something else")
    assert "اسم الدخول أو كلمة المرور أو الرمز غير صحيح." in wrong.text
    assert 'class="languages"' not in wrong.text, "a page that answers a form has no address to come back to"
    assert 'lang="en"' in browser.get("/sign-in?language=xx", headers={"Cookie": "tocsin_language=../fr"}).text


@pytest.mark.parametrize(
    "wanted", ["//evil.example/", "https://evil.example", "/\\evil.example", "javascript:x", "/a\r\nb"]
)
def test_nobody_is_sent_elsewhere(with_password: Door, wanted: str) -> None:
    assert enter(with_password.browser(), next=wanted).headers["location"] == "/"


def test_an_administrator_goes_to_the_people_and_reads_no_brief(with_password: Door) -> None:
    browser = with_password.browser()
    assert enter(browser, "boss").headers["location"] == "/people"
    assert browser.get("/people").status_code == 200
    assert browser.get("/brief.html").status_code == 403


@pytest.mark.parametrize(("login", "password"), [("somebody", "wrong wrong wrong"), ("nobody", PASSWORD), ("", "")])
def test_wrong_login_and_wrong_password_look_alike(with_password: Door, login: str, password: str) -> None:
    answer = enter(with_password.browser(), login, password)
    assert answer.status_code == 401
    assert "Login, password or code is wrong." in answer.text
    assert "set-cookie" not in answer.headers


def test_what_is_typed_is_shown_and_not_obeyed(with_password: Door) -> None:
    typed = '"><img src=x onerror=alert(1)>{{ 7*7 }}'
    page = enter(with_password.browser(), typed, next="/'\"><script>").text
    assert 'value="&#34;&gt;&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}"' in page
    assert "<img" not in page
    assert "<script" not in page


def test_signing_in_again_ends_the_session_before(with_password: Door) -> None:
    browser = with_password.browser()
    first = cookie_of(enter(browser)).split("=", 1)[1].split(";")[0]
    second = cookie_of(enter(browser)).split("=", 1)[1].split(";")[0]
    assert first != second
    program = with_password.program()
    assert program.get("/api/me", headers={"authorization": f"Bearer {first}"}).status_code == 401
    assert program.get("/api/me", headers={"authorization": f"Bearer {second}"}).status_code == 200


def test_second_step(with_password: Door) -> None:
    browser = with_password.browser()
    enter(browser)
    csrf = browser.get("/api/me").json()["csrf"]
    page = browser.post("/account/totp", data={"csrf": csrf}).text
    seed = re.search(r"<code dir=\"ltr\">([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    totp = pyotp.TOTP(seed)
    wrong = browser.post("/account/totp/confirm", data={"csrf": csrf, "code": "000000"})
    assert wrong.status_code == 403
    assert "The code is wrong" in wrong.text or "the code is wrong" in wrong.text
    good = browser.post("/account/totp/confirm", data={"csrf": csrf, "code": totp.at(NOW)})
    assert good.status_code == 303
    other = with_password.browser()
    assert "six digits" in enter(other).text
    assert enter(other, code=totp.at(NOW)).status_code == 401, "a code works once"
    assert enter(other, code=totp.at(NOW + dt.timedelta(seconds=30))).status_code == 303


def test_a_flood_of_guesses_waits_and_the_known_browser_gets_in(with_password: Door) -> None:
    known = with_password.browser()
    enter(known)
    stranger = with_password.browser(client=("10.9.9.9", 1))
    codes = [enter(stranger, password=f"guess {n}").status_code for n in range(7)]
    assert codes[:5] == [401] * 5
    assert codes[5:] == [429] * 2
    device = known.cookies.get("tocsin_device")
    assert device
    assert enter(known).status_code == 303


def test_too_many_tries_from_one_address_are_refused_before_any_hashing(with_password: Door) -> None:
    home = with_password.app.state.house
    slow = dataclasses.replace(home.budgets, sign_in=Buckets(0.001, 2))
    with_password.app.state.house = dataclasses.replace(home, budgets=slow)
    browser = with_password.browser(client=("10.9.9.8", 1))
    assert [enter(browser, login=f"who{n}", password="x").status_code for n in range(4)] == [401, 401, 429, 429]


def test_first_administrator_by_a_link_that_works_once(door: Door) -> None:
    engine = door.app.state.house.engine
    with writing(engine) as connection:
        token = first_link(connection, "chief", NOW)
    browser = door.browser()
    page = browser.get(f"/link?token={token}")
    assert token in page.text
    assert browser.get(f"/link?token={token}").status_code == 200, "looking uses nothing up"
    form = {"token": token, "password": PASSWORD, "again": PASSWORD}
    assert browser.post("/link", data={**form, "again": "x"}).status_code == 422
    assert browser.post("/link", data={**form, "password": "short", "again": "short"}).status_code == 422
    done = browser.post("/link", data=form)
    assert done.status_code == 200
    assert 'value="chief"' in done.text
    assert browser.post("/link", data=form).status_code == 403
    assert enter(browser, "chief").status_code == 303


def test_recovery_ends_sessions_and_the_second_step(with_password: Door) -> None:
    engine = with_password.app.state.house.engine
    browser = with_password.browser()
    enter(browser)
    with writing(engine) as connection:
        token = recovery_link(connection, CONSOLE, find_account(connection, "somebody").id, NOW)
    form = {"token": token, "password": "nine herons wade slowly", "again": "nine herons wade slowly"}
    assert with_password.browser().post("/link", data=form).status_code == 200
    assert browser.get("/api/me").status_code == 401
    assert enter(browser, password="nine herons wade slowly").status_code == 303


NEW = "nine herons wade slowly"


def change(browser, current=PASSWORD, password=NEW, again=None):
    csrf = browser.get("/api/me").json()["csrf"]
    form = {"csrf": csrf, "current": current, "password": password, "again": password if again is None else again}
    return browser.post("/account/password", data=form)


def test_people_change_their_own_password_with_the_old_one_and_other_sessions_end(with_password: Door) -> None:
    here, there = with_password.browser(), with_password.browser()
    enter(here)
    enter(there)
    form = here.get("/account/password").text
    assert 'autocomplete="current-password"' in form
    wrong = change(here, current="seven owls sleep at night")
    assert wrong.status_code == 403
    assert "The password until now is wrong." in wrong.text
    assert change(here, again="another").status_code == 422
    assert change(here, password="short").status_code == 422
    assert there.get("/api/me").status_code == 200, "nothing has changed so far"
    assert change(here).headers["location"] == "/account"
    assert here.get("/api/me").status_code == 200
    assert there.get("/api/me").status_code == 401
    assert enter(with_password.browser()).status_code == 401, "the old one"
    assert enter(with_password.browser(), password=NEW).status_code == 303
    from tocsin.store.tables import audit

    with reading(with_password.app.state.house.engine) as connection:
        told = [row.what for row in connection.execute(audit.select().order_by(audit.c.seq))]
    assert told.count("account.password") == 1
    assert "session.end_others" in told


def test_guessing_the_old_password_waits_like_signing_in(with_password: Door) -> None:
    browser = with_password.browser()
    enter(browser)
    codes = [change(browser, current=f"guess number {n} here").status_code for n in range(7)]
    assert codes == [403] * 5 + [429] * 2
    assert browser.post("/account/password", data={"current": PASSWORD}).status_code == 403, "without the form's token"


def test_all_other_sessions_are_ended_at_once(with_password: Door) -> None:
    here, there, elsewhere = (with_password.browser() for _ in range(3))
    for browser in (here, there, elsewhere):
        enter(browser)
    page = here.get("/account").text
    assert "End all but this one" in page
    csrf = here.get("/api/me").json()["csrf"]
    assert here.post("/account/sessions/end-others", data={"csrf": csrf}).status_code == 303
    assert [b.get("/api/me").status_code for b in (here, there, elsewhere)] == [200, 401, 401]
    assert "End all but this one" not in here.get("/account").text


def test_own_sessions_and_tokens(door: Door) -> None:
    browser = door.browser("analyst")
    csrf = csrf_of(door.sessions["analyst"])
    page = browser.post("/account/tokens", data={"csrf": csrf, "name": "notebook", "scope": "read event", "days": "7"})
    token = re.search(r"tcs_[\w-]+", page.text)[0]
    program = door.program()
    program.headers["authorization"] = f"Bearer {token}"
    assert program.get("/api/me").json()["may"] == ["read event"]
    assert program.get("/brief.html").status_code == 403, "outside its scope"
    assert program.post("/api/tokens", json={"name": "x", "scope": ["read event"]}).status_code == 403
    assert program.get("/account").status_code == 403
    made = browser.get("/api/tokens").json()
    assert [t["name"] for t in made] == ["notebook"]
    assert token not in browser.get("/account").text
    assert browser.delete(f"/api/tokens/{made[0]['id']}").status_code == 204
    assert program.get("/api/me").status_code == 401
    other = door.browser("planner")
    session = browser.get("/api/sessions").json()[0]["id"]
    assert other.delete(f"/api/sessions/{session}").status_code == 403, "somebody else's"
    assert browser.post(f"/account/sessions/{session}/end", data={"csrf": csrf}).status_code == 303
    assert browser.get("/api/me").status_code == 401


@pytest.mark.parametrize("data", [{"scope": "fly moon"}, {"scope": ""}, {"days": "4000"}, {"days": "x"}, {"name": " "}])
def test_a_token_that_cannot_be(door: Door, data: dict) -> None:
    form = {"csrf": csrf_of(door.sessions["analyst"]), "name": "n", "scope": "read event", "days": "7", **data}
    assert door.browser("analyst").post("/account/tokens", data=form).status_code == 422


def test_people_are_invited_changed_and_closed_by_the_administrator_alone(door: Door) -> None:
    boss = door.browser("administrator")
    csrf = csrf_of(door.sessions["administrator"])
    form = {"csrf": csrf, "login": "new", "name": "New", "role": "liaison_assistant", "areas": "W, E"}
    page = boss.post("/people", data=form)
    token = re.search(r"/link\?token=([\w-]+)", page.text)[1]
    assert page.text.count(f"{BASE}/link?token=") == 1
    assert boss.post("/people", data=form).status_code == 422, "taken"
    assert boss.post("/people", data={**form, "role": "king"}).status_code == 422
    form = {"token": token, "password": PASSWORD, "again": PASSWORD}
    assert door.browser().post("/link", data=form).status_code == 200
    listed = {a["login"]: a for a in boss.get("/api/accounts").json()}
    assert listed["new"]["areas"] == ["E", "W"]
    assert listed["new"]["state"] == "open"
    id = listed["new"]["id"]
    changed = boss.patch(f"/api/accounts/{id}", json={"roles": ["analyst"], "areas": ["W"]})
    assert (changed.json()["roles"], changed.json()["areas"]) == (["analyst"], ["W"])
    assert boss.patch(f"/api/accounts/{id}", json={"roles": ["administrator", "analyst"]}).status_code == 422
    assert boss.post(f"/people/{id}/link", data={"csrf": csrf}).status_code == 200
    assert boss.post(f"/people/{id}/close", data={"csrf": csrf}).status_code == 303
    assert boss.post(f"/api/accounts/{id}/link").status_code == 409
    for role in door.sessions:
        if role != "administrator":
            browser = door.browser(role)
            assert browser.get("/people").status_code == 403
            assert browser.get("/api/accounts").status_code == 403
            assert browser.post("/api/accounts", json={"login": "x1", "roles": ["analyst"]}).status_code == 403
            assert browser.post(f"/api/accounts/{id}/link").status_code == 403
            assert browser.delete(f"/api/accounts/{id}").status_code == 403


def test_pages_speak_the_browsers_language(door: Door) -> None:
    french = door.browser(None).get("/sign-in", headers={"accept-language": "fr-FR,fr;q=0.9,en;q=0.5"}).text
    assert 'lang="fr"' in french
    assert "Mot de passe" in french
    assert 'lang="en"' in door.browser(None).get("/sign-in", headers={"accept-language": "xx"}).text


def test_nothing_secret_stands_in_the_records(with_password: Door) -> None:
    browser = with_password.browser()
    answer = enter(browser)
    session = cookie_of(answer).split("=", 1)[1].split(";")[0]
    from tocsin.store.tables import audit
    from tocsin.store.tables import session as table

    with reading(with_password.app.state.house.engine) as connection:
        for statement in (table.select(), audit.select()):
            text = str(connection.execute(statement).all())
            assert session not in text
            assert PASSWORD not in text


def test_no_password_is_hashed_while_the_records_are_held(with_password: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing takes a tenth of a second and 64 MiB: other writers must not wait for it."""
    engine, held, hashed = with_password.app.state.house.engine, [0], list[int]()
    sa.event.listen(engine, "begin", lambda *_: held.append(1))
    sa.event.listen(engine, "rollback", lambda *_: held.append(-1))
    sa.event.listen(engine, "commit", lambda *_: held.append(-1))
    quick = passwords.hasher()

    class Noted:
        check_needs_rehash = quick.check_needs_rehash

        def hash(self, word: str) -> str:
            hashed.append(sum(held))
            return quick.hash(word)

        def verify(self, stored: str, word: str) -> bool:
            hashed.append(sum(held))
            return quick.verify(stored, word)

    monkeypatch.setattr(passwords, "hasher", Noted)
    browser = with_password.browser()
    enter(browser)
    page = browser.get("/account/password").text
    given = {"csrf": page.split('name="csrf" value="')[1].split('"')[0], "current": PASSWORD}
    given |= {"password": "seven quiet lamps on water", "again": "seven quiet lamps on water"}
    assert browser.post("/account/password", data=given).status_code == 303
    with writing(engine) as connection:
        token = invite(connection, CONSOLE, "newcomer", "Newcomer", {Role.ANALYST}, NOW)[1]
    chosen = {"token": token, "password": "another slow green boat", "again": "another slow green boat"}
    assert with_password.browser().post("/link", data=chosen).status_code == 200
    assert hashed == [0] * 4, "sign in; the old and the new one; the one of the link"
