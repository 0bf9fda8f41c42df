"""Feature planes: what the past of each place looks like from each month, as arrays over blocks of places."""

from tocsin.assess.features.history import decayed, since, trailing, trailing_max

__all__ = ["decayed", "since", "trailing", "trailing_max"]
