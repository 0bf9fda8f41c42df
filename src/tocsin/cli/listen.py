"""Commands that take things in: init, import, sources, upgrade."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.output import Answer, JsonOption, MissionOption, QuietOption, answer, records

if TYPE_CHECKING:
    from tocsin.listen.sources.model import Imported


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command("init")(init)
    app.command("import")(import_)
    app.command("sources")(sources)
    app.command("upgrade")(upgrade)


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A new folder for the mission.", metavar="DIR")],
    area: Annotated[str, typer.Option(help="Country (ISO 3166 alpha-3, e.g. CAF), area.geojson, or cells.csv.")],
    name: Annotated[str | None, typer.Option(help="What people call the mission. Default: the folder's name.")] = None,
    wet: Annotated[str, typer.Option(help="Calendar months in which rains cut roads, e.g. 5-10 or 11-3.")] = "",
    store: Annotated[str, typer.Option(help="PostgreSQL address of the records. Default: a file in DIR.")] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a mission folder."""
    from tocsin.core import mission as missions
    from tocsin.listen.missions import make

    talk = answer(context, None, as_json, quiet)
    made = make(folder, area, name, missions.parse_months(wet), store)
    talk.show(
        f"{made.name}: {made.n_cells} cells, {made.n_areas} first-level areas, {made.n_places} places in {folder}"
    )
    talk.show("Next: tocsin import FILE… (events and units), then tocsin assess, tocsin plan, tocsin brief.")
    talk.give({"mission": made.name, "folder": str(folder), "cells": made.n_cells, "areas": made.n_areas,
               "places": made.n_places})  # fmt: skip


def import_(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="csv, csv.gz, zip, xlsx, json or geojson.", metavar="FILE…")],
    layout: Annotated[str | None, typer.Option("--as", help="Layout, if the columns leave a doubt.")] = None,
    release: Annotated[str | None, typer.Option(help="Release, e.g. 23.1. Default: from the file name.")] = None,
    published: Annotated[
        str | None, typer.Option(help="Day the file became public, YYYY-MM-DD. Default: from the release.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="OURS=THEIRS: which column of the file is ours, where it has another name.", metavar="PAIR"),
    ] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Import events, units, people or places; each file as a whole or not at all."""
    from tocsin.core.errors import BadInput
    from tocsin.core.mission import find
    from tocsin.core.time import utc_now
    from tocsin.listen.imports import import_file
    from tocsin.store import writing

    talk = answer(context, mission, as_json, quiet)
    try:
        day = dt.date.fromisoformat(published) if published else None
    except ValueError as problem:
        raise BadInput("--published '{text}' is not a day: write YYYY-MM-DD", text=published) from problem
    pairs = dict(pair.split("=", 1) for pair in column or [] if "=" in pair)
    if len(pairs) != len(column or []) or (pairs and not layout):
        raise BadInput("give --column as OURS=THEIRS, each of ours once, and say with --as what the file is")
    home = find(talk.folder())
    engine = records(home)
    done = []
    for path in files:
        with talk.progress() as tell, writing(engine) as connection:
            done.append(import_file(connection, home, path, utc_now(), layout, release, day, tell, pairs or None))
        _show_import(talk, done[-1])
    rows = [item.to_json() for item in done]
    keys = ("read", "added", "updated", "unchanged", "rejected")
    talk.give({**{k: sum(row[k] for row in rows) for k in keys}, "files": rows})


def _show_import(talk: Answer, done: "Imported") -> None:
    from tocsin.listen.imports import LAYOUTS

    c = done.counts
    released = f" {done.release}" if done.release else ""
    talk.show(f"{done.file}: {LAYOUTS[done.layout].title}{released}, taken as public since {done.published_on}")
    talk.show(
        f"  {c.read:,} read = {c.added:,} added + {c.updated:,} updated + {c.unchanged:,} unchanged + "
        f"{c.rejected:,} rejected" + (" (this file was imported before)" if done.known_already else "")
    )
    if done.rejects_file:
        talk.show(f"  rejected rows, with line and reason: {done.rejects_file}")
    for warning in done.warnings:
        talk.show(f"  note: {warning}")


def sources(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """List the files the mission knows: what they cover, since when they were public, licence."""
    from tocsin.core.mission import find
    from tocsin.listen.sources.reads import list_sources
    from tocsin.store import reading

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    with reading(records(home)) as connection:
        rows = list_sources(connection)
    header = ["file", "layout", "release", "public since", "covers", "rows"]
    cells = [[r["name"], r["layout"], r["release"], r["published_on"], r["covers"], f"{r['read']:,}"] for r in rows]
    talk.table("Sources", header, cells)
    talk.give({"sources": rows})


def upgrade(
    context: typer.Context, mission: MissionOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Bring a mission's records to this program's schema."""
    from tocsin.core.mission import find
    from tocsin.store import open_store

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    open_store(home.store_url, create=True)
    talk.show(f"{home.name}: records are up to date")
    talk.give({"mission": home.name, "upgraded": True})
