"""Telling the user how far long work is, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Called by long work: what it does, how much is done, of how much (None if not known)."""

    def __call__(self, step: str, done: float, total: float | None = None) -> None:
        """Report a step."""


def silent(step: str, done: float, total: float | None = None) -> None:
    """Listen to nothing."""
