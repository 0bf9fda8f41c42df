"""The audit trail: who did or read what, when, on what and why; append-only, each row bound to the one before.

`record` adds rows in the caller's transaction: no row without the deed, no deed without the row. Writers lock
``audit_head`` until they commit, so there is one chain; call `record` late in a transaction. No personal data goes in:
people are account ids, details are numbers and codes, and a reason that looks like it names somebody is refused.

What it proves and what not is in docs/threat-model.md: whoever owns the database and knows our code can write a whole
new chain, so `verify` compares with what an earlier verify saw (kept beside the keys, outside the database).
"""

import datetime as dt
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa

from tocsin.core.errors import BadInput, SetupProblem
from tocsin.store.tables import audit, audit_head

GENESIS = "0" * 64
MAX_REASON = 300
TRIGGERS = ("audit_no_update", "audit_no_delete", "audit_head_forward", "audit_head_no_delete")
_CODE = re.compile(r"[A-Za-z0-9_.:+\-/*@ ]{0,80}")
_LOOKS_PERSONAL = re.compile(r"\S+@\S+\.\S+|(?:\d[\s().\-]*){7,}")
# An id of ours (an account, a run, a hash): hexadecimal, and so now and then many digits in a row.
_OURS = re.compile(r"(?=.*[a-z])[a-z]?[0-9a-f]{12,64}")


@dataclass(frozen=True)
class Entry:
    """One deed or sensitive read.

    Parameters
    ----------
    who : str
        Id of the account (`Actor.id`).
    what : str
        Verb with its room, for example ``sealed.open``.
    object, object_id : str
        Kind and id of the thing.
    why : str
        Reason the person gave; at most 300 characters, no telephone number or e-mail address in it.
    details : dict
        Numbers, truth values and short codes (lists of them too); no free text.
    """

    who: str
    what: str
    object: str
    object_id: str
    why: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Something wrong with the trail: at which row, of what kind, in one sentence."""

    seq: int
    kind: str  # changed, missing, moved, truncated, forked, replaced, unguarded
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """What `verify` found: how many rows it read, where the trail ends, and every problem."""

    chain: str
    rows: int
    head: str
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def mark(self) -> str:
        """Where the trail stands, to be written down elsewhere and given to the next `verify`."""
        return f"{self.chain}:{self.rows}:{self.head}"


def stamp(now: dt.datetime) -> str:
    """An instant as the trail writes it.

    >>> stamp(dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC))
    '2026-03-01T05:10:00.000000Z'
    """
    return now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_reason(why: str, needed: bool = True) -> str:
    """A reason fit for the trail.

    Raises
    ------
    BadInput
        If it is missing, too long, or holds what looks like a telephone number or an e-mail address.
    """
    text = " ".join(why.split())
    if needed and len(text) < 4:
        raise BadInput("say why in a few words; the reason is kept in the audit trail")
    if len(text) > MAX_REASON:
        raise BadInput("the reason is longer than {n} characters: say it shorter", n=MAX_REASON)
    if _LOOKS_PERSONAL.search(text):
        raise BadInput(
            "the reason seems to hold a telephone number or an address: give a case number or a task instead"
        )
    return text


def record(connection: sa.Connection, now: dt.datetime, *entries: Entry) -> int:
    """Add entries to the trail, in the running transaction.

    Returns
    -------
    int
        Number of the last row written.

    Raises
    ------
    BadInput
        If an entry could carry personal data.
    SetupProblem
        If the connection is for reading: the row would be thrown away with it.
    """
    if not connection.get_execution_options().get("writes", True):
        raise SetupProblem("this is written to the audit trail and needs `writing`, not `reading`")
    for entry in entries:
        _check(entry)
    chain, seq, previous = _lock_head(connection)
    rows = []
    for entry in entries:
        seq += 1
        row = {
            "seq": seq,
            "at": stamp(now),
            "who": entry.who,
            "what": entry.what,
            "object": entry.object,
            "object_id": entry.object_id,
            "why": " ".join(entry.why.split()),
            "details": json.dumps(entry.details, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
            "previous": previous,
        }
        previous = row["hash"] = _hash(chain, row)
        rows.append(row)
    if rows:
        connection.execute(sa.insert(audit), rows)
        connection.execute(sa.update(audit_head).values(seq=seq, hash=previous))
    return seq


def _check(entry: Entry) -> None:
    for text in (entry.who, entry.what, entry.object, entry.object_id):
        if not text or not _CODE.fullmatch(text):
            raise BadInput("'{text}' cannot go into the audit trail: only ids and codes can", text=text[:20])
    check_reason(entry.why, needed=False)
    for key, value in entry.details.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            plain = item is None or isinstance(item, bool | int | float)
            if not plain and not (isinstance(item, str) and _is_code(item)):
                raise BadInput("detail {key} cannot go into the audit trail: only numbers and codes can", key=key)


def _is_code(text: str) -> bool:
    return bool(_OURS.fullmatch(text) or (_CODE.fullmatch(text) and not _LOOKS_PERSONAL.search(text)))


def _lock_head(connection: sa.Connection) -> tuple[str, int, str]:
    query = sa.select(audit_head.c.chain, audit_head.c.seq, audit_head.c.hash).with_for_update()
    found = connection.execute(query).one_or_none()
    if found is None:
        if connection.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert as insert_once
        else:
            from sqlalchemy.dialects.sqlite import insert as insert_once  # type: ignore[assignment]
        first = {"id": 1, "chain": secrets.token_hex(8), "seq": 0, "hash": GENESIS}
        connection.execute(insert_once(audit_head).values(first).on_conflict_do_nothing())
        found = connection.execute(query).one()
    return found.chain, found.seq, found.hash


def _hash(chain: str, row: dict[str, Any]) -> str:
    names = ("seq", "at", "who", "what", "object", "object_id", "why", "details", "previous")
    text = json.dumps([chain, *(row[n] for n in names)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def rows_of(connection: sa.Connection, since: int = 0) -> Iterator[dict[str, Any]]:
    """The trail's rows after number `since`, in order, without holding all of them."""
    query = sa.select(audit).where(audit.c.seq > since).order_by(audit.c.seq).execution_options(yield_per=2000)
    for row in connection.execute(query).mappings():
        yield dict(row)


def verify(connection: sa.Connection, marks: Sequence[str] = ()) -> Verdict:
    """Read the whole trail and name every row that is changed, missing, moved or cut off.

    Parameters
    ----------
    marks : sequence of str
        `Verdict.mark` of earlier verifies: the trail must still go through each.
    """
    head = connection.execute(sa.select(audit_head)).mappings().one_or_none()
    problems = [
        Problem(0, "unguarded", f"the guard {name} is gone: rows could be changed unseen; run `tocsin upgrade`")
        for name in sorted(set(TRIGGERS) - _triggers(connection))
    ]
    if head is None:
        rows = connection.execute(sa.select(sa.func.count()).select_from(audit)).scalar_one()
        if rows or marks:
            problems.append(Problem(0, "replaced", f"the trail has no head but {rows} rows: it was taken apart"))
        return Verdict("", rows, GENESIS, tuple(problems))
    found = _verify_rows(rows_of(connection), head["chain"], marks)
    problems += found.problems
    if found.rows < head["seq"]:
        first, last = found.rows + 1, head["seq"]
        problems.append(Problem(first, "truncated", f"rows {first} to {last} at the end are missing"))
    elif found.rows > head["seq"]:
        problems.append(Problem(head["seq"] + 1, "forked", f"rows after {head['seq']} were put in past the program"))
    elif found.head != head["hash"] and not found.problems:
        problems.append(Problem(found.rows, "changed", f"row {found.rows} is not the one the head names"))
    return Verdict(head["chain"], found.rows, found.head, tuple(problems))


def verify_lines(lines: Iterable[str], marks: Sequence[str] = ()) -> Verdict:
    """The same for an exported trail (JSON lines); a cut at its end shows only against a mark."""
    numbered = iter(lines)
    try:
        first = json.loads(next(numbered, "{}"))
        chain = str(first["chain"])
        return _verify_rows((json.loads(line) for line in numbered if line.strip()), chain, marks)
    except (ValueError, KeyError, TypeError) as problem:
        raise BadInput("this is not an exported audit trail ({why})", why=type(problem).__name__) from problem


def export_lines(connection: sa.Connection) -> Iterator[str]:
    """The trail as JSON lines: one of heading, then one a row."""
    chain = connection.execute(sa.select(audit_head.c.chain)).scalar_one_or_none() or ""
    yield json.dumps({"tocsin_audit": 1, "chain": chain})
    for row in rows_of(connection):
        yield json.dumps(row, ensure_ascii=False)


def _verify_rows(rows: Iterable[dict[str, Any]], chain: str, marks: Sequence[str]) -> Verdict:
    wanted: dict[int, str] = {}
    problems: list[Problem] = []
    for mark in marks:
        name, count, hash_ = mark.split(":")
        if name != chain:
            problems.append(Problem(0, "replaced", f"this is another trail than {name}, which was verified before"))
        elif int(count):
            wanted[int(count)] = hash_
    number, previous, suspects, last = 0, GENESIS, [], 0
    for row in rows:
        number += 1
        if row["seq"] > number:
            gap = f"row {number} is" if row["seq"] == number + 1 else f"rows {number} to {row['seq'] - 1} are"
            problems.append(Problem(number, "missing", f"{gap} missing"))
        number = last = int(row["seq"])
        if _hash(chain, row) != row["hash"]:
            suspects.append(row)
        elif row["previous"] != previous and not (problems and problems[-1].kind == "missing"):
            sentence = f"row {number} does not follow row {number - 1}: one of them was replaced"
            problems.append(Problem(number, "changed", sentence))
        previous = row["hash"]
        if wanted.pop(number, previous) != previous:
            sentence = f"row {number} is not the one an earlier verify saw: the trail was written anew"
            problems.append(Problem(number, "replaced", sentence))
    problems += [
        Problem(last + 1, "truncated", f"an earlier verify saw {count} rows, now there are {last}")
        for count in sorted(n for n in wanted if n > last)
    ]
    # Looking for where a row was written first costs two hashes a step: bounded, however much was changed.
    steps = min(last, 200_000 // max(len(suspects), 1))
    problems += [_name_change(row, chain, steps) for row in suspects]
    return Verdict(chain, last, previous, tuple(sorted(problems, key=lambda p: p.seq)))


def _name_change(row: dict[str, Any], chain: str, steps: int) -> Problem:
    """Tell a row that was moved (it is sound under another number) from one whose content was changed."""
    seq = int(row["seq"])
    for distance in range(1, steps + 1):
        for other in (seq - distance, seq + distance):
            if other > 0 and _hash(chain, {**row, "seq": other}) == row["hash"]:
                return Problem(seq, "moved", f"row {seq} was written as row {other}: rows were put in another order")
    return Problem(seq, "changed", f"row {seq} ({row['what']} by {row['who']} at {row['at']}) was changed")


def _triggers(connection: sa.Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
    return set(connection.execute(sa.text(query)).scalars())


def as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict for machines."""
    return {"sound": verdict.sound, "rows": verdict.rows, "mark": verdict.mark,
            "problems": [asdict(p) for p in verdict.problems]}  # fmt: skip
