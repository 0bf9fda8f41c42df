"""Backups: one encrypted file of the records and the mission folder, made while work goes on, checked by restoring it.

The keys of sealed fields are in it only when asked for: without them a stolen backup, even one that opens, names no
source. Keep them apart, and keep them: what is sealed cannot be read without.
"""

import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tocsin import __version__
from tocsin.core.errors import BadFile, Conflict, SetupProblem
from tocsin.core.mission import SETTINGS, Mission, load
from tocsin.store.audit import verify
from tocsin.store.database import open_store
from tocsin.store.envelope import Opening, Sealing, check_passphrase
from tocsin.store.increments import check_base, mark_of, merge, same_file, write_pages
from tocsin.store.keys import key_files, write_private
from tocsin.store.transfer import Digest, differences, digest

RECORDS = ("tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "tocsin.db-journal")


@dataclass(frozen=True)
class Backup:
    """A backup that was made, or opened."""

    path: Path
    mission: str
    made_at: str
    kind: str  # sqlite, postgresql or none (records left where they are)
    tables: Digest
    keys: tuple[str, ...]
    size: int
    checked: str  # how it was checked; empty if it was not
    since: str = ""  # when the full backup was made that an increment stands on


def make_backup(
    mission: Mission,
    path: Path,
    passphrase: str,
    now: dt.datetime,
    keys: Path | None = None,
    records: bool = True,
    since: Path | None = None,
    bare: bool = False,
) -> Backup:
    """Back a mission up into one new file and check it by restoring it to a place of its own.

    Parameters
    ----------
    keys : Path, optional
        Folder of the keys, to put them in too.
    records : bool
        False leaves the records where they are (a locked mission on a database server).
    since : Path, optional
        A full backup of the same mission, on SQLite, with the same passphrase: only what changed since is written.
    bare : bool
        Nothing in the file says what it is (a hidden mission).

    Raises
    ------
    Conflict
        If the file exists, or `since` is no backup that an increment can stand on.
    SetupProblem
        If the records cannot be read whole, or what was written does not restore to the same. Nothing is left behind.
    """
    if path.exists():
        raise Conflict("{path} exists: give the backup another name", path=path)
    check_passphrase(passphrase)
    engine = open_store(mission.store_url)
    kind = engine.dialect.name if records else "none"
    part = path.with_name(path.name + ".part")
    try:
        with _private_folder(mission.folder) as work:
            tables = _dump(engine, work / "records") if records else {}
            with engine.connect().execution_options(writes=False) as connection:
                files = key_files(connection, keys) if keys else []
            manifest: dict[str, Any] = {
                "tocsin": __version__,
                "mission": mission.name,
                "made_at": now.astimezone(dt.UTC).isoformat(),
                "kind": kind,
                "tables": tables,
                "keys": [f.stem for f in files],
            }
            base = None
            if since is not None:
                base = work / "base"
                manifest |= _difference(since, passphrase, base, work, mission)
            (work / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
            _pack(part, passphrase, work, mission.folder, files, base, bare)
            checked = _check(part, passphrase, engine, work, base, bare)
        part.replace(path)
    except OSError as problem:
        raise SetupProblem("the backup could not be written ({why})", why=problem.strerror or problem) from problem
    finally:
        part.unlink(missing_ok=True)
        engine.dispose()
    return Backup(path, mission.name, manifest["made_at"], kind, tables, tuple(manifest["keys"]), path.stat().st_size,
                  checked, manifest.get("since", ""))  # fmt: skip


def restore(
    path: Path,
    folder: Path,
    passphrase: str,
    keys: Path | None = None,
    url: str | None = None,
    base: Path | None = None,
    bare: bool = False,
) -> Backup:
    """Make a mission folder, and its records, from a backup; checked by count and hash of every table.

    Parameters
    ----------
    folder : Path
        New or empty.
    keys : Path, optional
        Where to put keys that are in it; files that are there already stay.
    url : str, optional
        An empty PostgreSQL database, for a backup of one.
    base : Path, optional
        The full backup that an increment stands on.
    bare : bool
        The file does not say what it is.

    Raises
    ------
    BadFile
        If the passphrase is wrong or the file damaged. Nothing is left behind.
    Conflict
        If the folder or the database holds something, or `base` is not the one.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict("{folder} is not empty: restore into a new folder", folder=folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _private_folder(folder.parent) as work:
        manifest = _unpack(path, passphrase, work, bare)
        whole = work
        if "base" in manifest:
            if base is None:
                raise Conflict(
                    "this is what changed since the backup of {at}: name that one with --base",
                    at=manifest["since"][:19],
                )
            whole = work / "base"
            whole.mkdir()
            check_base(_unpack(base, passphrase, whole), base, wanted=manifest["base"])
            merge(work, whole, manifest)
        elif base is not None:
            raise Conflict("{path} is a full backup: restore it without --base", path=path)
        home = whole / "mission"
        if manifest["kind"] == "postgresql":
            if url is None:
                raise Conflict("this is a backup of PostgreSQL: name an empty database with --url")
            _restore_postgresql(work / "records", url, manifest["tables"])
            point_to(home, url)
        elif manifest["kind"] == "sqlite":
            if url is not None:
                raise Conflict("this is a backup of SQLite: restore it without --url, then use `tocsin store move`")
            (whole / "records").rename(home / "tocsin.db")
            _check_sqlite(home / "tocsin.db", manifest["tables"])
        for file in sorted((work / "keys").glob("*.key")) if keys else []:
            assert keys is not None  # noqa: S101 - for the type checker
            keys.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (keys / file.name).exists():
                write_private(keys / file.name, file.read_bytes())
        if folder.exists():
            folder.rmdir()
        home.rename(folder)
    load(folder)
    return Backup(path, manifest["mission"], manifest["made_at"], manifest["kind"], manifest["tables"],
                  tuple(manifest["keys"]), path.stat().st_size, "restored")  # fmt: skip


@contextmanager
def _private_folder(beside: Path) -> Iterator[Path]:
    # Beside the mission: as well protected as its records, and on the same disk, so that renaming is one step.
    work = Path(tempfile.mkdtemp(prefix=".tocsin-", dir=beside))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _dump(engine: sa.Engine, to: Path) -> Digest:
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(writes=False) as connection:
            driver: Any = connection.connection.driver_connection
            with closing(sqlite3.connect(to)) as copy:
                driver.backup(copy)  # one step: readers and writers go on, and it is the state of one moment
        return _look_into(to)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", writes=False) as connection:
        snapshot = connection.execute(sa.text("SELECT pg_export_snapshot()")).scalar_one()
        tables = digest(connection)
        _run("pg_dump", engine.url, "--format=custom", f"--snapshot={snapshot}", "--no-owner", f"--file={to}")
        connection.rollback()
    return tables


def _look_into(path: Path, trail: bool = True) -> Digest:
    """Digest of a SQLite file that nobody else uses; its pages, and its trail if asked, must be sound."""
    engine = open_store(f"sqlite:///{path}")
    try:
        with engine.connect().execution_options(writes=False) as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            if found != ["ok"]:
                raise SetupProblem("the records are damaged ({what}): restore an earlier backup", what=found[0])
            if trail and not verify(connection).sound:
                raise SetupProblem("the audit trail does not verify: run `tocsin audit verify`")
            return digest(connection)
    except sa.exc.DatabaseError as problem:
        raise SetupProblem("the records are damaged ({what})", what=problem.orig) from problem
    finally:
        engine.dispose()
        _one_file(path)


def _one_file(path: Path) -> None:
    """See to it that all of a SQLite store is in its file and none in a log beside it."""
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _ours(folder: Path) -> Iterator[Path]:
    """Files and folders of a mission that a backup takes beside the records."""
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        ours = inside.parts[0].startswith(".tocsin-") or (len(inside.parts) == 1 and inside.name in RECORDS)
        if not ours and not file.is_symlink() and (file.is_file() or file.is_dir()):
            yield file


def _difference(since: Path, passphrase: str, base: Path, work: Path, mission: Mission) -> dict[str, Any]:
    """Write the pages that changed since a full backup, which is unpacked to `base`; what the manifest says of it."""
    base.mkdir()
    given = _unpack(since, passphrase, base)
    check_base(given, since, mission=mission.name)
    if not (work / "records").exists() or not mission.store_url.startswith("sqlite"):
        raise Conflict("the records are not in SQLite any more: make a full backup")
    told = write_pages(base / "records", work / "records", work / "pages")
    (work / "records").unlink()
    files = [str(f.relative_to(mission.folder)) for f in _ours(mission.folder) if f.is_file()]
    return {"base": mark_of(since), "since": given["made_at"], "pages": told, "files": files}


def _pack(
    path: Path, passphrase: str, work: Path, folder: Path, keys: list[Path], base: Path | None, bare: bool
) -> None:
    path.unlink(missing_ok=True)
    with Sealing(path, passphrase, bare) as envelope:
        with tarfile.open(fileobj=envelope, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            tar.add(work / "manifest.json", "manifest.json")
            for part in ("records", "pages"):
                if (work / part).exists():
                    tar.add(work / part, part)
            for file in _ours(folder):
                inside = file.relative_to(folder)
                if base is None or file.is_dir() or not same_file(file, base / "mission" / inside):
                    tar.add(file, f"mission/{inside}", recursive=False)
            for file in keys:
                tar.add(file, f"keys/{file.name}")
        envelope.finish()


def _unpack(path: Path, passphrase: str, into: Path, bare: bool = False) -> dict[str, Any]:
    try:
        with Opening(path, passphrase, bare) as envelope, tarfile.open(fileobj=envelope, mode="r|") as tar:
            tar.extractall(into, filter="data")
            envelope.read()  # to the end: the last chunk shows that nothing was cut
        manifest = json.loads((into / "manifest.json").read_text(encoding="utf-8"))
        manifest["tables"] = {name: (count, hash_) for name, (count, hash_) in manifest["tables"].items()}
    except FileNotFoundError as problem:
        raise BadFile("there is no file {path}", path=problem.filename) from problem
    except (tarfile.TarError, ValueError, KeyError) as problem:
        raise BadFile("{name} is damaged ({why})", name=path.name, why=problem) from problem
    (into / "mission").mkdir(exist_ok=True)
    return dict(manifest)


def _check(path: Path, passphrase: str, engine: sa.Engine, beside: Path, base: Path | None, bare: bool) -> str:
    work = beside / "check"
    work.mkdir()
    manifest = _unpack(path, passphrase, work, bare)
    if base is not None:
        merge(work, base, manifest)
        work = base
    if manifest["kind"] == "sqlite":
        _check_sqlite(work / "records", manifest["tables"])
    elif manifest["kind"] == "postgresql":
        return _check_postgresql(work / "records", engine, manifest["tables"])
    return "restored"


def _check_sqlite(path: Path, tables: Digest) -> None:
    wrong = differences(_look_into(path, trail=False), tables)  # the same rows are as sound as they were
    if wrong:
        raise SetupProblem("the backup does not restore to the same: {what}", what="; ".join(wrong))


def _check_postgresql(dump: Path, engine: sa.Engine, tables: Digest) -> str:
    name = f"tocsin_check_{os.urandom(6).hex()}"
    admin = engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0"))
    except sa.exc.DBAPIError:
        return ""  # this account may not make databases: the caller says that it was not checked
    try:
        url = engine.url.set(database=name).render_as_string(hide_password=False)
        _restore_postgresql(dump, url, tables)
        return "restored"
    finally:
        with admin.connect() as connection, suppress(sa.exc.DBAPIError):
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def _restore_postgresql(dump: Path, url: str, tables: Digest) -> None:
    engine = open_store(url)
    try:
        with engine.connect() as connection:
            if sa.inspect(connection).get_table_names():
                raise Conflict("the database is not empty: give an empty one")
        _run(
            "pg_restore",
            engine.url,
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            "--exit-on-error",
            str(dump),
        )
        with engine.connect() as connection:
            wrong = differences(digest(connection), tables)
            sound = verify(connection).sound
        if wrong or not sound:
            raise SetupProblem(
                "the backup does not restore to the same: {what}", what="; ".join(wrong) or "audit trail"
            )
    finally:
        engine.dispose()


def _run(program: str, url: sa.URL, *arguments: str) -> None:
    if shutil.which(program) is None:
        raise SetupProblem("{program} is not installed: install PostgreSQL's client programs", program=program)
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    command = [program, f"--dbname={plain}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no word why"])[0]
        raise SetupProblem("{program} failed: {said}", program=program, said=said)


def point_to(folder: Path, url: str) -> None:
    """Write another address of the records into the mission's settings."""
    path = folder / SETTINGS
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.replace(" ", "").startswith("url=")]
    if url:
        at = next((i for i, line in enumerate(kept) if line.strip() == "[store]"), None)
        if at is None:
            kept.append("[store]")
            at = len(kept) - 1
        kept.insert(at + 1, f"url = {json.dumps(url)}")
    fresh = path.with_name(path.name + ".new")
    fresh.write_text("\n".join(kept) + "\n", encoding="utf-8")
    fresh.replace(path)
