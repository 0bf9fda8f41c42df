"""Rights: what the table says and nothing else, on rows, on fields, and on questions about fields."""

import itertools

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.store.conftest import import_every_table, person
from tocsin.core.codes import Classification, Component, Role, Tlp
from tocsin.core.errors import Forbidden, SetupProblem
from tocsin.store.database import metadata
from tocsin.store.policy import TABLE as POLICY_FILE
from tocsin.store.policy import (
    Actor,
    Thing,
    allowed,
    demand,
    only_readable,
    policy,
    read_policy,
    readable_fields,
    view_of,
)

CASES = ("report", "alert", "source", "incident", "threat", "task", "warning", "plan", "forecast", "brief")
OPEN = Thing(tlp=Tlp.CLEAR, classification=Classification.UNCLASSIFIED)

# A case table as a room will write one, with its own line in the table of rights.
SCRATCH = sa.MetaData()
alert = sa.Table(
    "case",
    SCRATCH,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("area", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("component", sa.Text, nullable=False),
    sa.Column("tlp", sa.Text, nullable=False),
    sa.Column("classification", sa.Text, nullable=False),
    sa.Column("regime", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("source_id", sa.Integer, nullable=False),
)
LINES = """
[tables.case]
object = "case"
area = "area"
owner = "owner"
component = "component"
tlp = "tlp"
classification = "classification"
regime = "regime"
[rights.case]
source_id = { duty_officer = "read" }
[rights.case."*"]
duty_officer = "read"
analyst = "read"
liaison_assistant = "read @ area"
human_rights_officer = "read"
police = "read @ component"
partner = "read @ area"
[rights.case.text]
duty_officer = "read"
analyst = "read"
liaison_assistant = "read @ area own"
human_rights_officer = "read"
"""
RULES = read_policy(POLICY_FILE.read_text() + LINES)

ROWS = [
    {"id": i, "area": area, "owner": owner, "component": part, "tlp": tlp.value, "classification": c.value,
     "regime": regime, "kind": "attack", "text": f"text {i}", "source_id": 100 + i}
    for i, (area, owner, part, tlp, c, regime) in enumerate(itertools.product(
        ("W", "E"), ("a-liaison_assistant", "b"), ("police", "civilian"), Tlp, Classification, ("", "human_rights")), 1)
]  # fmt: skip


@pytest.fixture
def cases(engine: sa.Engine):
    with engine.begin() as c:
        SCRATCH.create_all(c)
        c.execute(sa.insert(alert), ROWS)
    with engine.connect() as c:
        yield c


PEOPLE = [person(role, areas, part) for role in Role for areas in ({"*"}, {"W"}, set()) for part in Component] + [
    Actor("two", frozenset({Role.PARTNER, Role.POLICE}), frozenset({"E"}), Component.POLICE)
]


def thing(row: dict) -> Thing:
    return Thing(
        row["area"],
        row["owner"],
        row["component"],
        Tlp(row["tlp"]),
        Classification(row["classification"]),
        row["regime"],
    )


def test_the_query_and_the_single_answer_agree_for_every_person_row_and_field(cases: sa.Connection):
    seen = 0
    for actor in PEOPLE:
        got = {r["id"]: r for r in cases.execute(only_readable(sa.select(alert), alert, actor, rules=RULES)).mappings()}
        for row in ROWS:
            may = allowed(actor, "read", "case", "*", thing(row), RULES)
            assert (row["id"] in got) == may, (actor, row)
            if may:
                seen += 1
                for field in ("kind", "text", "source_id"):
                    open_ = allowed(actor, "read", "case", field, thing(row), RULES)
                    assert got[row["id"]][field] == (row[field] if open_ else None), (actor, row, field)
    assert seen > 1000


def test_counts_and_filters_answer_only_about_what_may_be_read(cases: sa.Connection):
    duty, cla, partner = person(Role.DUTY_OFFICER), person(Role.LIAISON_ASSISTANT, {"W"}), person(Role.PARTNER)

    def count(actor: Actor, *where) -> int:
        query = sa.select(sa.func.count()).select_from(alert).where(*where)
        return cases.execute(only_readable(query, alert, actor, rules=RULES)).scalar_one()

    ordinary = [r for r in ROWS if not r["regime"]]
    assert count(duty) == len(ordinary)
    own = [
        r
        for r in ordinary
        if r["area"] == "W" and Tlp(r["tlp"]).rank <= Tlp.AMBER.rank and r["classification"] == "UNCLASSIFIED"
    ]
    assert count(cla) == len(own)
    # A search in a text answers only where the text itself may be read.
    assert count(cla, alert.c.text.like("text%")) == len([r for r in own if r["owner"] == cla.id])
    assert count(duty, alert.c.source_id > 0) == len(ordinary)
    for question in (
        sa.select(alert.c.id).where(alert.c.source_id == 101),
        sa.select(alert.c.id).order_by(alert.c.source_id),
        sa.select(alert.c.id).group_by(alert.c.id).having(sa.func.max(alert.c.source_id) > 1),
        sa.select(sa.func.count(sa.distinct(alert.c.source_id))),
        sa.select((alert.c.source_id + 0).label("kind")),
        sa.select(sa.case((alert.c.source_id == 101, "yes"), else_="no")),
        sa.select(alert.c.id).where(alert.c.id.in_(sa.select(alert.c.source_id))),
        sa.select(alert.c.id).where(sa.exists().where(alert.c.source_id == 101)),
    ):
        with pytest.raises(Forbidden, match="search or count"):
            only_readable(question, alert, partner, rules=RULES)


def test_a_piece_of_plain_sql_is_refused(cases: sa.Connection):
    for query in (
        sa.select(alert.c.id).where(sa.text("source_id = 101")),
        sa.select(alert.c.id, sa.literal_column("source_id")),
        sa.select(alert.c.id).order_by(sa.text("source_id")),
    ):
        with pytest.raises(SetupProblem, match="plain SQL"):
            only_readable(query, alert, person(Role.PARTNER), rules=RULES)


def test_aliases_and_joins_are_narrowed_too(cases: sa.Connection):
    partner = person(Role.PARTNER, {"W"})
    other = alert.alias("other")
    query = sa.select(alert.c.id, other.c.id.label("second"), other.c.text).join(other, other.c.id == alert.c.id)
    both = only_readable(only_readable(query, alert, partner, rules=RULES), other, partner, rules=RULES)
    rows = cases.execute(both).all()
    plain = cases.execute(only_readable(sa.select(alert.c.id), alert, partner, rules=RULES)).scalars().all()
    assert [r.id for r in rows] == plain
    assert plain
    assert {r.text for r in rows} == {None}


def test_a_table_without_a_line_is_nobodys():
    loose = sa.Table("loose", sa.MetaData(), sa.Column("id", sa.Integer))
    with pytest.raises(SetupProblem, match=r"policy\.toml"):
        only_readable(sa.select(loose), loose, person(Role.DUTY_OFFICER))


def test_every_table_of_every_room_has_a_line():
    import_every_table()
    missing = set(metadata.tables) - set(policy().places)
    assert not missing, f"{sorted(missing)}: give each a line under [tables] in src/tocsin/store/policy.toml"
    for name, place in policy().places.items():
        assert name in metadata.tables, f"{name} is in policy.toml and nowhere else"
        assert set(place.columns.values()) <= set(metadata.tables[name].c.keys()), name


@pytest.mark.parametrize("object_", CASES)
def test_the_administrator_reads_no_case(object_: str):
    admin = person(Role.ADMINISTRATOR)
    fields = ["*", *(f for o, f in policy().own_lines if o == object_)]
    actions = ("read", "create", "change", "approve", "lower", "find", "send", "erase")
    assert not any(allowed(admin, a, object_, f, t) for a in actions for f in fields for t in (None, OPEN))


def test_secrets_are_nobodys_through_a_query():
    for role in Role:
        for table in ("sealed_value", "sealed_key", "one_time_link", "known_device", "sign_in_failure"):
            query = only_readable(sa.select(metadata.tables[table]), metadata.tables[table], person(role))
            assert "false" in str(query).lower() or "0 = 1" in str(query)
        assert not readable_fields(person(role), "account", ["password", "totp_step"])
        assert not readable_fields(person(role), "session", ["hash"])


def test_a_token_does_no_more_than_it_was_made_for(cases: sa.Connection):
    token = person(Role.DUTY_OFFICER, scope=frozenset({"read event"}))
    assert allowed(token, "read", "event")
    assert not allowed(token, "create", "event")
    assert not allowed(token, "read", "alert")
    assert cases.execute(only_readable(sa.select(alert), alert, token, rules=RULES)).all() == []
    useless = person(Role.PARTNER, scope=frozenset({"read audit"}))
    assert not allowed(useless, "read", "audit"), "a scope adds nothing to the roles"


def test_demand_says_what_is_not_allowed():
    with pytest.raises(Forbidden, match=r"read source\.identity"):
        demand(person(Role.PARTNER), "read", "source", "identity")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"read create"', '"raed create"'),
        ('"read @ area"', '"read @ aera"'),
        ('tlp = "RED"', 'tlp = "MAUVE"'),
        ("planner = ", "plannner = "),
        ('object = "run"', 'object = "runn"'),
        ('owner = "who"', 'ownr = "who"'),
    ],
)
def test_a_slip_in_the_table_stops_the_program(old: str, new: str):
    text = POLICY_FILE.read_text()
    assert old in text
    with pytest.raises(SetupProblem, match="table of rights is wrong"):
        read_policy(text.replace(old, new, 1))


@given(
    st.sampled_from(sorted(Role)), st.sampled_from(list(Tlp)), st.sampled_from(list(Classification)),
    st.sampled_from(CASES), st.sampled_from(["read", "change", "lower"]),
)  # fmt: skip
def test_a_stricter_label_never_lets_more_people_in(role, tlp, classification, object_, action):
    actor = person(role)
    if allowed(actor, action, object_, "*", Thing("W", "x", "police", tlp, classification)):
        for lower in list(Tlp)[: tlp.rank]:
            assert allowed(actor, action, object_, "*", Thing("W", "x", "police", lower, classification))


@given(
    st.lists(
        st.builds(
            Actor,
            st.sampled_from(["a", "b"]),
            st.frozensets(st.sampled_from(list(Role)), min_size=1, max_size=2),
            st.frozensets(st.sampled_from(["*", "CF1", "CF2"]), max_size=2),
            st.sampled_from(list(Component)),
            st.sampled_from([None, frozenset({"read report"}), frozenset({"read alert"})]),
        ),
        min_size=2,
        max_size=6,
    )
)
def test_who_has_the_same_view_is_asked_for_with_the_same_question(actors: list[Actor]) -> None:
    from tocsin.listen.alerts.tables import alert, notice, report

    asked = {}
    for actor in actors:
        words = [
            str(only_readable(sa.select(t), t, actor).compile(compile_kwargs={"literal_binds": True}))
            for t in (report, alert, notice)
        ]
        view = view_of(actor, "report", "alert", "notice")
        assert sorted(" ".join(words).split()) == asked.setdefault(view, sorted(" ".join(words).split()))


def test_one_s_own_things_are_one_s_own_view() -> None:
    two = [Actor(name, frozenset({Role.LIAISON_ASSISTANT}), frozenset({"*"})) for name in "ab"]
    assert len({view_of(actor, "source") for actor in two}) == 2
    assert len({view_of(actor, "notice") for actor in two}) == 1
