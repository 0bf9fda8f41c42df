"""Sealed fields: who a source is. Ciphertext in a table of its own, the key outside the mission folder.

Each value is AES-256-GCM with key, table, row and column as associated data, so a box moved to another row does not
open, and padded, so its length says little. An equal value is found by a keyed hash without opening anything. Opening
needs a right (``policy.toml``, field ``identity``), a reason, and leaves an audit row in the same transaction.
"""

import datetime as dt
import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tocsin.core.codes import Role
from tocsin.core.errors import BadInput, Forbidden, NotFound, SetupProblem
from tocsin.store.audit import Entry, check_reason, record
from tocsin.store.keys import Key, KeyRing, make_key
from tocsin.store.policy import Actor, Thing, allowed, policy
from tocsin.store.tables import sealed_key, sealed_value, sign_in_failure

PAD = 64
MAX_BYTES = 4096


@dataclass(frozen=True)
class Field:
    """Where a sealed value belongs: for example ``Field("source", "17", "phone")``.

    The row is an opaque id; a telephone number or a name must never be one.
    """

    table: str
    row: str
    column: str


def seal(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    at: Field,
    text: str,
    now: dt.datetime,
    thing: Thing | None = None,
) -> None:
    """Put a value under seal (again: the newer replaces the older).

    Parameters
    ----------
    thing : Thing, optional
        Whose and where the row is; without it, who may seal only on some rows may not replace a value.

    Raises
    ------
    Forbidden
        If the actor may not create it.
    BadInput
        If it is empty or longer than 4,096 bytes.
    """
    held = connection.execute(sa.select(sealed_value.c.key_id).where(_at(at))).first() is not None
    _demand(actor, "create", at, thing or (Thing() if held else None))
    put(connection, keys, at, text, now)
    record(connection, now, Entry(actor.id, "sealed.write", at.table, at.row, details={"column": at.column}))


def unseal(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    at: Field,
    thing: Thing,
    reason: str,
    now: dt.datetime,
    action: str = "read",
) -> str:
    """Open one value: for the eyes of one person, or to send a message (``action="send"``).

    Show it only after the transaction is kept: a rollback takes the audit row with it.

    Parameters
    ----------
    thing : Thing
        Whose and where the row is, for limits such as "own sources only".
    reason : str
        Why, in words or a case number, without any of what is sealed.

    Raises
    ------
    Forbidden
    NotFound
    BadInput
        If the reason is missing or holds personal data.
    SetupProblem
        If the key is missing, or the box was changed or belongs to another row.
    """
    _demand(actor, action, at, thing)
    why = check_reason(reason)
    text = program_secret(connection, keys, at)
    if text is None:
        raise NotFound("nothing is sealed there")
    if lookup_form(text) in lookup_form(why):
        raise BadInput("the reason holds what is sealed: say it in other words, the trail is read by others")
    record(connection, now, Entry(actor.id, f"sealed.{action}", at.table, at.row, why, {"column": at.column}))
    return text


def find(
    connection: sa.Connection,
    keys: KeyRing,
    actor: Actor,
    table: str,
    column: str,
    text: str,
    now: dt.datetime,
    thing_of: Callable[[str], Thing] | None = None,
) -> list[str]:
    """Rows whose sealed value equals a text (case and spacing aside); normalise telephone numbers (E.164) before.

    Nothing is opened. A person's search is written to the trail; the intake's, one a message, is not.

    Parameters
    ----------
    thing_of : callable, optional
        Whose and where a row is, for those who may find only some rows ("own sources"). Without it they are refused.

    Raises
    ------
    Forbidden
    """
    _demand(actor, "find", Field(table, "", column), None if thing_of else Thing())
    wanted = _lookup(keys.current, table, column, text)
    query = sa.select(sealed_value.c.row_id).where(
        sealed_value.c.lookup == wanted, sealed_value.c.table_name == table, sealed_value.c.column_name == column
    )
    rows = sorted(connection.execute(query).scalars())
    if thing_of:
        rows = [row for row in rows if _may(actor, "find", Field(table, row, column), thing_of(row))]
    if Role.INTAKE not in actor.roles:
        record(connection, now, Entry(actor.id, "sealed.find", table, "*", details={"column": column, "n": len(rows)}))
    return rows


def erase(
    connection: sa.Connection, actor: Actor, table: str, row: str, thing: Thing, reason: str, now: dt.datetime
) -> int:
    """Take away all sealed values of a row; what the row said stays and is counted.

    Returns
    -------
    int
        How many values were taken away.
    """
    _demand(actor, "erase", Field(table, row, "identity"), thing)
    why = check_reason(reason)
    gone = connection.execute(
        sa.delete(sealed_value).where(sealed_value.c.table_name == table, sealed_value.c.row_id == row)
    ).rowcount
    record(connection, now, Entry(actor.id, "sealed.erase", table, row, why, {"n": gone}))
    return gone


def rotate(connection: sa.Connection, keys: KeyRing, actor: Actor, now: dt.datetime) -> KeyRing:
    """Make a new key and seal everything anew with it, in one transaction.

    The old key's file stays, for old backups; `tocsin wipe --old-keys` destroys it.
    """
    if not allowed(actor, "change", "key"):
        raise Forbidden("only an administrator changes keys")
    new = make_key(connection, keys.folder, now)
    count = 0
    rows = connection.execute(sa.select(sealed_value)).all()
    for row in rows:
        at = Field(row.table_name, row.row_id, row.column_name)
        _store(connection, new, at, _unbox(keys.key(row.key_id), at, row.box), row.sealed_at)
        count += 1
    connection.execute(
        sa.update(sealed_key)
        .where(sealed_key.c.id != new.id, sealed_key.c.replaced_at.is_(None))
        .values(replaced_at=now)
    )
    connection.execute(sa.delete(sign_in_failure))  # their hashes were made with the old key
    record(connection, now, Entry(actor.id, "key.rotate", "key", new.id, details={"n": count}))
    return KeyRing(keys.folder, new, {**keys.known, new.id: new.proof})


def put(connection: sa.Connection, keys: KeyRing, at: Field, text: str, now: dt.datetime) -> None:
    """Seal a secret of the program's own (a TOTP seed): no right is asked, nothing is written to the trail."""
    if not text.strip() or len(text.encode()) > MAX_BYTES:
        raise BadInput("there is nothing to seal, or more than {n} bytes", n=MAX_BYTES)
    _store(connection, keys.current, at, text, now)


def put_new(connection: sa.Connection, keys: KeyRing, values: Sequence[tuple[Field, str]], now: dt.datetime) -> None:
    """Seal many values of rows that are new, in one statement; like `put` for the program's own work."""
    if not values:
        return
    rows = [
        {
            "table_name": at.table,
            "row_id": at.row,
            "column_name": at.column,
            "key_id": keys.current.id,
            "box": _box(keys.current, at, text),
            "lookup": _lookup(keys.current, at.table, at.column, text),
            "sealed_at": now,
        }
        for at, text in values
    ]
    connection.execute(sa.insert(sealed_value), rows)


def lookups(keys: KeyRing, table: str, column: str, texts: Iterable[str]) -> dict[str, str]:
    """Keyed hash by which each text of a column is found (see `rows_of`)."""
    return {text: _lookup(keys.current, table, column, text) for text in texts}


def rows_of(connection: sa.Connection, table: str, column: str, hashes: Collection[str]) -> dict[str, str]:
    """Row by keyed hash, for the intake: nothing is opened and nobody's question is answered."""
    if not hashes:
        return {}
    c = sealed_value.c
    # By hash alone: the hash holds table and column already, and SQLite would read all of a table named beside it.
    rows = connection.execute(sa.select(c.lookup, c.row_id, c.table_name, c.column_name).where(c.lookup.in_(hashes)))
    found: dict[str, str] = {}
    for row in rows:
        if row.table_name == table and row.column_name == column:
            found[row.lookup] = min(row.row_id, found.get(row.lookup, row.row_id))
    return found


def program_secret(connection: sa.Connection, keys: KeyRing, at: Field) -> str | None:
    """Open a secret of the program's own. For a person's eyes use `unseal`, which asks and writes down."""
    row = connection.execute(sa.select(sealed_value.c.key_id, sealed_value.c.box).where(_at(at))).one_or_none()
    return None if row is None else _unbox(keys.key(row.key_id), at, row.box)


def forget(connection: sa.Connection, at: Field) -> None:
    """Take away a secret of the program's own."""
    connection.execute(sa.delete(sealed_value).where(_at(at)))


def keyed_hash(keys: KeyRing, purpose: str, text: str) -> str:
    """Hash of a text that only this mission's key can make (64 hex digits)."""
    return _lookup(keys.current, "", purpose, text)


def lookup_form(text: str) -> str:
    """A text as look-ups compare it: one Unicode form, one case, single spaces.

    >>> lookup_form("  Amadou   DIALLO ")
    'amadou diallo'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _line(at: Field) -> tuple[str, str]:
    """Object and line of the table of rights that speak of a sealed field."""
    rules = policy()
    place = rules.places.get(at.table)
    kind = place.object if place else at.table
    return kind, at.column if (kind, at.column) in rules.own_lines else "identity"


def _may(actor: Actor, action: str, at: Field, thing: Thing | None) -> bool:
    kind, line = _line(at)
    return (kind, line) in policy().own_lines and allowed(actor, action, kind, line, thing)


def _demand(actor: Actor, action: str, at: Field, thing: Thing | None) -> None:
    if not _may(actor, action, at, thing):
        what = ".".join(_line(at))
        raise Forbidden("your role does not allow to {action} {what}; ask the duty officer", action=action, what=what)


def _at(at: Field) -> sa.ColumnElement[bool]:
    c = sealed_value.c
    return sa.and_(c.table_name == at.table, c.row_id == at.row, c.column_name == at.column)


def _store(connection: sa.Connection, key: Key, at: Field, text: str, sealed_at: dt.datetime) -> None:
    forget(connection, at)
    connection.execute(
        sa.insert(sealed_value).values(
            table_name=at.table,
            row_id=at.row,
            column_name=at.column,
            key_id=key.id,
            box=_box(key, at, text),
            lookup=_lookup(key, at.table, at.column, text),
            sealed_at=sealed_at,
        )
    )


def _bound(key: Key, at: Field) -> bytes:
    return json.dumps(["tocsin-seal-1", key.id, at.table, at.row, at.column]).encode()


def _box(key: Key, at: Field, text: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    content = text.encode() + b"\x80"
    content += bytes(-len(content) % PAD)
    nonce = os.urandom(12)
    return nonce + AESGCM(key.seal).encrypt(nonce, content, _bound(key, at))


def _unbox(key: Key, at: Field, box: bytes) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        content = AESGCM(key.seal).decrypt(box[:12], box[12:], _bound(key, at))
    except (InvalidTag, ValueError):
        raise SetupProblem(
            "the sealed field {table} {row} {column} was changed or moved from elsewhere: restore it from a backup",
            table=at.table,
            row=at.row,
            column=at.column,
        ) from None
    return content[: content.rindex(b"\x80")].decode()


def _lookup(key: Key, table: str, column: str, text: str) -> str:
    bound = json.dumps([table, column, lookup_form(text)], ensure_ascii=False)
    return hmac.new(key.lookup, bound.encode(), hashlib.sha256).hexdigest()
