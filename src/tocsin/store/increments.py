"""What changed since a full backup of a SQLite mission: pages of the records, and files of the folder.

An increment always stands on one full backup and never on another increment, so that a restore needs two files and the
loss of one costs one day. SQLite writes in pages, and rows are mostly added: a day's pages are few.
"""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tocsin.core.errors import BadFile, Conflict

_NUMBER = struct.Struct(">Q")
_BLOCK = 1 << 20


def mark_of(path: Path) -> str:
    """What tells one backup from another: SHA-256 of the file as it lies there, in hex.

    Raises
    ------
    BadFile
        If there is no such file.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise BadFile("{path} cannot be read ({why})", path=path, why=problem.strerror) from problem


def check_base(given: dict[str, Any], path: Path, wanted: str | None = None, mission: str | None = None) -> None:
    """Refuse a backup that an increment cannot stand on, or did not.

    Parameters
    ----------
    given : dict
        Manifest of the backup at `path`.
    wanted : str, optional
        Its mark, for restoring.
    mission : str, optional
        Whose it must be, for making.

    Raises
    ------
    Conflict
    """
    if "base" in given:
        raise Conflict("{path} is an increment itself: name the full backup it stands on", path=path)
    if given["kind"] != "sqlite":
        raise Conflict(
            "{path} holds no SQLite records: on PostgreSQL the archive of its log is the increment (docs/deploy.md)",
            path=path,
        )
    if mission is not None and given["mission"] != mission:
        raise Conflict("{path} is a backup of {name}: name one of this mission", path=path, name=given["mission"])
    if wanted is not None and mark_of(path) != wanted:
        raise Conflict("{path} is not the full backup that this one stands on", path=path)


def page_bytes(records: Path) -> int:
    """Size of a page of a SQLite file: bytes 16 and 17 of its head, where 1 stands for 65,536.

    Raises
    ------
    BadFile
    """
    with records.open("rb") as file:
        head = file.read(18)
    if len(head) < 18 or not head.startswith(b"SQLite format 3\0"):
        raise BadFile("{name} is not a SQLite file", name=records.name)
    size = int.from_bytes(head[16:18], "big")
    return 65_536 if size == 1 else size


def write_pages(base: Path, records: Path, to: Path) -> dict[str, int]:
    """Write the pages of `records` that differ from those at the same place of `base`.

    Returns
    -------
    dict
        ``page`` (bytes), ``pages`` (of `records`) and ``changed`` (how many were written).
    """
    size, count, changed = page_bytes(records), 0, 0
    with base.open("rb") as old, records.open("rb") as new, to.open("wb") as out:
        while page := new.read(size):
            if page != old.read(size):
                out.write(_NUMBER.pack(count) + page)
                changed += 1
            count += 1
    return {"page": size, "pages": count, "changed": changed}


def apply_pages(records: Path, pages: Path, told: dict[str, int]) -> None:
    """Put changed pages into a copy of the full backup's records, and cut it to its length.

    Raises
    ------
    BadFile
        If pages are missing or stand outside.
    """
    size, count = int(told["page"]), int(told["pages"])
    if not 512 <= size <= 65_536 or count < 1:
        raise BadFile("the increment is damaged (pages of {n} bytes)", n=size)
    done = 0
    with pages.open("rb") as file, records.open("r+b") as out:
        while head := file.read(_NUMBER.size):
            page = file.read(size)
            if len(head) < _NUMBER.size or len(page) < size or (number := _NUMBER.unpack(head)[0]) >= count:
                raise BadFile("the increment is damaged (page {n})", n=done)
            out.seek(number * size)
            out.write(page)
            done += 1
        out.truncate(size * count)
    if done != told["changed"]:
        raise BadFile("the increment is damaged ({n} pages of {all})", n=done, all=told["changed"])


def same_file(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    if not other.is_file() or one.stat().st_size != other.stat().st_size:
        return False
    return all(a == b for a, b in zip(_blocks(one), _blocks(other), strict=True))


def merge(increment: Path, base: Path, told: dict[str, Any]) -> None:
    """Make of an unpacked full backup (`base`) what the mission was when the unpacked increment was made.

    Afterwards `base` holds ``records`` and ``mission`` as of the increment.

    Raises
    ------
    BadFile
        If the increment does not fit.
    """
    apply_pages(base / "records", increment / "pages", told["pages"])
    wanted = set(told["files"])
    for file in sorted(p for p in (base / "mission").rglob("*") if p.is_file()):
        if str(file.relative_to(base / "mission")) not in wanted:
            file.unlink()
    for file in sorted((increment / "mission").rglob("*")):
        to = base / "mission" / file.relative_to(increment / "mission")
        if file.is_dir():
            to.mkdir(parents=True, exist_ok=True)
        else:
            to.parent.mkdir(parents=True, exist_ok=True)
            file.replace(to)
    missing = sorted(name for name in wanted if not (base / "mission" / name).is_file())
    if missing:
        raise BadFile("the increment does not fit: {name} is in neither", name=missing[0])


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
