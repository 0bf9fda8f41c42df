"""Rows out of the files people really have: csv, csv.gz, zip, xlsx and JSON, hostile ones included.

Every problem that makes a file as a whole unusable (truncated, binary, wrong encoding, a bomb, formulas, a monstrous
field) raises `BadFile` with one sentence; nothing of such a file is ever taken.
"""

import csv
import gzip
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from tocsin.core.errors import BadFile, NotFound

LONGEST_FIELD = 131_072  # characters; the longest in 30 years of UCDP is under 10,000
LARGEST_BYTES = 4 * 2**30  # unpacked; the whole of GED is a quarter of a gigabyte
LONGEST_ROW = 4 * 2**20  # characters; a line is read into memory before it can be judged
LARGEST_JSON_BYTES = 128 * 2**20  # JSON is read whole
MOST_JSON_VALUES = 10_000_000  # each costs some 100 bytes of memory, and two of the file
LARGEST_BOOK_BYTES = 512 * 2**20  # of a workbook, unpacked; its rows are read one by one
LARGEST_WORDS_BYTES = 64 * 2**20  # of its texts, which openpyxl keeps in memory
BOMB_RATIO, BOMB_BYTES = 200, 64 * 2**20  # unpacked : packed, once more than this has come out
MOST_COLUMNS = 2_000
# What a spreadsheet would run: no real cell of the layouts we read begins this way.
FORMULA = re.compile(r"=\s*[A-Za-z+\-@(\"']|[+\-@][^\n]{0,200}\|[^\n]{0,200}!")
# What comes instead of a file when the link asked for a sign-in.
WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|\?xml)[\s>]", re.IGNORECASE)
BINARY = re.compile("[\\0\\ud800-\\udfff]")  # NUL and halves of signs: JSON can hold them, records cannot

Row = tuple[int, list[str]]


@dataclass
class Sheet:
    """An opened file: its first row and all that follow.

    Parameters
    ----------
    name : str
        File name, without folders.
    first : list of str
        First row.
    rows : iterator of (line, fields)
        The rows after the first; `line` is where the row starts in the file (for JSON: number of the record).
    """

    name: str
    first: list[str]
    rows: Iterator[Row]


def checksum(path: Path) -> str:
    """SHA-256 of a file, hex."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise NotFound("{path} cannot be read ({why})", path=path, why=problem.strerror) from problem


@contextmanager
def open_sheet(path: Path, called: str = "") -> Iterator[Sheet]:
    """Open a file of rows.

    Parameters
    ----------
    path : Path
    called : str
        What people call the file, where it lies under another name; its ending says what it is.

    Raises
    ------
    BadFile
        Here or while reading, if the file cannot be used as a whole.
    """
    name = called or path.name
    try:
        with path.open("rb") as file:
            rows = _rows(name, Path(name).suffix.lower(), file, path.stat().st_size)
            first = next(rows, None)
            if first is None or not any(field.strip() for field in first[1]):
                raise BadFile("{name} is empty: there is no row in it", name=name)
            yield Sheet(name, [field.strip() for field in first[1]], rows)
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise BadFile("{name} is cut off or damaged ({why}); get the file again", name=name, why=problem) from problem


def _rows(name: str, suffix: str, file: IO[bytes], size: int) -> Iterator[Row]:
    if suffix == ".gz":
        return _csv(name, _guarded(name, cast("IO[bytes]", gzip.GzipFile(fileobj=file)), size))
    if suffix == ".xlsx":
        return _xlsx(name, file, size)
    if suffix == ".zip":
        return _zip(name, file, size)
    if suffix in (".json", ".geojson"):
        return _json(name, _guarded(name, file, size))
    return _csv(name, _guarded(name, file, size))


class _Guard(io.RawIOBase):
    """A stream that stops when much more comes out than any honest file would hold."""

    def __init__(self, name: str, source: IO[bytes], packed: int) -> None:
        self.name, self.source, self.packed, self.out = name, source, max(packed, 1), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.source.read(len(buffer))
        buffer[: len(data)] = data
        self.out += len(data)
        if self.out > LARGEST_BYTES or (self.out > BOMB_BYTES and self.out > BOMB_RATIO * self.packed):
            raise BadFile(
                "{name} unpacks to far more than it should ({size} MB and growing); it was not read",
                name=self.name,
                size=self.out // 2**20,
            )
        return len(data)


def _guarded(name: str, source: IO[bytes], packed: int) -> IO[bytes]:
    return io.BufferedReader(_Guard(name, source, packed), 1 << 20)


def _zip(name: str, file: IO[bytes], size: int) -> Iterator[Row]:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as problem:
        raise BadFile("{name} is not a whole zip file ({why}); get it again", name=name, why=problem) from problem
    members = [
        m for m in archive.infolist() if m.filename.lower().endswith((".csv", ".xlsx", ".json", ".geojson", ".txt"))
    ]
    members = [m for m in members if not Path(m.filename).name.startswith((".", "_"))]
    if len(members) != 1:
        raise BadFile(
            "{name} holds {count} tables; unpack it and import the one you mean", name=name, count=len(members)
        )
    member = members[0]
    if member.flag_bits & 1:
        raise BadFile("{name} is protected by a password; unpack it first", name=name)
    if member.file_size > LARGEST_BYTES:
        raise BadFile("{name} unpacks to {size} MB, more than we read", name=name, size=member.file_size // 2**20)
    suffix = Path(member.filename).suffix.lower()
    inner = _guarded(name, archive.open(member), size)
    try:
        if suffix == ".xlsx":
            data = inner.read(256 * 2**20)
            yield from _xlsx(name, io.BytesIO(data), len(data))
        elif suffix in (".json", ".geojson"):
            yield from _json(name, inner)
        else:
            yield from _csv(name, inner)
    except zipfile.BadZipFile as problem:
        raise BadFile("{name} is damaged ({why}); get it again", name=name, why=problem) from problem


def _csv(name: str, source: IO[bytes]) -> Iterator[Row]:
    start = source.read(4096)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadFile("{name} is in UTF-16; save it as 'CSV UTF-8'", name=name)
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"SQLite", b"\x1f\x8b")) or b"\0" in start:
        raise BadFile("{name} is not a text table; give csv, csv.gz, zip, xlsx, json or geojson", name=name)
    if WEB_PAGE.match(start):
        raise BadFile("{name} is a web page and not a table; get the file itself", name=name)
    text = io.TextIOWrapper(io.BufferedReader(_Joined(start, source), 1 << 20), encoding="utf-8-sig", newline="")
    csv.field_size_limit(LONGEST_FIELD)
    lines = _Lines(name, text)
    reader = csv.reader(lines, strict=True)
    line, width = 1, 0
    try:
        for fields in reader:
            lines.of_row = 0
            if not fields or (len(fields) == 1 and not fields[0].strip()):
                line = reader.line_num + 1
                continue
            if not width:
                width = len(fields)
                if width > MOST_COLUMNS:
                    raise BadFile("{name} has {count} columns, more than we read", name=name, count=width)
            # Joined first: a world of events has twenty million fields to look into.
            if "\0" in "".join(fields):
                raise BadFile("{name}, line {line}: it contains binary data; nothing was taken", name=name, line=line)
            yield line, fields
            line = reader.line_num + 1
    except UnicodeDecodeError as problem:
        raise BadFile(
            "{name} is not in UTF-8 (byte {byte} after line {line}); save it as 'CSV UTF-8'",
            name=name,
            byte=hex(problem.object[problem.start]),
            line=line,
        ) from problem
    except csv.Error as problem:
        why = str(problem)
        if "field larger" in why:
            why = f"a field is longer than {LONGEST_FIELD:,} characters"
        elif "unexpected end" in why:
            why = "the file is cut off inside a quoted field"
        elif "line contains NUL" in why:
            why = "it contains binary data"
        raise BadFile("{name}, line {line}: {why}; nothing was taken", name=name, line=line, why=why) from problem


class _Lines:
    """Lines of a text; a row of them that is longer than any honest one is not read into memory."""

    def __init__(self, name: str, text: io.TextIOWrapper) -> None:
        self.name, self.text, self.of_row = name, text, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.text.readline(LONGEST_ROW - self.of_row + 1)
        if not line:
            raise StopIteration
        self.of_row += len(line)
        if self.of_row > LONGEST_ROW:
            raise BadFile("{name}: a row is longer than {most:,} characters; nothing was taken", name=self.name,
                          most=LONGEST_ROW)  # fmt: skip
        return line


class _Joined(io.RawIOBase):
    """Bytes already read, then the rest of the stream."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self.start, self.rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.start[: len(buffer)]
        self.start = self.start[len(data) :]
        if not data:
            data = self.rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _xlsx(name: str, file: IO[bytes], size: int) -> Iterator[Row]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(m.file_size for m in archive.infolist())
            texts = sum(m.file_size for m in archive.infolist() if m.filename.endswith("sharedStrings.xml"))
        bomb = unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * max(size, 1)
        if bomb or unpacked > LARGEST_BOOK_BYTES or texts > LARGEST_WORDS_BYTES:
            raise BadFile("{name} unpacks to {size} MB; save it as CSV", name=name, size=unpacked // 2**20)
        file.seek(0)
        book = load_workbook(file, read_only=True, data_only=False)
    except BadFile:
        raise
    except Exception as problem:
        raise BadFile(
            "{name} cannot be read as an Excel workbook ({why}); save it again or as CSV", name=name, why=problem
        ) from problem
    sheet = book.worksheets[0]
    try:
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            fields = []
            for cell in cells:
                if cell.data_type == "f":
                    raise BadFile(
                        "{name}, row {row}: cell {cell} holds a formula; save the sheet as values or CSV",
                        name=name,
                        row=number,
                        cell=getattr(cell, "coordinate", "?"),
                    )
                fields.append(_cell_text(cell.value))
                if len(fields[-1]) > LONGEST_FIELD:
                    raise BadFile("{name}, row {row}: a cell is far too long", name=name, row=number)
            if any(fields):
                yield number, fields
    except BadFile:
        raise
    except Exception as problem:
        raise BadFile(
            "{name} is a damaged Excel workbook ({why}); save it again or as CSV", name=name, why=problem
        ) from problem


def _points(collection: dict[str, Any]) -> list[dict[str, Any]]:
    """Records of a GeoJSON collection: each feature's properties, with its point as longitude and latitude."""
    records = []
    features = collection.get("features")
    for feature in features if isinstance(features, list) else []:
        told = feature if isinstance(feature, dict) else {}
        properties, geometry = told.get("properties"), told.get("geometry")
        record = properties if isinstance(properties, dict) else {}
        at = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
        point = at[:2] if isinstance(at, list) and len(at) >= 2 else ("", "")
        records.append({**record, "longitude": point[0], "latitude": point[1]})
    return records


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)


def _json(name: str, source: IO[bytes]) -> Iterator[Row]:
    data = source.read(LARGEST_JSON_BYTES + 1)
    if len(data) > LARGEST_JSON_BYTES or sum(map(data.count, (b",", b"[", b"{"))) > MOST_JSON_VALUES:
        raise BadFile("{name} is too large to read as JSON; export CSV", name=name)
    try:
        document = json.loads(data)
    except (UnicodeDecodeError, ValueError, RecursionError) as problem:
        raise BadFile("{name} is not whole JSON ({why}); get it again", name=name, why=problem) from problem
    collection = isinstance(document, dict) and document.get("type") == "FeatureCollection"
    records = _points(document) if collection else document.get("data") if isinstance(document, dict) else document
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records) or not records:
        raise BadFile("{name} holds no list of records (a list, or an object with 'data')", name=name)
    header = list(dict.fromkeys(key for record in records for key in record))
    if any(BINARY.search(key) for key in header):
        raise BadFile("{name}: a name of a column is binary; get the file again", name=name)
    yield 0, header
    for number, record in enumerate(records, start=1):
        fields = [_cell_text(record.get(key)) for key in header]
        if any(len(field) > LONGEST_FIELD or BINARY.search(field) for field in fields):
            raise BadFile("{name}, record {row}: a field is far too long or binary", name=name, row=number)
        yield number, fields
