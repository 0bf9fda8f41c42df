"""Pictures and recordings that came with reports: files in the mission folder, encrypted, named by a keyed hash."""

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from tocsin.core.errors import NotFound, SetupProblem
from tocsin.listen.alerts.pictures import kind_of, without_metadata
from tocsin.store.keys import KeyRing

FOLDER = "media"
MARK = "media:"
NOT_KEPT = "not kept: no picture, recording or film"


def keep(folder: Path, keys: KeyRing, content: bytes) -> str:
    """Keep a file and see it onto the disk; gives the word that stands in a report's `attachments`.

    What a camera writes beside a picture (owner, serial number, place) is not kept, and a file that begins like no
    picture, recording or film is not kept at all: the word then says so.
    The same content has the same name, so a phone that sends it again changes nothing.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not kind_of(content):
        return NOT_KEPT
    content = without_metadata(content)
    key = keys.current
    name = f"{key.id}-{hmac.new(key.lookup, b'media' + content, hashlib.sha256).hexdigest()[:40]}"
    home = folder / FOLDER
    path = home / name
    if not path.exists():
        home.mkdir(mode=0o700, exist_ok=True)
        nonce = os.urandom(12)
        draft = home / f".{secrets.token_hex(6)}"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(nonce + AESGCM(key.seal).encrypt(nonce, content, _bound(name)))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            at = os.open(home, os.O_RDONLY)
            try:
                os.fsync(at)
            finally:
                os.close(at)
        except OSError as problem:
            draft.unlink(missing_ok=True)
            raise SetupProblem(
                "a picture cannot be kept ({why}): make room on the disk", why=problem.strerror
            ) from None
    return MARK + name


def give(folder: Path, keys: KeyRing, word: str) -> bytes:
    """Content of a kept file.

    Raises
    ------
    NotFound
    SetupProblem
        If it was changed, or its key is missing.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    name = word.removeprefix(MARK)
    id = name.partition("-")[0]
    if not word.startswith(MARK) or not name.replace("-", "").isalnum() or id not in keys.known:
        raise NotFound("there is no such file")
    try:
        box = (folder / FOLDER / name).read_bytes()
        return AESGCM(keys.key(id).seal).decrypt(box[:12], box[12:], _bound(name))
    except OSError:
        raise NotFound("there is no such file") from None
    except (InvalidTag, ValueError):
        raise SetupProblem("the file {name} was changed: restore it from a backup", name=name) from None


def _bound(name: str) -> bytes:
    return json.dumps(["tocsin-media-1", name]).encode()
