"""The spool: reports kept on disk, encrypted, while the database is locked or down.

One file a process, in the mission folder's ``spool``. A batch is one frame (length, nonce, AES-256-GCM box bound to the
file's name and the frame's number), written whole and seen onto the disk before anybody is told. A frame cut off by a
power cut was never acknowledged and is left out. Files of processes that died are taken over by whoever finds them:
the file lock says whether its process lives.
"""

import contextlib
import fcntl
import json
import os
import secrets
import struct
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tocsin.core.errors import SetupProblem
from tocsin.store.keys import Key, KeyRing

_HEAD = b"tocsin-spool-1\n"
_MOST = 1 << 28
FOLDER = "spool"


class Spool:
    """A process's own spool file, made when it is first needed."""

    def __init__(self, folder: Path, keys: KeyRing) -> None:
        self.folder, self.keys = folder, keys
        self._file: Any = None
        self.path: Path | None = None
        self._key = keys.current.id
        self.frames = 0  # whole ones in the file

    def append(self, batch: Sequence[dict[str, Any]]) -> None:
        """Keep a batch; when this returns it is on the disk.

        Raises
        ------
        SetupProblem
            If the disk does not take it; then nothing of it counts as kept.
        """
        try:
            path = self.path or self._open()
            box = _box(self.keys.key(self._key), path.name, self.frames, batch)
            start = self._file.tell()
            try:
                self._file.write(struct.pack(">I", len(box)) + box)
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file.fileno(), start)
                    self._file.seek(start)
                raise
            self.frames += 1
        except OSError as problem:
            raise SetupProblem(
                "neither the records nor the spool take reports ({why}): make room on the disk", why=problem.strerror
            ) from problem

    def _open(self) -> Path:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.spool"
        path = self.folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        file = os.fdopen(descriptor, "wb", buffering=1 << 20)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.write(_HEAD + self.keys.current.id.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            _sync_folder(self.folder)
        except OSError:
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                file.close()
            raise
        self._file, self.path, self.frames, self._key = file, path, 0, self.keys.current.id
        return path

    def close(self) -> None:
        """Let go of the file; whoever finds it next drains it."""
        if self._file is not None:
            self._file.close()
        self._file, self.path, self.frames = None, None, 0

    def forget(self) -> None:
        """Remove the file, once everything in it is in the database."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.close()


def read_spool(path: Path, keys: KeyRing, skip: int = 0) -> Iterator[list[dict[str, Any]]]:
    """Batches of a spool file in order, from the `skip`-th on; a frame that was cut off ends it.

    Raises
    ------
    SetupProblem
        If a whole frame does not open: the file was changed, or its key is missing.
    """
    with path.open("rb") as file:
        if file.readline() != _HEAD:
            return  # it was cut off while it was being made: nothing in it was acknowledged
        name = file.readline()
        if not name.endswith(b"\n"):
            return
        id = name.decode("ascii", "replace").strip()
        key = keys.key(id) if id in keys.known else None
        number = 0
        while len(length := file.read(4)) == 4:
            (size,) = struct.unpack(">I", length)
            if size > _MOST:
                raise _damaged(path)
            box = file.read(size)
            if len(box) < size:
                return
            if number >= skip:
                yield _unbox(key, path, number, box)
            number += 1


def waiting(folder: Path) -> list[Path]:
    """Spool files, oldest first."""
    return sorted(folder.glob("*.spool")) if folder.is_dir() else []


@contextlib.contextmanager
def taken_over(path: Path) -> Iterator[bool]:
    """Hold another process's file, if that process is dead; false when it lives or the file is gone."""
    try:
        file = path.open("rb")
    except OSError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield path.exists()


def _box(key: Key, name: str, number: int, batch: Sequence[dict[str, Any]]) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    content = json.dumps(list(batch), ensure_ascii=False).encode("utf-8", "replace")
    return nonce + AESGCM(key.seal).encrypt(nonce, content, _bound(name, number))


def _unbox(key: Key | None, path: Path, number: int, box: bytes) -> list[dict[str, Any]]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        if key is None:
            raise ValueError
        found = json.loads(AESGCM(key.seal).decrypt(box[:12], box[12:], _bound(path.name, number)))
    except (InvalidTag, ValueError):
        raise _damaged(path) from None
    return list(found)


def _damaged(path: Path) -> SetupProblem:
    return SetupProblem(
        "the spool file {name} was changed, damaged, or its key is missing: keep it, and put the key back",
        name=path.name,
    )


def _bound(name: str, number: int) -> bytes:
    return json.dumps(["tocsin-spool-1", name, number]).encode()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
