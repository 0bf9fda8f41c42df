"""Rows of a file that cannot be used: set aside with their line and the reason, never dropped in silence."""

import csv
import shutil
import tempfile
from pathlib import Path
from typing import TextIO, cast

from tocsin.core.mission import Mission
from tocsin.listen.events.model import Rejected
from tocsin.listen.files.rows import Row, Sheet
from tocsin.listen.files.spreadsheet import harmless

SHOWN = 50  # that a person is shown at once; the file has all of them


class Rejects:
    """Rows that cannot be used, written to a scratch file as they come; kept only if somebody asks for them."""

    def __init__(self, sheet: Sheet, has_header: bool) -> None:
        self.sheet, self.has_header = sheet, has_header
        self.first: tuple[int, str] = (0, "")
        self.beginning: list[tuple[int, str]] = []
        self._scratch: TextIO | None = None

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(self, *_: object) -> None:
        if self._scratch is not None:
            self._scratch.close()

    def add(self, rows: list[Rejected], chunk: list[Row]) -> None:
        """Write rows of one chunk whole, in the order of their lines."""
        if not rows:
            return
        if self._scratch is None:
            scratch = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed in __exit__
            self._scratch = cast("TextIO", scratch)
            header = [harmless(name) for name in self.sheet.first] if self.has_header else []
            csv.writer(self._scratch).writerow(["line", "reason", *header])
        ordered = sorted(rows, key=lambda r: r[0])
        self.first = self.first if self.first[1] else (ordered[0][0], ordered[0][1])
        self.beginning += [(line, why) for line, why, _ in ordered[: SHOWN - len(self.beginning)]]
        wanted = {line for line, _, _ in ordered}
        whole = {line: fields for line, fields in chunk if line in wanted}
        csv.writer(self._scratch).writerows(
            [line, harmless(why), *(harmless(field) for field in whole.get(line, fields))]
            for line, why, fields in ordered
        )

    def write(self, path: Path) -> Path | None:
        """Put the rows into a file, whole or not at all; None if there are none."""
        if self._scratch is None:
            return None
        part = path.with_suffix(".part")
        self._scratch.seek(0)
        with part.open("w", encoding="utf-8", newline="") as text:
            shutil.copyfileobj(self._scratch, text)
        part.replace(path)
        return path

    def keep(self, mission: Mission, sha256: str) -> str | None:
        """Put the rows into the mission's folder; returns the file's path in it, None if there are none."""
        if self._scratch is None:
            return None
        mission.rejects.mkdir(exist_ok=True)
        path = mission.rejects / f"{Path(self.sheet.name).name.split('.')[0]}-{sha256[:8]}.csv"
        self.write(path)
        return str(path.relative_to(mission.folder))
