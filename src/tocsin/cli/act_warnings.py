"""Commands for warnings and contacts: act warnings, warn, preview, release, cancel, withdraw, contacts, contact."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.act import asker, give_rows, instant
from tocsin.cli.act_cases import read_json
from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer
from tocsin.cli.store import changing, home_of, looking
from tocsin.core.errors import BadInput

Number = Annotated[int, typer.Argument(help="Number of the warning.", min=1)]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (warnings, warn, preview, release, cancel, withdraw, ack, contacts, contact):
        app.command(command.__name__)(command)


def warnings(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """List warnings, newest first."""
    from tocsin.act.warn import reads
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        rows = reads.list_warnings(connection, asker(connection), utc_now())
    header = ["id", "state", "status", "msg_type", "scope", "event", "expires_at", "recipients"]
    give_rows(talk, "Warnings", "warnings", header, rows)


def warn(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON as POST /api/warnings takes it.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draft a warning; nothing goes out before it is released."""
    from tocsin.act.warn import draft
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    raw = read_json(file)
    follows = raw.pop("follows", None)
    new = _warning(raw, file)
    with changing(home_of(talk)[0]) as connection:
        id = draft(connection, asker(connection), new, utc_now(), follows)
    talk.show(f"warning {id}: read it with `tocsin act preview {id}`, then release it")
    talk.give({"id": id, "changed": 1})


def _warning(raw: dict[str, Any], file: Path) -> Any:
    from tocsin.act.warn import NewWarning, Text

    try:
        texts = {k: Text(**t) for k, t in raw.pop("texts").items()}
        expires_at = instant(raw.pop("expires_at"))
        tuples: dict[str, Any] = {k: tuple(raw.pop(k)) for k in ("circle", "audiences", "responses") if raw.get(k)}
        polygon = tuple((float(x), float(y)) for x, y in raw.pop("polygon", ()) or ())
        names = {"alert": "alert_id"}
        more: dict[str, Any] = {names.get(k, k): v for k, v in raw.items()}
        return NewWarning(texts=texts, expires_at=expires_at, polygon=polygon, **tuples, **more)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise BadInput("{file} does not describe a warning ({why})", file=file, why=problem) from problem


def preview(
    context: typer.Context, number: Number, mission: MissionOption = None, as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:  # fmt: skip
    """Exactly what each audience will read."""
    from tocsin.act.rules import rules_of
    from tocsin.act.warn import reads
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    with looking(home) as connection:
        found = reads.preview(connection, rules_of(home), asker(connection), number, utc_now())
    talk.show(f"Warning {number}: {found['status']}, {found['scope']}")
    for line in found["audiences"]:
        talk.show(f"\n{line['readers']} × {line['audience']} by {line['channel']} in {line['language']}:")
        talk.show(f"  {line['body']}")
    talk.give(json.loads(json.dumps(found, default=str)))


def release(
    context: typer.Context,
    number: Number,
    seen: Annotated[int, typer.Option(help="Counter `changed` of the preview that you read.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Release a warning; a public one needs two people."""
    from tocsin.act.rules import rules_of
    from tocsin.act.warn import release as let_go
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    with changing(home) as connection:
        out = let_go(connection, rules_of(home), asker(connection), number, seen, utc_now())
    talk.show("it is out" if out else "a second person must release it")
    talk.give({"id": number, "out": out})


def cancel(
    context: typer.Context,
    number: Number,
    file: Annotated[Path, typer.Argument(help='JSON: {"en": {"headline": …}, …}')],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draft the cancellation of a warning that is out."""
    from tocsin.act.warn import Text
    from tocsin.act.warn import cancel as take_back
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    try:
        texts = {k: Text(**t) for k, t in read_json(file).items()}
    except TypeError as problem:
        raise BadInput("{file} does not hold the words of a warning ({why})", file=file, why=problem) from problem
    with changing(home_of(talk)[0]) as connection:
        id = take_back(connection, asker(connection), number, texts, utc_now())
    talk.show(f"warning {id}: read and release it")
    talk.give({"id": id, "changed": 1})


def withdraw(
    context: typer.Context, number: Number, mission: MissionOption = None, as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:  # fmt: skip
    """Throw a draft away."""
    from tocsin.act.warn.actions import withdraw as throw_away
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        throw_away(connection, asker(connection), number, utc_now())
    talk.give({"id": number})


def ack(
    context: typer.Context,
    number: Number,
    who: Annotated[str, typer.Argument(help="Id of the contact or account that has said it got the warning.")],
    how: Annotated[str, typer.Option(help="screen, radio or reply.")] = "radio",
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Somebody has said that they got a warning."""
    from tocsin.act.warn import acknowledge
    from tocsin.core.time import utc_now

    talk = answer(context, mission, as_json, quiet)
    with changing(home_of(talk)[0]) as connection:
        new = acknowledge(connection, asker(connection), number, who, how, utc_now())
    talk.give({"id": number, "new": new})


def contacts(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """List contacts, without their addresses."""
    from tocsin.act.warn import contacts as known

    talk = answer(context, mission, as_json, quiet)
    with looking(home_of(talk)[0]) as connection:
        rows = known.list_contacts(connection, asker(connection))
    header = ["id", "kind", "label", "area", "language", "channels", "opted_out_at"]
    give_rows(talk, "Contacts", "contacts", header, rows)


def contact(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON: kind, label, addresses by channel, language, area, lon, lat.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take a contact in; the addresses go under seal, so remove the file afterwards."""
    from tocsin.act.notify import Channel
    from tocsin.act.warn import contacts as known
    from tocsin.core.time import utc_now
    from tocsin.store.keys import open_keys

    talk = answer(context, mission, as_json, quiet)
    home, folder = home_of(talk)
    raw = read_json(file)
    try:
        addresses = {Channel(k): str(v) for k, v in raw.pop("addresses").items()}
        new = known.NewContact(addresses=addresses, **raw)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise BadInput("{file} does not describe a contact", file=file) from problem
    with changing(home) as connection:
        keys = open_keys(connection, folder, utc_now())
        id = known.add(connection, keys, asker(connection), new, utc_now())
    talk.show(f"contact {id}")
    talk.give({"id": id})
