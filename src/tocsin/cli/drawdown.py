"""The commands of leaving: in which order, and when to come back."""

from typing import Annotated

import typer

from tocsin.cli.output import JsonOption, MissionOption, QuietOption, answer, records


def register(app: typer.Typer) -> None:
    """Add these commands to ``tocsin plan``."""
    app.command("drawdown")(drawdown)


def named_steps(texts: list[str] | None) -> dict[str, int]:
    """Options of the form ``NAME=3`` as steps by name."""
    from tocsin.core.errors import BadInput

    found = {}
    for text in texts or ():
        name, _, step = text.rpartition("=")
        if not name or not step.strip().isdigit():
            raise BadInput("'{text}' is not a base and a step, such as Bria=3", text=text)
        found[name.strip()] = int(step)
    return found


def drawdown(
    context: typer.Context,
    steps: Annotated[int, typer.Option(help="Months over which bases close.")] = 6,
    keep: Annotated[int, typer.Option(help="Bases that still stand at the end.")] = 0,
    hours: Annotated[float, typer.Option(help="Within how many hours arrival counts.")] = 6.0,
    not_before: Annotated[list[str] | None, typer.Option(help="BASE=STEP: what must be in place is ready.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="BASE=STEP by which it must be closed.")] = None,
    contract: Annotated[list[str] | None, typer.Option(help="BASE=STEP its contract ends; only compared.")] = None,
    seconds: Annotated[float, typer.Option(help="Longest to look for a better order.")] = 30.0,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Month, YYYY-MM.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="Only units of this operation, e.g. MINUSCA.")] = None,
    mission: MissionOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Order the closing of bases so that most stays within reach; what must be in place; what stays uncovered."""
    from tocsin.core.mission import find
    from tocsin.core.time import parse_month, utc_now
    from tocsin.plan.drawdown.actions import Leave, plan_drawdown
    from tocsin.store import writing

    talk = answer(context, mission, as_json, quiet)
    home = find(talk.folder())
    asked = Leave(steps, keep, hours, named_steps(not_before), named_steps(by), named_steps(contract), seconds)
    month = parse_month(as_of) if as_of else None
    with talk.progress() as tell, writing(records(home)) as connection:
        s = plan_drawdown(connection, home, utc_now(), asked, month, tuple(operation or ()), tell).summary
    talk.show(f"{home.name} as of {s['as_of']}: {s['bases']} bases close down to {len(s['kept'])} in {steps} months")
    rows = [
        [str(t["step"]), t["month"], t["season"], ", ".join(c["unit"] for c in t["closes"]), f"{t['protection']:.1f}",
         f"{t['out_of_reach']:.1f}", "; ".join(c["near"] for c in t["loses_reach"][:3])]
        for t in s["steps"]
    ]  # fmt: skip
    talk.table(
        f"Order of leaving ({s['before']:.1f} deaths a month within reach now)",
        ["step", "month", "season", "closes", "protection", "out of reach", "loses reach"], rows,
    )  # fmt: skip
    for other in s["compared"]:
        talk.show(f"By {other['order']}: {other['value']:.1f}; this order keeps {other['kept_more']:.1%} more")
    proof = "no order keeps more" if s["proven"] else f"no order keeps more than {s['bound']:.1f}"
    talk.show(f"Kept over all months: {s['value']:.1f} ({proof}); because the closed stay closed, at most "
              f"{s['price_of_order']:.1f} is lost")  # fmt: skip
    for t in s["steps"]:
        for need in t["in_place_before"]:
            talk.show(f"Before step {t['step']}: {need['who']}: {need['what']} ({', '.join(need['where'])})")
    for line in s["worse"]:
        talk.show(f"Could get worse: {line}")
    talk.give(s)
