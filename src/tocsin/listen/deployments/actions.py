"""Taking deployments in."""

import json

import sqlalchemy as sa

from tocsin.listen.deployments.formats.geopko import values_of
from tocsin.listen.deployments.model import Deployment
from tocsin.listen.deployments.tables import deployment
from tocsin.listen.files.content import content_hashes
from tocsin.listen.sources.model import Counts
from tocsin.store import InsertRows, insert_rows

COLUMNS = ("layout", "key", "file_id", "content", "mission", "name", "kind", "lon", "lat", "first_month", "last_month",
           "strength", "contributors", "has", "chart")  # fmt: skip


class DeploymentIntake:
    """Takes parsed rows of one file."""

    def __init__(self, connection: sa.Connection, layout: str, file_id: int, insert: InsertRows = insert_rows) -> None:
        self.connection, self.layout, self.file_id, self.insert = connection, layout, file_id, insert
        self.counts = Counts()
        query = sa.select(deployment.c.key, deployment.c.content).where(deployment.c.layout == layout)
        self._known: dict[str, set[int]] = {}
        for key, content in connection.execute(query):
            self._known.setdefault(key, set()).add(content)
        self._in_file: dict[str, int] = {}

    def take(self, rows: list[tuple[int, Deployment]]) -> list[tuple[int, str, list[str]]]:
        """Store rows; returns those that cannot be used as (line, reason, fields)."""
        rejected: list[tuple[int, str, list[str]]] = []
        new = []
        contents = content_hashes([r.key for _, r in rows], [[values_of(r) for _, r in rows]])
        for (line, row), content in zip(rows, contents, strict=True):
            earlier = self._in_file.get(row.key)
            if earlier is not None and earlier != content:
                rejected.append(
                    (line, "the same unit, place and time stands earlier in this file differently", [row.key])
                )
                continue
            if earlier is not None:
                self.counts.unchanged += 1
                continue
            self._in_file[row.key] = content
            versions = self._known.get(row.key, set())
            if content in versions:
                self.counts.unchanged += 1
                continue
            self.counts.updated += bool(versions)
            self.counts.added += not versions
            new.append(
                (self.layout, row.key, self.file_id, content, row.mission, row.name, row.kind.value, row.lon, row.lat,
                 row.first_month, row.last_month, row.strength, json.dumps(row.contributors), json.dumps(row.has),
                 row.chart)
            )  # fmt: skip
        self.insert(self.connection, deployment, COLUMNS, new)
        self.counts.rejected += len(rejected)
        return rejected
