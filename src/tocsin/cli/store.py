"""Commands that guard the records: audit, backup, restore, store, lock, unlock, wipe."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.output import Answer, JsonOption, MissionOption, QuietOption, answer, records
from tocsin.core.errors import BadInput, Conflict

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tocsin.core.mission import Mission

audit_app = typer.Typer(help="Verify or export the audit trail.", no_args_is_help=True)
store_app = typer.Typer(help="Move records between databases, change keys.", no_args_is_help=True)
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with the passphrase. Default: TOCSIN_PASSPHRASE, or asked."),
]


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    audit_app.command("verify")(audit_verify)
    audit_app.command("export")(audit_export)
    store_app.command("move")(store_move)
    store_app.command("rotate-keys")(rotate_keys)
    store_app.command("retain")(retain)
    app.add_typer(audit_app, name="audit")
    app.add_typer(store_app, name="store")
    for command in (backup, restore, lock, unlock, wipe):
        app.command(command.__name__)(command)


def audit_verify(
    context: typer.Context,
    file: Annotated[Path | None, typer.Option(help="An exported trail instead of the mission's.")] = None,
    mark: Annotated[list[str] | None, typer.Option(help="What an earlier verify printed; may be repeated.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read the whole trail and name every row that is changed, missing, moved or cut off."""
    from tocsin.store import audit, duress

    talk = answer(context, mission, as_json, quiet)
    if file is not None:
        with file.open(encoding="utf-8") as lines:
            verdict = audit.verify_lines(lines, mark or ())
    else:
        home, keys = home_of(talk)
        memory = duress.last_mark(home, keys)
        marks = [*(mark or ()), *(memory.read_text().split() if memory.exists() else ())]
        with looking(home) as connection:
            verdict = audit.verify(connection, marks)
        if verdict.sound and verdict.rows:
            keys.mkdir(parents=True, exist_ok=True, mode=0o700)
            memory.write_text(verdict.mark + "\n")
    for problem in verdict.problems:
        talk.show(f"  {problem.sentence}")
    talk.give(audit.as_json(verdict))
    if not verdict.sound:
        raise Conflict("the audit trail was tampered with or damaged: {n} problems", n=len(verdict.problems))
    talk.show(f"{verdict.rows:,} rows, each bound to the one before; nothing is changed or missing")
    talk.show(f"Mark (write it down elsewhere, give it to the next verify with --mark): {verdict.mark}")


def audit_export(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="New file, JSON lines.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the trail into a file that can be verified without the mission."""
    from tocsin.store import audit

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    try:
        with looking(home) as connection, output.open("x", encoding="utf-8") as file:
            rows = sum(file.write(line + "\n") > 0 for line in audit.export_lines(connection)) - 1
    except FileExistsError:
        raise Conflict("{path} exists: give another name", path=output) from None
    talk.show(f"wrote {rows:,} rows to {output}")
    talk.give({"file": str(output), "rows": rows})


def backup(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A new file.", metavar="FILE")],
    keys: Annotated[bool, typer.Option("--keys", help="Put the keys of sealed fields in too.")] = False,
    since: Annotated[
        Path | None, typer.Option(help="A full backup: write only what changed since (SQLite).", metavar="FILE")
    ] = None,
    passphrase_file: PassphraseFile = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Back the mission up into one encrypted file while work goes on, and check it by restoring it."""
    from tocsin.core.time import utc_now
    from tocsin.store.backup import make_backup

    talk = answer(context, mission, as_json, quiet)
    home, folder = home_of(talk)
    words = _passphrase(passphrase_file, new=since is None)
    made = make_backup(home, path, words, utc_now(), folder if keys else None, since=since)
    rows = sum(count for count, _ in made.tables.values())
    talk.show(f"wrote {path}: {made.size / 1e6:,.1f} MB, {len(made.tables)} tables, {rows:,} rows")
    if made.since:
        talk.show(f"It holds what changed since the backup of {made.since[:19]}: keep both.")
    if made.checked:
        talk.show("Checked: restored, and every table is the same.")
    else:
        talk.show("NOT checked: this account may not make a database to restore into; try `tocsin restore` elsewhere.")
    if not made.keys:
        talk.show(
            "The keys of sealed fields are not in it: back them up once with --keys and keep that file elsewhere."
        )
    counts = {name: count for name, (count, _) in made.tables.items()}
    talk.give({"file": str(path), "bytes": made.size, "tables": counts, "rows": rows, "keys": list(made.keys),
               "checked": bool(made.checked), "since": made.since})  # fmt: skip


def restore(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A backup.", metavar="FILE")],
    folder: Annotated[Path, typer.Argument(help="A new folder.", metavar="DIR")],
    url: Annotated[str | None, typer.Option(help="Empty PostgreSQL database, for a backup of one.")] = None,
    base: Annotated[
        Path | None, typer.Option(help="The full backup that an increment stands on.", metavar="FILE")
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a mission from a backup, checked by count and hash of every table."""
    from tocsin.store import backup as backups

    talk = answer(context, None, as_json, quiet)
    done = backups.restore(path, folder, _passphrase(passphrase_file), _default_keys(), url, base)
    rows = sum(count for count, _ in done.tables.values())
    talk.show(f"{done.mission} as of {done.made_at[:19]} is in {folder}")
    talk.show(f"Checked: {len(done.tables)} tables, {rows:,} rows, all the same as when it was made.")
    talk.give({"mission": done.mission, "folder": str(folder), "rows": rows, "keys": list(done.keys)})


def store_move(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="postgresql+psycopg://user@host/database, or sqlite.")],
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Copy all records into an empty database, check every table, and use that one from now on. Stop `serve` first."""
    from tocsin.store.backup import point_to
    from tocsin.store.transfer import move

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    local = home.folder.resolve() / "tocsin.db"
    if to == "sqlite" and local.exists():
        raise Conflict("{path} exists: take it away first", path=local)
    target = f"sqlite:///{local}" if to == "sqlite" else to
    if not target.startswith(("sqlite:///", "postgresql+psycopg://")) or (
        to != "sqlite" and target.startswith("sqlite")
    ):
        raise BadInput("--to takes 'sqlite' or postgresql+psycopg://user@host/database")
    source = records(home)
    was_sqlite = source.dialect.name == "sqlite"
    try:
        with talk.progress() as tell:
            tables = move(source, target, tell)
    except BaseException:
        if to == "sqlite":
            for name in ("tocsin.db", "tocsin.db-wal", "tocsin.db-shm"):
                (home.folder / name).unlink(missing_ok=True)
        raise
    finally:
        source.dispose()
    point_to(home.folder, "" if to == "sqlite" else to)
    if was_sqlite:
        local.rename(local.with_name("tocsin.db.moved"))
    rows = sum(count for count, _ in tables.values())
    talk.show(f"{len(tables)} tables, {rows:,} rows moved; count and hash of every table are the same")
    talk.show("The old records are marked as moved; remove them when you are content.")
    talk.give({"tables": {name: count for name, (count, _) in tables.items()}, "rows": rows})


def rotate_keys(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Seal everything anew with a new key. Then `tocsin wipe --old-keys`, when no old backup is needed any more."""
    from tocsin.core.time import utc_now
    from tocsin.store.accounts import CONSOLE
    from tocsin.store.keys import open_keys
    from tocsin.store.sealed import rotate

    talk = answer(context, mission, as_json, quiet)
    home, folder = home_of(talk)
    with changing(home) as connection:
        new = rotate(connection, open_keys(connection, folder, utc_now()), CONSOLE, utc_now())
    talk.show(f"sealed fields now open with key {new.current.id} in {folder}: back it up with `tocsin backup --keys`")
    talk.give({"key": new.current.id})


def retain(
    context: typer.Context,
    look: Annotated[bool, typer.Option("--look", help="Count what would go, and change nothing.")] = False,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take away words, identities, messages and sessions past the days of [keep]. Counts stay; safe to run daily."""
    from dataclasses import asdict

    from tocsin.act import retention
    from tocsin.core.time import utc_now
    from tocsin.store.accounts import CONSOLE

    talk = answer(context, mission, as_json, quiet)
    home, _ = home_of(talk)
    rules = retention.keep_rules(home)
    with changing(home) as connection:
        gone = retention.retain(connection, CONSOLE, rules, utc_now(), look)
    files = 0 if look else retention.remove_files(home.folder, gone)
    talk.show("Would go:" if look else "Gone:")
    talk.show(f"  words of {gone.reports:,} reports and {gone.messages:,} messages, {files:,} pictures")
    talk.show(f"  identities of {gone.sources:,} sources")
    talk.show(f"  {gone.sessions:,} ended sessions, tokens, links and notices")
    talk.give({"changed": not look, **asdict(gone), "files": files, "keep_days": asdict(rules)})


def lock(
    context: typer.Context,
    to: Annotated[Path | None, typer.Option(help="The locked file. Default: beside the folder.")] = None,
    hide: Annotated[
        bool, typer.Option("--hide", help="Nothing in the file says what it is; name it with --to as you like.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put the whole mission into one encrypted file and remove everything else, keys too. Stop `serve` first."""
    from tocsin.core.time import utc_now
    from tocsin.store import duress

    talk = answer(context, mission, as_json, quiet)
    home, keys = home_of(talk)
    if hide and to is None:
        raise BadInput("say with --to where the mission hides: a name that says nothing, such as backup-disk.img")
    path = to or home.folder.resolve().with_name(home.folder.resolve().name + ".locked")
    if path.resolve().is_relative_to(home.folder.resolve()):
        raise BadInput("the locked file cannot lie inside the mission folder, which is removed")
    made = duress.lock(home, keys, path, _passphrase(passphrase_file, new=True), utc_now(), hide)
    talk.show(f"locked into {path}; open it with `tocsin unlock {path} DIR{' --hidden' if hide else ''}`")
    if hide:
        talk.show("This program, the shell's history and the browser's still say that there was a mission here.")
    if made.kind == "none":
        talk.show("The records are still on the database server; only sealed fields are unreadable there now.")
    talk.give({"file": str(path), "records_on_server": made.kind == "none"})


def unlock(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A locked mission.", metavar="FILE")],
    folder: Annotated[Path, typer.Argument(help="A new folder.", metavar="DIR")],
    hidden: Annotated[bool, typer.Option("--hidden", help="It was locked with --hide.")] = False,
    passphrase_file: PassphraseFile = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put a locked mission back."""
    from tocsin.store import duress

    talk = answer(context, None, as_json, quiet)
    done = duress.unlock(path, folder, _default_keys(), _passphrase(passphrase_file), hidden)
    talk.show(f"{done.mission} is in {folder} again; remove {path} when you are content")
    talk.give({"mission": done.mission, "folder": str(folder)})


def wipe(
    context: typer.Context,
    keys: Annotated[
        bool, typer.Option("--keys", help="Destroy all keys: nobody can ever open what is sealed.")
    ] = False,
    old_keys: Annotated[bool, typer.Option("--old-keys", help="Destroy only keys that a rotation replaced.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Destroy keys of sealed fields on this machine. Copies elsewhere, in backups too, are not touched."""
    from tocsin.core.time import utc_now
    from tocsin.store import duress
    from tocsin.store.accounts import CONSOLE

    talk = answer(context, mission, as_json, quiet)
    if keys == old_keys:
        raise BadInput("say what to wipe: --keys or --old-keys")
    home, folder = home_of(talk)
    if not yes and typer.prompt(f"Type the mission's name ({home.name}) to destroy its keys") != home.name:
        raise BadInput("that is not the mission's name: nothing was destroyed")
    count = duress.wipe_keys(home, folder, CONSOLE, utc_now(), replaced_only=old_keys)
    talk.show(f"{count} keys destroyed in {folder}")
    talk.give({"destroyed": count})


def home_of(talk: Answer) -> "tuple[Mission, Path]":
    """The mission, and the folder of its keys."""
    from tocsin.core.mission import find
    from tocsin.store.keys import key_folder

    home = find(talk.folder())
    return home, key_folder(home)


@contextmanager
def changing(home: "Mission") -> Iterator["sa.Connection"]:
    """One transaction on the mission's records, and the door closed behind it."""
    from tocsin.store import writing

    engine = records(home)
    try:
        with writing(engine) as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def looking(home: "Mission") -> Iterator["sa.Connection"]:
    """The mission's records, to read."""
    from tocsin.store import reading

    engine = records(home)
    try:
        with reading(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def _default_keys() -> Path:
    """Where keys go on this machine when there is no mission yet that could name another place."""
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return Path(os.environ.get("TOCSIN_KEYS") or home / "tocsin" / "keys").expanduser().resolve()


def _passphrase(file: Path | None, new: bool = False) -> str:
    from tocsin.store.envelope import check_passphrase

    try:
        given = file.read_text(encoding="utf-8").strip() if file else os.environ.get("TOCSIN_PASSPHRASE", "")
    except OSError as problem:
        raise BadInput("{path} cannot be read ({why})", path=file, why=problem.strerror) from problem
    given = given or typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    if new:
        check_passphrase(given)
    return given
