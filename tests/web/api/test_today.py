"""Today over HTTP: where the forecast moved between two assessments and why; the desk; nothing for who may not see."""

import datetime as dt

import pytest
import sqlalchemy as sa

from tests.plan.conftest import _assessed, planned  # noqa: F401 - fixtures
from tests.web.houses import Place, door, house_of
from tocsin.assess.actions import assess
from tocsin.assess.reads import assessed_before, grid, latest_assessed
from tocsin.core.codes import Role
from tocsin.core.time import parse_month
from tocsin.store import finish_run, reading, writing
from tocsin.store.tables import run


@pytest.fixture
def place(planned):  # noqa: F811
    made = house_of(planned)
    yield made
    made.engine.dispose()


def ask(client, token, path, method="GET"):
    return client.request(method, f"/api/{path}", headers={"Authorization": f"Bearer {token}"})


def test_a_cell_that_moved_is_told_with_both_numbers_and_why(place: Place) -> None:
    token = place.person(Role.ANALYST)
    with door(place) as client:
        assert ask(client, token, "today/moved").json() is None, "there is one assessment only"
        with writing(place.engine) as c:
            newest = latest_assessed(c)
            assess(c, place.mission, place.clock(), parse_month(newest.summary["as_of"]) - 1)
            assess(c, place.mission, place.clock(), parse_month(newest.summary["as_of"]))
            place.clock.on(hours=1)
            finish_run(c, newest.run, "assess", {}, newest.summary, place.clock())  # the newest is the later month's
        told = ask(client, token, "today/moved").json()
        shown = ask(client, place.person(Role.DUTY_OFFICER), "today").json()
        assert [w["name"] for w in shown["ways"]][:1] == [""]
        assert ask(client, place.person(Role.ADMINISTRATOR), "today").json()["ways"] is None
    assert told["cells"]
    assert told["before_made_at"] < told["made_at"]
    with reading(place.engine) as c:
        found = grid(place.mission, latest_assessed(c))
    for one in told["cells"]:
        k = found.gids.tolist().index(one["cell"]["gid"])
        assert one["expected"] == pytest.approx(float(found.ahead["mean"][0, k]), abs=0.006)
        assert abs(one["expected"] - one["before"]) >= 0.04
    moves = [abs(one["expected"] - one["before"]) for one in told["cells"]]
    assert moves == sorted(moves, reverse=True) or max(moves) - moves[0] < 0.02
    assert any(one["why"] for one in told["cells"])


def test_a_visit_is_noted_and_an_administrator_is_shown_no_case(place: Place) -> None:
    with door(place) as client:
        duty, admin = place.person(Role.DUTY_OFFICER), place.person(Role.ADMINISTRATOR)
        assert ask(client, duty, "today/desk").json()["since"] is None
        assert ask(client, duty, "today/look", "POST").status_code == 204
        place.clock.on(hours=2)
        assert ask(client, duty, "today/desk").json()["since"] is not None
        shown = ask(client, admin, "today")
        assert (shown.status_code, shown.json()["sources"], shown.json()["gaps"]) == (200, None, None)
        assert ask(client, admin, "today/desk").json()["new"]["alerts"] is None
        assert ask(client, admin, "today/moved").status_code == 403


def test_last_week_is_the_newest_assessment_six_days_before(place: Place) -> None:
    with writing(place.engine) as c:
        newest = latest_assessed(c)
        made = place.clock()
        for days, name in ((1, "yesterday"), (7, "last week"), (8, "the day before"), (40, "long ago")):
            c.execute(sa.insert(run).values(
                id=name, kind="assess", inputs={}, version="1", made_at=made - dt.timedelta(days=days),
                output=newest.summary,
            ))  # fmt: skip
        c.execute(sa.update(run).where(run.c.id == newest.run).values(made_at=made))
        found = assessed_before(c, place.mission, newest)
        assert found
        assert (found.assessed.run, found.newer_made_at) == ("last week", made)
        c.execute(sa.delete(run).where(run.c.id.in_(("last week", "the day before", "long ago"))))
        assert assessed_before(c, place.mission, newest) is None, "yesterday's of the same month is no week ago"
