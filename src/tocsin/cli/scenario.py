"""The command that compares what-ifs."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records

USUAL: dict[str, Any] = {"as_of": None, "additional": 3, "moves": 3, "hours": 6.0, "operations": [], "seed": 1}


def register(app: typer.Typer) -> None:
    """Add this command to ``tocsin plan``."""
    app.command("scenario")(scenario)


def scenario(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="TOML or JSON file of named scenarios.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    additional: Annotated[int | None, typer.Option(help="New temporary bases that could be found. Usual: 3.")] = None,
    moves: Annotated[int | None, typer.Option(help="How many existing units may move. Usual: 3.")] = None,
    hours: Annotated[float | None, typer.Option(help="Within how many hours arrival counts. Usual: 6.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same plans. Usual: 1.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write scenarios, settings and what came of it (JSON).")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare named what-ifs with things as they are: who would be out of reach, and what would help most."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.plan.scenarios import Kept, read_kept
    from tocsin.plan.scenarios.actions import compare_scenarios
    from tocsin.store import calculating

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    kept = read_kept(file)
    given = {"as_of": as_of, "additional": additional, "moves": moves, "hours": hours,
             "operations": list(operation or ()) or None, "seed": seed}  # fmt: skip
    # An option goes before the file, the file before what is usual.
    asked = {**USUAL, **kept.settings, **{k: v for k, v in given.items() if v is not None}}
    month = parse_month(asked["as_of"]) if asked["as_of"] else None
    with talk.progress() as tell, calculating(records(home)) as connection:
        s = compare_scenarios(connection, home, utc_now(), kept.scenarios, month, asked["additional"], asked["moves"],
                              asked["hours"], tuple(asked["operations"]), asked["seed"], tell).summary  # fmt: skip
    changed = kept.changed_since(s)
    s = {**s, "changed_since_saved": changed}
    rows = [
        [r["name"], str(r["units"]), r["season"], f"{r['risk']:.1f}", f"{r['within_now']:.1f}",
         f"{r['within_planned']:.1f}", f"{r['bound']:.1f}", r["worst_off"] or "",
         ", ".join(m["area"] or str(m["gid"]) for m in r["moves"])]
        for r in s["scenarios"]
    ]  # fmt: skip
    talk.table(
        f"{home.name} as of {s['as_of']}: expected deaths, and within {asked['hours']:g} h",
        ["scenario", "units", "season", "forecast", "within now", "with moves", "no moves reach more than", "worst off",
         "moves to"], rows,
    )  # fmt: skip
    for r in s["scenarios"]:
        if r["shared"]:
            talk.show(f"{r['name']}: {len(r['shared'])} units of several contributors stay, though one of them leaves; "
                      f"with shared_units_go = true they go: {', '.join(r['shared'][:6])}")  # fmt: skip
    if changed is not None:
        talk.show("Not as when it was saved, so data, settings or program changed: " + ", ".join(changed)
                  if changed else "The same as when it was saved")  # fmt: skip
    if save:
        settings = {**asked, "as_of": s["as_of"]}
        whole = Kept(kept.scenarios, settings, {k: v for k, v in s.items() if k != "changed_since_saved"}).to_json()
        save.write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
        talk.show(f"Saved: {save}")
    for r in s["scenarios"]:
        later = [
            f"{w['area'] or w['gid']} ({_hours(w['hours_before'])} to {_hours(w['hours_after'])})" for w in r["worse"]
        ]
        if later:
            talk.show(f"{r['name']}: the moves would have later reached, or no longer: {'; '.join(later[:3])}")
    for line in s["assumes"]:
        talk.show(f"Assumes: {line}")
    for line in s["worse"]:
        talk.show(f"Could get worse: {line}")
    talk.give(s)


def _hours(value: float | None) -> str:
    return "nobody" if value is None else f"{value:.0f} h"
