"""Dead man's switch: screens, links and the server give signs of life; when one stops, somebody else hears of it.

A watcher counts how long it has seen no new sign, in time that passed between its own looks and at most a minute a
look: a clock that jumps, or a watcher that slept, makes nobody dead.
"""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from tocsin.act.duty.actions import Cause, answer_ladders, raise_ladder, rota_at
from tocsin.act.rules import Rules
from tocsin.act.tables import pulse
from tocsin.core.codes import Classification, Tlp
from tocsin.core.errors import BadInput
from tocsin.store.policy import Actor, Thing, allowed, demand

LONGEST_LOOK = dt.timedelta(minutes=1)
PRIORITY = 50.0  # of a dead screen or server: no silence holds it back
KINDS = ("screen", "link", "server", "beat")


def beat(connection: sa.Connection, actor: Actor, kind: str, name: str, silent_after_s: int, now: dt.datetime) -> str:
    """A sign of life. Of a screen: of the account that asks; it is missed only while that person is on call.

    Returns
    -------
    str
        Id of the pulse.
    """
    if kind not in KINDS or not 0 < len(name) <= 80 or not 10 <= silent_after_s <= 86_400:
        raise BadInput("a sign of life needs a kind ({kinds}), a name, and 10 seconds to a day", kinds=", ".join(KINDS))
    person = actor.id if kind == "screen" else None
    thing = Thing(owner=person, tlp=Tlp.AMBER, classification=Classification.UNCLASSIFIED)
    demand(actor, "change", "pulse", "*", thing)
    id = f"{kind}:{actor.id}:{name}" if kind == "screen" else f"{kind}:{name}"
    query = sa.update(pulse).where(pulse.c.id == id)
    values = {"at": now, "count": pulse.c.count + 1, "silent_after_s": silent_after_s, "ended_at": None}
    if connection.execute(query.values(**values)).rowcount == 0:
        connection.execute(sa.insert(pulse).values(
            id=id, kind=kind, person=person, at=now, count=1, silent_after_s=silent_after_s, silent_s=0.0
        ))  # fmt: skip
    return id


def sign_off(connection: sa.Connection, actor: Actor, id: str, now: dt.datetime) -> None:
    """A screen or server that ends on purpose is not missed: one's own screen, or with the right to change any."""
    mine = Thing(owner=actor.id, tlp=Tlp.AMBER, classification=Classification.UNCLASSIFIED)
    demand(actor, "change", "pulse", "*", mine)
    every = allowed(actor, "change", "pulse", "*", Thing(tlp=mine.tlp, classification=mine.classification))
    owned = pulse.c.person == actor.id
    if every:
        owned = sa.or_(pulse.c.person.is_(None), owned)
    if connection.execute(sa.update(pulse).where(pulse.c.id == id, owned).values(ended_at=now)).rowcount:
        answer_ladders(connection, [f"pulse:{id}"], actor.id, now)


@dataclass(frozen=True)
class Silent:
    """A pulse that stopped: which, of what kind, and whose."""

    id: str
    kind: str
    person: str | None


def watch(connection: sa.Connection, rules: Rules, now: dt.datetime) -> list[Silent]:
    """Look at all signs of life: open a ladder for each that stopped, and stop the ladder of each that came back."""
    rows = connection.execute(
        sa.select(pulse).where(pulse.c.ended_at.is_(None)).order_by(pulse.c.id).with_for_update(skip_locked=True)
    ).mappings()
    found: list[Silent] = []
    alive: set[str] = set()
    looked = []
    for row in rows.all():
        fresh = row["count"] != row["watched_count"]
        gap = dt.timedelta() if row["watched_at"] is None else max(now - row["watched_at"], dt.timedelta())
        silent = 0.0 if fresh else row["silent_s"] + min(gap, LONGEST_LOOK).total_seconds()
        values = {"watched_count": row["count"], "watched_at": now, "silent_s": silent}
        connection.execute(sa.update(pulse).where(pulse.c.id == row["id"]).values(**values))
        if silent < row["silent_after_s"] and row["person"]:
            alive.add(row["person"])
        looked.append((row, silent, fresh))
    if not looked:
        return []
    rota = rota_at(connection, now)
    on_call = {rota.on_call(role, now) for role in {s.role for s in rota.shifts} | set(rota.holders)}
    for row, silent, fresh in looked:
        subject = f"pulse:{row['id']}"
        if fresh and row["silent_s"] >= row["silent_after_s"]:
            answer_ladders(connection, [subject], row["person"] or "program", now)
        if silent < row["silent_after_s"]:
            continue
        if row["person"] is not None and (row["person"] in alive or row["person"] not in on_call):
            continue  # another screen of theirs is alive, or nobody waits for them
        if row["silent_s"] >= row["silent_after_s"]:
            continue  # told already; its ladder climbs by itself
        found.append(Silent(row["id"], row["kind"], row["person"]))
        raise_ladder(connection, rules, Cause(subject, "silent", PRIORITY, owner=row["person"]), now)
    return found
