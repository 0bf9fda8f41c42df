"""What every location engine takes and gives: limits on the choice, and a choice with its certificate."""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """At most `most` of these columns may be chosen (for example: the places two spare platoons could go).

    Parameters
    ----------
    name : str
    members : ndarray of int64
        Columns of the cover matrix; a column belongs to one group at most.
    most : int
    """

    name: str
    members: Ints
    most: int


@dataclass(frozen=True)
class Located:
    """A choice of columns and its certificate.

    Parameters
    ----------
    chosen : tuple of int
        Columns chosen, ascending.
    value : float
        What the choice is worth; anyone can recompute it from the data and `chosen` alone.
    bound : float
        No choice can be worth more (for least-cost problems: less) than this: proven, whatever the method.
    gap : float
        ``|bound - value| / |value|``; 0 is a proven optimum, infinite when there is no value to compare.
    method : str
        How it was found, in words.
    seed : int
    data_hash : str
        SHA-256 (16 hex digits) of what was solved.
    """

    chosen: tuple[int, ...]
    value: float
    bound: float
    gap: float
    method: str
    seed: int
    data_hash: str

    @property
    def proven(self) -> bool:
        """Whether no better choice exists (up to one part in ten million, the solver's own tolerance)."""
        return self.gap <= 1e-7


def relative_gap(value: float, bound: float) -> float:
    """``|bound - value| / |value|``; 0 when both are 0 and infinite when only the value is.

    >>> relative_gap(100.0, 101.0)
    0.01
    """
    away = abs(bound - value)
    if away <= 1e-9 * max(1.0, abs(value)):
        return 0.0
    return away / abs(value) if value else math.inf


def data_hash(*parts: object) -> str:
    """SHA-256 (first 16 hex digits) over arrays, sparse matrices, numbers and text, in order."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, csr_matrix):
            part.sort_indices()
            for array in (part.indptr.astype(np.int64), part.indices.astype(np.int64)):
                digest.update(array.tobytes())
        elif isinstance(part, np.ndarray):
            digest.update(str(part.shape).encode() + np.ascontiguousarray(part).tobytes())
        else:
            digest.update(repr(part).encode())
        digest.update(b"|")
    return digest.hexdigest()[:16]
