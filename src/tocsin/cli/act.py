"""Commands under ``tocsin act``: the background worker, figures, the duty, gateways that send, what went out.

Who asks is the account behind ``TOCSIN_TOKEN`` (a session or API token), with the same rights as at the HTTP door.
Without one only the worker, the figures (whose small counts are hidden) and the setting up of gateways work.
"""

import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.output import Answer, JsonOption, MissionOption, QuietOption, answer, records
from tocsin.cli.store import changing, home_of, looking
from tocsin.core.errors import BadInput, NotSignedIn

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tocsin.store.policy import Actor

act_app = typer.Typer(help="Tasks, ladders, messages, warnings, figures. Who asks: TOCSIN_TOKEN.", no_args_is_help=True)
TOKEN = "TOCSIN_TOKEN"  # noqa: S105 - the name of a variable
Seen = Annotated[int | None, typer.Option(help="Counter `changed` that you saw. Default: whatever it is now.")]


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    from tocsin.cli import act_cases, act_warnings

    for command in (beat, report, sender, on_call, shift, holder, substitutes, away, silence, ladders, answer_ladder,
                    handover, messages, pulses, reach):  # fmt: skip
        act_app.command(command.__name__.replace("_", "-"))(command)
    act_cases.register(act_app)
    act_warnings.register(act_app)
    app.add_typer(act_app, name="act")


def asker(connection: "sa.Connection") -> "Actor":
    """The account behind the token of the environment.

    Raises
    ------
    NotSignedIn
    """
    from tocsin.core.time import utc_now
    from tocsin.store.sessions import actor_of

    token = os.environ.get(TOKEN, "").strip()
    found = actor_of(connection, token, utc_now()) if token else None
    if found is None:
        raise NotSignedIn("put a session or API token into {name} first: it says who asks", name=TOKEN)
    return found


def instant(text: str) -> dt.datetime:
    """An instant as typed: ISO 8601; without a zone it is UTC."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as problem:
        raise BadInput("'{text}' is no time: write 2026-03-01T05:10", text=text) from problem
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def give_rows(talk: Answer, title: str, name: str, header: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a table for people, whole for machines."""
    talk.table(title, list(header), [[_cell(r.get(k)) for k in header] for r in rows])
    talk.give({name: json.loads(json.dumps(list(rows), default=str))})


def _cell(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return "–" if value is None else str(value)


def beat(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Look once and stop.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between looks.")] = 5.0,
    name: Annotated[str, typer.Option(help="What to call this worker.")] = "second",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Rank, page, send and watch in a process of its own: it goes on, and says so, when the server is dead."""
    import threading

    from tocsin.act.jobs import worker_of
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    engine = records(home)
    worker = worker_of(home, engine, utc_now)
    try:
        if once:
            done = worker.look()
            talk.show(f"{done.ranked} ranked, {done.pages} pages, {done.sent.sent} messages sent")
            talk.give({"ranked": done.ranked, "overdue": done.overdue, "pages": done.pages, "sent": done.sent.sent,
                       "retried": done.sent.retried, "dropped": done.sent.dropped, "held": done.sent.held,
                       "silent": [s.id for s in done.silent], "more": done.more})  # fmt: skip
            return
        talk.show(f"watching {home.name} (stop with Ctrl+C)")
        worker.run(threading.Event(), name, "beat", max(every, 0.5))
    finally:
        engine.dispose()


def report(
    context: typer.Context,
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD (UTC).")],
    last: Annotated[str, typer.Option("--to", help="Day after the last.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Alerts of a period: how many, how fast answered, who was told. Counts that could point at a person are hidden."""
    from tocsin.act.figures import figures
    from tocsin.act.notify import PROGRAM

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    try:
        days = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    except ValueError as problem:
        raise BadInput("--from and --to are days: write YYYY-MM-DD") from problem
    with looking(home) as connection:
        who = asker(connection) if os.environ.get(TOKEN) else PROGRAM
        found = figures(connection, who, *days)

    def say(value: Any, unit: str = "") -> str:
        return "hidden" if value is None else f"{value}{unit}"

    talk.show(f"Alerts heard from {first} to {last}: {say(found.alerts)}; still open {say(found.open)}")
    rows = [[name, say(d.n), say(d.median), say(d.p90)] for name, d in found.delays.items()]
    talk.table("Minutes from hearing to", ["step", "alerts", "median", "90th percentile"], rows)
    shares = {
        "answered": found.answered, "told": found.told, "false alarms": found.false_alarms,
        "acknowledged in time": found.in_time["acknowledge"], "decided in time": found.in_time["decision"],
    }  # fmt: skip
    percent = [[k, say(None if v is None else round(100 * v, 1))] for k, v in shares.items()]
    talk.table("Shares", ["of alerts", "%"], percent)
    for title, part in (("By kind", found.by_kind), ("By area", found.by_area), ("By way", found.by_group),
                        ("Outcomes", found.by_outcome), ("Not answered, why", found.unanswered)):  # fmt: skip
        if part:
            talk.table(title, ["", "alerts"], [[k, say(v)] for k, v in part.items()])
    talk.give(found.to_json())


def sender(
    context: typer.Context,
    gateway: Annotated[str, typer.Argument(help="Short name; a new one is made for sending only.", metavar="NAME")],
    provider: Annotated[str, typer.Option(help="twilio, httpsms, smsgateway, infobip, rapidpro …, smtp")],
    setting: Annotated[list[str] | None, typer.Option("--set", help="url=…, account=…, from=…, cost=0.05 …")] = None,
    secret_file: Annotated[Path | None, typer.Option(help="File with the provider's secret.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let messages go out by a gateway."""
    from tocsin.act.notify import set_sender
    from tocsin.core.time import utc_now
    from tocsin.store.accounts import CONSOLE
    from tocsin.store.keys import open_keys

    talk = answer(context, mission, as_json, quiet)
    home, folder = home_of(talk)
    settings: dict[str, Any] = {}
    for each in setting or []:
        name, mark, value = each.partition("=")
        if not mark:
            raise BadInput("--set takes name=value, not '{text}'", text=each)
        settings[name] = _value(name, value)
    secret = secret_file.read_text(encoding="utf-8").strip() if secret_file else ""
    with changing(home) as connection:
        keys = open_keys(connection, folder, utc_now())
        set_sender(connection, keys, CONSOLE, gateway, provider, settings, secret, utc_now())
    talk.show(f"messages go out by {gateway} ({provider})")
    talk.give({"gateway": gateway, "provider": provider, "settings": sorted(settings)})


def _value(name: str, text: str) -> Any:
    if name in ("cost", "port"):
        try:
            return float(text) if name == "cost" else int(text)
        except ValueError as problem:
            raise BadInput("{name} is a number", name=name) from problem
    return text.lower() in ("1", "true", "yes") if name == "plain" else text


def on_call(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Who is paged for each role now."""
    from tocsin.act.duty import reads
    from tocsin.act.rules import rules_of
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    with looking(home) as connection:
        rows = reads.on_call(connection, asker(connection), rules_of(home), utc_now())
    give_rows(talk, "On call", "roles", ["role", "person"], rows)


def shift(
    context: typer.Context,
    role: Annotated[str, typer.Argument(help="Role of the ladders: 'duty officer' …")],
    person: Annotated[str, typer.Argument(help="Id of the account.")],
    first: Annotated[str, typer.Option("--from", help="ISO 8601; UTC without a zone.")],
    last: Annotated[str, typer.Option("--to", help="Not included.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put a person on call."""
    from tocsin.act.duty import actions
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        who = asker(connection)
        id = actions.add_shift(connection, who, role, person, instant(first), instant(last), utc_now())
    talk.show(f"shift {id}")
    talk.give({"id": id})


def holder(
    context: typer.Context,
    role: Annotated[str, typer.Argument(help="Role of the ladders.")],
    person: Annotated[str, typer.Argument(help="Id of the account.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Who holds a role when no shift says otherwise."""
    from tocsin.act.duty import actions
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        actions.set_holder(connection, asker(connection), role, person, utc_now())
    talk.give({"role": role, "person": person})


def substitutes(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Id of the account.")],
    others: Annotated[list[str] | None, typer.Argument(help="Who stands in, first asked first.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Who stands in for a person."""
    from tocsin.act.duty import actions
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        actions.set_substitutes(connection, asker(connection), person, others or [], utc_now())
    talk.give({"person": person, "substitutes": others or []})


def away(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Id of the account.")],
    first: Annotated[str, typer.Option("--from", help="ISO 8601; UTC without a zone.")],
    last: Annotated[str, typer.Option("--to", help="Not included.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """A person cannot be paged in a window; their substitutes are."""
    from tocsin.act.duty import actions
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        id = actions.set_away(connection, asker(connection), person, instant(first), instant(last), utc_now())
    talk.give({"id": id})


def silence(
    context: typer.Context,
    why: Annotated[str, typer.Option(help="Kept in the audit trail.")],
    first: Annotated[str, typer.Option("--from", help="ISO 8601; UTC without a zone.")],
    last: Annotated[str, typer.Option("--to", help="At most a day later.")],
    below: Annotated[float, typer.Option(help="Priorities from here on page all the same; 50 at most.")] = 35.0,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Hold pages of alerts below a priority back for a while."""
    from tocsin.act.duty import actions
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        who = asker(connection)
        id = actions.add_silence(connection, who, instant(first), instant(last), below, why, utc_now())
    talk.show(f"silence {id}")
    talk.give({"id": id})


def ladders(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Ladders that climb, and who was paged."""
    from tocsin.act.duty import reads

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        rows = reads.ladders(connection, asker(connection), open_only=not every)
    give_rows(
        talk, "Ladders", "ladders", ["id", "rule", "priority", "reports", "opened_at", "paged", "answered_by"], rows
    )


def answer_ladder(
    context: typer.Context,
    ladder: Annotated[str, typer.Argument(help="Id as `act ladders` shows it.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Answer a ladder: it stops."""
    from tocsin.act.duty import actions
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        count = actions.answer_one(connection, asker(connection), ladder, utc_now())
    talk.show("it stops" if count else "it had stopped before")
    talk.give({"stopped": count})


def handover(
    context: typer.Context,
    person: Annotated[str | None, typer.Option(help="Id of the account. Default: who asks.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """What the next on call must be told of."""
    from tocsin.act.duty import reads

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        who = asker(connection)
        rows = reads.to_hand_over(connection, who, person or who.id)
    give_rows(talk, "To hand over", "ladders", ["id", "rule", "priority", "opened_at", "paged"], rows)


def messages(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="waiting, sending, sent, delivered, failed or dropped.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Messages that went out or wait; without whom they go to."""
    from tocsin.act.duty import reads

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        rows = reads.outbox(connection, asker(connection), state)
    header = ["id", "purpose", "channel", "gateway_id", "state", "held", "problem", "tries", "due_at", "sent_at"]
    give_rows(talk, "Messages", "messages", header, rows)


def pulses(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Signs of life of screens, links, servers and workers."""
    from tocsin.act.duty import reads

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        rows = reads.pulses(connection, asker(connection))
    give_rows(talk, "Signs of life", "pulses", ["id", "kind", "person", "at", "silent"], rows)


def reach(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(help="sms or email.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say where a page reaches you; asked for, put under seal, and never shown."""
    from tocsin.act.notify import Channel, Recipient, set_address
    from tocsin.core.time import utc_now
    from tocsin.store.keys import open_keys

    talk = answer(context, mission, as_json, quiet)
    if channel not in ("sms", "email"):
        raise BadInput("pages go out as sms or email")
    address = typer.prompt("Number or e-mail", hide_input=True)
    home, folder = home_of(talk)
    with changing(home) as connection:
        who = asker(connection)
        keys = open_keys(connection, folder, utc_now())
        set_address(connection, keys, who, Recipient.ACCOUNT, who.id, Channel(channel), address, utc_now())
    talk.show("kept under seal")
    talk.give({"channel": channel})
