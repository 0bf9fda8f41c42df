"""Who goes out, when and where, without a timetable that can be learned."""

from tocsin.plan.patrols.asked import Companion, Escort, Joint, Out, read_tasks
from tocsin.plan.patrols.mix import Mix, mix_routes
from tocsin.plan.patrols.model import Outing, Patrol, Routes, check_routes, times
from tocsin.plan.patrols.solve import solve_outing
from tocsin.plan.patrols.track import Followed, Stop, Track, follow, read_gpx, write_gpx

__all__ = [
    "Companion",
    "Escort",
    "Followed",
    "Joint",
    "Mix",
    "Out",
    "Outing",
    "Patrol",
    "Routes",
    "Stop",
    "Track",
    "check_routes",
    "follow",
    "mix_routes",
    "read_gpx",
    "read_tasks",
    "solve_outing",
    "times",
    "write_gpx",
]
