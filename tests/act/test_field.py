"""A lost device is told to wipe itself at its next contact, signed in or not, and says that it has."""

import pytest

from tests.act.conftest import ADMIN, DUTY, MIN, add_account
from tests.conftest import NOW
from tocsin.act.field import ask_wipe, list_devices, meet, must_wipe
from tocsin.core.codes import Role
from tocsin.core.errors import Conflict, Forbidden
from tocsin.store import writing

MINE, OTHER, LATER = "a" * 32, "b" * 32, "c" * 32


def test_a_lost_device_hears_it_though_nobody_is_signed_in(engine):
    with writing(engine) as c:
        cla, friend = (add_account(c, id, Role.LIAISON_ASSISTANT) for id in ("cla", "friend"))
        assert not meet(c, cla, MINE, NOW)
        assert not meet(c, friend, OTHER, NOW)
        assert not must_wipe(c, MINE, False, NOW)
        assert ask_wipe(c, DUTY, "cla", NOW + MIN) == 1
        assert must_wipe(c, MINE, False, NOW + 2 * MIN)
        assert meet(c, cla, MINE, NOW + 2 * MIN)
        assert not must_wipe(c, OTHER, False, NOW + 2 * MIN)
        assert not meet(c, friend, OTHER, NOW + 2 * MIN)
        assert not must_wipe(c, MINE, True, NOW + 3 * MIN)  # it has
        (line,) = [d for d in list_devices(c, DUTY) if d["account_id"] == "cla"]
        assert line["wiped_at"] == NOW + 3 * MIN
        assert "hash" not in line
        assert ask_wipe(c, DUTY, "cla", NOW + 4 * MIN) == 0, "asked once, done once"
        # The same person with a new device goes on.
        assert not meet(c, cla, LATER, NOW + 5 * MIN)


def test_nothing_is_said_of_a_device_that_is_not_known_and_none_changes_hands(engine):
    with writing(engine) as c:
        cla, friend = (add_account(c, id, Role.LIAISON_ASSISTANT) for id in ("cla", "friend"))
        assert not must_wipe(c, MINE, True, NOW)
        assert list_devices(c, DUTY) == []
        meet(c, cla, MINE, NOW)
        with pytest.raises(Conflict):
            meet(c, friend, MINE, NOW)


def test_who_may_have_devices_wiped(engine):
    with writing(engine) as c:
        cla, friend = (add_account(c, id, Role.LIAISON_ASSISTANT) for id in ("cla", "friend"))
        meet(c, cla, MINE, NOW)
        with pytest.raises(Forbidden):
            ask_wipe(c, friend, "cla", NOW)
        with pytest.raises(Forbidden):
            ask_wipe(c, add_account(c, "an", Role.ANALYST), "cla", NOW)
        assert list_devices(c, friend) == []
        assert len(list_devices(c, cla)) == 1
        assert ask_wipe(c, cla, "cla", NOW) == 1  # one's own, from another device
        assert ask_wipe(c, ADMIN, "cla", NOW) == 0
