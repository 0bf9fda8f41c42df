"""Importing a file: one transaction, nothing dropped silently, the same file twice changes nothing."""

import csv
import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, cast

import sqlalchemy as sa

from tocsin.core.errors import BadFile
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.listen.events.model import Rejected
from tocsin.listen.files.rows import FORMULA, Row, Sheet, checksum, open_sheet
from tocsin.listen.imports.layouts import Layout, Setting, recognise
from tocsin.listen.sources.model import Counts, Imported, published_on, release_of
from tocsin.listen.sources.tables import source_file
from tocsin.store import without_garbage_collection

CHUNK = 20_000


def import_file(
    connection: sa.Connection,
    mission: Mission,
    path: Path,
    now: dt.datetime,
    layout: str | None = None,
    release: str | None = None,
    published: dt.date | None = None,
    tell: Progress = silent,
) -> Imported:
    """Take a file into the mission's records.

    Parameters
    ----------
    connection : Connection
        Of a transaction the caller owns: an error undoes everything.
    mission : Mission
    path : Path
        csv, csv.gz, zip, xlsx or json.
    now : datetime
    layout : str, optional
        Name of the layout; recognised by the columns if not given.
    release : str, optional
        As the publisher counts releases; read from the file name if not given.
    published : date, optional
        Since when the file was public; by default from a UCDP release number, else the day of the import.
    tell : Progress

    Returns
    -------
    Imported

    Raises
    ------
    BadFile
        If the file cannot be used as a whole.
    """
    sha256 = checksum(path)
    number = release_of(path.name) if release is None else release
    with open_sheet(path) as sheet:
        kind, at, has_header = recognise(path.name, sheet.first, layout, number)
        day = published or (published_on(number) if kind.name.startswith("ucdp") else None) or now.date()
        known = connection.execute(
            sa.select(source_file).where(source_file.c.sha256 == sha256, source_file.c.layout == kind.name)
        ).first()
        if known is not None:
            again = Counts(unchanged=known.n_read - known.n_rejected, rejected=known.n_rejected)
            return Imported(path.name, kind.name, known.release, known.published_on, again, True)
        file_id = connection.scalar(
            sa.insert(source_file).values(
                name=path.name, sha256=sha256, layout=kind.name, release=number, licence=kind.licence,
                citation=kind.citation, published_on=day, imported_at=now, is_edition=kind.name == "ucdp-ged",
                countries=[], n_read=0, n_added=0, n_updated=0, n_unchanged=0, n_rejected=0,
            ).returning(source_file.c.id)
        )  # fmt: skip
        assert file_id is not None  # noqa: S101 - RETURNING gives one row
        setting = Setting(connection, mission, kind.name, int(file_id), path.name, number, day, now.date())
        with without_garbage_collection():
            return _take(setting, kind, at, has_header, sheet, sha256, number, day, tell)


def _take(
    setting: Setting, kind: Layout, at: dict[str, int], has_header: bool, sheet: Sheet, sha256: str, release: str,
    day: dt.date, tell: Progress,
) -> Imported:  # fmt: skip
    with _Rejects(sheet, has_header) as rejects:
        return _take_rows(setting, kind, at, has_header, sheet, sha256, release, day, tell, rejects)


def _take_rows(
    setting: Setting, kind: Layout, at: dict[str, int], has_header: bool, sheet: Sheet, sha256: str, release: str,
    day: dt.date, tell: Progress, rejects: "_Rejects",
) -> Imported:  # fmt: skip
    intake = kind.intake(setting, at)
    width = len(sheet.first)
    read = short = 0
    for chunk in _chunks(sheet, has_header):
        read += len(chunk)
        _refuse_formulas(sheet.name, chunk)
        good = [row for row in chunk if len(row[1]) == width]
        bad: list[Rejected] = [
            (line, f"{len(fields)} fields where the header has {width}", fields)
            for line, fields in chunk
            if len(fields) != width
        ]
        intake.counts.rejected += len(bad)
        short = 0 if not chunk or len(chunk[-1][1]) >= width else chunk[-1][0]
        if good:
            bad += intake.take(good)
        rejects.add(bad)
        tell(f"Reading {sheet.name}", read)
    if short:
        raise BadFile(
            "{name} is cut off: its last row (line {line}) is incomplete; get the file again",
            name=sheet.name,
            line=short,
        )
    counts: Counts = intake.counts
    if read == 0:
        raise BadFile("{name} has a header but no row", name=sheet.name)
    if counts.read != read:
        raise AssertionError(f"rows do not add up: {read} read, {counts}")
    if counts.rejected == read:
        line, why = rejects.first
        raise BadFile("no row of {name} can be used; line {line}: {why}", name=sheet.name, line=line, why=why)
    covers = intake.coverage()
    setting.connection.execute(
        sa.update(source_file)
        .where(source_file.c.id == setting.file_id)
        .values(
            covers_from=covers.first, covers_until=covers.last, countries=list(covers.countries), n_read=read,
            n_added=counts.added, n_updated=counts.updated, n_unchanged=counts.unchanged, n_rejected=counts.rejected,
        )
    )  # fmt: skip
    warnings = [f"{times} rows: {what}" for what, times in intake.notes.items() if times]
    written = rejects.keep(setting.mission, sha256)
    return Imported(sheet.name, kind.name, release, day, counts, False, written, warnings)


def _chunks(sheet: Sheet, has_header: bool) -> Iterator[list[Row]]:
    chunk: list[Row] = [] if has_header else [(1, sheet.first)]
    for row in sheet.rows:
        chunk.append(row)
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _refuse_formulas(name: str, chunk: list[Row]) -> None:
    # One search in the joined text of the chunk; only a hit is looked at closely.
    for line, fields in chunk:
        joined = "\0" + "\0".join(fields)
        if "\0=" in joined or ("|" in joined and "!" in joined):
            for field in fields:
                if FORMULA.match(field):
                    raise BadFile(
                        "{name}, line {line}: a cell holds a spreadsheet formula ({shown}); nothing was taken",
                        name=name,
                        line=line,
                        shown=field[:40],
                    )


class _Rejects:
    """Rows that cannot be used, written to a scratch file as they come; kept only if the import succeeds."""

    def __init__(self, sheet: Sheet, has_header: bool) -> None:
        self.sheet, self.has_header = sheet, has_header
        self.first: tuple[int, str] = (0, "")
        self._scratch: TextIO | None = None

    def __enter__(self) -> "_Rejects":
        return self

    def __exit__(self, *_: object) -> None:
        if self._scratch is not None:
            self._scratch.close()

    def add(self, rows: list[Rejected]) -> None:
        """Write rows of one chunk, in the order of their lines."""
        if not rows:
            return
        if self._scratch is None:
            scratch = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed in __exit__
            self._scratch = cast("TextIO", scratch)
            header = self.sheet.first if self.has_header else []
            csv.writer(self._scratch).writerow(["line", "reason", *header])
        ordered = sorted(rows, key=lambda r: r[0])
        self.first = self.first if self.first[1] else (ordered[0][0], ordered[0][1])
        # A leading apostrophe keeps a spreadsheet from running what a hostile row holds.
        csv.writer(self._scratch).writerows(
            [line, why, *("'" + f if f[:1] in ("=", "+", "-", "@") else f for f in fields)]
            for line, why, fields in ordered
        )

    def keep(self, mission: Mission, sha256: str) -> str | None:
        """Put the rows into the mission's folder; returns the file's path in it, None if there are none."""
        if self._scratch is None:
            return None
        mission.rejects.mkdir(exist_ok=True)
        path = mission.rejects / f"{Path(self.sheet.name).name.split('.')[0]}-{sha256[:8]}.csv"
        part = path.with_suffix(".part")
        self._scratch.seek(0)
        with part.open("w", encoding="utf-8", newline="") as text:
            shutil.copyfileobj(self._scratch, text)
        part.replace(path)
        return str(path.relative_to(mission.folder))
