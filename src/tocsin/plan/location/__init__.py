"""Where to put what: covering and median problems, one code path for missions and benchmarks."""

from tocsin.plan.location.capacitated import capacitated_median
from tocsin.plan.location.maxcover import covered_weight, maximal_cover
from tocsin.plan.location.median import median
from tocsin.plan.location.model import Group, Located
from tocsin.plan.location.setcover import set_cover

__all__ = ["Group", "Located", "capacitated_median", "covered_weight", "maximal_cover", "median", "set_cover"]
