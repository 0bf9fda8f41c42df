"""Which force can fill which gap of another, where and when, and what may not pass between them."""

from tocsin.plan.partners.model import Force, ForceKind, Need, Offer, Passing
from tocsin.plan.partners.pair import Paired, pair
from tocsin.plan.partners.safeguards import stops

__all__ = ["Force", "ForceKind", "Need", "Offer", "Paired", "Passing", "pair", "stops"]
