"""A file that opens with a passphrase only: argon2id for the key, AES-256-GCM in chunks that hold together.

Each chunk of 1 MiB has its number and a mark of the last one in its nonce (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, CRYPTO 2015), and the file's head as associated data.
"""

import io
import os
import struct
from pathlib import Path
from typing import IO, Any

from tocsin.core.errors import BadFile, BadInput

MAGIC = b"tocsin envelope 1\n"
CHUNK = 1 << 20
TAG = 16
SHORTEST_PASSPHRASE = 16
# RFC 9106's first choice scaled to a laptop: about half a second.
COST = {"time_cost": 3, "memory_cost": 256 * 1024, "parallelism": 4}


def check_passphrase(passphrase: str) -> None:
    """Refuse a passphrase that a computer guesses: who has the file can try for years."""
    if len(passphrase) < SHORTEST_PASSPHRASE or len(set(passphrase)) < 6:
        raise BadInput(
            "the passphrase needs {n} characters or more: use five or six random words", n=SHORTEST_PASSPHRASE
        )


class Sealing(io.RawIOBase):
    """Write into an envelope; `close` puts the last chunk and sees the file onto the disk.

    Parameters
    ----------
    bare : bool
        Leave out the word at the head that says whose file it is: without the passphrase it is bytes by chance.
    """

    def __init__(self, path: Path, passphrase: str, bare: bool = False) -> None:
        check_passphrase(passphrase)
        self._head = MAGIC + os.urandom(16) + os.urandom(7)
        self._cipher = _cipher(self._head, passphrase)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        self._file: IO[bytes] = os.fdopen(descriptor, "wb")
        self._file.write(self._head[len(MAGIC) :] if bare else self._head)
        self._number, self._waiting = 0, bytearray()

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, content: Any) -> int:
        """Take bytes in."""
        self._waiting += content
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(content)

    def _put(self, chunk: bytes, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._head, self._number, last), chunk, self._head))
        self._number += 1

    def finish(self) -> None:
        """Put the last chunk; without it the envelope does not open."""
        self._put(bytes(self._waiting), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close; an envelope that was not finished stays useless."""
        if hasattr(self, "_file"):  # a refused passphrase or path leaves none
            self._file.close()
        super().close()


class Opening(io.RawIOBase):
    """Read from an envelope.

    Parameters
    ----------
    bare : bool
        It was written without the word at its head.

    Raises
    ------
    BadFile
        While reading, if the passphrase is wrong or a byte was changed, cut or moved.
    """

    def __init__(self, path: Path, passphrase: str, bare: bool = False) -> None:
        self._name = path.name
        self._file = path.open("rb")
        self._head = MAGIC + self._file.read(23) if bare else self._file.read(len(MAGIC) + 23)
        if not self._head.startswith(MAGIC) or len(self._head) < len(MAGIC) + 23:
            self._file.close()
            raise BadFile("{name} is no backup or locked mission of this program", name=path.name)
        self._cipher = _cipher(self._head, passphrase)
        self._number, self._ready, self._ended = 0, b"", False

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Bytes that were checked; fewer only at the end."""
        parts, wanted = [], size if size >= 0 else 1 << 62
        while wanted and (self._ready or self._more()):
            part, self._ready = self._ready[:wanted], self._ready[wanted:]
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def _more(self) -> bool:
        from cryptography.exceptions import InvalidTag

        if self._ended:
            return False
        box = self._file.read(CHUNK + TAG)
        after = self._file.read(1)
        self._ended = not after
        self._file.seek(-len(after), os.SEEK_CUR)
        try:
            self._ready = self._cipher.decrypt(_nonce(self._head, self._number, self._ended), box, self._head)
        except (InvalidTag, ValueError):
            why = "the passphrase is wrong" if self._number == 0 else "it was changed or cut"
            raise BadFile("{name} does not open: {why}, or the file is damaged", name=self._name, why=why) from None
        self._number += 1
        return bool(self._ready)

    def close(self) -> None:
        """Close."""
        if hasattr(self, "_file"):  # a refused passphrase or path leaves none
            self._file.close()
        super().close()


def _nonce(head: bytes, number: int, last: bool) -> bytes:
    return head[-7:] + struct.pack(">IB", number, last)


def _cipher(head: bytes, passphrase: str) -> Any:
    from argon2.low_level import Type, hash_secret_raw
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt = head[len(MAGIC) : len(MAGIC) + 16]
    return AESGCM(hash_secret_raw(passphrase.encode(), salt, hash_len=32, type=Type.ID, **COST))
