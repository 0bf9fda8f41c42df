"""What-ifs over HTTP: asked for, side by side, taken away as one file and brought back."""

import json
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from tocsin.core.errors import BadInput, NotFound
from tocsin.core.words import translator
from tocsin.listen.places.reads import gazetteer
from tocsin.plan.scenarios.model import MOST
from tocsin.plan.wishes import AskedWhatIfs, list_whatifs, read_whatifs, whatifs_of
from tocsin.plan.wishes.whatifs import MOST_ADDED, MOST_HOURS, MOST_MOVES, MOST_NAME
from tocsin.store import reading, run_of, writing
from tocsin.store.audit import Entry, record
from tocsin.store.policy import Actor, demand
from tocsin.store.tables import run as runs
from tocsin.web.api.listen import PROBLEMS, Body, Key, Word
from tocsin.web.api.plan_parts import RUN
from tocsin.web.api.plan_patrols import Name
from tocsin.web.api.plan_wishes import AskedLine, put
from tocsin.web.who import Asker, At, House

router = APIRouter(prefix="/api/plan/scenarios", tags=["plan"], responses=PROBLEMS)
RunId = Annotated[str, Path(pattern=RUN, description="Run of the comparison.")]
Names = Annotated[list[Name], Field(max_length=60, default_factory=list)]
Factor = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=MOST_NAME, pattern=r"^[^\x00]*$")]
Month = Annotated[str | None, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Line = Annotated[list[Name], Field(min_length=2, max_length=20)]
MOST_BYTES = 2_000_000


class WhatIf(Body):
    """What would be different; what is left out stays as it is. The parts are those of `tocsin plan scenario`.

    `wet`: the rains are there for all months ahead, or stay away. `risk` multiplies an area's forecast. `shift` moves
    forecast and people of one place's cell to another's. `closed` are lines that nobody crosses on the ground.
    """

    wet: bool | None = None
    without_units: Names
    without_contributors: Names
    without_operations: Names
    shared_units_go: bool = False
    risk: Annotated[dict[Name, Factor], Field(max_length=60, default_factory=dict)]
    shift: Annotated[
        list[Annotated[list[Name], Field(min_length=2, max_length=2)]], Field(max_length=20, default_factory=list)
    ]
    forbidden_areas: Names
    closed: Annotated[list[Line], Field(max_length=20, default_factory=list)]

    def part(self) -> dict[str, Any]:
        """Only what is different."""
        return {
            k: v for k, v in self.model_dump().items() if v not in (None, [], {}) and (v is not False or k == "wet")
        }


class Figures(Body):
    """Figures of a scenario as they were saved in a file."""

    name: Title
    data_hash: Annotated[str | None, StringConstraints(max_length=64)] = None
    risk: float | None = None
    within_now: float | None = None
    within_planned: float | None = None


class WhatIfs(Body):
    """Named what-ifs to compare with things as they are, by name, with what may be changed in answer to each."""

    scenarios: Annotated[dict[Title, WhatIf], Field(min_length=1, max_length=MOST)]
    as_of: Month = None
    additional: Annotated[int, Field(ge=0, le=MOST_ADDED)] = 3
    moves: Annotated[int, Field(ge=0, le=MOST_MOVES)] = 3
    hours: Annotated[float, Field(gt=0, le=MOST_HOURS, allow_inf_nan=False)] = 6.0
    operations: Names
    seed: Annotated[int, Field(ge=0, le=2**31)] = 1
    saved: Annotated[list[Figures], Field(max_length=MOST + 1, default_factory=list)]

    def asked(self) -> AskedWhatIfs:
        """As it is kept and calculated."""
        plain = self.model_dump(exclude={"scenarios"})
        return AskedWhatIfs({name: one.part() for name, one in self.scenarios.items()}, **plain)


class WhatIfsLine(AskedLine):
    """Scenarios asked for. `changed` names those whose figures are not those of the file they came from."""

    changed: list[str] | None


class Usable(BaseModel):
    """Names that a what-if can use here."""

    areas: list[str]
    units: list[str]
    contributors: list[str]
    operations: list[str]
    over: str


class ScenarioMove(BaseModel):
    """A change that would help most then; `gain` in expected deaths that come within reach."""

    what: str
    unit: str
    kind: str
    gid: int
    lon: float
    lat: float
    area: str | None
    place: str = ""
    gain: float


class ScenarioLoss(BaseModel):
    """Who is reached later, or no longer, under those changes."""

    gid: int
    area: str | None
    place: str = ""
    risk: float
    hours_before: float | None
    hours_after: float | None
    loses_reach: bool


class ScenarioSide(BaseModel):
    """One scenario on the axes of all: expected deaths, and how many are within reach now and with the best changes.

    No changes reach more than `bound`. `shared` units stay although one of their contributors leaves.
    """

    name: str
    changes: dict[str, Any]
    units: int
    shared: list[str]
    season: str
    risk: float
    within_now: float
    within_planned: float
    bound: float
    within_now_less: float
    within_planned_less: float
    share_now: float | None
    people_share_now: float | None
    worst_off: str | None
    moves: list[ScenarioMove]
    worse: list[ScenarioLoss]


class ScenariosMade(BaseModel):
    """Scenarios side by side, the first as things are; `asked` is what to ask again or change."""

    run: str
    as_of: str
    limit_hours: float
    asked: dict[str, Any]
    scenarios: list[ScenarioSide]
    assumes: list[str]
    worse: list[str]


@router.get("", summary="Scenarios asked for, the newest first")
def lines(at: At, asker: Asker) -> list[WhatIfsLine]:
    """With how far each has come."""
    with reading(at.engine) as connection:
        return [WhatIfsLine(**one) for one in list_whatifs(connection, asker, at.now())]


@router.get("/known", summary="Names that a what-if can use")
def known(request: Request, at: At, asker: Asker) -> Usable:
    """Areas, units, contributors and operations of the posture as it stands."""
    demand(asker, "read", "plan")
    demand(asker, "read", "deployment")
    board = request.app.state.boards.newest(at)
    units = board.here.units
    return Usable(
        areas=sorted({a for a in board.here.land.area_names if a}), units=[u.name for u in units],
        contributors=sorted({c for u in units for c in u.contributors}),
        operations=sorted({u.mission for u in units if u.mission}), over=board.over,
    )  # fmt: skip


@router.post("", summary="Ask for what-ifs side by side")
def compare(request: Request, at: At, asker: Asker, given: WhatIfs, key: Key = None) -> JSONResponse:
    """They are worked out beside the server; look for them in the list."""
    return put(request, at, asker, "plan.scenario", given.asked(), given, key)


@router.post("/read", summary="Read a file of what-ifs, without working them out")
async def read(asker: Asker, request: Request, form: Literal["json", "toml"] = "json") -> WhatIfs:
    """The body is the file as it was saved here or by `tocsin plan scenario --save`, or written by hand (TOML)."""
    demand(asker, "create", "plan")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise BadInput("that file is larger than {mb} MB: it is none of what-ifs", mb=MOST_BYTES // 1_000_000)
    return await run_in_threadpool(_read, body, form)


def _read(body: bytes, form: str) -> WhatIfs:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("the file is not text in UTF-8: save it again as JSON or TOML") from None
    found = read_whatifs(text, form == "json").plain()
    try:
        return WhatIfs.model_validate(found)
    except ValueError as wrong:
        errors = wrong.errors() if hasattr(wrong, "errors") else []
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors[:5])[:400]
        raise BadInput("the file has values that cannot be: {where}", where=where or "look at its numbers") from None


@router.get("/{run}", summary="Scenarios side by side")
def made(at: At, asker: Asker, run: RunId, lang: Word | None = None) -> ScenariosMade:
    """Sentences are in the language asked for, or the mission's."""
    words = translator(lang or at.mission.language)
    inputs, found = _run(at, asker, run)
    with reading(at.engine) as connection:
        places = gazetteer(connection)

    def placed(row: dict[str, Any]) -> dict[str, Any]:
        near = places.nearest(row["lon"], row["lat"])
        return {**row, "place": near.name if near else ""}

    return ScenariosMade.model_validate({
        **found, "asked": whatifs_of(inputs, found["as_of"]).plain(),
        "scenarios": [{**s, "moves": [placed(m) for m in s["moves"]], "worse": [placed(w) for w in s["worse"]]}
                      for s in found["scenarios"]],
        "assumes": [words(line) for line in found["assumes"]],
        "worse": [words(line) for line in found.get("worse", [])],
    })  # fmt: skip


@router.get("/{run}/file", summary="Scenarios, settings and what came of them as one file", response_class=Response)
def file(at: At, asker: Asker, run: RunId) -> Response:
    """The file of `tocsin plan scenario --save`: to share, and to read again here. Who took it is written down."""
    inputs, found = _run(at, asker, run)
    whole = whatifs_of(inputs, found["as_of"]).kept(dict(found)).to_json()
    body = json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False)
    with writing(at.engine) as connection:
        record(connection, at.now(), Entry(asker.id, "plan.scenarios.file", "plan", run))
    name = f'attachment; filename="scenarios-{run}.json"'
    return Response(body, media_type="application/json", headers={"Content-Disposition": name})


def _run(at: House, asker: Actor, run: str) -> tuple[dict[str, Any], dict[str, Any]]:
    demand(asker, "read", "plan")
    demand(asker, "read", "deployment")
    query = sa.select(runs.c.inputs).where(runs.c.id == run, runs.c.kind == "scenario")
    with reading(at.engine) as connection:
        inputs = connection.execute(query).scalar_one_or_none()
        found = run_of(connection, run)
    if inputs is None or not found:
        raise NotFound("there is no such comparison: ask for one in the form")
    return inputs, found
