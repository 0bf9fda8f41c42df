"""How long it really takes from every unit to every place."""

from tocsin.plan.mobility.speeds import Mode, Mover, Speeds, default_speeds, read_speeds, season_of
from tocsin.plan.mobility.straight import arrival, hours, mover_of, reach_km, responders

__all__ = [
    "Mode",
    "Mover",
    "Speeds",
    "arrival",
    "default_speeds",
    "hours",
    "mover_of",
    "reach_km",
    "read_speeds",
    "responders",
    "season_of",
]
