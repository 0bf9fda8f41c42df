"""Columns of text into arrays of values: a fast path for clean columns, a careful one for the rest.

Every function takes a column as a sequence of strings and returns the values with a mask of the usable ones; what is
unusable holds a harmless filler, so that arrays keep their type.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T].*)?")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T].*)?")


def whole_numbers(column: Sequence[str], low: int, high: int) -> tuple[npt.NDArray[np.int64], Mask]:
    """Whole numbers between `low` and `high`; ``3.0`` counts as 3, blanks and everything else as unusable."""
    try:
        if any("_" in text for text in column):
            raise ValueError
        values = np.array(column).astype(np.int64)
        good = np.ones(len(column), dtype=bool)
    except (ValueError, OverflowError):
        numbers, good = numbers_of(column)
        good &= (np.abs(numbers) < 2**53) & (numbers == np.floor(numbers))
        values = np.where(good, numbers, 0).astype(np.int64)
    good = good & (values >= low) & (values <= high)
    return np.where(good, values, 0), good


def numbers_of(column: Sequence[str]) -> tuple[npt.NDArray[np.float64], Mask]:
    """Finite numbers; blanks and everything else are unusable and hold NaN."""
    try:
        if any("_" in text for text in column):
            raise ValueError
        values = np.array(column).astype(np.float64)
    except ValueError:
        values = np.array([_number(text) for text in column], dtype=np.float64)
    good = np.isfinite(values)
    return np.where(good, values, np.nan), good


def _number(text: str) -> float:
    try:
        return float(text) if "_" not in text else np.nan
    except ValueError:
        return np.nan


def days(column: Sequence[str]) -> tuple[npt.NDArray[Any], Mask]:
    """Days from ``YYYY-MM-DD`` (with or without a time behind it) or ``dd/mm/yyyy``; never month first."""
    try:
        cut = np.array(column).astype("U11")
        if not np.isin(cut.astype("<U11").view("U1").reshape(len(column), 11)[:, 10], ["", " ", "T"]).all():
            raise ValueError
        cut = cut.astype("U10")
        # numpy also takes bare years and months: only the full form counts as clean.
        if not np.all((np.char.str_len(cut) == 10) & (np.char.find(cut, "-") == 4)):
            raise ValueError
        values = cut.astype("datetime64[D]")
        good = np.ones(len(column), dtype=bool)
    except ValueError:
        texts = [_iso(text.strip()) for text in column]
        good = np.zeros(len(column), dtype=bool)
        values = np.zeros(len(column), dtype="datetime64[D]")
        for i, text in enumerate(texts):
            try:
                values[i] = np.datetime64(text, "D")
                good[i] = bool(text)
            except ValueError:
                continue
    good &= (values >= np.datetime64("1900-01-01")) & (values <= np.datetime64("2200-01-01"))
    return np.where(good, values, np.datetime64("1970-01-01")), good


def _iso(text: str) -> str:
    if found := _ISO.fullmatch(text):
        return found[1]
    if found := _DAY_FIRST.fullmatch(text):
        return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    return ""
