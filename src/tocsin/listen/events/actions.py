"""Taking events in: a new version is a new row, a known one is noted as seen again, nothing is changed."""

from collections import Counter
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.core.time import months_of
from tocsin.listen.events.model import COLUMNS, Batch, Rejected
from tocsin.listen.events.tables import event, event_seen
from tocsin.listen.sources.model import Counts, Coverage
from tocsin.store import InsertRows, insert_rows

KEYS_A_QUERY = 5_000
WHOLE_WORLD = 40  # a file that speaks of this many countries speaks of the world


class EventIntake:
    """Takes batches of one file; `coverage` then says what the file speaks of.

    Parameters
    ----------
    connection : Connection
        Of the running transaction.
    source : str
        ``ucdp`` or ``acled``: ids are unique within a source.
    file_id : int
    insert : callable
        Puts rows into a table.
    """

    def __init__(self, connection: sa.Connection, source: str, file_id: int, insert: InsertRows = insert_rows) -> None:
        self.connection, self.source, self.file_id, self.insert = connection, source, file_id, insert
        self.counts = Counts()
        self.notes: Counter[str] = Counter()
        self._in_file: dict[str, int] = {}
        self._line: dict[str, int] = {}
        self._months: list[int] = []
        self._countries: set[int] = set()
        self._first_import = (
            connection.execute(sa.select(event.c.id).where(event.c.source == source).limit(1)).first() is None
        )

    def take(self, batch: Batch) -> list[Rejected]:
        """Store a batch; returns the rows that cannot be used."""
        rejected = list(batch.rejected)
        self.notes.update(batch.notes)
        known = {} if self._first_import else self._known([row[0] for row in batch.rows])
        new, seen = [], []
        for row, line in zip(batch.rows, batch.lines, strict=True):
            key, content = row[0], row[1]
            earlier = self._in_file.get(key)
            if earlier is not None:
                if earlier == content:
                    self.counts.unchanged += 1
                else:
                    rejected.append((line, f"id {key} stands earlier in this file with other content", [key]))
                continue
            self._in_file[key] = content
            versions = known.get(key)
            if versions is None:
                self.counts.added += 1
            elif content in versions:
                self.counts.unchanged += 1
                seen.append((self.file_id, versions[content]))
                continue
            else:
                self.counts.updated += 1
            new.append((self.source, self.file_id, *row))
        self.insert(self.connection, event, ("source", "file_id", *COLUMNS), new)
        self.insert(self.connection, event_seen, ("file_id", "event_id"), seen)
        self.counts.rejected += len(rejected)
        if len(batch.first_day):
            # An event counts for the month and year it began in: one that runs into January says nothing of that year.
            began = months_of(batch.first_day)
            self._months += [int(began.min()), int(began.max())]
            self._countries |= set(np.unique(batch.gw[batch.gw > 0]).tolist())
        return rejected

    def _known(self, keys: list[str]) -> dict[str, dict[int, int]]:
        """Stored versions of these keys: key → {content: id}."""
        found: dict[str, dict[int, int]] = {}
        for start in range(0, len(keys), KEYS_A_QUERY):
            query = sa.select(event.c.key, event.c.content, event.c.id).where(
                event.c.source == self.source, event.c.key.in_(keys[start : start + KEYS_A_QUERY])
            )
            for key, content, id in self.connection.execute(query):
                found.setdefault(key, {})[content] = id
        return found

    def coverage(self, whole_years: bool) -> Coverage:
        """Months and countries the file speaks of; a yearly release speaks of whole years."""
        if not self._months:
            return Coverage()
        first, last = min(self._months), max(self._months)
        if whole_years:
            first, last = first - (first - 1) % 12, last + 11 - (last - 1) % 12
        countries = tuple(sorted(self._countries))
        return Coverage(first, last, () if len(countries) >= WHOLE_WORLD else countries)


def withdraw(
    connection: sa.Connection, source: str, file_id: int, keys: list[str], keep: bool = True
) -> tuple[int, int]:
    """Note that the source took events back: a new version marked withdrawn; the old ones stay for the record.

    Without `keep` they are only counted.

    Returns
    -------
    withdrawn, unknown : int
        How many of the keys were known and how many were not.
    """
    columns = [c.name for c in event.columns if c.name not in ("id", "source", "file_id", "withdrawn", "content")]
    withdrawn = 0
    for start in range(0, len(keys), KEYS_A_QUERY):
        part = keys[start : start + KEYS_A_QUERY]
        query = (
            sa.select(event.c.id, event.c.file_id, event.c.withdrawn, *(event.c[c] for c in columns))
            .where(event.c.source == source, event.c.key.in_(part))
            .order_by(event.c.id)
        )
        latest: dict[str, Any] = {row.key: row for row in connection.execute(query)}
        again = (
            sa.select(event.c.key, sa.func.max(event_seen.c.file_id))
            .join(event_seen, event_seen.c.event_id == event.c.id)
            .where(event.c.source == source, event.c.key.in_(part))
            .group_by(event.c.key)
        )
        back: dict[str, int] = {row[0]: row[1] for row in connection.execute(again)}
        rows = []
        for row in latest.values():
            if row.withdrawn and back.get(row.key, 0) <= row.file_id:
                continue  # the list is cumulative: it names old deletions again
            values = row._mapping
            rows.append({"source": source, "file_id": file_id, "withdrawn": True, "content": 0,
                         **{c: values[c] for c in columns}})  # fmt: skip
        if rows and keep:
            connection.execute(sa.insert(event), rows)
        withdrawn += len(rows)
    return withdrawn, len(keys) - withdrawn
