"""Open reports by the hundred thousand, put straight into a mission's records, for benchmarks of the map."""

import datetime as dt

import numpy as np
import sqlalchemy as sa

from tocsin.core.mission import Mission
from tocsin.listen.alerts.tables import report
from tocsin.store import insert_rows, writing

COLUMNS = (
    "id", "delivery", "gateway_id", "content_hash", "kind", "practice", "sent_at", "received_at", "text", "fields",
    "attachments", "denied", "threat", "imminence", "actor", "state", "lon", "lat", "radius_km", "area", "tlp",
    "classification",
)  # fmt: skip


def put_reports(engine: sa.Engine, mission: Mission, count: int, now: dt.datetime, seed: int = 1) -> None:
    """Reports that wait for a person, half of them at some 600 places and half anywhere in the mission's area."""
    from tocsin.core import lattice

    rng = np.random.default_rng(seed)
    gids = mission.cells()
    lon, lat = (np.asarray(v) for v in lattice.centre(gids[rng.integers(0, len(gids), count)]))
    lon, lat = lon + rng.uniform(-0.25, 0.25, count), lat + rng.uniform(-0.25, 0.25, count)
    places = rng.integers(0, min(600, count), count // 2)
    lon[: count // 2], lat[: count // 2] = lon[places], lat[places]
    zone = "" if engine.dialect.name == "sqlite" else "+00"
    with writing(engine) as connection:
        first = int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(report.c.id), 0))).scalar_one()) + 1
        rows = []
        for n in range(count):
            at = f"{now - dt.timedelta(minutes=n % 40_000):%Y-%m-%d %H:%M:%S.%f}{zone}"
            threat = ("attack", "armed_presence", "looting", "abduction")[n % 4]
            rows.append(
                (first + n, f"bench{first + n}", "bench", "h", "sms", False, at, at, "des hommes armés ici", "{}", "[]",
                 False, threat, "hours", "militia", "waiting", float(lon[n]), float(lat[n]), 5.0, None, "AMBER",
                 "UNCLASSIFIED")
            )  # fmt: skip
        insert_rows(connection, report, COLUMNS, rows)
        if engine.dialect.name == "postgresql":
            name = sa.func.pg_get_serial_sequence("report", "id")
            connection.execute(sa.select(sa.func.setval(name, first + count)))
