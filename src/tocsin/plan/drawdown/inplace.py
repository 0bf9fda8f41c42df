"""What must be in place before a base closes: a list to check on the ground, from who leaves and who loses reach."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.core import lattice
from tocsin.core.codes import UnitKind
from tocsin.core.geometry import distance_km
from tocsin.listen.deployments.model import Unit
from tocsin.plan.situation import Situation, spots

PLACES = 5  # named places told for each step
NEAR_KM = 40.0  # police and civilians within this of a cell's centre count as there
POLICE = frozenset({UnitKind.FPU, UnitKind.IPO})


def in_place(
    here: Situation, gone: Sequence[Unit], lost: npt.NDArray[np.int64], monthly: npt.NDArray[np.float64]
) -> list[dict[str, Any]]:
    """Police, civilians, committees and host-state forces that must be there before a step.

    `need` is a word for what is needed, for doors that say it in other languages. `there_now` names the mission's units
    of that sort near the cells that lose reach; None where the mission keeps no list (committees, host-state forces):
    ask.
    """
    if not gone:
        return []
    near = sorted({here.name_of(u.lon, u.lat) for u in gone})
    handed = [u.name for u in gone]
    wanted: list[dict[str, Any]] = [
        {"who": "civilians", "need": "handover", "where": near,
         "what": "handover, and a plan for people seen with the mission",
         "there_now": _close_to(here, [(u.lon, u.lat) for u in gone], {UnitKind.CLA}, "", handed)},
    ]  # fmt: skip
    if any("police" in u.has or "fpu" in u.has for u in gone):
        wanted.append({"who": "police", "need": "cases", "where": near, "there_now": None,
                       "what": "open cases and witnesses handed over to national police"})  # fmt: skip
    if not len(lost):
        return wanted
    cells = set(here.gids[lost].tolist())
    named = [s.name for s in spots(here, 400) if s.gid in cells][:PLACES]
    if not named:
        x, y = lattice.centre(here.gids[lost[np.argsort(-monthly[lost], kind="stable")][:PLACES]])
        named = list(dict.fromkeys(here.name_of(float(a), float(b)) for a, b in zip(x, y, strict=True)))
    harm = float(monthly[lost].sum())
    centres = [(float(x), float(y)) for x, y in zip(*lattice.centre(here.gids[lost]), strict=True)]
    return [
        *wanted,
        {"who": "police", "need": "officers",
         "what": "officers whom women and men there know and can reach, mission's or nation's, for "
         f"{harm:.2g} expected deaths a month", "where": named,
         "there_now": _close_to(here, centres, POLICE, "police", handed)},
        {"who": "civilians", "need": "visits", "where": named,
         "what": "somebody of the civilian sections or an assistant who keeps visiting",
         "there_now": _close_to(here, centres, {UnitKind.CLA}, "", handed)},
        {"who": "local committees", "need": "warning tree", "what": "a warning tree that works without the base",
         "where": named, "there_now": None},
        {"who": "host-state forces", "need": "security",
         "what": "somebody who answers, screened for their conduct, for "
         f"{harm:.2g} expected deaths a month", "where": named, "there_now": None},
        {"who": "contingency", "need": "watch", "what": "a watch on these cells and who would come back",
         "where": named, "there_now": None},
    ]  # fmt: skip


def _close_to(
    here: Situation, points: Sequence[tuple[float, float]], kinds: set[UnitKind] | frozenset[UnitKind], has: str,
    leaving: Sequence[str],
) -> list[str]:  # fmt: skip
    able = [u for u in here.units if (u.kind in kinds or has in u.has) and u.name not in leaving]
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    return [u.name for u in able if float(np.min(distance_km(x, y, u.lon, u.lat))) <= NEAR_KM]
