"""A label never falls but through one door, with a reason and a row in the trail; the database itself sees to it."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.store.conftest import person
from tests.store.test_policy import RULES
from tocsin.core.codes import Classification, Role, Tlp
from tocsin.core.errors import BadInput, Forbidden, NotFound
from tocsin.store import audit, labels, writing
from tocsin.store.labels import Label, inherited
from tocsin.store.tables import label_change

SCRATCH = sa.MetaData()
incident = sa.Table(
    "incident",
    SCRATCH,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("area", sa.Text),
    *labels.label_columns(),
)
AMBER = Label(Tlp.AMBER, Classification.CONFIDENTIAL)
GREEN = Label(Tlp.GREEN, Classification.UNCLASSIFIED)
RED = Label(Tlp.RED, Classification.STRICTLY_CONFIDENTIAL)
DUTY, ANALYST = person(Role.DUTY_OFFICER), person(Role.ANALYST)


@pytest.fixture
def store(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    from dataclasses import replace

    from tocsin.store.policy import _Place

    place = _Place("incident", {"area": "area", "tlp": "tlp", "classification": "classification"})
    rules = replace(RULES, places={**RULES.places, "incident": place})
    monkeypatch.setattr(labels, "policy", lambda: rules)
    with engine.begin() as c:
        SCRATCH.create_all(c)
        for statement in labels.guard("incident", engine.dialect.name):
            c.exec_driver_sql(statement)
        c.execute(
            sa.insert(incident),
            [{"id": i, "area": "W", "tlp": "AMBER", "classification": "CONFIDENTIAL"} for i in (1, 2)],
        )
    return engine


def label_of(engine: sa.Engine, id: int = 1) -> Label:
    with engine.connect() as c:
        row = c.execute(sa.select(incident).where(incident.c.id == id)).one()
        return Label(Tlp(row.tlp), Classification(row.classification))


@pytest.mark.parametrize(
    "values",
    [
        {"tlp": "GREEN"},
        {"classification": "UNCLASSIFIED"},
        {"tlp": "RED", "classification": "UNCLASSIFIED"},
        {"tlp": "amber"},
        {"tlp": ""},
        {"classification": "SECRET"},
    ],
)
def test_no_statement_makes_a_label_fall_or_unknown(store: sa.Engine, values: dict):
    with pytest.raises(sa.exc.DBAPIError, match="never falls"), store.begin() as c:
        c.execute(sa.update(incident).where(incident.c.id == 1).values(values))
    assert label_of(store) == AMBER
    with pytest.raises(sa.exc.DBAPIError), store.begin() as c:
        c.execute(sa.insert(incident).values(id=9, tlp="??", classification="UNCLASSIFIED"))


def test_lowering_takes_the_right_a_reason_and_leaves_a_row(store: sa.Engine):
    with writing(store) as c:
        with pytest.raises(Forbidden):
            labels.lower(c, ANALYST, incident, 1, GREEN, "for the partners' bulletin", NOW)
        with pytest.raises(BadInput, match="say why"):
            labels.lower(c, DUTY, incident, 1, GREEN, " ", NOW)
        with pytest.raises(BadInput, match="not lower"):
            labels.lower(c, DUTY, incident, 1, RED, "for the partners' bulletin", NOW)
        with pytest.raises(NotFound):
            labels.lower(c, DUTY, incident, 77, GREEN, "for the partners' bulletin", NOW)
        labels.lower(c, DUTY, incident, 1, GREEN, "for the partners' bulletin", NOW)
    assert label_of(store) == GREEN
    with store.connect() as c:
        last = list(audit.rows_of(c))[-1]
        assert (last["who"], last["what"], last["object"], last["object_id"]) == (
            DUTY.id,
            "label.lower",
            "incident",
            "1",
        )
        assert last["why"] == "for the partners' bulletin"
        assert audit.verify(c).sound
        assert c.execute(sa.select(sa.func.count()).select_from(label_change)).scalar_one() == 1


def test_a_written_change_opens_the_door_once_and_for_its_row_only(store: sa.Engine):
    with writing(store) as c:
        labels.lower(c, DUTY, incident, 1, GREEN, "for the partners' bulletin", NOW)
    with pytest.raises(sa.exc.DBAPIError, match="never falls"), store.begin() as c:
        c.execute(sa.update(incident).where(incident.c.id == 2).values(tlp="GREEN", classification="UNCLASSIFIED"))
    with writing(store) as c:
        labels.raise_label(c, ANALYST, incident, 1, AMBER, NOW)
    with pytest.raises(sa.exc.DBAPIError, match="never falls"), store.begin() as c:
        c.execute(sa.update(incident).where(incident.c.id == 1).values(tlp="GREEN", classification="UNCLASSIFIED"))
    for change in (sa.update(label_change).values(row_id="2"), sa.delete(label_change)):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.begin() as c:
            c.execute(change)


def test_raising_needs_no_reason_and_never_lowers_the_other_ladder(store: sa.Engine):
    with writing(store) as c:
        made = labels.raise_label(c, ANALYST, incident, 1, Label(Tlp.RED, Classification.UNCLASSIFIED), NOW)
    assert made == label_of(store) == Label(Tlp.RED, Classification.CONFIDENTIAL)
    with store.begin() as c:  # a plain statement may raise, and may change the rest of the row
        c.execute(sa.update(incident).where(incident.c.id == 2).values(tlp="RED", area="E"))


LABELS = st.builds(Label, st.sampled_from(list(Tlp)), st.sampled_from(list(Classification)))


@given(st.lists(LABELS, min_size=1, max_size=6))
def test_what_is_made_of_things_is_at_least_as_strict_as_each(parts: list[Label]):
    made = inherited(*parts)
    assert all(made.tlp.rank >= p.tlp.rank and made.classification.rank >= p.classification.rank for p in parts)
    assert made.tlp in {p.tlp for p in parts}


def test_made_from_nothing_is_the_strictest():
    assert inherited() == RED
