"""Units as the mission or a published source says they are deployed."""

from dataclasses import dataclass

from tocsin.core.codes import UnitKind


@dataclass(frozen=True)
class Unit:
    """One unit (or everything a source puts at one place) in one month.

    Parameters
    ----------
    name : str
        What it is called; for Geo-PKO the location's name.
    kind : UnitKind
    lon, lat : float
        Degrees WGS84.
    strength : int or None
        Troops or officers; None where the source does not say (unknown is not zero).
    mission : str
        MINUSCA, MONUSCO …; empty for a mission's own list.
    month : int
        Month number of the deployment map or list it comes from.
    contributors : tuple of str
        Contributing countries.
    has : frozenset of str
        What else is there: infantry, aviation, medical, engineers, police, observers, fpu, hq, riverine, uav …
    """

    name: str
    kind: UnitKind
    lon: float
    lat: float
    strength: int | None
    mission: str = ""
    month: int = 0
    contributors: tuple[str, ...] = ()
    has: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Deployment:
    """One row of a deployment file, parsed: a unit and the months for which the source puts it there.

    `last_month` None means still there; a map speaks of one month only (`first_month` = `last_month`). `chart` is the
    number of the deployment map (``Map no. 4224 Rev. 7``), empty for other sources.
    """

    key: str
    mission: str
    name: str
    kind: UnitKind
    lon: float
    lat: float
    first_month: int
    last_month: int | None
    strength: int | None
    contributors: tuple[str, ...]
    has: tuple[str, ...]
    chart: str = ""
