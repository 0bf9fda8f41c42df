"""Files that people brought on the screen, from the upload to what came of it."""

import sqlalchemy as sa

from tocsin.store.database import metadata
from tocsin.store.tables import Instant

upload = sa.Table(
    "upload",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("owner", sa.Text, nullable=False, comment="account that brought it"),
    sa.Column("name", sa.Text, nullable=False, comment="as the person calls it; never part of a path"),
    sa.Column("shelf", sa.Text, nullable=False, comment="folder it lies in, drawn by chance"),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("brought_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False, comment="after this it is thrown away"),
    sa.Column("turn", sa.Integer, nullable=False, comment="how often it was to be read otherwise"),
    sa.Column("layout", sa.Text, comment="chosen; null = recognised by its columns"),
    sa.Column("release", sa.Text, comment="chosen; null = as its name says"),
    sa.Column("published_on", sa.Date, comment="chosen; null = by its release"),
    sa.Column("columns", sa.JSON, comment="chosen: our column -> the file's; null = guessed"),
    sa.Column("state", sa.Text, nullable=False, comment="waiting, working, looked, taken, refused, gone"),
    sa.Column("wanted", sa.Text, nullable=False, comment="look or take"),
    sa.Column("beat_at", Instant, nullable=False, comment="last sign of whoever works on it"),
    sa.Column("ended_at", Instant),
    sa.Column("looked", sa.JSON, comment="what it is and what an import would do"),
    sa.Column("taken", sa.JSON, comment="what the import did"),
    sa.Column("rejects", sa.Text, comment="file of rows that could not be used, in the mission's folder"),
    sa.Column("problem", sa.JSON, comment="why it cannot be: code and sentence"),
    sa.Index("ix_upload_owner", "owner"),
)
