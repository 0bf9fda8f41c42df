"""Where and when alerts were heard: for counting only, no words, no sources, no single alert."""

import datetime as dt

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.core import lattice
from tocsin.core.codes import Classification, Tlp
from tocsin.core.time import month_of
from tocsin.listen.alerts.tables import alert


def heard(connection: sa.Connection, until: dt.datetime) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Month and cell of every placed alert first heard before an instant.

    How an alert ended is not asked: that was not known when it came. Practice is left out, and so is what is labelled
    for named people only (TLP:RED, STRICTLY CONFIDENTIAL): a forecast is read by more people than these.
    """
    query = sa.select(alert.c.heard_at, alert.c.lon, alert.c.lat).where(
        alert.c.heard_at < until, ~alert.c.practice, alert.c.lon.is_not(None), alert.c.lat.is_not(None),
        alert.c.tlp != Tlp.RED.value, alert.c.classification != Classification.STRICTLY_CONFIDENTIAL.value,
    )  # fmt: skip
    rows = connection.execute(query.order_by(alert.c.id)).all()
    months = np.array([month_of(row.heard_at.date()) for row in rows], dtype=np.int64)
    if not len(rows):
        return months, months.copy()
    return months, lattice.gid_at(np.array([r.lon for r in rows]), np.array([r.lat for r in rows]))
