"""Telling a new version of a row from an old one."""

import hashlib
from collections.abc import Sequence
from typing import Any


def content_hashes(keys: Sequence[str], columns: Sequence[Sequence[Any]]) -> list[int]:
    """One signed 64-bit number a row from its key and all its parsed values: the same values give the same number.

    Parameters
    ----------
    keys : sequence of str, length n
    columns : sequences of plain values, each of length n
    """
    blake = hashlib.blake2b
    return [
        int.from_bytes(blake(repr(row).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)
        for row in zip(keys, *columns, strict=True)
    ]
