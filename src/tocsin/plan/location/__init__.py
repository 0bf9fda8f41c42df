"""Where to put what: covering and median problems, one code path for missions and benchmarks."""

from tocsin.plan.location.maxcover import covered_weight, maximal_cover
from tocsin.plan.location.median import median
from tocsin.plan.location.model import Group, Located

__all__ = ["Group", "Located", "covered_weight", "maximal_cover", "median"]
