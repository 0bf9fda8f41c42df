"""The hindsight test: who of those killed would have been in reach had the plan been followed with the same units.

For each month the real posture is kept, or changed by a policy within the same limits, knowing only what was known
then. Civilians killed in the months after are counted by how fast a unit could have reached them. Being in reach is
not being saved.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput, NoData
from tocsin.listen.deployments import Unit
from tocsin.plan import best_moves
from tocsin.plan.mobility import Speeds, hours, responders

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

AS_IS = "leave as is"


@dataclass(frozen=True)
class Killings:
    """Civilians killed, one row an event that is placed well enough to measure a distance to.

    Parameters
    ----------
    lon, lat : ndarray, shape (n,)
    month : ndarray of int
        Month numbers.
    killed : ndarray
        Zero or more.
    by : sequence of str
        'state', 'non-state' or 'unknown'.
    area : sequence of str
        First-level area.
    """

    lon: Floats
    lat: Floats
    month: Ints
    killed: Floats
    by: npt.NDArray[np.str_]
    area: npt.NDArray[np.str_]

    def __post_init__(self) -> None:
        """Check that columns agree."""
        n = len(self.lon)
        if any(len(v) != n for v in (self.lat, self.month, self.killed, self.by, self.area)):
            raise BadInput("the columns of the killings are not equally long")
        if not np.all(self.killed >= 0):
            raise BadInput("a number killed is missing or below zero")


@dataclass(frozen=True)
class Gain:
    """Share of those killed who were in reach, under a policy and under the real posture, and the difference.

    Intervals are 90 %, by resampling months (in blocks of a year, because the following twelve months overlap) and by
    resampling areas; the wider one is the honest one.
    """

    policy: str
    limit_hours: float
    killed: float
    share_as_is: float
    share: float
    gain: float
    by_months: tuple[float, float]
    by_areas: tuple[float, float]


@dataclass(frozen=True)
class Hindsight:
    """Counts of the replay, from which every gain is made.

    Parameters
    ----------
    months : ndarray of int
        Months replayed.
    policies, limits, areas, actors : what the axes of the tables stand for
    killed : ndarray, shape (n_months, n_areas, n_actors)
    reached : ndarray, shape (n_policies, n_limits, n_months, n_areas, n_actors)
    moved : ndarray, shape (n_policies, n_months)
        Units each policy moved.
    """

    months: Ints
    policies: tuple[str, ...]
    limits: tuple[float, ...]
    areas: tuple[str, ...]
    actors: tuple[str, ...]
    killed: Floats
    reached: Floats
    moved: Ints

    def gain(
        self,
        policy: str,
        limit: float,
        rng: np.random.Generator,
        *,
        actor: str | None = None,
        months: Sequence[int] | None = None,
        resamples: int = 1000,
    ) -> Gain:
        """What a policy would have changed, with intervals.

        Raises
        ------
        NoData
            If nobody was killed in the months asked for.
        """
        rows = np.arange(len(self.months)) if months is None else np.flatnonzero(np.isin(self.months, list(months)))
        actors = slice(None) if actor is None else [self.actors.index(actor)]
        place = self.policies.index(policy), self.limits.index(limit)
        base = self.policies.index(AS_IS), self.limits.index(limit)
        killed = self.killed[rows][:, :, actors].sum(axis=2)
        ours = self.reached[place][rows][:, :, actors].sum(axis=2)
        real = self.reached[base][rows][:, :, actors].sum(axis=2)
        total = float(killed.sum())
        if total == 0:
            raise NoData("nobody is recorded killed in the months asked for, so there is nothing to compare")

        def change(month_of: Ints, area_of: Ints) -> float:
            table = np.ix_(month_of, area_of)
            below = killed[table].sum()
            return float((ours[table] - real[table]).sum() / below) if below > 0 else np.nan

        n_months, n_areas = killed.shape
        all_months, all_areas = np.arange(n_months), np.arange(n_areas)
        block = min(12, n_months)
        by_months = []
        for _ in range(resamples):
            starts = rng.integers(0, n_months, -(-n_months // block))
            picked = ((starts[:, None] + np.arange(block)) % n_months).ravel()[:n_months]
            by_months.append(change(picked, all_areas))
        by_areas = [change(all_months, rng.integers(0, n_areas, n_areas)) for _ in range(resamples)]
        return Gain(
            policy,
            limit,
            total,
            float(real.sum() / total),
            float(ours.sum() / total),
            change(all_months, all_areas),
            _interval(by_months),
            _interval(by_areas),
        )


def _interval(values: list[float]) -> tuple[float, float]:
    low, high = np.nanquantile(values, [0.05, 0.95])
    return float(low), float(high)


def replay(
    postures: Mapping[int, Sequence[Unit]],
    killings: Killings,
    weights: Mapping[str, Callable[[int], Floats]],
    lon: Floats,
    lat: Floats,
    *,
    fixed: Callable[[Unit], bool] = lambda unit: False,
    most_moves: int = 3,
    plan_limit: float = 6.0,
    limits: Sequence[float] = (2.0, 6.0, 12.0),
    ahead: int = 12,
    wet_months: tuple[int, ...] = (),
    speeds: Speeds | None = None,
    seconds: float = 10.0,
) -> Hindsight:
    """Play every month again under the real posture and under each policy.

    Parameters
    ----------
    postures : mapping of month → units
        What really stood where, in the months to replay.
    killings : Killings
        Those of the `ahead` months after each month replayed count.
    weights : mapping of policy → function of a month
        What each policy would have its units reach, per place, from what was known at the end of that month: a
        forecast, last year's killings, people. The caller answers for what the function looks at.
    lon, lat : ndarray, shape (n_places,)
        Where units may go and where the weights lie.
    fixed : function of a unit
        Units that stay whatever the policy (headquarters, say).
    most_moves : int
        As many units as a policy may move from where they really stood.
    plan_limit : float
        Hours within which a policy wants places reached.

    Notes
    -----
    Both postures are held for the whole `ahead` months: what the mission really changed meanwhile is left out for
    both alike.
    """
    months = np.array(sorted(postures), dtype=np.int64)
    if not len(months):
        raise NoData("there is no posture to replay")
    names = (AS_IS, *weights)
    areas, actors = tuple(sorted(set(killings.area.tolist()))), tuple(sorted(set(killings.by.tolist())))
    area_at = np.searchsorted(areas, killings.area)
    actor_at = np.searchsorted(actors, killings.by)
    killed = np.zeros((len(months), len(areas), len(actors)))
    reached = np.zeros((len(names), len(limits), len(months), len(areas), len(actors)))
    moved = np.zeros((len(names), len(months)), dtype=np.int64)
    for t, month in enumerate(months):
        units = list(postures[int(month)])
        able = responders(units, speeds)
        after = np.flatnonzero((killings.month > month) & (killings.month <= month + ahead))
        np.add.at(killed[t], (area_at[after], actor_at[after]), killings.killed[after])
        time = hours(units, lon, lat, int(month), wet_months=wet_months, speeds=speeds)
        free = [i for i, u in enumerate(units) if able[i] and not fixed(u)]
        for k, name in enumerate(names):
            posture = units
            if name != AS_IS:
                wanted = weights[name](int(month))
                moves = best_moves(
                    units, time, lon, lat, wanted, int(month), ahead=ahead, limit=plan_limit, additional=0,
                    movable=free, most_moves=most_moves, wet_months=wet_months, speeds=speeds, seconds=seconds,
                )  # fmt: skip
                posture = list(units)
                for move in moves.moves:
                    if move.row is not None:
                        here = replace(units[move.row], lon=float(lon[move.place]), lat=float(lat[move.place]))
                        posture[move.row] = here
                moved[k, t] = len(moves.moves)
            standing = [u for u, a in zip(posture, able, strict=True) if a]
            for season in np.unique(killings.month[after]):
                rows = after[killings.month[after] == season]
                arrive = hours(
                    standing, killings.lon[rows], killings.lat[rows], int(season), wet_months=wet_months, speeds=speeds
                )
                first = np.min(arrive, axis=0, initial=np.inf)
                for q, limit in enumerate(limits):
                    near = rows[first <= limit]
                    np.add.at(reached[k, q, t], (area_at[near], actor_at[near]), killings.killed[near])
    return Hindsight(months, names, tuple(float(v) for v in limits), areas, actors, killed, reached, moved)
