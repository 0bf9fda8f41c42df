"""How many people live in each cell of the mission."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.core import areas, lattice
from tocsin.core.mission import Mission
from tocsin.listen.people.estimate import spread_people
from tocsin.listen.people.tables import cell_people
from tocsin.listen.places.tables import place
from tocsin.listen.sources.model import seen_by
from tocsin.listen.sources.tables import source_file


@dataclass(frozen=True)
class People:
    """People per cell.

    Parameters
    ----------
    people : ndarray of float64, shape (n_cells,)
        NaN where unknown.
    source : str
        Where it comes from, for the list of sources.
    is_estimate : bool
        True when spread from towns and a national total.
    """

    people: npt.NDArray[np.float64]
    source: str
    is_estimate: bool


def people_of_cells(connection: sa.Connection, mission: Mission, gids: npt.NDArray[np.int64], as_of: int) -> People:
    """People per cell as a month could know them, else estimated from towns and the national total.

    The newest file that was public in time for the month counts; if none was, the first that came, so that a later
    file never changes an earlier month.
    """
    files = connection.execute(
        sa.select(source_file.c.id, source_file.c.name, source_file.c.published_on)
        .where(source_file.c.layout == "population")
        .order_by(source_file.c.published_on, source_file.c.id)
    ).fetchall()
    in_time = [f for f in files if f.published_on <= seen_by(as_of)]
    newest = in_time[-1] if in_time else files[0] if files else None
    if newest is not None:
        rows = connection.execute(
            sa.select(cell_people.c.gid, cell_people.c.people).where(cell_people.c.file_id == newest.id)
        ).fetchall()
        told = {int(g): float(p) for g, p in rows}
        return People(np.array([told.get(int(g), np.nan) for g in gids]), newest.name, False)
    outline = mission.area()
    if outline is None:
        return People(np.full(len(gids), np.nan), "unknown", True)
    cells, share = lattice.cells_touching(outline)
    in_area = np.zeros(len(gids))
    at = np.searchsorted(cells, gids)
    known = (at < len(cells)) & (cells[np.minimum(at, len(cells) - 1)] == gids)
    in_area[known] = share[at[known]]
    towns = connection.execute(
        sa.select(place.c.lon, place.c.lat, place.c.population).where(place.c.population > 0, place.c.in_area)
    ).fetchall()
    table = np.array([tuple(t) for t in towns], dtype=np.float64).reshape(-1, 3)
    total = areas.country(mission.iso3).population if mission.iso3 in areas.countries() else None
    people = spread_people(gids, in_area, lattice.gid_at(table[:, 0], table[:, 1]), table[:, 2], total)
    return People(people, "estimated from GeoNames towns and the national total", True)
