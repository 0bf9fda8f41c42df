"""What is past its time goes, what was counted stays, what is at work is not touched: on both databases."""

import datetime as dt
import json

import pytest
import sqlalchemy as sa

from tests.act.conftest import ADMIN, DUTY, NOW, add_alert, add_report, add_source, enqueue, note
from tocsin.act.figures import figures
from tocsin.act.retention import Gone, Keep, keep_rules, remove_files, retain
from tocsin.act.tables import notification
from tocsin.core.codes import Role
from tocsin.core.errors import BadFile, Forbidden
from tocsin.listen.alerts import media
from tocsin.listen.alerts.tables import alert, report, report_change, source
from tocsin.store import reading, writing
from tocsin.store.accounts import CONSOLE, invite
from tocsin.store.audit import verify
from tocsin.store.policy import Actor
from tocsin.store.sessions import open_session
from tocsin.store.tables import sealed_value, session

DAY = dt.timedelta(days=1)
OLD = NOW - 100 * DAY
RULES = Keep(words=30, identities=60, messages=30, sessions=30)
HRO = Actor("hro", frozenset({Role.HUMAN_RIGHTS_OFFICER}), frozenset({"*"}))


@pytest.fixture
def filled(engine, keys, tmp_path):
    """A closed alert with its report and source long ago, and the same of today, still open."""
    picture = media.keep(tmp_path, keys, b"#!AMR\n a recording")
    with writing(engine) as c:
        old = add_alert(c, state="closed", closed_at=OLD, heard_at=OLD, last_at=OLD, outcome="averted")
        new = add_alert(c)
        gone = add_source(c, keys, "+23670000001", made_at=OLD, lon=20.6, lat=6.2)
        kept = add_source(c, keys, "+23670000002", made_at=OLD)
        busy = add_source(c, keys, "+23670000003", made_at=OLD)
        add_report(c, old, gone, received_at=OLD, place="Bakala", lon=20.61, lat=6.21, given_lon=20.61, given_lat=6.21,
                   attachments=[["image/jpeg", picture]], fields={"name": "x"}, area="W")  # fmt: skip
        add_report(c, new, kept, attachments=[["image/jpeg", picture]])
        waiting = add_report(c, None, busy, received_at=OLD, state="waiting")
        first = c.execute(sa.select(report.c.id).where(report.c.alert_id == old)).scalar_one()
        c.execute(sa.insert(report_change).values(report_id=first, at=OLD, who="a", what="placed", details={},
                                                  before={"place": "Bakala"}))  # fmt: skip
        enqueue(c, note("one", body="words of long ago"), OLD)
        c.execute(sa.update(notification).values(state="sent"))
        person, _ = invite(c, CONSOLE, "somebody", "Somebody", {Role.ANALYST}, OLD)
        open_session(c, person.id, "test", OLD)
        open_session(c, person.id, "test", NOW)
    return {"old": old, "new": new, "gone": gone, "kept": kept, "busy": busy, "waiting": waiting, "picture": picture}


def counts(engine) -> str:
    with reading(engine) as c:
        return json.dumps(figures(c, HRO, (OLD - DAY).date(), (NOW + DAY).date()).to_json(), sort_keys=True)


def test_words_and_identities_go_and_counts_stay(engine, filled, tmp_path) -> None:
    before = counts(engine)
    with writing(engine) as c:
        gone = retain(c, CONSOLE, RULES, NOW)
    assert (gone.reports, gone.sources, gone.messages, gone.sessions) == (1, 1, 1, 2)  # a session and the invitation
    assert counts(engine) == before
    with reading(engine) as c:
        rows = {r["alert_id"]: r for r in c.execute(sa.select(report)).mappings()}
        row = rows[filled["old"]]
        assert (row["text"], row["fields"], row["attachments"], row["place"], row["given_lon"]) == (
            "",
            {},
            [],
            None,
            None,
        )
        assert (row["lon"], row["lat"], row["area"]) == (20.75, 6.25, "W")  # the centre of its cell
        assert rows[filled["new"]]["text"] == rows[None]["text"] == "ils arrivent"
        assert c.execute(sa.select(report_change.c.before)).scalar_one() == {}
        assert c.execute(sa.select(alert.c.place).order_by(alert.c.id)).scalars().all() == [None, "Bakala"]
        assert set(c.execute(sa.select(sealed_value.c.row_id)).scalars()) == {filled["kept"], filled["busy"]}
        found = c.execute(sa.select(source).where(source.c.id == filled["gone"])).mappings().one()
        assert found["erased_at"] is not None
        assert found["lon"] is None
        assert c.execute(sa.select(notification.c.body)).scalar_one() == ""
        assert c.execute(sa.select(sa.func.count()).select_from(session)).scalar_one() == 1
        assert verify(c).sound
    assert gone.files == ()  # the open alert still holds that picture
    assert remove_files(tmp_path, gone) == 0


def test_it_runs_again_without_doing_anything(engine, filled) -> None:
    with writing(engine) as c:
        looked = retain(c, CONSOLE, RULES, NOW, only_look=True)
        done = retain(c, CONSOLE, RULES, NOW)
        assert (looked.reports, looked.sources, looked.messages, looked.sessions) == (
            done.reports, done.sources, done.messages, done.sessions,
        )  # fmt: skip
        assert retain(c, CONSOLE, RULES, NOW) == Gone()


def test_a_picture_goes_with_its_last_report(engine, filled, tmp_path) -> None:
    later = NOW + 200 * DAY
    with writing(engine) as c:
        retain(c, CONSOLE, RULES, NOW)
        c.execute(sa.update(alert).values(state="closed", closed_at=NOW))
        gone = retain(c, CONSOLE, RULES, later)
    assert gone.files == (filled["picture"],)
    assert remove_files(tmp_path, gone) == 1
    assert list((tmp_path / media.FOLDER).iterdir()) == []


def test_nothing_goes_without_a_rule_or_a_right(engine, filled) -> None:
    with writing(engine) as c:
        assert retain(c, CONSOLE, Keep(0, 0, 0, 0), NOW + 9999 * DAY) == Gone()
        with pytest.raises(Forbidden):
            retain(c, DUTY, RULES, NOW)
        assert retain(c, ADMIN, Keep(0, 0, 0, 0), NOW) == Gone()


def test_rules_are_read_and_checked(mission) -> None:
    path = mission.folder / "tocsin.toml"
    text = path.read_text()
    assert keep_rules(mission) == Keep()
    path.write_text(text + "\n[keep]\nwords = 730\n")
    assert keep_rules(mission).words == 730
    for wrong in ("words = -1", 'words = "x"', "word = 3"):
        path.write_text(f"{text}\n[keep]\n{wrong}\n")
        with pytest.raises(BadFile, match="keep"):
            keep_rules(mission)
