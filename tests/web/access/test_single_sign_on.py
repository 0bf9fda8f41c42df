"""Signing in through an organisation, against a small provider that speaks the whole protocol."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import NOW
from tests.web.access.conftest import Door
from tests.web.access.provider import Provider, running
from tocsin.store import writing
from tocsin.store.accounts import CONSOLE, find_account, recovery_link, take_up
from tocsin.store.tables import session
from tocsin.web.settings import Serve
from tocsin.web.who import COOKIE


@pytest.fixture
def provider(with_password: Door, tmp_path: Path) -> Iterator[Provider]:
    (tmp_path / "secret").write_text("s3cret\n")
    with running(NOW.timestamp()) as made:
        settings = {"issuer": made.issuer, "client_id": "tocsin", "secret_file": str(tmp_path / "secret")}
        home = with_password.app.state.house
        with_password.app.state.house = dataclasses.replace(home, serve=Serve(single_sign_on=settings))
        yield made


def come_back(door: Door, provider: Provider, path: str = "/sso?next=/account"):
    browser = door.browser()
    assert "/sso" in browser.get("/sign-in").text
    gone = browser.get(path)
    assert gone.status_code == 303
    assert gone.headers["location"].startswith(provider.issuer + "/authorize?")
    return browser, provider.authorize(gone.headers["location"])


def test_in_by_the_organisation(with_password: Door, provider: Provider) -> None:
    browser, back = come_back(with_password, provider)
    answer = browser.get(back)
    assert answer.status_code == 200
    assert 'content="0; url=/account"' in answer.text
    assert browser.get("/api/me").json()["login"] == "somebody"
    again = with_password.browser()
    assert again.get(back).status_code == 403, "another browser has no part in it"
    assert COOKIE not in again.cookies


@pytest.mark.parametrize(
    "claims",
    [{"iss": "https://evil.example"}, {"aud": "another"}, {"nonce": "x"}, {"exp": int(NOW.timestamp()) - 3600},
     {"preferred_username": "stranger"}, {"preferred_username": "boss"}, {"azp": "another"}, {"exp": "soon"},
     {"preferred_username": "", "email": "somebody@example.org", "email_verified": False}],
)  # fmt: skip
def test_an_answer_that_does_not_hold_lets_nobody_in(with_password: Door, provider: Provider, claims: dict) -> None:
    provider.claims = claims
    browser, back = come_back(with_password, provider)
    assert browser.get(back).status_code == 403
    assert browser.get("/api/me").status_code == 401


def test_a_login_given_to_somebody_else_opens_nothing(with_password: Door, provider: Provider) -> None:
    browser, back = come_back(with_password, provider)
    assert browser.get(back).status_code == 200
    provider.claims = {"sub": "y"}  # the organisation gave the name to another
    browser, back = come_back(with_password, provider)
    assert browser.get(back).status_code == 403
    provider.claims = {"preferred_username": "married-name"}  # and calls the first one otherwise
    browser, back = come_back(with_password, provider)
    assert browser.get(back).status_code == 200
    assert browser.get("/api/me").json()["login"] == "somebody"
    home = with_password.app.state.house
    with writing(home.engine) as connection:
        token = recovery_link(connection, CONSOLE, find_account(connection, "somebody").id, NOW)
        take_up(connection, token, "canoe lantern forty birds", NOW)
    provider.claims = {"sub": "y"}  # the administrator gave the account anew
    browser, back = come_back(with_password, provider)
    assert browser.get(back).status_code == 200


@pytest.mark.parametrize("sub", ["", "x" * 256, None, 7])
def test_without_a_mark_of_somebody_nobody_comes_in(with_password: Door, provider: Provider, sub: object) -> None:
    provider.claims = {"sub": sub}
    browser, back = come_back(with_password, provider)
    assert browser.get(back).status_code == 403


@pytest.mark.parametrize(("hours", "settings"), [(12, {}), (2, {"hours": "2"})])
def test_the_organisation_is_asked_again_after_some_hours(
    with_password: Door, provider: Provider, hours: int, settings: dict[str, str]
) -> None:
    home = with_password.app.state.house
    serve = dataclasses.replace(home.serve, single_sign_on=home.serve.single_sign_on | settings)
    with_password.app.state.house = dataclasses.replace(home, serve=serve)
    browser, back = come_back(with_password, provider)
    assert browser.get(back).status_code == 200
    for minutes, status in ((60 * hours - 1, 200), (60 * hours, 401)):
        later = NOW + dt.timedelta(minutes=minutes)
        with_password.app.state.house = dataclasses.replace(home, serve=serve, now=lambda at=later: at)
        with writing(home.engine) as connection:  # used all the time
            connection.execute(sa.update(session).values(seen_at=later))
        assert browser.get("/api/me").status_code == status


def test_a_token_signed_by_somebody_else_lets_nobody_in(with_password: Door, provider: Provider) -> None:
    provider.sign_with = provider.stranger
    browser, back = come_back(with_password, provider)
    assert browser.get(back).status_code == 403


def test_a_verified_address_names_the_login(with_password: Door, provider: Provider) -> None:
    provider.claims = {"preferred_username": "", "email": "somebody@example.org", "email_verified": True}
    browser, back = come_back(with_password, provider)
    assert browser.get(back).status_code == 200


def test_a_state_that_is_not_ours_and_a_code_used_twice(with_password: Door, provider: Provider) -> None:
    browser, back = come_back(with_password, provider)
    assert browser.get(back.replace("state=", "state=x")).status_code == 403
    assert browser.get("/sso/back").status_code == 403
    browser, back = come_back(with_password, provider)
    state = browser.cookies.get("tocsin_sso")
    assert browser.get(back).status_code == 200
    browser.cookies.set("tocsin_sso", state)
    assert browser.get(back).status_code == 403


def test_nobody_is_sent_elsewhere_afterwards(with_password: Door, provider: Provider) -> None:
    browser, back = come_back(with_password, provider, "/sso?next=//evil.example")
    assert 'content="0; url=/"' in browser.get(back).text


def test_without_settings_there_is_no_such_page(door: Door) -> None:
    assert door.browser().get("/sso").status_code == 404
    assert door.browser().get("/sso/back?code=x&state=y").status_code == 404
    assert "/sso" not in door.browser().get("/sign-in").text


def test_a_provider_without_https_or_that_is_gone_is_one_sentence(door: Door) -> None:
    for issuer in ("http://example.org", "http://127.0.0.1:1"):
        settings = Serve(single_sign_on={"issuer": issuer, "client_id": "tocsin"})
        door.app.state.house = dataclasses.replace(door.app.state.house, serve=settings)
        answer = door.program().get("/sso")
        assert answer.status_code == 500
        assert answer.json()["type"] == "urn:tocsin:setup"


def test_another_page_signs_nobody_in_unasked(with_password: Door, provider: Provider) -> None:
    for site in ("cross-site", "same-site"):
        answer = with_password.browser().get("/sso", headers={"sec-fetch-site": site})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert "set-cookie" not in answer.headers
