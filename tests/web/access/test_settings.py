"""Settings that make the door stricter: codes, leaked passwords, two steps by default, who is in the log."""

import dataclasses
import datetime as dt
import hashlib
from pathlib import Path

import pyotp
import pytest
import structlog

from tests.conftest import NOW
from tests.web.access.conftest import PASSWORD, Door
from tests.web.access.test_sign_in import enter
from tocsin.core.codes import Role
from tocsin.core.errors import BadFile
from tocsin.core.mission import Mission
from tocsin.store import writing
from tocsin.store.accounts import CONSOLE, confirm_totp, find_account, recovery_link, start_totp, totp_step
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.passwords import is_leaked
from tocsin.web.settings import STEPPED, Serve, serve_settings

NETWORK = 'address = "10.1.0.5"\nhosts = ["tocsin.example.org"]\ntrusted_proxies = ["10.1.0.2/32"]\n'


def settings(home: Mission, words: str) -> Serve:
    path = home.folder / "tocsin.toml"
    before = path.read_text()
    path.write_text(f"{before}\n[serve]\n{words}\n")
    try:
        return serve_settings(home)
    finally:
        path.write_text(before)


def with_settings(door: Door, **more) -> None:
    home = door.app.state.house
    door.app.state.house = dataclasses.replace(home, serve=dataclasses.replace(home.serve, **more))


def seed_of(door: Door, login: str) -> pyotp.TOTP:
    """The authenticator of an account, set up."""
    home = door.app.state.house
    with writing(home.engine) as connection:
        keys = open_keys(connection, key_folder(home.mission), NOW)
        id = find_account(connection, login).id
        totp = pyotp.parse_uri(start_totp(connection, keys, id, NOW))
        confirm_totp(connection, keys, id, totp.at(NOW), NOW)
    assert isinstance(totp, pyotp.TOTP)
    return totp


def test_on_a_network_who_opens_names_or_accounts_has_two_steps(mission: Mission) -> None:
    assert settings(mission, "").second_step == frozenset()
    assert settings(mission, NETWORK).second_step == STEPPED
    assert settings(mission, NETWORK + "second_step = []").second_step == frozenset()
    assert settings(mission, 'second_step = ["*"]').second_step == frozenset(Role)


def test_the_token_of_the_metrics_can_lie_in_a_file_of_its_own(mission: Mission, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("let me see\n")
    assert settings(mission, f'metrics_token_file = "{tmp_path / "token"}"').metrics_token == "let me see"
    (tmp_path / "empty").write_text("\n")
    for wrong in (f'metrics_token_file = "{tmp_path / "none"}"', f'metrics_token_file = "{tmp_path / "empty"}"',
                  f'metrics_token = "x"\nmetrics_token_file = "{tmp_path / "token"}"', "code_slack = 3",
                  "code_slack = true", 'log_who = "yes"', f'leaked_passwords = "{tmp_path / "none"}"'):  # fmt: skip
        with pytest.raises(BadFile, match="serve"):
            settings(mission, wrong)


@pytest.mark.parametrize(("slack", "good"), [(0, [0]), (1, [-1, 0, 1])])
def test_a_code_holds_thirty_seconds_where_the_mission_wants_that(slack: int, good: list[int]) -> None:
    totp = pyotp.TOTP(pyotp.random_base32())
    codes = {n: totp.at(NOW + dt.timedelta(seconds=30 * n)) for n in range(-3, 4)}
    assert [n for n, code in codes.items() if totp_step(totp.secret, code, NOW, 0, slack)] == good


def test_the_door_takes_the_code_of_now_only(with_password: Door) -> None:
    totp = seed_of(with_password, "somebody")
    home = with_password.app.state.house
    later = NOW + dt.timedelta(minutes=5)
    with_password.app.state.house = dataclasses.replace(home, now=lambda: later)
    with_settings(with_password, code_slack=0)
    early = totp.at(later + dt.timedelta(seconds=30))
    assert enter(with_password.browser(), code=early).status_code == 401
    assert enter(with_password.browser(), code=totp.at(later)).status_code == 303


def test_a_list_of_leaked_passwords_is_searched_where_it_lies(tmp_path: Path) -> None:
    known = [f"word number {n}" for n in range(300)]
    lines = sorted(f"{hashlib.sha1(w.encode()).hexdigest().upper()}:{n % 7 * 999}" for n, w in enumerate(known))
    for end in ("\n", "\r\n"):
        (tmp_path / "list").write_bytes(end.join(lines).encode() + end.encode())
        assert all(is_leaked(w, tmp_path / "list") for w in known)
        assert not any(is_leaked(w + "!", tmp_path / "list") for w in known)
    (tmp_path / "none").write_bytes(b"")
    assert not is_leaked("word number 1", tmp_path / "none")


def test_a_leaked_password_cannot_be_chosen(with_password: Door, tmp_path: Path) -> None:
    chosen = "canoe lantern forty birds"
    (tmp_path / "list").write_text(hashlib.sha1(chosen.encode()).hexdigest().upper() + ":3\n")
    with_settings(with_password, leaked_passwords=tmp_path / "list")
    with writing(with_password.app.state.house.engine) as connection:
        token = recovery_link(connection, CONSOLE, find_account(connection, "somebody").id, NOW)
    browser = with_password.browser()
    refused = browser.post("/link", data={"token": token, "password": chosen, "again": chosen})
    assert (refused.status_code, "became known" in refused.text) == (422, True)
    other = chosen + " seven"
    assert browser.post("/link", data={"token": token, "password": other, "again": other}).status_code == 200


def test_a_forgotten_password_does_not_go_round_the_second_step(with_password: Door) -> None:
    totp = seed_of(with_password, "somebody")
    boss = with_password.browser("administrator")
    page = boss.get("/people").text
    assert "Password link" in page
    id = next(a["id"] for a in boss.get("/api/accounts").json() if a["login"] == "somebody")
    token = with_password.program("administrator").post(f"/api/accounts/{id}/link", json={"keep_step": True}).json()
    fresh = "canoe lantern forty birds"
    browser = with_password.browser()
    assert browser.post("/link", data={"token": token["token"], "password": fresh, "again": fresh}).status_code == 200
    assert enter(with_password.browser(), password=PASSWORD).status_code == 401
    assert enter(with_password.browser(), password=fresh).status_code == 401, "the code is still asked for"
    code = totp.at(NOW + dt.timedelta(seconds=30))
    assert enter(with_password.browser(), password=fresh, code=code).status_code == 303


def test_a_log_line_says_which_account_where_the_mission_wants_that(door: Door) -> None:
    with_settings(door, log_who=True)
    with structlog.testing.capture_logs() as lines:
        door.program("read_only").post("/api/accounts", json={"login": "x1", "roles": ["analyst"]})
        door.program().post("/api/accounts", json={})
    assert [line.get("who") for line in lines] == [door.ids["read_only"], None]
