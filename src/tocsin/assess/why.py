"""`tocsin why`: the reasons of one cell's forecast, in plain words, with what speaks against trusting them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.assess.actions import make_panel
from tocsin.assess.forecast.cells import Cells, FittedCells
from tocsin.assess.forecast.reasons import (
    GROUPS,
    Coverage,
    Reason,
    coverage,
    month_ago,
    novel,
    reasons,
    refits,
    typical,
)
from tocsin.assess.ground import Land, gw_of, land_of
from tocsin.assess.indicators import with_known
from tocsin.assess.panel import ASKED, TOTAL, Panel
from tocsin.core.errors import BadInput, NotFound
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text
from tocsin.core.words import Translator, mark
from tocsin.listen.events.reads import newest_month, vintage

NAMES = {
    "days": mark("Events of the last days and weeks, here and around"),
    "here": mark("Past violence in this cell"),
    "around": mark("Past violence in the cells around it"),
    "fighting": mark("Other kinds of violence here and next door"),
    "decades": mark("Where killing was over the last decades"),
    "people": mark("How many people live in its towns"),
    "alerts": mark("Alerts from communities, beside how often they come from here"),
    "indicators": mark("Displaced people and other indicators"),
    "season": mark("Time of the year"),
    "ground": mark("Distance to the border, the capital and the trunk roads"),
    "presence": mark("Peacekeepers present (they go where violence is: never the effect of presence)"),
    "lately": mark("How the forecasts of the last months compared with events"),
}
LONGEST = 36


@dataclass(frozen=True)
class Why:
    """One comparison and its reasons.

    Parameters
    ----------
    kind : str
        ``typical``, ``cell`` or ``month``: what the cell is compared with.
    chance, other : float
        Chance of any death `step` months ahead, here and in the comparison.
    reasons : list of Reason
        Their factors, with those too small to list, multiply to ``chance / other``.
    """

    kind: str
    chance: float
    other: float
    reasons: list[Reason]


@dataclass(frozen=True)
class Answer:
    """Reasons of a cell's forecast, and what to know before believing them."""

    gid: int
    area: str
    against: int | None
    as_of: int
    step: int
    target: str
    model: str
    found: tuple[Why, ...]
    novel: tuple[str, ...]
    data_now: float
    data_before: float
    reports_now: int
    reports_before: int
    dark: bool
    silent: bool

    def as_dict(self) -> dict[str, Any]:
        """For machines: the same, as plain values."""
        return {
            "priogrid_gid": self.gid,
            "area": self.area or None,
            "against": self.against,
            "as_of": month_text(self.as_of),
            "months_ahead": self.step,
            "target": self.target,
            "model": self.model,
            "comparisons": [
                {
                    "with": one.kind,
                    "chance": one.chance,
                    "chance_there": one.other,
                    "reasons": [
                        {
                            "group": r.group,
                            "factor": r.factor,
                            "low": None if np.isnan(r.low) else r.low,
                            "high": None if np.isnan(r.high) else r.high,
                            "stable": r.stable,
                        }
                        for r in one.reasons
                    ],
                }
                for one in self.found
            ],
            "beyond_experience": list(self.novel),
            "months_with_data": {"last_year": self.data_now, "year_before": self.data_before},
            "months_with_reports": {"last_year": self.reports_now, "year_before": self.reports_before},
            "dark": self.dark,
            "silent": self.silent,
        }


def explain(
    fitted: FittedCells, others: list[FittedCells], cell: int, step: int, against: int | None = None
) -> tuple[Why, ...]:
    """Compare a cell (index) with a typical one, with another (index) if given, and with itself a month ago."""

    def chance(one: FittedCells, at: int) -> float:
        return float(one.chance(step)[at])

    base = typical(fitted)
    usual = float(fitted.chance_of(base[None], step, fitted.level(step))[0])
    found = [
        Why("typical", chance(fitted, cell), usual,
            reasons(fitted, others, lambda one: (one.now[cell], typical(one), None), step))
    ]  # fmt: skip
    if against is not None:
        found.append(
            Why("cell", chance(fitted, cell), chance(fitted, against),
                reasons(fitted, others, lambda one: (one.now[cell], one.now[against], None), step))
        )  # fmt: skip
    models = (fitted, *others)
    earlier = {id(one): then for one, then in zip(models, month_ago(models), strict=True)}

    def beside_then(one: FittedCells) -> tuple[Any, Any, tuple[float, float]]:
        then = earlier[id(one)]
        return one.now[cell], then.now[cell], (one.level(step), then.level(step))

    found.append(
        Why("month", chance(fitted, cell), chance(earlier[id(fitted)], cell),
            reasons(fitted, others, beside_then, step))
    )  # fmt: skip
    return tuple(found)


def why(
    connection: sa.Connection,
    mission: Mission,
    gid: int,
    against: int | None = None,
    as_of: int | None = None,
    step: int = 1,
    target: str = "civilians",
    tell: Progress = silent,
) -> Answer:
    """Reasons of one cell's forecast by the model `combined`.

    Parameters
    ----------
    gid, against : int
        PRIO-GRID cells of the mission; `against` to ask why here and not there.
    as_of : int, optional
        Last month whose data may be seen; the newest covered month if not given.
    step : int
        Months ahead, 1 to 36.

    Raises
    ------
    BadInput
        If the target or the step does not exist.
    NotFound
        If a cell is not the mission's.
    """
    panel, land = seen_by(connection, mission, (gid, against), as_of, step, target, tell)
    at = int(np.searchsorted(panel.gids, gid))
    other = None if against is None else int(np.searchsorted(panel.gids, against))
    return answer(panel, target, at, step, land.area_names[at], other, tell)


def seen_by(
    connection: sa.Connection,
    mission: Mission,
    cells: tuple[int | None, ...],
    as_of: int | None,
    step: int,
    target: str,
    tell: Progress = silent,
) -> tuple[Panel, Land]:
    """The panel that a question about some cells is answered from, and the land; refuses as `why` does."""
    if target not in ASKED:
        raise BadInput("'{name}' is not a target; there are: {known}", name=target, known=", ".join(ASKED))
    if not 1 <= step <= LONGEST:
        raise BadInput("{n} months ahead is not possible: choose 1 to {top}", n=step, top=LONGEST)
    gw = gw_of(mission)
    month = newest_month(connection, gw) if as_of is None else as_of
    land = land_of(connection, mission, month)
    for one in cells:
        if one is not None and one not in land.ground.gids:
            raise NotFound("{gid} is not a cell of this mission; `tocsin assess` lists cells", gid=one)
    panel, _ = make_panel(connection, land, vintage(connection, month, gw), month, tell)
    return with_known(panel.with_total() if target == TOTAL else panel, connection, mission), land


def answer(
    panel: Panel, target: str, cell: int, step: int, area: str = "", against: int | None = None,
    tell: Progress = silent,
) -> Answer:  # fmt: skip
    """Reasons for a cell (index) of a panel, stable or not, and what to know before believing them."""
    model = Cells()
    tell("Fitting", 0, 2)
    fitted = model.fit(panel, target)
    tell("Fitting", 1, 2)
    others = refits(fitted)
    tell("Fitting", 2, 2)
    seen: Coverage = coverage(panel)
    beyond = novel(fitted)[cell]
    return Answer(
        gid=int(panel.gids[cell]),
        area=area,
        against=None if against is None else int(panel.gids[against]),
        as_of=panel.as_of,
        step=step,
        target=target,
        model=model.name,
        found=explain(fitted, others, cell, step, against),
        novel=tuple(name for name, flag in zip(GROUPS, beyond, strict=True) if flag),
        data_now=float(seen.now[cell]),
        data_before=float(seen.before[cell]),
        reports_now=int(seen.reports_now[cell]),
        reports_before=int(seen.reports_before[cell]),
        dark=bool(seen.dark[cell]),
        silent=bool(seen.silent[cell]),
    )


def in_words(found: Answer, _: Translator) -> list[str]:
    """The answer as lines of text in a language."""
    lines: list[str] = []
    month = _.month(found.as_of + found.step)
    for one in found.found:
        here, there = _.percent(one.chance, 1), _.percent(one.other, 1)
        if one.kind == "typical":
            lines.append(
                _("Chance that anyone is killed in {month}: {here}; in a typical cell {there}. This goes with:",
                  month=month, here=here, there=there)
            )  # fmt: skip
        elif one.kind == "cell":
            lines.append(_("Compared with cell {gid} ({there} against {here} here):",
                           gid=str(found.against), there=there, here=here))  # fmt: skip
        else:
            lines.append(_("Compared with a month ago ({there} then, {here} now):", there=there, here=here))
        lines += ["  " + _reason(reason, _) for reason in one.reasons]
        if not one.reasons:
            lines.append("  " + _("Nothing stands out."))
    if found.novel:
        names = _.join([_(NAMES[name]) for name in found.novel])
        lines.append(_("Beyond experience: higher here than ever before anywhere in the data: {names}. Trust the "
                       "forecast less.", names=names))  # fmt: skip
    if found.dark:
        lines.append(_("No data for most of the last year: silence here is not peace."))
    elif found.silent:
        lines.append(_("Reports stopped: none in the last year, {n} months with some in the year before. Silence is "
                       "not peace.", n=_.number(found.reports_before)))  # fmt: skip
    else:
        lines.append(_("Months with reports here or next door: {now} in the last year, {before} in the year before.",
                       now=_.number(found.reports_now), before=_.number(found.reports_before)))  # fmt: skip
    lines.append(_("These are associations in the model, not causes."))
    return lines


def _reason(reason: Reason, _: Translator) -> str:
    up = reason.factor >= 1
    times = _.number(reason.factor if up else 1 / reason.factor, 1)
    values = {"name": _(NAMES[reason.group]), "times": times}
    if reason.stable is None:
        return (
            _("{name}: {times} times higher", **values) if up else _("{name}: {times} times lower", **values)
        )  # fmt: skip
    if not reason.stable:
        return _("{name}: about {times} times, but the direction is not certain (it depends on single years)", **values)
    ends = (reason.low, reason.high) if up else (1 / reason.high, 1 / reason.low)
    values |= {"low": _.number(ends[0], 1), "high": _.number(ends[1], 1)}
    if up:
        return _("{name}: {times} times higher ({low} to {high} when single years are left out)", **values)
    return _("{name}: {times} times lower ({low} to {high} when single years are left out)", **values)
