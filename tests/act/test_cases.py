"""The way of an alert: ranked, given to somebody, never through a suspected host state, closed, told, counted."""

import dataclasses
import datetime as dt
import random

import numpy as np
import pytest
import sqlalchemy as sa

from tests.act.conftest import DUTY, HOUR, MIN, NOW, add_account, add_alert, add_report, add_source
from tests.store.conftest import person
from tocsin.act import responders
from tocsin.act.duty import reads as duty_reads
from tocsin.act.duty.actions import advance_ladders
from tocsin.act.figures import Case, count, figures
from tocsin.act.respond import actions as respond
from tocsin.act.respond.outlook import Outlook
from tocsin.act.respond.reads import priority_sentence, proposal_for, telling_preview
from tocsin.act.respond.telling import LINES, read_telling, texts_of_program
from tocsin.act.tables import escalation, notification, task
from tocsin.act.tasks import NewTask, Outcome, Step, TaskState, give, hand_on, move, move_many
from tocsin.act.tasks.actions import find_overdue
from tocsin.act.tasks.model import Reason
from tocsin.act.tasks.reads import TaskFilter, get_task, list_tasks
from tocsin.act.triage.proposal import Means, Owner, Tier
from tocsin.core.codes import Classification, Component, Role, Tlp
from tocsin.core.errors import BadFile, BadInput, Conflict, Forbidden, NotFound
from tocsin.core.words import translator
from tocsin.listen.alerts.actions import change_alert
from tocsin.listen.alerts.tables import alert, source
from tocsin.store import reading, writing

TEXTS = texts_of_program()


def new(alert_id: int | None = None, **more) -> NewTask:
    values = {"what": "Patrol to Bakala", "tier": Tier.PHYSICAL, "component": Component.MILITARY, "due_at": NOW + HOUR,
              "alert_id": alert_id, **more}  # fmt: skip
    return NewTask(**values)


def row_of(engine, id: int) -> dict:
    with reading(engine) as c:
        return dict(c.execute(sa.select(alert).where(alert.c.id == id)).mappings().one())


# ---- ranking ----


def test_ranked_on_the_forecast_of_its_cell_once_and_anew_when_facts_change(engine, rules) -> None:
    from tocsin.core.lattice import gid_at
    from tocsin.core.time import month_of

    gid = int(gid_at(20.6, 6.2))
    high = Outlook("r2", {month_of(NOW.date()): {gid: 8.0}}, 0.5)
    with writing(engine) as c:
        id = add_alert(c, priority=0.0)
        plain = respond.rank(c, rules, respond.get(c, id), Outlook(), NOW)
        assert plain.unknown == ("forecast",)
        assert respond.rank(c, rules, respond.get(c, id), Outlook(), NOW) is None
        ranked = respond.rank(c, rules, respond.get(c, id), high, NOW)
        assert ranked.value > plain.value
        sentence = priority_sentence(respond.get(c, id), translator("en"))
        assert sentence.startswith(f"Priority {round(ranked.value)} of 100: attack, it is expected within hours")
        assert "8" in sentence
        quiet = respond.get(c, add_alert(c, threat="road block", imminence="past", credibility="5", truth=0.1))
        respond.rank(c, rules, quiet, Outlook(), NOW)
        subjects = set(c.execute(sa.select(escalation.c.subject)).scalars())
    assert subjects == {f"alert:{id}"}  # what is below the mission's line pages nobody
    row = row_of(engine, id)
    assert (row["priority"], row["level"]) == (ranked.value, "1")
    assert row["acknowledge_by"] == NOW + 10 * MIN


# ---- the host state ----


def test_nothing_goes_through_the_host_state_once_it_is_suspected(engine, rules) -> None:
    with writing(engine) as c:
        responders.put(
            c, DUTY, responders.NewResponder("Gendarmerie", Owner.HOST_STATE, (Means.FORCE,), 20.6, 6.2), NOW
        )
        id = add_alert(c)
        respond.rank(c, rules, respond.get(c, id), Outlook(), NOW)
        calm = give(c, rules, DUTY, new(id, responder="Gendarmerie", responder_owner=Owner.HOST_STATE), NOW)
        before = respond.get(c, id)["changed"]
        respond.suspect_host_state(c, rules, DUTY, id, before, 0.1, NOW)
        assert get_task(c, DUTY, calm, NOW)["state"] == "given"
        respond.suspect_host_state(c, rules, DUTY, id, before + 1, 0.4, NOW)
        assert get_task(c, DUTY, calm, NOW)["state"] == "cancelled"
        ladders = {r["subject"]: r for r in duty_reads.ladders(c, DUTY, open_only=False)}
        assert ladders[f"alert:{id}"]["answered_by"] is not None
        assert ladders[f"alert:{id}:sensitive"]["rule"] == "sensitive"
        for bad in (new(id, responder="Gendarmerie"), new(id, responder="x", responder_owner=Owner.HOST_STATE)):
            with pytest.raises(Forbidden, match="host state"):
                give(c, rules, DUTY, bad, NOW)
        other = give(c, rules, DUTY, new(id), NOW)
        rule = c.execute(sa.select(escalation.c.rule).where(escalation.c.task_id == other)).scalar_one()
        assert rule == "task_sensitive"


def test_a_report_that_names_the_state_switches_the_ladder(engine, rules) -> None:
    with writing(engine) as c:
        id = add_alert(c)
        respond.rank_changed(c, rules, Outlook(), NOW)
        c.execute(sa.update(alert).where(alert.c.id == id).values(actor="state", changed=alert.c.changed + 1))
        respond.rank_changed(c, rules, Outlook(), NOW + MIN)
        open_ = [r["rule"] for r in duty_reads.ladders(c, DUTY)]
    assert open_ == ["sensitive"]


def test_proposals_draw_on_units_partners_assistants_and_leave_the_busy_out(engine, keys, rules, mission) -> None:
    with writing(engine) as c:
        add_account(c, "cla", Role.LIAISON_ASSISTANT, areas=("W",))
        add_account(c, "gone", Role.LIAISON_ASSISTANT, areas=("E",))
        for name, owner, means in (("Red Cross", Owner.PARTNER, (Means.MEDICAL,)),
                                   ("Police post", Owner.HOST_STATE, (Means.POLICING,)),
                                   ("Patrol A", Owner.MILITARY, (Means.FORCE,))):  # fmt: skip
            responders.put(c, DUTY, responders.NewResponder(name, owner, means, 20.6, 6.3), NOW)
        id = add_alert(c, harm_at=NOW + 3 * HOUR)
        found = proposal_for(c, mission, rules, DUTY, id, NOW)
        names = [o.who for o in found.proposal.options if o.who]
        assert names[:2] == ["cla", "Patrol A"]
        assert "Police post" in names
        assert "gone" not in names
        other = add_alert(c)
        busy = give(c, rules, DUTY, new(other, responder="Patrol A"), NOW)
        move(c, DUTY, busy, 1, Step(TaskState.STARTED), NOW)
        after = proposal_for(c, mission, rules, DUTY, id, NOW)
        assert after.busy == ("Patrol A",)
        assert "Patrol A" not in [o.who for o in after.proposal.options]
        state = add_alert(c, actor="state")
        past = proposal_for(c, mission, rules, DUTY, state, NOW).proposal
        assert past.ladder == "sensitive"
        assert all(o.owner is not Owner.HOST_STATE for o in past.options)
        calls: list[float] = []

        def travel(units, lon, lat, month, *, wet_months):
            calls.append(lon[0])
            return np.full((len(units), 1), 1.0)

        proposal_for(c, mission, rules, DUTY, id, NOW, travel)  # no unit list: nothing to ask
        assert calls == []


# ---- tasks ----


def test_a_task_goes_its_way_and_takes_its_alert_along(engine, rules) -> None:
    with writing(engine) as c:
        captain = add_account(c, "cap", Role.PLANNER, Component.MILITARY)
        id = add_alert(c)
        respond.rank(c, rules, respond.get(c, id), Outlook(), NOW)
        t = give(c, rules, DUTY, new(id, owner="cap"), NOW)
        assert respond.get(c, id)["state"] == "decided"
        steps = [(TaskState.ACKNOWLEDGED, None), (TaskState.STARTED, None), (TaskState.ARRIVED, None),
                 (TaskState.DONE, Outcome.IN_TIME)]  # fmt: skip
        for n, (to, outcome) in enumerate(steps, start=1):
            with pytest.raises(Conflict, match="changed"):
                move(c, captain, t, n + 5, Step(to, outcome), NOW)
            assert move(c, captain, t, n, Step(to, outcome), NOW + n * MIN) == n + 1
            with pytest.raises(Conflict):
                move(c, captain, t, n + 1, Step(to, outcome), NOW)
        row = respond.get(c, id)
        assert (row["acknowledged_at"], row["arrived_at"]) == (NOW, NOW + 3 * MIN)
        assert c.execute(sa.select(sa.func.count()).where(escalation.c.answered_at.is_(None))).scalar_one() == 0
        told = get_task(c, DUTY, t, NOW)
        assert [line["what"] for line in told["history"]] == ["given", "acknowledged", "started", "arrived", "done"]


def test_who_may_do_what_with_a_task(engine, rules) -> None:
    with writing(engine) as c:
        add_account(c, "cap", Role.PLANNER, Component.MILITARY)
        t = give(c, rules, DUTY, new(owner="cap"), NOW)
        stranger = person(Role.PLANNER)
        police = person(Role.POLICE, component=Component.POLICE)
        for who in (stranger, police, person(Role.READ_ONLY), person(Role.ADMINISTRATOR)):
            with pytest.raises(Forbidden):
                move(c, who, t, None, Step(TaskState.ACKNOWLEDGED), NOW)
            with pytest.raises(Forbidden):
                give(c, rules, who, new(), NOW)
        own = dataclasses.replace(stranger, id="cap")
        with pytest.raises(Forbidden):
            move(c, own, t, None, Step(TaskState.CANCELLED), NOW)
        move(c, own, t, None, Step(TaskState.ACKNOWLEDGED), NOW)
        assert [r["id"] for r in list_tasks(c, stranger, TaskFilter(), NOW)] == [t]
        with pytest.raises(Forbidden):
            list_tasks(c, person(Role.ADMINISTRATOR), TaskFilter(), NOW)
        with pytest.raises(NotFound):
            get_task(c, person(Role.PARTNER), t, NOW)


def test_a_label_never_falls_unseen(engine, rules) -> None:
    with writing(engine) as c:
        id = add_alert(c, tlp="RED", classification="STRICTLY CONFIDENTIAL")
        t = give(c, rules, DUTY, new(id), NOW)
        assert get_task(c, DUTY, t, NOW)["tlp"] == "RED"
        low = {"tlp": Tlp.AMBER, "classification": Classification.UNCLASSIFIED}
        with pytest.raises(BadInput, match="why"):
            give(c, rules, DUTY, new(id, **low), NOW)
        hro = person(Role.HUMAN_RIGHTS_OFFICER)
        analyst = dataclasses.replace(hro, roles=frozenset({Role.ANALYST}))
        with pytest.raises(Forbidden):
            give(c, rules, analyst, new(id, **low), NOW)
        t = give(c, rules, DUTY, new(id, **low, why_lower="the unit must know"), NOW)
        assert get_task(c, DUTY, t, NOW)["tlp"] == "AMBER"


def test_handed_on_the_new_owner_is_paged_however_often(engine, rules) -> None:
    en = translator("en")
    with writing(engine) as c:
        for who in ("a", "b", "c"):
            add_account(c, who, Role.PLANNER)
        t = give(c, rules, DUTY, new(owner="a"), NOW)
        advance_ladders(c, rules, en, NOW)
        for n, who in enumerate(("b", "c"), start=1):
            hand_on(c, rules, DUTY, t, n, who, NOW + n * MIN)
            advance_ladders(c, rules, en, NOW + n * MIN)
        pages = [p["person"] for r in duty_reads.ladders(c, DUTY, open_only=False) for p in r["pages"]]
        assert sorted(pages) == ["a", "b", "c"]
        assert len(duty_reads.ladders(c, DUTY)) == 1


def test_an_overdue_task_climbs_until_somebody_is_there(engine, rules) -> None:
    en = translator("en")
    with writing(engine) as c:
        add_account(c, "a", Role.PLANNER)
        t = give(c, rules, DUTY, new(owner="a"), NOW)
        move(c, DUTY, t, 1, Step(TaskState.ACKNOWLEDGED), NOW)
        assert find_overdue(c, rules, NOW + 59 * MIN) == 0
        assert find_overdue(c, rules, NOW + HOUR) == 1
        assert find_overdue(c, rules, NOW + HOUR) == 0
        advance_ladders(c, rules, en, NOW + HOUR)
        move(c, DUTY, t, 2, Step(TaskState.STARTED), NOW + HOUR)
        assert len(duty_reads.ladders(c, DUTY)) == 1
        move(c, DUTY, t, 3, Step(TaskState.ARRIVED), NOW + HOUR)
        assert duty_reads.ladders(c, DUTY) == []
        assert list_tasks(c, DUTY, TaskFilter(overdue_at=NOW + 2 * HOUR), NOW)[0]["id"] == t


def test_hundreds_at_once_and_those_that_cannot_say_why(engine, rules) -> None:
    with writing(engine) as c:
        ids = [give(c, rules, DUTY, new(), NOW) for _ in range(60)]
        move(c, DUTY, ids[0], 1, Step(TaskState.CANCELLED), NOW)
        done = move_many(c, DUTY, [(id, 1) for id in ids], Step(TaskState.ACKNOWLEDGED), NOW)
        assert [d.changed for d in done[1:]] == [2] * 59
        assert "changed by somebody else" in done[0].problem
        with pytest.raises(BadInput):
            move_many(c, DUTY, [(n, 1) for n in range(501)], Step(TaskState.STARTED), NOW)


@pytest.mark.parametrize("bad", [{"what": "x"}, {"due_at": NOW}, {"owner": "nobody"}, {"alert_id": 99}])
def test_a_task_that_cannot_be_is_refused(engine_once, rules, bad) -> None:
    with writing(engine_once) as c, pytest.raises((BadInput, NotFound)):
        give(c, rules, DUTY, new(**bad), NOW)


@pytest.fixture
def engine_once(tmp_path, empty_file):
    import shutil

    from tocsin.store import open_store

    path = tmp_path / "one.db"
    shutil.copy(empty_file, path)
    engine = open_store(f"sqlite:///{path}")
    yield engine
    engine.dispose()


# ---- closing and telling ----


def closed(c, rules, id: int, outcome: Outcome = Outcome.AVERTED, **more):
    return respond.close(c, rules, DUTY, id, None, outcome, NOW, TEXTS, **more)


def test_closing_asks_for_open_tasks_and_reasons(engine, rules) -> None:
    with writing(engine) as c:
        id = add_alert(c)
        t = give(c, rules, DUTY, new(id), NOW)
        with pytest.raises(Conflict, match="not done"):
            closed(c, rules, id)
        move(c, DUTY, t, 1, Step(TaskState.CANCELLED), NOW)
        with pytest.raises(BadInput, match="say why"):
            closed(c, rules, id, Outcome.NOT_REACHED)
        closed(c, rules, id, Outcome.NOT_REACHED, unanswered_why=Reason.NO_ACCESS, lesson="ask for a helicopter")
        row = respond.get(c, id)
        assert (row["state"], row["outcome"], row["unanswered_why"]) == ("closed", "not_reached", "no_access")
        for again in (closed, lambda *a: respond.acknowledge(c, DUTY, id, NOW)):
            with pytest.raises(Conflict):
                again(c, rules, id)
        respond.reopen(c, DUTY, id, row["changed"], "they came back", NOW)
        assert respond.get(c, id)["state"] == "decided"


def test_sources_are_told_once_in_their_language_and_learn_from(engine, keys, rules) -> None:
    with writing(engine) as c:
        id = add_alert(c)
        fr, sg = add_source(c, keys, "+23670000001"), add_source(c, keys, "+23670000002", language="sg")
        out = add_source(c, keys, "+23670000003", opted_out_at=NOW)
        unknown = add_source(c, keys, "+23670000004", language=None)
        denier = add_source(c, keys, "+23670000005", language="xx")
        for s in (fr, fr, sg, out, unknown):
            add_report(c, id, s)
        add_report(c, id, denier, denied=True)
        move(c, DUTY, give(c, rules, DUTY, new(id), NOW), 1, Step(TaskState.DONE, Outcome.AVERTED), NOW)
        seen = telling_preview(c, DUTY, id, Outcome.AVERTED, TEXTS, "fr")
        assert [(s["language"], s["sources"], s["checked"]) for s in seen] == [("fr", 3, True), ("sg", 1, False)]
        done = closed(c, rules, id, language="fr")
        assert (done.told, done.in_person) == (4, ((out, "opted_out"),))
        assert respond.tell_sources(c, rules, DUTY, id, NOW, TEXTS, "fr")[0] == 0
        words = {
            r.to_id: r.body for r in c.execute(sa.select(notification).where(notification.c.purpose == "feedback"))
        }
        assert words[sg] == TEXTS["sg"]["helped"]
        assert words[fr] == words[unknown] == TEXTS["fr"]["helped"]
        verified = dict(c.execute(sa.select(source.c.id, source.c.verified)).all())
        assert verified[fr] > 0.9
        assert verified[denier] <= 0


@pytest.mark.parametrize("more", [{"threat": "sexual violence"}, {"actor": "state"}])
def test_some_are_never_told_in_writing(engine, keys, rules, more) -> None:
    with writing(engine) as c:
        id = add_alert(c, **more)
        s = add_source(c, keys, "+23670000001")
        add_report(c, id, s)
        done = closed(c, rules, id, Outcome.REFERRED, unanswered_why=Reason.OTHERS_ACTED)
        assert (done.told, done.in_person) == (0, ((s, "in_person"),))
        respond.told_in_person(c, DUTY, id, NOW + HOUR)
        assert respond.get(c, id)["told_at"] == NOW + HOUR


def test_texts_are_whole_short_and_harmless_in_every_language() -> None:
    assert set(TEXTS) == {"en", "fr", "ar", "sw", "sg", "ln"}
    for language, lines in TEXTS.items():
        assert set(lines) == LINES | {"checked"}
        assert lines["checked"] is (language in ("en", "fr"))
        for name in LINES:
            assert "{" not in lines[name]
    own = read_telling("[fr]\nchecked = true\n" + "\n".join(f'{n} = "Bonjour, merci beaucoup."' for n in LINES), "")
    assert own["fr"]["late"] == "Bonjour, merci beaucoup."
    base = "[en]\nchecked = true\n" + "\n".join(f'{n} = "Hello, thank you."' for n in LINES)
    long = f'[en]\nlate = "{"a" * 200}"'
    for bad in (long, '[en]\nlate = "The patrol was late."', '[en]\nlate = "x"', "[xx]\nlate = 'aaaaaaaaaaa'",
                '[en]\nlate = "La MINUSCA est venue."', '[en]\nnew = "something else here"', "{"):  # fmt: skip
        with pytest.raises(BadFile):
            read_telling(base, bad)


def test_acknowledging_twice_is_harmless_and_strangers_may_not(engine, rules) -> None:
    with writing(engine) as c:
        id = add_alert(c)
        heard = add_alert(c)
        change_alert(c, DUTY, heard, None, {"reports": 2}, "graded", {}, NOW)  # news while the officer reads
        assert respond.acknowledge(c, DUTY, heard, NOW) == 3
        assert respond.acknowledge(c, DUTY, id, NOW) == 2
        assert respond.acknowledge(c, DUTY, id, NOW) == 2
        assert respond.get(c, id)["acknowledged_by"] == DUTY.id
        with pytest.raises(Conflict):
            respond.decide(c, DUTY, id, 1, NOW, Reason.NO_UNIT)
        with pytest.raises(BadInput):
            respond.decide(c, DUTY, id, 2, NOW)
        assert respond.decide(c, DUTY, id, 2, NOW, Reason.NO_UNIT) == 3
        for role in (Role.PLANNER, Role.READ_ONLY, Role.PARTNER, Role.ADMINISTRATOR, Role.LIAISON_ASSISTANT):
            with pytest.raises(Forbidden):
                respond.acknowledge(c, person(role), id, NOW)


# ---- counting ----


def case(**more) -> Case:
    values = {"kind": "attack", "area": "W", "group": "community", "level": "1", "heard_at": NOW,
              "acknowledged_at": NOW + 5 * MIN, "decided_at": NOW + 20 * MIN, "arrived_at": NOW + HOUR,
              "told_at": NOW + 5 * HOUR, "closed": True, "outcome": "in_time", "why": None, "known_source": True,
              "acted": True, **more}  # fmt: skip
    return Case(**values)


def test_figures_of_a_small_month_worked_out_by_hand() -> None:
    cases = [case() for _ in range(10)]
    cases += [case(outcome="false", acted=False, arrived_at=None, kind="looting") for _ in range(5)]
    cases += [case(outcome="not_reached", why="no_access", acted=False, arrived_at=None, told_at=None, area="E",
                   acknowledged_at=NOW + 30 * MIN) for _ in range(5)]  # fmt: skip
    found = count(cases, dt.date(2026, 3, 1), dt.date(2026, 4, 1))
    assert (found.alerts, found.open) == (20, 0)
    assert found.by_kind == {"attack": 15, "looting": 5, "all": 20}
    assert found.by_area == {"W": 15, "E": 5, "all": 20}
    assert (found.answered, found.told, found.false_alarms) == (0.5, 0.75, 0.25)
    assert found.in_time == {"acknowledge": 0.75, "decision": 1.0}
    assert found.unanswered == {"no_access": 5, "all": 5}
    assert (found.delays["arrival"].n, found.delays["arrival"].median) == (10, 60.0)
    assert (found.delays["acknowledge"].median, found.delays["acknowledge"].p90) == (5.0, 30.0)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_small_shows_nowhere(seed) -> None:
    rng = random.Random(seed)
    cases = [case(kind=rng.choice("abcde"), area=rng.choice("WE"), outcome=rng.choice(["false", "late", "averted"]),
                  told_at=rng.choice([None, NOW]), arrived_at=rng.choice([None, NOW]), closed=rng.random() < 0.8,
                  acted=rng.random() < 0.5) for _ in range(rng.randrange(1, 40))]  # fmt: skip
    found = count(cases, dt.date(2026, 3, 1), dt.date(2026, 4, 1))
    for part in (found.by_kind, found.by_area, found.by_group, found.by_outcome, found.unanswered):
        shown = [v for k, v in part.items() if k != "all"]
        assert all(v is None or v == 0 or v >= 5 for v in part.values())
        if part and part["all"] is not None:
            assert sum(v is None for v in shown) != 1
    for delay in found.delays.values():
        assert delay.median is None or delay.n >= 5


def test_figures_leave_exercises_and_merged_alerts_out(engine, rules) -> None:
    with writing(engine) as c:
        for _ in range(6):
            add_alert(c)
        add_alert(c, practice=True)
        add_alert(c, state="merged")
        add_alert(c, heard_at=NOW + dt.timedelta(days=40))
        found = figures(c, DUTY, dt.date(2026, 3, 1), dt.date(2026, 4, 1))
        assert (found.alerts, found.open, found.answered) == (6, 6, 0.0)
        elsewhere = person(Role.LIAISON_ASSISTANT, {"E"})
        assert figures(c, elsewhere, dt.date(2026, 3, 1), dt.date(2026, 4, 1)).alerts == 0
        with pytest.raises(BadInput):
            figures(c, DUTY, dt.date(2026, 4, 1), dt.date(2026, 4, 1))
        assert c.execute(sa.select(sa.func.count()).select_from(task)).scalar_one() == 0
