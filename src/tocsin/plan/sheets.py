"""Requests that come as tables: rows read into typed values, every wrong row named with what to write instead."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tocsin.core.errors import BadFile, BadInput
from tocsin.listen.files.rows import open_sheet

MOST_ROWS = 20_000
TOLD = 8  # wrong rows told at once
YES, NO = ("yes", "y", "true", "1", "oui"), ("no", "n", "false", "0", "non")
Made = TypeVar("Made")


class Row:
    """One row of a request: its cells as values, each refused in words that say what to write.

    Examples
    --------
    >>> Row({"rank": "3", "skills": "gbv:0.8; traffic"}).levels("skills")
    {'gbv': 0.8, 'traffic': 1.0}
    """

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells

    def text(self, name: str, default: str = "") -> str:
        """A cell as text."""
        return self._cells.get(name, "").strip() or default

    def needed(self, name: str) -> str:
        """A cell that must not be empty."""
        found = self.text(name)
        if not found:
            raise BadInput("'{column}' is empty: fill it in", column=name)
        return found

    def number(self, name: str, default: float, low: float = 0.0, high: float = 1e9) -> float:
        """A number within limits."""
        text = self.text(name)
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise BadInput("{column} is '{text}': write a number from {low:g} to {high:g}, or leave it empty",
                           column=name, text=text, low=low, high=high)  # fmt: skip
        return value

    def whole(self, name: str, default: int, low: int = 0, high: int = 1_000_000) -> int:
        """A whole number within limits."""
        value = self.number(name, default, low, high)
        if value != int(value):
            raise BadInput("{column} is '{text}': write a whole number", column=name, text=self.text(name))
        return int(value)

    def day(self, name: str) -> dt.date | None:
        """A day, None when empty."""
        text = self.text(name)
        if not text:
            return None
        try:
            return dt.date.fromisoformat(text[:10])
        except ValueError:
            raise BadInput("{column} is '{text}': write a day as YYYY-MM-DD", column=name, text=text) from None

    def flag(self, name: str, default: bool = False) -> bool:
        """Yes or no."""
        text = self.text(name).casefold()
        if text and text not in YES + NO:
            raise BadInput("{column} is '{text}': write yes or no", column=name, text=text)
        return text in YES if text else default

    def names(self, name: str) -> frozenset[str]:
        """Names with ``;`` between them."""
        return frozenset(part.strip() for part in self.text(name).split(";") if part.strip())

    def levels(self, name: str) -> dict[str, float]:
        """Names with ``;`` between them, each with its level behind a colon (0 to 1; 1 where none is given)."""
        found = {}
        for part in self.names(name):
            what, colon, level = part.rpartition(":")
            if not colon:
                what, level = part, "1"
            try:
                value = float(level)
            except ValueError:
                value = -1.0
            if not what.strip() or not 0 <= value <= 1:
                raise BadInput("{column} has '{part}': write name:level with a level from 0 to 1, such as french:0.8",
                               column=name, part=part)  # fmt: skip
            found[what.strip().casefold()] = value
        return dict(sorted(found.items()))

    def one_of(self, name: str, known: Sequence[str], default: str) -> str:
        """One of some words."""
        text = self.text(name, default).casefold()
        if text not in known:
            raise BadInput("{column} is '{text}': write one of {known}", column=name, text=text, known=", ".join(known))
        return text

    def point(self) -> tuple[float, float] | None:
        """``lon`` and ``lat``, both or neither."""
        if bool(self.text("lon")) != bool(self.text("lat")):
            raise BadInput("a point needs both lon and lat: fill in both or neither")
        return (self.number("lon", 0, -180, 180), self.number("lat", 0, -90, 90)) if self.text("lon") else None


def read_rows(
    path: Path, columns: Sequence[str], required: Sequence[str], make: Callable[[Row], Made], key: str = ""
) -> list[Made]:
    """Everything in a table of a request (csv, xlsx, json …), or nothing of it.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        Those a request may have; another one is refused, so that a slip of the pen is not silently left out.
    required : sequence of str
        Those of them that must be there.
    make : callable
        From a row to what it means; what it raises as `BadInput` is told with the row.
    key : str
        Column whose values must all differ; none when empty.

    Raises
    ------
    BadFile
        If a column or row is wrong; names the rows (the header is row 1) and what to do.
    """
    made: list[Made] = []
    wrong: list[str] = []
    seen: dict[str, int] = {}
    with open_sheet(path) as sheet:
        header = [name.strip().casefold() for name in sheet.first]
        odd = [name for name in header if name and name not in columns]
        missing = [name for name in required if name not in header]
        twice = sorted({name for name in header if name and header.count(name) > 1})
        if odd or missing or twice:
            what = (f"the column '{odd[0]}' is not known" if odd else f"the column '{missing[0]}' is missing"
                    if missing else f"the column '{twice[0]}' stands twice")  # fmt: skip
            raise BadFile("{name}: {what}; the columns are: {known}", name=path.name, what=what,
                          known=", ".join(columns))  # fmt: skip
        for line, cells in sheet.rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(made) >= MOST_ROWS:
                raise BadFile("{name} has more than {most} rows: split it", name=path.name, most=MOST_ROWS)
            row = Row(dict(zip(header, cells, strict=False)))
            try:
                if any(cell.strip() for cell in cells[len(header) :]):
                    raise BadInput("there are more cells than columns: is a comma in a text without quotes?")
                made.append(make(row))
                if key:
                    if row.text(key) in seen:
                        raise BadInput("'{id}' is also in row {first}: give each its own", id=row.text(key),
                                       first=seen[row.text(key)])  # fmt: skip
                    seen[row.text(key)] = line
            except BadInput as problem:
                wrong.append(f"row {line}: {problem}")
    if wrong:
        more = f"; and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
        raise BadFile("{name} was not taken. {rows}", name=path.name, rows="; ".join(wrong[:TOLD]) + more)
    return made
