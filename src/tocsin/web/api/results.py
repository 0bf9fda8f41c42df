"""Results that commands wrote down, to read and take away: people to posts, partners, liaison, what police did."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from tocsin.brief.tables import MEDIA, Table, write_table
from tocsin.core.errors import NoData, NotFound
from tocsin.core.words import translator
from tocsin.store import reading, writing
from tocsin.store.audit import Entry, record
from tocsin.store.policy import demand
from tocsin.store.tables import run
from tocsin.web.api.listen import Word
from tocsin.web.who import Asker, At, House

router = APIRouter(prefix="/api/results", tags=["results"])
Kind = Literal["people", "partners", "liaison", "police"]
Value = str | float | int | bool | None
Rows = list[dict[str, Value]]


class ResultTable(BaseModel):
    """One table of a result; a value is null where it is not known or is hidden because it is small."""

    name: str
    columns: list[str]
    rows: list[list[Value]]


class Result(BaseModel):
    """The newest result of a kind; `facts` are its figures by name. Other words of the calculation are in English."""

    kind: Kind
    run: str
    made_at: dt.datetime
    as_of: str
    facts: dict[str, float | None]
    tables: list[ResultTable]
    worse: list[str]


def _taken(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Rows:
    def plain(value: Any) -> Value:
        if isinstance(value, list | tuple):
            return ", ".join(str(v) for v in value)
        return round(value, 4) if isinstance(value, float) else value

    return [{c: plain(r.get(c)) for c in columns} for r in rows]


# For each kind the tables it holds: name, columns, and its rows out of what was written down.
TABLES: dict[str, dict[str, tuple[tuple[str, ...], Callable[[Any], Sequence[Mapping[str, Any]]]]]] = {
    "people": {
        "pairs": (("post", "person", "kind", "place", "fit", "short_of"), lambda s: s["pairs"]),
        "vacant": (("post", "place", "weight", "why"), lambda s: s["vacant"]),
        "rules": (("rule", "counted", "of"), lambda s: s["rules"]),
        "ending": (("on", "what", "person", "post"), lambda s: s["ending"]),
    },
    "partners": {
        "passings": (("giver", "receiver", "capability", "quantity", "place", "from", "until"),
                     lambda s: s["passings"]),
        "gaps": (("gap", "met", "wanted", "why"), lambda s: [
            {**g, "met": sum(g["met"]), "wanted": sum(g["wanted"]), "why": "; ".join(g["why"])} for g in s["gaps"]]),
        "stopped": (("giver", "receiver", "why"), lambda s: s["stopped"]),
    },
    "liaison": {
        "assistants": (("assistant", "place", "languages", "villages"), lambda s: [
            {**a, "villages": len(a["serves"])} for a in [*s["assistants"], *s["further"]]]),
        "not_served": (("village", "worth", "why"), lambda s: s["not_served"]),
        "gains": (("further", "share", "gain"), lambda s: s["gains"]),
    },
    "police": {
        **{part: (("name", "officer_days", "formed_share"), itemgetter(part))
           for part in ("by_tier", "by_month", "by_area", "by_skill", "by_kind")},
        "area_gaps": (("name", "faced_share", "days_share", "short"), lambda s: s["area_gaps"]),
        "skill_gaps": (("name", "faced_share", "days_share", "short"), lambda s: s["skill_gaps"]),
    },
}  # fmt: skip
FACTS: dict[str, tuple[str, ...]] = {
    "people": ("filled", "posts", "people"),
    "partners": ("value", "wanted", "forces"),
    "liaison": ("villages", "value", "worth"),
    "police": ("lines", "left_out"),
}
COMMANDS = {"people": "tocsin plan people", "partners": "tocsin plan partners", "liaison": "tocsin plan liaison",
            "police": "tocsin learn police"}  # fmt: skip


@router.get("/{kind}", summary="The newest result of a kind")
def result(at: At, asker: Asker, kind: Kind, lang: Word | None = None) -> Result:
    """For who may read runs; what could get worse is in the language asked for, or the mission's."""
    demand(asker, "read", "run")
    row = _newest(at, kind)
    made = row.output
    words = translator(lang or at.mission.language)
    return Result(
        kind=kind, run=row.id, made_at=row.made_at.replace(tzinfo=dt.UTC), as_of=made.get("as_of") or made["last"],
        facts={name: made.get(name) for name in FACTS[kind]},
        tables=[
            ResultTable(name=name, columns=list(columns), rows=[list(r.values()) for r in _taken(rows(made), columns)])
            for name, (columns, rows) in TABLES[kind].items()
        ],
        worse=[words(line) for line in made.get("worse", [])],
    )  # fmt: skip


@router.get("/{kind}/{table}", summary="One table of the newest result, as a file", response_class=Response)
def download(
    at: At, asker: Asker, kind: Kind, table: Annotated[str, Path(pattern="^[a-z_]{1,20}$")],
    f: Annotated[Literal["csv", "xlsx"], Query(description="Format.")] = "csv",
) -> Response:  # fmt: skip
    """Who took it stands in the audit trail."""
    demand(asker, "read", "run")
    if table not in TABLES[kind]:
        raise NotFound("there is no table '{table}' in {kind}: {known} are", table=table, kind=kind,
                       known=", ".join(TABLES[kind]))  # fmt: skip
    columns, rows = TABLES[kind][table]
    found = _taken(rows(_newest(at, kind).output), columns)
    kinds = {c: next((type(r[c]) for r in found if r[c] is not None), str) for c in columns}
    made = write_table(Table(table, kinds, found, [None] * len(found)), f)
    with writing(at.engine) as connection:
        details = {"format": f, "rows": len(found)}
        record(connection, at.now(), Entry(asker.id, "table.download", "result", f"{kind}.{table}", details=details))
    name = f'attachment; filename="{kind}-{table}.{f}"'
    return Response(made, media_type=MEDIA[f], headers={"Content-Disposition": name})


def _newest(at: House, kind: str) -> Any:
    query = sa.select(run).where(run.c.kind == kind).order_by(run.c.made_at.desc()).limit(1)
    with reading(at.engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise NoData("there is no such result yet: run `{command}`", command=COMMANDS[kind])
    return row
