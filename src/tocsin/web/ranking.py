"""How urgent alerts are, as the doors rank them: act's order of urgency with the forecast of the alert's cell."""

import logging
import threading
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.act.triage.priority import prioritise
from tocsin.assess.actions import Assessed, read_forecast
from tocsin.core.errors import TocsinError
from tocsin.core.lattice import gid_at
from tocsin.core.mission import Mission
from tocsin.listen.alerts.summing import Ranked, Summed
from tocsin.store import reading
from tocsin.store.runs import latest_run

log = logging.getLogger("tocsin.ranking")


class ForecastRank:
    """Ranks alerts; the newest assessment's forecast is read once and again when there is a newer one.

    Without a forecast (or outside its cells) the risk counts as middling, as `prioritise` says.
    """

    def __init__(self, engine: sa.Engine, mission: Mission) -> None:
        self.engine, self.mission = engine, mission
        self._lock = threading.Lock()
        self._run: str | None = None
        self._months: dict[tuple[int, int], float] = {}
        self._usual = 0.5

    def look(self) -> None:
        """Take over the newest assessment, if there is a newer one."""
        with reading(self.engine) as connection:
            found = latest_run(connection, "assess")
        if found is None or found[0] == self._run:
            return
        done = Assessed(*found)
        try:
            table = read_forecast(done.forecast_file(self.mission), done.summary["target"], done.summary["model"])
        except (TocsinError, OSError, KeyError) as problem:
            log.warning("the forecast cannot be read (%s): alerts are ranked without it", type(problem).__name__)
            table = None
        months: dict[tuple[int, int], float] = {}
        means: Any = np.zeros(0)
        if table is not None:
            means = table["mean"].astype(np.float64)
            months = {
                (int(g), int(m)): float(v)
                for g, m, v in zip(table["priogrid_gid"], table["month"], means, strict=True)
                if np.isfinite(v)
            }
        at_risk = means[np.isfinite(means) & (means > 0)]
        with self._lock:
            self._run, self._months = found[0], months
            self._usual = max(float(np.median(at_risk)), 1e-3) if len(at_risk) else 0.5

    def try_look(self) -> None:
        """`look`, where a database that is away means later."""
        try:
            self.look()
        except Exception as problem:
            log.warning("no newer forecast could be looked for (%s)", type(problem).__name__)

    def __call__(self, summed: Summed) -> Ranked:
        """How urgent an alert is; without a clock of its own."""
        forecast = None
        with self._lock:
            if summed.lon is not None and summed.lat is not None and self._months:
                month = (summed.heard_at.year - 1980) * 12 + summed.heard_at.month
                forecast = self._months.get((int(gid_at(summed.lon, summed.lat)), month))
            usual = self._usual
        found = prioritise(summed.kind, summed.soon, summed.grade, forecast, usual=usual)
        acknowledge_by, decide_by = found.due(summed.heard_at)
        why = {
            "imminence": found.imminence, "harm": found.harm, "credibility": found.credibility,
            "forecast": found.forecast, "grade": found.grade, "unknown": list(found.unknown), "usual": usual,
        }  # fmt: skip
        return Ranked(found.value, found.level.name, why, acknowledge_by, decide_by)
