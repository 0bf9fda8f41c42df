"""The worker that empties the outbox; safe to run in several processes, and again after it died."""

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from tocsin.act.notify.actions import settle, take
from tocsin.act.notify.model import Answer, Outgoing
from tocsin.act.rules import Rules
from tocsin.store import writing
from tocsin.store.keys import open_keys


@dataclass(frozen=True)
class Sent:
    """What one round did: messages sent, put off for another try, failed or dropped, held back."""

    sent: int = 0
    retried: int = 0
    dropped: int = 0
    held: int = 0

    def __add__(self, other: "Sent") -> "Sent":
        return Sent(self.sent + other.sent, self.retried + other.retried, self.dropped + other.dropped,
                    self.held + other.held)  # fmt: skip


def send_round(
    engine: sa.Engine,
    keys_folder: Path,
    rules: Rules,
    post: Callable[[Outgoing, dt.datetime], Answer],
    clock: Callable[[], dt.datetime],
    most: int = 20,
    worker: str | None = None,
) -> Sent:
    """Take what is due, send it, write down what became of it; once."""
    name = worker or secrets.token_hex(6)
    with writing(engine) as connection:
        keys = open_keys(connection, keys_folder, clock())
        taken = take(connection, keys, rules, name, clock(), most)
    done = Sent(dropped=taken.dropped, held=taken.held)
    for out in taken.messages:
        answer = post(out, clock())
        with writing(engine) as connection:
            kept = settle(connection, keys, rules, out, answer, clock())
        if kept:
            over = answer.permanent or answer.opted_out
            done += Sent(sent=int(answer.sent), retried=int(not answer.sent and not over),
                         dropped=int(not answer.sent and over))  # fmt: skip
    return done


def empty_outbox(
    engine: sa.Engine,
    keys_folder: Path,
    rules: Rules,
    post: Callable[[Outgoing, dt.datetime], Answer],
    clock: Callable[[], dt.datetime],
) -> Sent:
    """Rounds until nothing is due any more."""
    total = Sent()
    while True:
        done = send_round(engine, keys_folder, rules, post, clock)
        total += done
        if not (done.sent or done.retried or done.dropped):
            return total
