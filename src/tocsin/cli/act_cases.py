"""Commands for alerts, tasks and responders, under ``tocsin act``."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from tocsin.cli.act import Seen, asker, give_rows, instant
from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer
from tocsin.cli.store import changing, home_of, looking
from tocsin.core.codes import Classification, Component, Tlp
from tocsin.core.errors import BadInput

Kind = TypeVar("Kind", bound=StrEnum)
Alert = Annotated[int, typer.Argument(help="Number of the alert.", min=1)]
OUTCOMES = "averted, deterred, in_time, late, false, not_reached or referred."
REASONS = (
    "no_unit_in_reach, no_access, insecurity, too_late, no_place, not_credible, no_means, others_acted or not_ours."
)
Because = Annotated[str | None, typer.Option(help=f"Why nothing was done, when nothing was: {REASONS}")]
Task = Annotated[int, typer.Argument(help="Number of the task.", min=1)]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (propose, acknowledge, decide, host_state, close, tell, told, reopen, tasks, give, step, hand_on,
                    responders, responder):  # fmt: skip
        app.command(command.__name__.replace("_", "-"))(command)


def propose(
    context: typer.Context,
    alert: Alert,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Who could do something about an alert before the harm, in all three tiers."""
    from tocsin.act.respond.reads import proposal_for, proposal_json
    from tocsin.act.rules import rules_of
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    with looking(home) as connection:
        found = proposal_json(
            proposal_for(connection, home, rules_of(home), asker(connection), alert, utc_now())
        )  # fmt: skip
    rows = [[o["tier"], o["action"], o["who"] or "–", o["owner"], "–" if o["hours"] is None else f"{o['hours']:.1f}",
             "–" if o["margin"] is None else f"{o['margin']:.1f}"] for o in found["options"]]  # fmt: skip
    talk.table("Options", ["tier", "what", "who", "of", "hours", "before harm"], rows)
    if found["gap"]:
        talk.show("Nobody who fits arrives before the harm.")
    if found["ladder"] == "sensitive":
        talk.show("The host state's own forces are the likely perpetrator: nothing about this goes through them.")
    talk.give(json.loads(json.dumps(found, default=str)))


def acknowledge(
    context: typer.Context,
    alerts: Annotated[list[int], typer.Argument(help="Numbers of alerts.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take alerts: their ladders stop."""
    from tocsin.act.respond import actions
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        who = asker(connection)
        done = [{"id": id, "changed": actions.acknowledge(connection, who, id, utc_now())} for id in alerts]
    talk.show(f"{len(done)} acknowledged")
    talk.give({"alerts": done})


def decide(
    context: typer.Context,
    alert: Alert,
    because: Because = None,
    seen: Seen = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Note what was decided about an alert."""
    from tocsin.act.respond import actions
    from tocsin.act.tasks.model import Reason
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    why = one_of(Reason, because) if because else None
    with changing(home_of(talk)[0]) as connection:
        new = actions.decide(connection, asker(connection), alert, seen, utc_now(), why)
    talk.give({"id": alert, "changed": new})


def host_state(
    context: typer.Context,
    alert: Alert,
    chance: Annotated[float, typer.Option(help="0 to 1: that the host state's own forces are the perpetrator.")],
    seen: Annotated[int, typer.Option(help="Counter `changed` that you saw.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Assess whether the host state's forces are the perpetrator; then nothing goes through them."""
    from tocsin.act.respond import actions
    from tocsin.act.rules import rules_of
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    with changing(home) as connection:
        new = actions.suspect_host_state(
            connection, rules_of(home), asker(connection), alert, seen, chance, utc_now()
        )  # fmt: skip
    talk.give({"id": alert, "changed": new})


def close(
    context: typer.Context,
    alert: Alert,
    outcome: Annotated[str, typer.Option(help=OUTCOMES)],
    lesson: Annotated[str, typer.Option(help="What to do better.")] = "",
    because: Because = None,
    tell: Annotated[bool, typer.Option("--tell/--no-tell", help="Tell those who reported it.")] = True,
    seen: Seen = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Close an alert with outcome and lesson, and tell its sources."""
    from tocsin.act.respond import actions
    from tocsin.act.respond.telling import texts_of
    from tocsin.act.rules import rules_of
    from tocsin.act.tasks.model import Outcome, Reason
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    what, why = one_of(Outcome, outcome), one_of(Reason, because) if because else None
    with changing(home) as connection:
        done = actions.close(
            connection, rules_of(home), asker(connection), alert, seen, what, utc_now(), texts_of(home),
            lesson=lesson, unanswered_why=why, tell=tell, language=home.language,
        )  # fmt: skip
    talk.show(f"closed; {done.told} sources get a message, {len(done.in_person)} must be told in person")
    in_person = [{"source": s, "why": w} for s, w in done.in_person]
    talk.give({"id": alert, "changed": done.changed, "told": done.told, "in_person": in_person})


def tell(
    context: typer.Context,
    alert: Alert,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Tell the sources of a closed alert who were not told yet."""
    from tocsin.act.respond import actions
    from tocsin.act.respond.telling import texts_of
    from tocsin.act.rules import rules_of
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    with changing(home) as connection:
        who = asker(connection)
        count, personally = actions.tell_sources(
            connection, rules_of(home), who, alert, utc_now(), texts_of(home), home.language
        )  # fmt: skip
    talk.show(f"{count} sources get a message, {len(personally)} must be told in person")
    talk.give({"told": count, "in_person": [{"source": s, "why": w} for s, w in personally]})


def told(
    context: typer.Context,
    alert: Alert,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """A source of an alert was told in person."""
    from tocsin.act.respond import actions
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        actions.told_in_person(connection, asker(connection), alert, utc_now())
    talk.give({"id": alert})


def reopen(
    context: typer.Context,
    alert: Alert,
    why: Annotated[str, typer.Option(help="Kept in the audit trail.")],
    seen: Annotated[int, typer.Option(help="Counter `changed` that you saw.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take the closing of an alert back."""
    from tocsin.act.respond import actions
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        new = actions.reopen(connection, asker(connection), alert, seen, why, utc_now())
    talk.give({"id": alert, "changed": new})


def tasks(
    context: typer.Context,
    mine: Annotated[bool, typer.Option("--mine", help="Those given to who asks.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Those past their time.")] = False,
    alert: Annotated[int | None, typer.Option(help="Of one alert.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Done and cancelled ones too.")] = False,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List tasks."""
    from tocsin.act.tasks.model import TaskState
    from tocsin.act.tasks.reads import TaskFilter, list_tasks
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    now = utc_now()
    with looking(home_of(talk)[0]) as connection:
        who = asker(connection)
        more: dict[str, Any] = {"states": tuple(s.value for s in TaskState)} if every else {}
        wanted = TaskFilter(owner=who.id if mine else None, alert_id=alert, overdue_at=now if overdue else None, **more)
        rows = list_tasks(connection, who, wanted, now)
    give_rows(talk, "Tasks", "tasks", ["id", "alert_id", "tier", "component", "owner", "state", "due_at", "what"], rows)


def give(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="What is to be done; no words of a source.")],
    tier: Annotated[str, typer.Option(help="I dialogue, II protection, III environment.")],
    component: Annotated[Component, typer.Option(help="Part of the mission that does it.")],
    due: Annotated[str, typer.Option(help="ISO 8601; UTC without a zone.")],
    alert: Annotated[int | None, typer.Option(help="Number of the alert.")] = None,
    owner: Annotated[str | None, typer.Option(help="Id of the account that is to do it.")] = None,
    responder: Annotated[str, typer.Option(help="Unit or partner that acts.")] = "",
    of: Annotated[str, typer.Option(help="military, police, civilian, partner or host state.")] = "civilian",
    tlp: Annotated[Tlp | None, typer.Option(help="Label. Default: the alert's.")] = None,
    classification: Annotated[Classification | None, typer.Option(help="Label. Default: the alert's.")] = None,
    why_lower: Annotated[str, typer.Option(help="Why the label is lower than the alert's.")] = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give a task: its owner is paged at once, and its ladder climbs when nobody answers."""
    from tocsin.act.rules import rules_of
    from tocsin.act.tasks import NewTask
    from tocsin.act.tasks import give as give_task
    from tocsin.act.triage.proposal import Owner, Tier
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    new = NewTask(
        what, one_of(Tier, tier), component, instant(due), alert, owner, responder, one_of(Owner, of), tlp=tlp,
        classification=classification, why_lower=why_lower,
    )  # fmt: skip
    with changing(home) as connection:
        id = give_task(connection, rules_of(home), asker(connection), new, utc_now())
    talk.show(f"task {id}")
    talk.give({"id": id, "changed": 1})


def step(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="acknowledged, started, arrived, done or cancelled.")],
    numbers: Annotated[list[int], typer.Argument(help="Numbers of tasks.")],
    outcome: Annotated[str, typer.Option(help=f"With done only: {OUTCOMES}")] = "",
    note: Annotated[str, typer.Option(help="What was found and done.")] = "",
    seen: Seen = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Move tasks on: all of them or none."""
    from tocsin.act.tasks import Outcome, Step, TaskState, move
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    if seen is not None and len(numbers) > 1:
        raise BadInput("--seen is for one task")
    with changing(home_of(talk)[0]) as connection:
        who = asker(connection)
        one = Step(one_of(TaskState, to), one_of(Outcome, outcome) if outcome else None, note)
        done = [{"id": id, "changed": move(connection, who, id, seen, one, utc_now())} for id in numbers]
    talk.show(f"{len(done)} {to}")
    talk.give({"tasks": done})


def hand_on(
    context: typer.Context,
    task: Task,
    owner: Annotated[str, typer.Argument(help="Id of the account that does it instead.")],
    seen: Seen = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Give a task to somebody else."""
    from tocsin.act.rules import rules_of
    from tocsin.act.tasks import hand_on as hand
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    with changing(home) as connection:
        new = hand(connection, rules_of(home), asker(connection), task, seen, owner, utc_now())
    talk.give({"id": task, "changed": new})


def responders(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Readiness of units, partners, posts of the host state."""
    from tocsin.act import responders as known

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        rows = known.list_responders(connection, asker(connection))
    give_rows(talk, "Responders", "responders", ["name", "owner", "means", "area", "available", "account_id"], rows)


def responder(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="JSON: name, owner, means, lon, lat, area, ready_hours, available, account.")
    ],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Set what is known of a responder."""
    from tocsin.act import responders as known
    from tocsin.act.triage.proposal import Means, Owner
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    raw = read_json(file)
    try:
        new = known.NewResponder(
            raw["name"], Owner(raw["owner"]), tuple(Means(m) for m in raw.get("means", ())), raw.get("lon"),
            raw.get("lat"), raw.get("area"), raw.get("ready_hours"), bool(raw.get("available", True)),
            raw.get("account"),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError) as problem:
        raise BadInput("{file} does not describe a responder ({why})", file=file, why=problem) from problem
    with changing(home_of(talk)[0]) as connection:
        id = known.put(connection, asker(connection), new, utc_now())
    talk.give({"id": id})


def one_of(kind: type[Kind], text: str) -> Kind:
    """A code as typed.

    Raises
    ------
    BadInput
    """
    try:
        return kind(text)
    except ValueError as problem:
        raise BadInput("'{text}' is none of {known}", text=text, known=", ".join(k.value for k in kind)) from problem


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object out of a file."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadInput("{file} cannot be read as JSON ({why})", file=file, why=problem) from problem
    if not isinstance(raw, dict):
        raise BadInput("{file} holds no JSON object", file=file)
    return raw
