"""Where files lie that people brought: a folder each in the mission folder; nothing of it is served as it is."""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tocsin.core.errors import BadFile, BadInput, NotFound, SetupProblem
from tocsin.core.mission import Mission

MOST_BYTES = 250_000_000  # of one file, as it comes
ENDINGS = (".csv", ".csv.gz", ".zip", ".xlsx", ".json", ".geojson")
SPARE_BYTES = 512 << 20  # that stay free on the disk: the records and the spool need them
LONGEST_NAME = 120
PACKED = (".gz", ".zip", ".xlsx")  # how much comes out of them shows only when they are read
SHELF = re.compile(r"[0-9a-f]{32}")


def clean_name(told: str) -> str:
    r"""What a person calls a file, fit to be shown and kept: no folders, no control signs, an ending we read.

    >>> clean_name("C:\\\\fakepath\\\\units  2026.CSV")
    'units 2026.CSV'

    Raises
    ------
    BadInput
        If its ending is none of those we read.
    """
    last = re.split(r"[/\\]", told)[-1]
    plain = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in last)
    name = " ".join(plain.split())
    ending = next((e for e in sorted(ENDINGS, key=len, reverse=True) if name.lower().endswith(e)), None)
    if ending is None or name.lower() == ending:
        raise BadInput(
            "'{name}' does not end like a file we read: {endings}", name=name[-40:], endings=", ".join(ENDINGS)
        )
    stem = name[: -len(ending)][: LONGEST_NAME - len(ending)].strip()
    return stem + name[-len(ending) :]


@dataclass(frozen=True)
class Shelf:
    """A mission's shelf.

    Parameters
    ----------
    folder : Path
        ``incoming`` in the mission folder.
    """

    folder: Path

    @classmethod
    def of(cls, mission: Mission) -> "Shelf":
        """The shelf of a mission."""
        return cls(mission.folder / "incoming")

    def place(self, shelf: str) -> Path:
        """Folder of one file."""
        if not SHELF.fullmatch(shelf):
            raise NotFound("the file is no longer here: bring it again")
        return self.folder / shelf

    def file(self, shelf: str) -> Path:
        """The file itself.

        Raises
        ------
        NotFound
        """
        path = self.place(shelf) / "file"
        if not path.is_file():
            raise NotFound("the file is no longer here: bring it again")
        return path

    def rejects(self, shelf: str) -> Path:
        """Rows of it that could not be used, as far as it was looked at."""
        return self.place(shelf) / "rejects.csv"

    def begin(self, told_bytes: int | None) -> "Arriving":
        """Room for a file that comes.

        Raises
        ------
        SetupProblem
            If the disk is nearly full.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if free - (MOST_BYTES if told_bytes is None else told_bytes) < SPARE_BYTES:
            raise SetupProblem("the disk of the server is nearly full: ask its administrator to make room")
        shelf = secrets.token_hex(16)
        place = self.place(shelf)
        place.mkdir(mode=0o700)
        part = place / "part"
        part.touch(mode=0o600)
        return Arriving(shelf, place, part.open("wb"))

    def remove(self, shelf: str) -> None:
        """Throw one away, whatever is left of it."""
        shutil.rmtree(self.place(shelf), ignore_errors=True)

    def strays(self, known: set[str], older_than_s: float) -> list[str]:
        """Folders that no row speaks of and that nothing was written to for some time: uploads that broke off."""
        if not self.folder.is_dir():
            return []
        before = time.time() - older_than_s
        return [
            p.name for p in self.folder.iterdir()
            if SHELF.fullmatch(p.name) and p.name not in known and p.stat().st_mtime < before
        ]  # fmt: skip

    def beat(self, shelf: str, rows: int) -> None:
        """Leave a sign of work, and how many rows were read, where every process of the server finds it."""
        place = self.place(shelf)
        part = place / "beat.part"
        part.write_text(json.dumps({"rows": rows}), encoding="utf-8")
        part.replace(place / "beat")

    def last_beat(self, shelf: str) -> tuple[float, int] | None:
        """Seconds since the last sign of work, and how many rows were read by then."""
        try:
            path = self.place(shelf) / "beat"
            told = json.loads(path.read_text(encoding="utf-8"))
            return time.time() - path.stat().st_mtime, int(told["rows"])
        except (OSError, NotFound, ValueError, KeyError, TypeError):
            return None


class Arriving:
    """A file that is on its way in, piece by piece."""

    def __init__(self, shelf: str, place: Path, file: IO[bytes]) -> None:
        self.shelf, self.place, self.size = shelf, place, 0
        self._file, self._hash = file, hashlib.sha256()

    def add(self, piece: bytes) -> None:
        """Write a piece.

        Raises
        ------
        BadFile
            If the file is larger than we take.
        """
        self.size += len(piece)
        if self.size > MOST_BYTES:
            raise BadFile("the file is larger than {most} MB: pack it (zip), or import it at the server",
                          most=MOST_BYTES // 10**6)  # fmt: skip
        self._hash.update(piece)
        self._file.write(piece)

    def close(self) -> str:
        """Have it safe on the disk; returns its SHA-256.

        Raises
        ------
        BadFile
            If nothing came.
        """
        if self.size == 0:
            raise BadFile("the file is empty")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        (self.place / "part").rename(self.place / "file")
        folder = os.open(self.place, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self._hash.hexdigest()

    def give_up(self) -> None:
        """Leave nothing of it."""
        self._file.close()
        shutil.rmtree(self.place, ignore_errors=True)
