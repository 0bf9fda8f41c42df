"""The keys of sealed fields: files outside the mission folder, one a key, readable by their owner only.

The folder is ``TOCSIN_KEYS`` (environment), or ``keys`` under ``[store]`` in the mission's settings, or
``~/.local/share/tocsin/keys``. The database knows the names of its keys (``sealed_key``) and a proof that tells the
right file from a wrong one; a file is made on first use and never made again where something is sealed already.
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import os
import secrets
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from tocsin.core.errors import SetupProblem
from tocsin.core.mission import SETTINGS, Mission
from tocsin.store.tables import sealed_key

_HEAD = "tocsin-key-1"


@dataclass(frozen=True)
class Key:
    """One key, split by purpose; the secret parts are never shown."""

    id: str
    seal: bytes = field(repr=False)
    lookup: bytes = field(repr=False)

    @property
    def proof(self) -> str:
        """Says whether a file is this key, and nothing else about it."""
        return hmac.new(self.lookup, b"tocsin key proof", hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True)
class KeyRing:
    """Keys of one mission: the one in use, and older ones by name."""

    folder: Path
    current: Key
    known: dict[str, str] = field(repr=False)  # id -> proof

    def key(self, id: str) -> Key:
        """A key by its name.

        Raises
        ------
        SetupProblem
            If its file is missing or not the right one.
        """
        return self.current if id == self.current.id else _load(self.folder, id, self.known[id])


def key_folder(mission: Mission) -> Path:
    """Folder of a mission's keys.

    Raises
    ------
    SetupProblem
        If it lies inside the mission folder: whoever takes the one must not get the other.
    """
    given = os.environ.get("TOCSIN_KEYS")
    if not given:
        settings = tomllib.loads((mission.folder / SETTINGS).read_text(encoding="utf-8"))
        given = settings.get("store", {}).get("keys")
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    folder = (Path(given).expanduser() if given else home / "tocsin" / "keys").resolve()
    if folder.is_relative_to(mission.folder.resolve()):
        raise SetupProblem("the keys would lie inside the mission folder ({folder}): name another with TOCSIN_KEYS",
                           folder=folder)  # fmt: skip
    return folder


def open_keys(connection: sa.Connection, folder: Path, now: dt.datetime) -> KeyRing:
    """The mission's keys; the first call on a mission makes one (and needs `writing`).

    Raises
    ------
    SetupProblem
        If a key file is missing, wrong, or readable by others.
    """
    rows = connection.execute(sa.select(sealed_key).order_by(sealed_key.c.made_at)).all()
    if not rows and connection.dialect.name == "postgresql":
        # Two first uses at once make one key (SQLite's writers queue anyway).
        connection.execute(sa.text("LOCK TABLE sealed_key IN EXCLUSIVE MODE"))
        rows = connection.execute(sa.select(sealed_key)).all()
    if not rows:
        key = make_key(connection, folder, now)
        return KeyRing(folder, key, {key.id: key.proof})
    known = {row.id: row.proof for row in rows}
    used = [row for row in rows if row.replaced_at is None]
    return KeyRing(folder, _load(folder, used[-1].id, used[-1].proof), known)


def make_key(connection: sa.Connection, folder: Path, now: dt.datetime) -> Key:
    """A new key: the file first, on disk, then its name in the database."""
    id, secret = secrets.token_hex(8), secrets.token_bytes(32)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = f"{_HEAD}\n{id}\n{base64.b64encode(secret).decode()}\n"
    write_private(folder / f"{id}.key", text.encode())
    key = _split(id, secret)
    connection.execute(sa.insert(sealed_key).values(id=id, made_at=now, proof=key.proof))
    return key


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner reads, and see it onto the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def key_files(connection: sa.Connection, folder: Path, replaced_only: bool = False) -> list[Path]:
    """Files of this mission's keys that exist."""
    query = sa.select(sealed_key.c.id)
    if replaced_only:
        query = query.where(sealed_key.c.replaced_at.is_not(None))
    paths = [folder / f"{id}.key" for id in connection.execute(query).scalars()]
    return [path for path in paths if path.exists()]


def destroy(paths: list[Path]) -> None:
    """Overwrite and remove key files. On flash memory the old bytes can survive: see docs/threat-model.md."""
    for path in paths:
        with path.open("r+b") as file:
            file.write(os.urandom(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def _load(folder: Path, id: str, proof: str) -> Key:
    path = folder / f"{id}.key"
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) or mode & 0o077:
            raise SetupProblem("others can read the key file {path}: run chmod 600 on it", path=path)
        head, name, secret = path.read_text(encoding="ascii").splitlines()
        key = _split(name, base64.b64decode(secret, validate=True))
    except FileNotFoundError:
        raise SetupProblem(
            "the key {id} of this mission's sealed fields is not in {folder}: put it back from its copy, or name the "
            "folder with TOCSIN_KEYS; without it they cannot be read",
            id=id,
            folder=folder,
        ) from None
    except (OSError, ValueError, binascii.Error) as problem:
        raise SetupProblem("the key file {path} cannot be read ({why})", path=path, why=problem) from problem
    if head != _HEAD or not hmac.compare_digest(key.proof, proof):
        raise SetupProblem("{path} is not the key of this mission: put the right file back", path=path)
    return key


def _split(id: str, secret: bytes) -> Key:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def part(purpose: str) -> bytes:
        return HKDF(hashes.SHA256(), 32, salt=None, info=f"{_HEAD} {id} {purpose}".encode()).derive(secret)

    return Key(id, part("seal"), part("lookup"))
