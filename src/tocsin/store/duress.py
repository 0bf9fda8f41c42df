"""For the day when a laptop or an office falls into other hands: lock a mission, open it again, destroy its keys."""

import datetime as dt
import hashlib
import shutil
from contextlib import suppress
from pathlib import Path

from tocsin.core.errors import Conflict
from tocsin.core.mission import Mission
from tocsin.store.accounts import CONSOLE, end_everything
from tocsin.store.audit import Entry, record
from tocsin.store.backup import Backup, make_backup, restore
from tocsin.store.database import open_store, writing
from tocsin.store.keys import destroy, key_files
from tocsin.store.policy import Actor


def lock(mission: Mission, keys: Path, path: Path, passphrase: str, now: dt.datetime, hide: bool = False) -> Backup:
    """Put the whole mission, keys too, into one encrypted file, check that it opens, and remove everything else.

    Records on a database server stay there: only their sealed fields are safe, because the keys are gone. Sessions,
    tokens and links end first. Removing files does not clean flash memory: see docs/threat-model.md.

    Parameters
    ----------
    hide : bool
        The file says nothing of what it is, under whatever name; what else names the mission on this machine goes
        too. Only where all of it lies here.

    Raises
    ------
    Conflict
        If a mission is to be hidden whose records are on a database server.
    """
    engine = open_store(mission.store_url)
    if hide and engine.dialect.name != "sqlite":
        engine.dispose()
        raise Conflict("the records are on a database server: what is there cannot be hidden from here")
    try:
        with writing(engine) as connection:
            n = end_everything(connection, None, now)
            record(connection, now, Entry(CONSOLE.id, "mission.lock", "mission", "this", details={"sessions": n}))
            files = key_files(connection, keys)
        on_server = engine.dialect.name != "sqlite"
    finally:
        engine.dispose()
    made = make_backup(mission, path, passphrase, now, keys=keys, records=not on_server, bare=hide)
    destroy(files)
    if hide:
        last_mark(mission, keys).unlink(missing_ok=True)
        with suppress(OSError):  # keys of other missions lie there
            keys.rmdir()
    shutil.rmtree(mission.folder)
    return made


def unlock(path: Path, folder: Path, keys: Path, passphrase: str, hidden: bool = False) -> Backup:
    """Put a locked mission back; the locked file stays until somebody removes it."""
    return restore(path, folder, passphrase, keys, bare=hidden)


def last_mark(mission: Mission, keys: Path) -> Path:
    """Where the mark of the trail is kept that `tocsin audit verify` last saw."""
    return keys / f"audit-{hashlib.sha256(str(mission.folder.resolve()).encode()).hexdigest()[:12]}.mark"


def wipe_keys(mission: Mission, keys: Path, actor: Actor, now: dt.datetime, replaced_only: bool = False) -> int:
    """Destroy the keys of a mission's sealed fields. What they sealed cannot be read by anybody any more.

    Parameters
    ----------
    replaced_only : bool
        Only keys that a rotation replaced; then only old backups lose something.

    Returns
    -------
    int
        How many key files were destroyed.
    """
    engine = open_store(mission.store_url)
    try:
        with writing(engine) as connection:
            files = key_files(connection, keys, replaced_only)
            if not replaced_only:
                end_everything(connection, None, now)
            record(connection, now, Entry(actor.id, "key.wipe", "key", "all", details={"n": len(files)}))
    finally:
        engine.dispose()
    destroy(files)
    return len(files)
