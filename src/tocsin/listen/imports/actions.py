"""Importing a file: one transaction, nothing dropped silently, the same file twice changes nothing."""

import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import BadFile, BadInput
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.listen.events.model import Rejected
from tocsin.listen.files.rows import FORMULA, Row, Sheet, checksum, open_sheet
from tocsin.listen.imports.columns import Chosen, changes, guess, likeliest, missing, own, renamed
from tocsin.listen.imports.layouts import FITS_NONE, LAYOUTS, Columns, Layout, Setting, recognise
from tocsin.listen.imports.looked import Looked
from tocsin.listen.imports.rejects import Rejects
from tocsin.listen.imports.samples import shown
from tocsin.listen.sources.model import Counts, Imported, published_on, release_of
from tocsin.listen.sources.tables import source_file
from tocsin.store import without_garbage_collection

CHUNK = 20_000
TOLD = 2_000  # rows between two words of how far it is
SAMPLES, EXAMPLES, EXAMPLE_ROWS = 8, 3, 200
LONGEST_COLUMN = 200  # letters of a column's name


@dataclass(frozen=True)
class Reading:
    """How a file is to be read.

    Parameters
    ----------
    called : str
        What people call the file; empty = as it is called where it lies.
    layout : str, optional
        Name of the layout; recognised by the columns if not given.
    release : str, optional
        As the publisher counts releases; read from the file name if not given.
    published : date, optional
        Since when the file was public; by default from a UCDP release number, else the day of the import.
    columns : mapping, optional
        Which of the file's columns each of ours is, where they are not called the same.
    """

    called: str = ""
    layout: str | None = None
    release: str | None = None
    published: dt.date | None = None
    columns: Chosen | None = None


def import_file(
    connection: sa.Connection,
    mission: Mission,
    path: Path,
    now: dt.datetime,
    layout: str | None = None,
    release: str | None = None,
    published: dt.date | None = None,
    tell: Progress = silent,
    columns: Chosen | None = None,
) -> Imported:
    """Take a file into the mission's records.

    Parameters
    ----------
    connection : Connection
        Of a transaction the caller owns: an error undoes everything.
    mission : Mission
    path : Path
        csv, csv.gz, zip, xlsx, json or geojson.
    now : datetime
    layout, release, published, columns
        As in `Reading`.
    tell : Progress

    Returns
    -------
    Imported

    Raises
    ------
    BadFile
        If the file cannot be used as a whole.
    """
    return import_as(connection, mission, path, now, Reading("", layout, release, published, columns), tell)


def import_as(
    connection: sa.Connection, mission: Mission, path: Path, now: dt.datetime, how: Reading, tell: Progress = silent
) -> Imported:
    """The same, with everything that is to be known about the file in one."""
    with _opened(path, how, now) as found:
        known = _known(connection, found)
        if known is not None:
            return known
        kind = found.kind
        file_id = connection.scalar(
            sa.insert(source_file).values(
                name=found.sheet.name, sha256=found.sha256, layout=kind.name, release=found.release,
                licence=kind.licence, citation=kind.citation, published_on=found.public, imported_at=now,
                is_edition=kind.name == "ucdp-ged", countries=[], n_read=0, n_added=0, n_updated=0, n_unchanged=0,
                n_rejected=0,
            ).returning(source_file.c.id)
        )  # fmt: skip
        assert file_id is not None  # noqa: S101 - RETURNING gives one row
        setting = found.setting(connection, mission, int(file_id), now)
        with without_garbage_collection(), Rejects(found.sheet, found.has_header) as rejects:
            intake, counts = _take_rows(setting, found, tell, rejects)
            covers = intake.coverage()
            connection.execute(
                sa.update(source_file)
                .where(source_file.c.id == file_id)
                .values(
                    covers_from=covers.first, covers_until=covers.last, countries=list(covers.countries),
                    n_read=counts.read, n_added=counts.added, n_updated=counts.updated,
                    n_unchanged=counts.unchanged, n_rejected=counts.rejected,
                )
            )  # fmt: skip
            return found.imported(counts, intake, rejects.keep(mission, found.sha256))


def look_at(
    connection: sa.Connection,
    mission: Mission,
    path: Path,
    now: dt.datetime,
    how: Reading,
    rejects_to: Path,
    tell: Progress = silent,
) -> Looked:
    """What an import of a file would do, without doing it.

    Parameters
    ----------
    connection : Connection
        Reads only.
    rejects_to : Path
        Where rows that cannot be used are written, with line and reason, if there are any.

    Returns
    -------
    Looked

    Raises
    ------
    BadFile
        If the file cannot be used as a whole.
    """
    rejects_to.unlink(missing_ok=True)
    first, examples = _beginning(path, how.called)
    name = how.layout or _recognised(path, how, first) or likeliest(first)
    if name is not None and name not in LAYOUTS:
        raise BadInput("'{name}' is not a layout; there are: {known}", name=name, known=", ".join(LAYOUTS))
    chosen = how.columns
    layout = None if name is None else LAYOUTS[name]
    if (layout is None or layout.needed) and any(len(column) > LONGEST_COLUMN for column in first):
        raise BadFile("{name}: its first row holds no names of columns; add one that does", name=how.called or path)
    if layout is None or name is None:
        return Looked(None, first, examples)
    if chosen is None and layout.needed:  # a file that needs no choice is read here as anywhere else
        chosen = own(layout, first)
        chosen = chosen if not missing(layout, first) else guess(layout, first)
    if layout.needed and (lacking := missing(layout, renamed(layout, first, chosen or {}))):
        return Looked(name, first, examples, dict(chosen or {}), lacking)
    how = replace(how, layout=how.layout or (name if layout.needed else None), columns=chosen)
    with _opened(path, how, now) as found:
        start = list(itertools.islice(found.sheet.rows, SAMPLES if found.has_header else SAMPLES - 1))
        if not found.has_header:
            start = [(1, found.sheet.first), *start]
        fields, samples = shown(found.kind, found.at, start, len(found.sheet.first), now.date())
        if not found.has_header:
            first, examples = list(found.at), []
    shown_first = [column[:LONGEST_COLUMN] for column in first]
    looked = Looked(found.kind.name, shown_first, examples, dict(chosen or {}), [], fields, samples)
    with _opened(path, how, now) as found:
        known = _known(connection, found)
        if known is None:
            setting = replace(found.setting(connection, mission, 0, now), keep=False)
            with without_garbage_collection(), Rejects(found.sheet, found.has_header) as rejects:
                intake, counts = _take_rows(setting, found, tell, rejects)
                known = found.imported(counts, intake, str(rejects.write(rejects_to)) if counts.rejected else None)
                looked.rejects = rejects.beginning
        looked.would = known
    return looked


def _beginning(path: Path, called: str) -> tuple[list[str], list[list[str]]]:
    """The first row, and for each column a few values that stand in it."""
    with open_sheet(path, called) as sheet:
        examples: list[list[str]] = [[] for _ in sheet.first]
        for _, fields in itertools.islice(sheet.rows, EXAMPLE_ROWS):
            for found, field in zip(examples, fields, strict=False):
                text = field.strip()[:60]
                if text and len(found) < EXAMPLES and text not in found:
                    found.append(text)
        return sheet.first, examples


def _recognised(path: Path, how: Reading, first: list[str]) -> str | None:
    name = how.called or path.name
    release = release_of(name) if how.release is None else how.release
    try:
        return recognise(name, first, None, release)[0].name
    except BadFile as problem:
        if problem.message.startswith(FITS_NONE):
            return None
        raise


@dataclass(frozen=True)
class _Opened:
    """A file that is open, and what is known of it before its rows."""

    sheet: Sheet
    sha256: str
    kind: Layout
    at: Columns
    has_header: bool
    release: str
    public: dt.date

    def setting(self, connection: sa.Connection, mission: Mission, file_id: int, now: dt.datetime) -> Setting:
        return Setting(
            connection, mission, self.kind.name, file_id, self.sheet.name, self.release, self.public, now.date()
        )

    def imported(self, counts: Counts, intake: Any, rejects_file: str | None) -> Imported:
        warnings = [f"{times} rows: {what}" for what, times in intake.notes.items() if times]
        return Imported(
            self.sheet.name, self.kind.name, self.release, self.public, counts, False, rejects_file, warnings
        )


@contextmanager
def _opened(path: Path, how: Reading, now: dt.datetime) -> Iterator[_Opened]:
    sha256 = checksum(path)
    with open_sheet(path, how.called) as sheet:
        number = release_of(sheet.name) if how.release is None else how.release
        first = sheet.first
        if how.columns and how.layout in LAYOUTS and changes(LAYOUTS[how.layout], first, how.columns):
            first = renamed(LAYOUTS[how.layout], first, how.columns)
            # The same bytes read otherwise are other rows: what is known already is the two together.
            told = json.dumps([sha256, dict(sorted(how.columns.items()))], ensure_ascii=False)
            sha256 = hashlib.sha256(told.encode()).hexdigest()
        kind, at, has_header = recognise(sheet.name, first, how.layout, number)
        day = how.published or (published_on(number) if kind.name.startswith("ucdp") else None) or now.date()
        yield _Opened(sheet, sha256, kind, at, has_header, number, day)


def _known(connection: sa.Connection, found: _Opened) -> Imported | None:
    """What was said of the same file when it was imported before."""
    known = connection.execute(
        sa.select(source_file).where(source_file.c.sha256 == found.sha256, source_file.c.layout == found.kind.name)
    ).first()
    if known is None:
        return None
    again = Counts(unchanged=known.n_read - known.n_rejected, rejected=known.n_rejected)
    return Imported(found.sheet.name, found.kind.name, known.release, known.published_on, again, True)


def _take_rows(setting: Setting, found: _Opened, tell: Progress, rejects: Rejects) -> tuple[Any, Counts]:
    """Give every row to the layout's intake; what it cannot use is set aside."""
    sheet = found.sheet
    intake = found.kind.intake(setting, found.at)
    width = len(sheet.first)
    read = short = 0
    for chunk in _chunks(sheet, found.has_header, tell):
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
        rejects.add(bad, chunk)
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
    if counts.rejected == read and setting.keep:
        line, why = rejects.first
        raise BadFile("no row of {name} can be used; line {line}: {why}", name=sheet.name, line=line, why=why)
    return intake, counts


def _chunks(sheet: Sheet, has_header: bool, tell: Progress) -> Iterator[list[Row]]:
    chunk: list[Row] = [] if has_header else [(1, sheet.first)]
    step, read = f"Reading {sheet.name}", 0
    for row in sheet.rows:
        chunk.append(row)
        if not len(chunk) % TOLD:
            tell(step, read + len(chunk))
        if len(chunk) >= CHUNK:
            read += len(chunk)
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
