"""Filling the mission's gazetteer."""

import numpy as np
import shapely
import sqlalchemy as sa

from tocsin.core import areas
from tocsin.core.mission import Mission
from tocsin.listen.places.tables import place
from tocsin.store import insert_rows

COLUMNS = ("source", "key", "name", "alternates", "lon", "lat", "population", "admin1", "in_area")
MARGIN_DEG = 1.0  # towns just across a border are landmarks too


def fill_from_bundle(connection: sa.Connection, mission: Mission) -> int:
    """Put the towns that ship with the program and lie in or near the area into the gazetteer; returns how many."""
    import duckdb

    outline = mission.area()
    if outline is None:
        return 0
    west, south, east, north = outline.bounds
    query = (
        "SELECT geonameid, name, alternates, lon, lat, population, admin1 FROM read_parquet(?) "
        "WHERE lon BETWEEN ? AND ? AND lat BETWEEN ? AND ? ORDER BY geonameid"
    )
    box = (west - MARGIN_DEG, east + MARGIN_DEG, south - MARGIN_DEG, north + MARGIN_DEG)
    with duckdb.connect() as db:
        rows = db.execute(query, [str(areas.places_file()), *box]).fetchall()
    inside = shapely.contains_xy(outline, np.array([r[3] for r in rows]), np.array([r[4] for r in rows]))
    insert_rows(
        connection,
        place,
        COLUMNS,
        [
            ("geonames", str(id), name, other, lon, lat, people or None, admin1, bool(here))
            for (id, name, other, lon, lat, people, admin1), here in zip(rows, inside, strict=True)
        ],
    )
    return len(rows)
