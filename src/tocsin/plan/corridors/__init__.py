"""Which road a convoy should take: time against exposure."""

from tocsin.plan.corridors.front import alternatives, corridor, knee, pareto_front, shared_share
from tocsin.plan.corridors.model import Corridor, Front, Network

__all__ = ["Corridor", "Front", "Network", "alternatives", "corridor", "knee", "pareto_front", "shared_share"]
