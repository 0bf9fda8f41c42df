"""Listing the files a mission knows."""

from typing import Any

import sqlalchemy as sa

from tocsin.core.time import month_text
from tocsin.listen.sources.tables import source_file


def list_sources(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every file, oldest import first, with what people ask about it."""
    rows = connection.execute(sa.select(source_file).order_by(source_file.c.id))
    return [
        {
            "name": r.name,
            "layout": r.layout,
            "release": r.release,
            "published_on": r.published_on.isoformat(),
            "covers": "" if r.covers_from is None else f"{month_text(r.covers_from)} to {month_text(r.covers_until)}",
            "read": r.n_read,
            "rejected": r.n_rejected,
            "sha256": r.sha256,
            "licence": r.licence,
            "citation": r.citation,
            "imported_at": r.imported_at.isoformat(),
        }
        for r in rows
    ]
