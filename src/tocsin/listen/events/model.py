"""Events as columns, the way calculations want them."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

# Columns of the event table that a parsed batch carries, in the order of its row tuples (after source and file).
COLUMNS = (
    "key", "content", "withdrawn", "kind", "first_day", "last_day", "date_prec", "where_prec", "lon", "lat", "gid",
    "gw", "adm_1", "adm_2", "place", "place_text", "side_a", "side_b", "deaths_a", "deaths_b", "deaths_civilians",
    "deaths_unknown", "best", "low", "high", "status", "headline", "source_text",
)  # fmt: skip

Rejected = tuple[int, str, list[str]]  # line, reason, the row's fields


@dataclass
class Batch:
    """Rows of one chunk of a file, parsed.

    Parameters
    ----------
    rows : list of tuple
        Values in the order of `COLUMNS`; ready for the database.
    lines : list of int
        Where each row starts in the file.
    rejected : list of (line, reason, fields)
    first_day, last_day : ndarray of datetime64[D]
    gw : ndarray of int64
        Country of each row, 0 if unknown.
    notes : dict of str → int
        How often something odd but usable was met.
    """

    rows: list[tuple[Any, ...]]
    lines: list[int]
    rejected: list[Rejected]
    first_day: npt.NDArray[Any]
    last_day: npt.NDArray[Any]
    gw: npt.NDArray[np.int64]
    notes: dict[str, int]


@dataclass(frozen=True)
class Events:
    """Events known at a time, one entry an event, as parallel arrays of shape (n,).

    `kind` 1 state-based, 2 non-state, 3 one-sided; `first_day` and `last_day` are ``datetime64[D]``;
    `deaths_civilians` is NaN where the source does not tell civilians apart; `adm_1` is text.
    """

    id: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    first_day: npt.NDArray[Any]
    last_day: npt.NDArray[Any]
    date_prec: npt.NDArray[np.int64]
    where_prec: npt.NDArray[np.int64]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    gid: npt.NDArray[np.int64]
    gw: npt.NDArray[np.int64]
    adm_1: npt.NDArray[Any]
    best: npt.NDArray[np.int64]
    deaths_civilians: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Number of events."""
        return len(self.id)

    def take(self, keep: npt.NDArray[Any]) -> "Events":
        """The events at an index or mask."""
        return Events(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})
