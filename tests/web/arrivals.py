"""Reports put into a mission's records as the intake would, for tests of what follows."""

import datetime as dt
import itertools
from typing import Any

from tests.web.houses import Place
from tocsin.listen.alerts.intake import Arrived, Taken, take_in
from tocsin.listen.alerts.jobs import Worker
from tocsin.listen.alerts.model import Received, ReportKind
from tocsin.listen.alerts.summing import Rank, not_ranked
from tocsin.store import writing

_number = itertools.count(1)


def say(place: Place, text: str, sender: str = "+23670000001", ago: float = 0.0, **more: Any) -> int:
    """One report; gives its id."""
    at = place.clock() - dt.timedelta(minutes=ago)
    kind = more.pop("kind", ReportKind.SMS if text else ReportKind.MISSED_CALL)
    given = {k: more.pop(k) for k in ("gateway_id", "owner", "source_id", "answers") if k in more}
    got = Received(
        "generic", more.pop("id", f"n{next(_number)}"), sender, text, at, kind, "0" * 64,
        **{k: more[k] for k in more},
    )  # fmt: skip
    item = Arrived(given.pop("gateway_id", "sms"), got, at, sender, **given)
    with writing(place.engine) as connection:
        taken: Taken = take_in(connection, place.keys, [item], place.clock())[0]
    return taken.report_id


def read_all(place: Place, worker: Worker | None = None, rank: Rank = not_ranked) -> Worker:
    """Let the program read everything that waits to be read; a worker of one's own keeps its memory and its lease."""
    made = worker or Worker(place.engine, place.mission, rank)
    while made.step(place.clock()):
        pass
    if worker is None:
        made.give_back(place.clock())
    return made
