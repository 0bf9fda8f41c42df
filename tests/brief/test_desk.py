"""What waits for a person, on both databases: new since the visit before, open and late, without a lead, silent."""

import datetime as dt

import pytest
import sqlalchemy as sa
from tests.act.conftest import DUTY, MIN, add_account, add_alert
from tests.conftest import NOW
from tests.store.conftest import (  # noqa: F401 - fixtures
    empty_database,
    empty_file,
    engine,
    mission,
    person,
    url,
)

from tocsin.act.duty.pulses import beat
from tocsin.act.rules import default_rules
from tocsin.act.tables import pulse
from tocsin.act.tables import task as tasks
from tocsin.act.tasks import NewTask, give
from tocsin.act.triage.proposal import Tier
from tocsin.brief.desk import desk
from tocsin.core.codes import Component, Role
from tocsin.store import writing
from tocsin.store.looks import VISIT, look, looked_since

HOUR = dt.timedelta(hours=1)


def test_new_is_what_came_since_the_visit_before(engine):  # noqa: F811
    with writing(engine) as c:
        first = desk(c, DUTY, NOW)
        assert first.since is None
        assert first.new["alerts"] == 0
        look(c, DUTY, NOW)
        look(c, DUTY, NOW + 5 * MIN)  # the page stays open
        assert looked_since(c, DUTY, NOW + 6 * MIN) is None, "still the first visit"
        add_alert(c, heard_at=NOW + 20 * MIN)
        back = NOW + 2 * HOUR
        came = desk(c, DUTY, back)
        assert came.since == NOW + 5 * MIN
        assert came.new["alerts"] == 1
        look(c, DUTY, back)
        assert desk(c, DUTY, back + 5 * MIN).new["alerts"] == 1, "on the same visit it stays new"
        look(c, DUTY, back + 10 * MIN)
        assert desk(c, DUTY, back + 10 * MIN + VISIT + MIN).new["alerts"] == 0
        other = person(Role.ANALYST)
        assert desk(c, other, back).since is None, "each for themselves"


def test_without_a_lead_are_those_that_nobody_took_on(engine):  # noqa: F811
    with writing(engine) as c:
        add_account(c, "b", Role.POLICE, Component.POLICE)
        lone = add_alert(c, priority=50.0)
        urgent = add_alert(c, priority=90.0, acknowledge_by=NOW - MIN)
        add_alert(c, acknowledged_at=NOW, acknowledged_by="b")
        given = add_alert(c, state="decided")
        add_alert(c, state="closed")
        task = NewTask("Go and look", Tier.DIALOGUE, Component.CIVILIAN, NOW + HOUR, given, "b", "Base")
        give(c, default_rules(), DUTY, task, NOW)
        found = desk(c, DUTY, NOW + 5 * MIN)
        assert [r["id"] for r in found.no_lead] == [urgent, lone]
        assert [r["late"] for r in found.no_lead] == [True, False]
        assert found.no_lead_in_all == 2
        assert [(c.kind, c.id, c.what, c.by) for c in found.late_cases] == [("alert", urgent, "acknowledge", NOW - MIN)]
        assert found.open == {"alerts": 4, "tasks": 1}
        assert found.late["alerts"] == 1
        later = desk(c, DUTY, NOW + 2 * HOUR)
        assert later.late == {"alerts": 3, "tasks": 1}
        assert [case.by for case in later.late_cases] == sorted(case.by for case in later.late_cases)
        assert {(case.kind, case.what) for case in later.late_cases} >= {("alert", "acknowledge"), ("task", "answer")}
        c.execute(sa.update(tasks).values(state="arrived", arrived_at=NOW + HOUR, acknowledged_at=NOW))
        assert desk(c, DUTY, NOW + 2 * HOUR).late["tasks"] == 0, "who is there is not late"


def test_who_may_not_see_is_told_nothing_and_silence_is_said(engine):  # noqa: F811
    with writing(engine) as c:
        add_alert(c, area="W")
        add_alert(c, area="E")
        id = beat(c, DUTY, "link", "Base Kolara", 60, NOW)
        assert (desk(c, DUTY, NOW).silent, desk(c, DUTY, NOW).beating) == ([], 1)
        c.execute(sa.update(pulse).where(pulse.c.id == id).values(silent_s=90.0))
        assert [s["id"] for s in desk(c, DUTY, NOW).silent] == ["link:Base Kolara"]
        admin = desk(c, person(Role.ADMINISTRATOR), NOW)
        assert (admin.no_lead, admin.open, admin.silent) == (None, {"alerts": None, "tasks": None}, None)
        assert set(admin.new.values()) == {None}
        assert (admin.late_cases, admin.no_lead_in_all) == ([], None)
        liaison = desk(c, person(Role.LIAISON_ASSISTANT, {"W"}), NOW)
        assert liaison.open["alerts"] <= 1
        assert liaison.silent is None or liaison.silent == []


@pytest.mark.parametrize("role", [Role.PARTNER, Role.READ_ONLY, Role.POLICE, Role.PLANNER, Role.HUMAN_RIGHTS_OFFICER])
def test_every_role_has_a_desk(engine, role):  # noqa: F811
    with writing(engine) as c:
        add_alert(c)
        found = desk(c, person(role), NOW)
        assert all(n is None or n >= 0 for n in [*found.new.values(), *found.open.values()])
