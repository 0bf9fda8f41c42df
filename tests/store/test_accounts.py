"""Accounts: invitations, sign-in, sessions, tokens; and an attack that does not lock the duty officer out."""

import datetime as dt
import json

import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from tests.conftest import NOW
from tests.store.conftest import person
from tocsin.core.codes import Role
from tocsin.core.errors import BadInput, Conflict, Forbidden, NotFound
from tocsin.store import accounts, api_tokens, audit, passwords, reading, sealed, sessions, sign_in, writing
from tocsin.store.accounts import CONSOLE
from tocsin.store.keys import KeyRing
from tocsin.store.sign_in import Refused, SignedIn

GOOD = "canoe lantern forty birds"
HOME, AWAY = "192.0.2.10", "198.51.100.7"
REAL = passwords.hasher
FAST = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def later(**step: float) -> dt.datetime:
    return NOW + dt.timedelta(**step)


@pytest.fixture(autouse=True)
def cheap_hash(monkeypatch: pytest.MonkeyPatch):
    """The same algorithm at its cheapest; the real cost is checked below."""
    monkeypatch.setattr(passwords, "hasher", lambda: FAST)
    sign_in._dummy.cache_clear()
    yield
    sign_in._dummy.cache_clear()


@pytest.fixture
def duty(engine: sa.Engine, keys: KeyRing) -> accounts.Account:
    with writing(engine) as c:
        _, token = accounts.invite(c, CONSOLE, "duty", "Duty Officer", {Role.DUTY_OFFICER}, NOW)
        return accounts.take_up(c, token, GOOD, NOW)


def enter(engine: sa.Engine, keys: KeyRing, password: str = GOOD, address: str = HOME, now=NOW, login="duty", **more):
    with writing(engine) as c:
        return sign_in.sign_in(c, keys, login, password, address, now, **more)


def test_the_hash_is_argon2id_with_real_cost():
    made = REAL()
    assert made.memory_cost >= 19 * 1024, "OWASP asks for 19 MiB or more"
    assert made.hash("x").startswith("$argon2id$")


def test_the_first_administrator_comes_by_a_link_that_works_once(engine: sa.Engine):
    with writing(engine) as c:
        old = accounts.first_link(c, "boss", NOW)
        token = accounts.first_link(c, "boss", NOW)
        with pytest.raises(Forbidden):
            accounts.take_up(c, old, GOOD, NOW)  # a newer link replaced it
        with pytest.raises(Forbidden):
            accounts.take_up(c, token, GOOD, later(days=1, seconds=1))
        made = accounts.take_up(c, token, GOOD, NOW)
        assert made.roles == {Role.ADMINISTRATOR}
        with pytest.raises(Forbidden):
            accounts.take_up(c, token, GOOD, NOW)
        with pytest.raises(Conflict):
            accounts.first_link(c, "second", NOW)


def test_no_secret_is_kept(engine: sa.Engine, keys: KeyRing, duty: accounts.Account):
    with writing(engine) as c:
        link = accounts.recovery_link(c, CONSOLE, duty.id, NOW)
        uri = accounts.start_totp(c, keys, duty.id, NOW)
        api = api_tokens.make_api_token(c, duty.actor(), "map", ["read alert"], later(days=9), NOW)
    found = enter(engine, keys)
    seed = pyotp.parse_uri(uri).secret
    with reading(engine) as c:
        everything = "".join(
            repr(row)
            for t in sa.inspect(engine).get_table_names()
            for row in c.execute(sa.text(f'SELECT * FROM "{t}"'))
        )
    for secret in (link, seed, api, api[4:], found.session, found.device, GOOD, HOME):
        assert secret not in everything


@pytest.mark.parametrize(
    "password", ["short", "a" * 40, "duty duty duty!", "passwordpassword", "Tocsin-Tocsin-1", "12345678901234"]
)
def test_an_easy_password_is_refused_and_the_link_stays_good(engine: sa.Engine, password: str):
    with writing(engine) as c:
        _, token = accounts.invite(c, CONSOLE, "duty", "Duty Officer", {Role.DUTY_OFFICER}, NOW)
        with pytest.raises(BadInput, match="password"):
            accounts.take_up(c, token, password, NOW)
        accounts.take_up(c, token, GOOD, NOW)


def test_who_may_invite_and_whom(engine: sa.Engine):
    with writing(engine) as c:
        with pytest.raises(Forbidden):
            accounts.invite(c, person(Role.DUTY_OFFICER), "x1", "X", {Role.ANALYST}, NOW)
        for roles in (set(), {Role.INTAKE}, {Role.ADMINISTRATOR, Role.ANALYST}):
            with pytest.raises(BadInput):
                accounts.invite(c, CONSOLE, "x1", "X", roles, NOW)
        for login in ("", "a", "a b", "../x", "x" * 41, "é"):
            with pytest.raises(BadInput):
                accounts.invite(c, CONSOLE, login, "X", {Role.ANALYST}, NOW)
        accounts.invite(c, CONSOLE, "Ana", "X", {Role.ANALYST}, NOW)
        with pytest.raises(Conflict):
            accounts.invite(c, CONSOLE, "aNA", "X", {Role.ANALYST}, NOW)


def test_sign_in_gives_the_rights_of_now_and_sessions_can_be_listed_and_ended(engine, keys, duty):
    first, second = enter(engine, keys, client="laptop"), enter(engine, keys, client="phone")
    assert isinstance(first, SignedIn)
    with writing(engine) as c:
        actor = sessions.actor_of(c, first.session, NOW)
        assert actor.id == duty.id
        assert actor.roles == {Role.DUTY_OFFICER}
        assert [s.client for s in sessions.list_sessions(c, actor, NOW)] == ["laptop", "phone"]
        with pytest.raises(Forbidden):
            sessions.list_sessions(c, person(Role.ANALYST), NOW, duty.id)
        phone = sessions.list_sessions(c, CONSOLE, NOW, duty.id)[1]
        with pytest.raises(Forbidden):
            sessions.end_session(c, person(Role.ANALYST), phone.id, NOW)
        with pytest.raises(NotFound):
            sessions.end_session(c, actor, "none", NOW)
        sessions.end_session(c, actor, phone.id, NOW)
        assert sessions.actor_of(c, second.session, NOW) is None
        accounts.change_rights(c, CONSOLE, duty.id, NOW, roles={Role.READ_ONLY}, areas={"W"})
        assert sessions.actor_of(c, first.session, NOW).roles == {Role.READ_ONLY}
        assert sessions.actor_of(c, first.session, later(hours=13)) is None
        sessions.touch(c, first.session, later(hours=11))
        assert sessions.actor_of(c, first.session, later(hours=13)) is not None
        accounts.close(c, CONSOLE, duty.id, NOW)
        assert sessions.actor_of(c, first.session, NOW) is None
        assert sessions.actor_of(c, "", NOW) is None
    assert enter(engine, keys) == Refused("wrong")
    with reading(engine) as c:
        assert audit.verify(c).sound


def test_a_session_ends_after_a_week_however_much_it_is_used(engine, keys, duty):
    found = enter(engine, keys)
    with writing(engine) as c:
        for hours in range(0, 24 * 8, 10):
            sessions.touch(c, found.session, later(hours=hours))
        assert sessions.actor_of(c, found.session, later(days=7, seconds=1)) is None


def test_refusals_do_not_tell_who_exists(engine, keys, duty):
    assert enter(engine, keys, "wrong wrong wrong") == enter(engine, keys, login="nobody") == Refused("wrong")


def test_totp_is_asked_for_works_once_and_recovery_takes_it_away(engine, keys, duty):
    with writing(engine) as c:
        totp = pyotp.parse_uri(accounts.start_totp(c, keys, duty.id, NOW))
        with pytest.raises(Forbidden):
            accounts.confirm_totp(c, keys, duty.id, "000000", NOW)
    assert isinstance(enter(engine, keys), SignedIn), "not on before it is confirmed"
    with writing(engine) as c:
        accounts.confirm_totp(c, keys, duty.id, totp.at(NOW), NOW)
    now = later(minutes=5)
    assert enter(engine, keys, now=now) == Refused("code")
    assert enter(engine, keys, "wrong wrong wrong", now=now) == Refused("wrong"), "the code is asked after the password"
    assert isinstance(enter(engine, keys, now=now, code=f" {totp.at(now)} "), SignedIn)
    with reading(engine) as c:
        opened = [json.loads(r["details"]) for r in audit.rows_of(c) if r["what"] == "session.open"]
    assert [d["second_step"] for d in opened] == [False, True], "the trail says how somebody came in"
    assert enter(engine, keys, now=now, code=totp.at(now)) == Refused("wrong"), "the same code again"
    assert enter(engine, keys, now=later(minutes=9), code=totp.at(now)) == Refused("wrong"), "an old code"
    found = enter(engine, keys, now=later(minutes=10), code=totp.at(later(minutes=10)))
    with writing(engine) as c:
        token = accounts.recovery_link(c, CONSOLE, duty.id, later(minutes=11))
        accounts.take_up(c, token, "other canoe forty birds", later(minutes=12))
        assert sessions.actor_of(c, found.session, later(minutes=13)) is None, "recovery ends what was open"
    assert isinstance(enter(engine, keys, "other canoe forty birds", now=later(minutes=14)), SignedIn)


def test_failures_from_one_place_wait_longer_and_longer(engine, keys, duty):
    now, waits = NOW, []
    for _ in range(40):
        answer = enter(engine, keys, "wrong wrong wrong", AWAY, now)
        if answer.reason == "wait":
            waits.append(answer.wait_s)
            now += dt.timedelta(seconds=answer.wait_s)
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert max(waits) <= sign_in.LONGEST_WAIT_S
    assert isinstance(enter(engine, keys, address=HOME, now=now), SignedIn), "another place is not held up by it"


def test_an_attack_from_everywhere_does_not_lock_the_duty_officer_out(engine, keys, duty):
    device = enter(engine, keys).device
    now = NOW
    with writing(engine) as c:
        for i in range(300):
            now = later(seconds=i)
            sign_in.sign_in(c, keys, "duty", "wrong wrong wrong", f"203.0.113.{i}", now)
    assert enter(engine, keys, address="203.0.113.200", now=now).reason == "wait", "strangers wait"
    assert isinstance(enter(engine, keys, now=now, device=device), SignedIn), "the known device gets in"
    assert enter(engine, keys, now=now, device="made-up").reason == "wait"
    with writing(engine) as c:  # and somebody without a known device has the one-time link
        assert accounts.take_up(c, accounts.recovery_link(c, CONSOLE, duty.id, now), GOOD, now).id == duty.id
        entries = [r for r in audit.rows_of(c) if r["what"] == "session.refused"]
        assert 1 <= len(entries) <= 3, "a flood leaves a trace and does not fill the trail"
    wrong = [enter(engine, keys, "wrong wrong wrong", now=now, device=device) for _ in range(9)]
    assert wrong[-1].reason == "wait", "a known device that is stolen is no way round either"


def test_api_tokens_hold_a_scope_and_an_end(engine, keys, duty):
    actor = duty.actor()
    with writing(engine) as c:
        token = api_tokens.make_api_token(c, actor, "map", ["read alert"], later(days=30), NOW)
        program = sessions.actor_of(c, token, NOW)
        assert program.scope == {"read alert"}
        assert program.id == duty.id
        with pytest.raises(Forbidden):
            api_tokens.make_api_token(c, program, "more", ["read alert"], later(days=1), NOW)
        assert sessions.actor_of(c, token, later(days=31)) is None
        for scope, end in ((["read"], 1), ([], 1), (["fly alert"], 1), (["read alert"], -1), (["read alert"], 400)):
            with pytest.raises(BadInput):
                api_tokens.make_api_token(c, actor, "x", scope, later(days=end), NOW)
        with pytest.raises(Forbidden):
            api_tokens.make_api_token(c, person(Role.PARTNER), "x", ["read alert"], later(days=1), NOW)
        listed = api_tokens.list_api_tokens(c, actor, NOW)
        assert [t["name"] for t in listed] == ["map"]
        api_tokens.end_api_token(c, actor, listed[0]["id"], NOW)
        assert sessions.actor_of(c, token, NOW) is None


def test_keys_that_change_keep_totp_working(engine, keys, duty):
    with writing(engine) as c:
        totp = pyotp.parse_uri(accounts.start_totp(c, keys, duty.id, NOW))
        accounts.confirm_totp(c, keys, duty.id, totp.at(NOW), NOW)
        new = sealed.rotate(c, keys, CONSOLE, NOW)
    now = later(minutes=5)
    assert isinstance(enter(engine, new, now=now, code=totp.at(now)), SignedIn)
