"""Who goes out, when and where, without a timetable that can be learned."""

from tocsin.plan.patrols.mix import Mix, mix_routes
from tocsin.plan.patrols.model import Outing, Patrol, Routes, check_routes, times
from tocsin.plan.patrols.solve import solve_outing
from tocsin.plan.patrols.track import Followed, Stop, Track, follow, read_gpx, write_gpx

__all__ = [
    "Followed",
    "Mix",
    "Outing",
    "Patrol",
    "Routes",
    "Stop",
    "Track",
    "check_routes",
    "follow",
    "mix_routes",
    "read_gpx",
    "solve_outing",
    "times",
    "write_gpx",
]
