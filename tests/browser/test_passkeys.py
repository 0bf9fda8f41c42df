"""Passkeys in a real browser, with the authenticator that Chromium plays: no page does what its policy forbids."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.browser.conftest import SHOTS
from tests.browser.test_room import violations
from tests.conftest import ROOT
from tests.store.conftest import square
from tocsin.core.codes import Role
from tocsin.core.time import utc_now
from tocsin.store import open_store, writing
from tocsin.store.accounts import CONSOLE, invite, take_up

pytestmark = pytest.mark.slow
PASSWORD = "seven owls sleep at noon"
INSIDE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small mission that wants a second step of its analysts, served under a name."""
    folder = tmp_path_factory.mktemp("passkeys") / "mission"
    here = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TOCSIN_KEYS": str(folder.parent / "keys")}
    mission = square(folder)
    with (folder / "tocsin.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[serve]\nsecond_step = ["analyst"]\n')
    engine = open_store(mission.store_url, create=True)
    with writing(engine) as connection:
        for login, role in (("amina", Role.ANALYST), ("paul", Role.DUTY_OFFICER)):
            take_up(connection, invite(connection, CONSOLE, login, login, {role}, utc_now())[1], PASSWORD, utc_now())
    engine.dispose()
    command = [sys.executable, "-m", "tocsin", "serve", "--mission", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=here)
    try:
        line = server.stdout.readline() if server.stdout else ""
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert found, line
        address = f"http://localhost:{found[1]}"
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(20)
        if server.stdout:
            server.stdout.close()


class Seat:
    """Somebody at a browser with an authenticator inside."""

    def __init__(self, chromium: Browser, address: str, language: str = "en", theme: str = "light") -> None:
        self.address = address
        self.wrong: list[str] = []
        self.context: BrowserContext = chromium.new_context(
            locale=language, color_scheme="dark" if theme == "dark" else "light", viewport={"width": 900, "height": 900}
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self.wrong.append(said.text) if "Content Security" in said.text else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.cdp: CDPSession = self.context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable", {"enableUI": False})
        self.device = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": INSIDE})["authenticatorId"]

    def verified(self, yes: bool) -> None:
        """Whether the fingerprint fits."""
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.device, "isUserVerified": yes})

    def sign_in(self, login: str) -> None:
        self.page.goto(f"{self.address}/sign-in?next=/account")
        self.page.locator("[name=login]").fill(login)
        self.page.locator("[name=password]").fill(PASSWORD)
        self.page.locator("form[action='/sign-in'] button").click()

    def sign_out(self) -> None:
        self.page.locator("form[action='/sign-out'] button").click()
        self.page.wait_for_url("**/sign-in")

    def shot(self, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def test_from_a_password_to_a_passkey(chromium: Browser, door: str) -> None:
    seat = Seat(chromium, door)
    page = seat.page
    seat.sign_in("amina")
    page.wait_for_url("**/account/second-step?next=%2Faccount")
    seat.shot("second-step.en")
    assert violations(page) == []
    page.locator("[name=name]").fill("My telephone")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/account")
    expect(page.locator("input[value='My telephone']")).to_be_visible()
    seat.shot("account-passkey.en")
    assert violations(page) == []
    kept = seat.cdp.send("WebAuthn.getCredentials", {"authenticatorId": seat.device})["credentials"]
    assert [(c["rpId"], c["isResidentCredential"]) for c in kept] == [("localhost", True)]
    seat.sign_out()

    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{door}/")
    page.goto(f"{door}/account")
    assert "amina" in page.locator("dl").inner_text()
    seat.sign_out()

    seat.sign_in("amina")  # with the password the passkey is the second step, and the browser is asked by itself
    page.wait_for_url("**/account")
    page.locator("tbody [name=name]").fill("Old telephone")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator("input[value='Old telephone']")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("set up another one")).to_be_visible()
    assert seat.wrong == []
    seat.context.close()


def test_who_is_not_verified_or_has_none_stays_outside_and_may_try_again(chromium: Browser, door: str) -> None:
    seat = Seat(chromium, door, "fr", "dark")
    page = seat.page
    seat.sign_in("paul")
    page.wait_for_url("**/account")
    page.locator("form[action='/account/passkeys'] [name=name]").fill("clé")
    page.locator("form[action='/account/passkeys'] button").click()
    page.wait_for_url("**/account")
    seat.shot("account-passkey.fr.dark")
    assert violations(page) == []
    seat.sign_out()
    seat.shot("sign-in-passkey.fr.dark")
    seat.verified(False)
    page.locator("form[action='/sign-in/passkey/ask'] button").click()
    expect(page.locator("#passkey-failed")).to_be_visible()
    seat.shot("passkey-failed.fr.dark")
    assert violations(page) == []
    page.goto(f"{door}/api/me")
    assert "not_signed_in" in page.content()
    page.goto(f"{door}/sign-in?next=/account")
    page.locator("form[action='/sign-in/passkey/ask'] button").click()
    expect(page.locator("#passkey-failed")).to_be_visible()
    seat.verified(True)
    page.locator("form[data-passkey] button").click()
    page.wait_for_url("**/account")
    page.goto(f"{door}/account/password")
    seat.shot("password.fr.dark")
    assert violations(page) == []
    page.locator("[name=current]").fill(PASSWORD)
    for name in ("password", "again"):
        page.locator(f"[name={name}]").fill("Sunsh1ne2024!Dragon")
    page.locator("main form button").click()
    expect(page.get_by_text("que l’on essaie en premier")).to_be_visible()
    assert seat.wrong == []
    seat.context.close()


def test_the_pages_run_nothing_but_our_own_file(chromium: Browser, door: str) -> None:
    seat = Seat(chromium, door)
    seat.page.goto(f"{door}/sign-in")
    seat.page.locator("form[action='/sign-in/passkey/ask'] button").click()
    expect(seat.page.locator("#passkey-failed")).to_be_visible()
    seat.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.bad = 1'}))"
    )
    assert seat.page.evaluate("window.bad") is None
    assert any("Content Security" in said for said in seat.wrong)
    seat.context.close()
