"""Commands for community reports and alerts, under ``tocsin listen``: the queues, and what people do with them.

Each acts as an account: by its API token in ``TOCSIN_TOKEN``, or, for who can open the mission's records anyway, by
``--as LOGIN``; that the console acted for somebody is written to the audit trail.
"""

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli import gateways
from tocsin.cli.output import Answer, JsonOption, MissionOption, QuietOption, answer, records
from tocsin.cli.store import home_of
from tocsin.core.errors import BadInput, NotSignedIn

if TYPE_CHECKING:
    import datetime as dt

    import sqlalchemy as sa

    from tocsin.core.mission import Mission
    from tocsin.listen.alerts.handling import Done
    from tocsin.listen.alerts.summing import Rank
    from tocsin.store.policy import Actor

listen_app = typer.Typer(help="Community reports and alerts: gateways, queues, what to do with them.",
                         no_args_is_help=True)  # fmt: skip
AsOption = Annotated[
    str, typer.Option("--as", help="Login of the account that asks. Default: the token in TOCSIN_TOKEN.")
]
Ids = Annotated[list[int], typer.Argument(help="Numbers of reports.", metavar="REPORT…")]
Number = Annotated[int, typer.Argument(help="Number.", metavar="ID")]
Limit = Annotated[int, typer.Option(help="Rows, at most 200.")]
After = Annotated[str | None, typer.Option(help="`next` of the page before.")]


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    gateways.register(listen_app)
    for command in (
        reports, report, alerts, alert, tell, place, correct, accept, dismiss, split, merge, undo, call_back, source,
        notices, work, words,
    ):  # fmt: skip
        listen_app.command(command.__name__.replace("_", "-"))(command)
    app.add_typer(listen_app, name="listen")


def reports(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option(help="new, waiting, joined, dismissed; may be repeated.")] = None,
    threat: Annotated[str | None, typer.Option(help="Kind of threat.")] = None,
    area: Annotated[str | None, typer.Option(help="Code of a first-level area.")] = None,
    call_back_wanted: Annotated[bool, typer.Option("--call-back", help="Missed calls nobody called back.")] = False,
    conflicts: Annotated[bool, typer.Option("--conflicts", help="Same id, other content.")] = False,
    limit: Limit = 50,
    after: After = None,
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List reports, newest first."""
    from tocsin.listen.alerts import reads

    talk = answer(context, mission, as_json, quiet)
    wanted = reads.ReportFilter(
        tuple(state or ()), threat=threat, area=area, call_back=True if call_back_wanted else None,
        conflict=True if conflicts else None,
    )  # fmt: skip
    page = _look(talk, as_, lambda c, who: reads.list_reports(c, who, wanted, limit, after))
    header = ["id", "received_at", "kind", "state", "threat", "imminence", "place", "alert_id", "text"]
    cells = [[_cell(r[k])[:60] for k in header] for r in page.rows]
    talk.table("Reports", header, cells)
    _give(talk, {"rows": page.rows, "next": page.next})


def report(
    context: typer.Context,
    id: Number,
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show one report: words, what was understood, candidate places, history."""
    from tocsin.listen.alerts import reads

    talk = answer(context, mission, as_json, quiet)
    found = _look(talk, as_, lambda c, who: reads.read_report(c, who, id))
    for key in ("id", "state", "kind", "received_at", "threat", "imminence", "actor", "place", "area", "alert_id"):
        talk.show(f"{key}: {_cell(found[key])}")
    talk.show(f"text: {_cell(found['text'])}")
    for n, one in enumerate(found["places"] or ()):
        talk.show(f"  candidate {n}: {one['name']} {one['lat']:.3f}, {one['lon']:.3f} ± {one['radius_km']} km")
    _give(talk, found)


def alerts(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option(help="Default: open, acknowledged, decided.")] = None,
    area: Annotated[str | None, typer.Option(help="Code of a first-level area.")] = None,
    limit: Limit = 50,
    after: After = None,
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List alerts, the most urgent first."""
    from tocsin.listen.alerts import reads

    talk = answer(context, mission, as_json, quiet)
    wanted = reads.AlertFilter(tuple(state) if state else reads.OPEN, area=area)
    page = _look(talk, as_, lambda c, who: reads.list_alerts(c, who, wanted, limit, after))
    header = ["id", "state", "priority", "level", "threat", "imminence", "place", "reports", "reliability",
              "credibility", "heard_at"]  # fmt: skip
    talk.table("Alerts", header, [[_cell(r[k]) for k in header] for r in page.rows])
    _give(talk, {"rows": page.rows, "next": page.next})


def alert(
    context: typer.Context,
    id: Number,
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show one alert: its reports and its history."""
    from tocsin.listen.alerts import reads

    talk = answer(context, mission, as_json, quiet)
    found = _look(talk, as_, lambda c, who: reads.read_alert(c, who, id))
    for key in ("id", "state", "changed", "threat", "imminence", "place", "area", "priority", "level", "heard_at"):
        talk.show(f"{key}: {_cell(found[key])}")
    talk.show(f"grade: {found['reliability']}{found['credibility']}")
    header = ["id", "received_at", "threat", "place", "text"]
    talk.table("Reports", header, [[_cell(r[k])[:70] for k in header] for r in found["reports_list"]])
    talk.table(
        "History", ["at", "who", "what"], [[_cell(h[k]) for k in ("at", "who", "what")] for h in found["history"]]
    )
    _give(talk, found)


def tell(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What was said.")],
    kind: Annotated[str, typer.Option(help="liaison or radio.")] = "liaison",
    where: Annotated[str, typer.Option("--place", help="Place, in words.")] = "",
    practice: Annotated[bool, typer.Option("--practice", help="An exercise or a test.")] = False,
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a report down; the sender's number is asked for, or read from a pipe: it never stands in a command."""
    from tocsin.listen.alerts import telling
    from tocsin.store.keys import open_keys

    if kind not in ("liaison", "radio"):
        raise BadInput("a report written down is of kind liaison or radio")
    talk = answer(context, mission, as_json, quiet)
    _, folder = home_of(talk)
    sender = typer.prompt("Telephone or call sign of who said it (empty: yourself)", default="", err=True)

    def work(connection: "sa.Connection", who: "Actor", now: "dt.datetime", _: "Rank") -> dict[str, Any]:
        said = telling.Words(text, kind, sender, where, practice=practice)
        return {"report": telling.tell(connection, open_keys(connection, folder, now), who, said, now).report_id}

    found = _change(talk, as_, work)
    talk.show(f"kept as report {found['report']}")
    _give(talk, found)


def place(
    context: typer.Context,
    ids: Ids,
    candidate: Annotated[int | None, typer.Option(help="Number of a candidate in each report's list, from 0.")] = None,
    lon: Annotated[float | None, typer.Option(help="Degrees.")] = None,
    lat: Annotated[float | None, typer.Option(help="Degrees.")] = None,
    radius_km: Annotated[float, typer.Option(help="How sure.")] = 5.0,
    name: Annotated[str, typer.Option(help="Name of the place.")] = "",
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say where reports mean; the program then joins them."""
    from tocsin.listen.alerts import handling
    from tocsin.listen.alerts.ground import area_at

    talk = answer(context, mission, as_json, quiet)
    area = area_at(home_of(talk)[0].first_level_areas(), lon, lat)
    spot = handling.Spot(candidate, lon, lat, radius_km, name)
    _done(talk, as_, lambda c, who, now, rank: handling.place(c, who, ids, spot, area, rank, now))


def correct(
    context: typer.Context,
    ids: Ids,
    threat: Annotated[str | None, typer.Option(help="Kind of threat.")] = None,
    imminence: Annotated[str | None, typer.Option(help="happening, hours, days or past.")] = None,
    actor: Annotated[str | None, typer.Option(help="state, rebel, militia, bandit or herder.")] = None,
    number: Annotated[float | None, typer.Option(help="How many.")] = None,
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what reports mean; only what is given changes."""
    from tocsin.listen.alerts import handling

    talk = answer(context, mission, as_json, quiet)
    given = {"threat": threat, "imminence": imminence, "actor": actor, "number": number}
    values = {k: v for k, v in given.items() if v is not None}
    _done(talk, as_, lambda c, who, now, rank: handling.correct(c, who, ids, values, rank, now))


def accept(
    context: typer.Context,
    ids: Ids,
    into: Annotated[int | None, typer.Option("--alert", help="Alert to join. Default: a new one.")] = None,
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put reports into an alert, or into a new one."""
    from tocsin.listen.alerts import handling

    talk = answer(context, mission, as_json, quiet)
    _done(talk, as_, lambda c, who, now, rank: handling.accept(c, who, ids, into, rank, now))


def dismiss(
    context: typer.Context,
    ids: Ids,
    why: Annotated[str, typer.Option(help="false, duplicate, not_relevant, test, denied or other.")],
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Set reports aside; they are kept and counted."""
    from tocsin.listen.alerts import handling

    talk = answer(context, mission, as_json, quiet)
    _done(talk, as_, lambda c, who, now, rank: handling.dismiss(c, who, ids, why, rank, now))


def split(
    context: typer.Context,
    id: Number,
    ids: Ids,
    changed: Annotated[int, typer.Option(help="The alert's counter as you saw it.")],
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take reports out of an alert into a new one."""
    from tocsin.listen.alerts import handling

    talk = answer(context, mission, as_json, quiet)
    _done(talk, as_, lambda c, who, now, rank: handling.split(c, who, id, changed, ids, rank, now)[0])


def merge(
    context: typer.Context,
    into: Number,
    other: Annotated[int, typer.Argument(help="Alert whose reports come in.", metavar="OTHER")],
    changed: Annotated[int, typer.Option(help="The first one's counter as you saw it.")],
    other_changed: Annotated[int, typer.Option(help="The other one's.")],
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put all reports of an alert into another."""
    from tocsin.listen.alerts import handling

    talk = answer(context, mission, as_json, quiet)
    _done(talk, as_, lambda c, who, now, rank: handling.merge(c, who, into, changed, other, other_changed, rank, now))


def undo(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the command printed.", metavar="NAME")],
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take back everything that was done in one go."""
    from tocsin.listen.alerts import handling

    talk = answer(context, mission, as_json, quiet)
    _done(talk, as_, lambda c, who, now, rank: handling.undo(c, who, name, rank, now))


def call_back(
    context: typer.Context,
    id: Number,
    reached: Annotated[bool, typer.Option("--reached/--not-reached", help="Did somebody answer?")],
    text: Annotated[str, typer.Option(help="What was said.")] = "",
    where: Annotated[str, typer.Option("--place", help="Place, in words.")] = "",
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Log that a missed call was called back, and what was said."""
    from tocsin.listen.alerts import telling
    from tocsin.store.keys import open_keys

    talk = answer(context, mission, as_json, quiet)
    _, folder = home_of(talk)

    def work(connection: "sa.Connection", who: "Actor", now: "dt.datetime", _: "Rank") -> dict[str, Any]:
        keys = open_keys(connection, folder, now)
        return {"report": id, "answer": telling.call_back(connection, keys, who, id, reached, text, where, now)}

    found = _change(talk, as_, work)
    talk.show(f"logged; what was said is report {found['answer']}" if found["answer"] else "logged")
    _give(talk, found)


def source(
    context: typer.Context,
    id: Annotated[str, typer.Argument(help="Id of a source, as reports give it.", metavar="SOURCE")],
    identity: Annotated[str, typer.Option(help="Open who it is, for this reason; goes into the audit trail.")] = "",
    owner: Annotated[str | None, typer.Option(help="Account of the liaison assistant who keeps the contact.")] = None,
    lon: Annotated[float | None, typer.Option(help="Usual place, kept to one decimal.")] = None,
    lat: Annotated[float | None, typer.Option(help="Usual place, kept to one decimal.")] = None,
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show a source without its identity, say what is known of it, or open the identity for a reason."""
    from tocsin.listen.alerts import sources
    from tocsin.store.keys import open_keys

    talk = answer(context, mission, as_json, quiet)
    _, folder = home_of(talk)
    given = {k: v for k, v in (("owner", owner), ("lon", lon), ("lat", lat)) if v is not None}

    def work(connection: "sa.Connection", who: "Actor", now: "dt.datetime", _: "Rank") -> dict[str, Any]:
        if given:
            sources.describe(connection, who, id, given, now)
        if not identity:
            return sources.read_source(connection, who, id)
        keys = open_keys(connection, folder, now)
        return dict(sources.open_identity(connection, keys, who, id, identity, now))

    found = (
        _change(talk, as_, work) if given or identity else _look(talk, as_, lambda c, w: sources.read_source(c, w, id))
    )
    for key, value in found.items():
        talk.show(f"{key}: {_cell(value)}")
    _give(talk, found)


def notices(
    context: typer.Context,
    ended: Annotated[bool, typer.Option("--ended", help="Those that are over too.")] = False,
    as_: AsOption = "",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """What the intake tells the people who run it: silent gateways, refusals, a damaged spool."""
    from tocsin.listen.alerts.notices import list_notices

    talk = answer(context, mission, as_json, quiet)
    rows = _look(talk, as_, lambda c, who: list_notices(c, who, ended))
    header = ["id", "kind", "object_id", "began_at", "ended_at"]
    talk.table("Notices", header, [[_cell(r[k]) for k in header] for r in rows])
    _give(talk, {"rows": rows})


def work(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Read what waits, then end.")] = False,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read reports in a process of its own, beside `tocsin serve` or instead of its own reader."""
    import threading

    from tocsin.core.time import utc_now
    from tocsin.listen.alerts.jobs import Worker, run
    from tocsin.web.ranking import ForecastRank

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    engine = records(home)
    rank = ForecastRank(engine, home)
    rank.try_look()
    worker = Worker(engine, home, rank)
    if not once:
        talk.show(f"reading reports of {home.name} (stop with Ctrl+C)")
        run(worker, utc_now, threading.Event())
        return
    total = 0
    while done := worker.step(utc_now()):
        total += done
    if done is not None:
        worker.give_back(utc_now())
    talk.show(f"{total:,} reports read" if done is not None else "another process reads them")
    talk.give({"read": total, "held_elsewhere": done is None})


def words(
    context: typer.Context,
    copy: Annotated[
        bool, typer.Option("--copy", help="Put the program's lists into the mission, to be edited.")
    ] = False,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check the word lists that reports are read with, or copy the program's into the mission."""
    from tocsin.listen.alerts.ground import FOLDER, copy_lexicon, mission_lexicon

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    made = copy_lexicon(home.folder) if copy else []
    book = mission_lexicon(home.folder)
    own = (home.folder / FOLDER / "rules.toml").exists()
    talk.show(f"{len(book.singles):,} words, {'of the mission' if own else 'of the program'}; all files can be read")
    talk.give({"words": len(book.singles), "own": own, "copied": [p.name for p in made]})


def _actor(connection: "sa.Connection", login: str, changes: bool) -> "Actor":
    from tocsin.core.time import utc_now
    from tocsin.store.accounts import CONSOLE, find_account
    from tocsin.store.audit import Entry, record
    from tocsin.store.sessions import actor_of

    token = os.environ.get("TOCSIN_TOKEN", "")
    if not login and token:
        found = actor_of(connection, token, utc_now())
        if found is None:
            raise NotSignedIn("the token in TOCSIN_TOKEN is unknown or over: make a new one")
        return found
    if not login:
        raise NotSignedIn("say who asks: --as LOGIN, or an API token in TOCSIN_TOKEN")
    account = find_account(connection, login)
    if account.closed_at is not None:
        raise NotSignedIn("that account is closed")
    if changes:
        record(connection, utc_now(), Entry(CONSOLE.id, "console.as", "account", account.id))
    return account.actor()


def _look(talk: Answer, login: str, work: Callable[["sa.Connection", "Actor"], Any]) -> Any:
    from tocsin.cli.store import looking

    with looking(home_of(talk)[0]) as connection:
        return work(connection, _actor(connection, login, False))


def _change(talk: Answer, login: str, work: Callable[["sa.Connection", "Actor", "dt.datetime", "Rank"], Any]) -> Any:
    from tocsin.core.time import utc_now
    from tocsin.store import writing
    from tocsin.web.ranking import ForecastRank

    home: Mission = home_of(talk)[0]
    engine = records(home)
    try:
        rank = ForecastRank(engine, home)
        rank.try_look()
        with writing(engine) as connection:
            return work(connection, _actor(connection, login, True), utc_now(), rank)
    finally:
        engine.dispose()


def _done(talk: Answer, login: str, work: Callable[["sa.Connection", "Actor", "dt.datetime", "Rank"], "Done"]) -> None:
    done = _change(talk, login, work)
    talk.show(f"{len(done.reports)} reports, {len(done.alerts)} alerts; take it back: tocsin listen undo {done.bulk}")
    _give(talk, {"undo": done.bulk, "reports": list(done.reports), "alerts": list(done.alerts)})


def _cell(value: Any) -> str:
    return "–" if value is None else str(value).replace("\n", " ")


def _give(talk: Answer, found: dict[str, Any]) -> None:
    talk.give(json.loads(json.dumps(found, default=lambda v: v.isoformat() if hasattr(v, "isoformat") else dict(v))))
