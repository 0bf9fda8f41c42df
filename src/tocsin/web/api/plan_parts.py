"""Plan over HTTP, in parts: which changes of a plan to take, what they do without the rest, kept as a plan."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tocsin.core.errors import NoData
from tocsin.plan.board import Board, Dragged
from tocsin.plan.parts import Proposed, accept_part, part_of, proposed
from tocsin.store import reading, writing
from tocsin.store.policy import demand
from tocsin.store.runs import latest_run
from tocsin.web.api.plan_board import Boards, MovedArea, MovedCell, moved_areas, moved_cells
from tocsin.web.who import Asker, At, House

router = APIRouter(prefix="/api/plan", tags=["plan"])
RUN = r"^[0-9a-f]{12}$"
Run = Annotated[str, Field(pattern=RUN)]


class PartOfPlan(BaseModel):
    """One change that a plan proposes; `number` is how it is taken."""

    number: int
    what: str
    unit: str
    kind: str
    gid: int | None
    place: str
    area: str


class PlanInParts(BaseModel):
    """A plan by its changes; `part_of` is the plan that it was taken from by hand."""

    run: str
    season: str
    limit_hours: float
    objective: str | None
    part_of: str | None
    changes: list[PartOfPlan]


class Taken(BaseModel):
    """Changes of a plan by their numbers."""

    model_config = ConfigDict(extra="forbid")
    run: Run
    taken: Annotated[list[Annotated[int, Field(ge=0, le=400)]], Field(max_length=400)]


class PartEffect(BaseModel):
    """What the changes taken do: shares are 0 to 1 of expected killed (`risk`) and people within `limit_hours`."""

    season: str
    limit_hours: float
    over: str
    expected: float
    risk: float | None
    risk_after: float | None
    people: float | None
    people_after: float | None
    gains: list[MovedCell]
    loses: list[MovedCell]
    areas: list[MovedArea]


class Accepted(BaseModel):
    """The plan that the part was kept as."""

    run: str


@router.get("/parts", summary="A plan by its changes, to take some of them")
def parts(request: Request, at: At, asker: Asker, run: Annotated[str | None, Query(pattern=RUN)] = None) -> PlanInParts:
    """The newest plan of `tocsin plan` if none is named."""
    demand(asker, "read", "plan")
    demand(asker, "read", "deployment")
    with reading(at.engine) as connection:
        if run is None:
            found = latest_run(connection, "plan")
            if found is None:
                raise NoData("there is no plan yet: draw one up, or run `tocsin plan`")
            run = found[0]
        plan = proposed(connection, run)
    board = _board(request, at, plan)

    def place(c: dict[str, Any]) -> str:
        return "" if c["gid"] is None else board.here.name_of(c["lon"], c["lat"])

    return PlanInParts(
        run=plan.run, season=plan.season, limit_hours=plan.limit_hours, objective=plan.objective, part_of=plan.part_of,
        changes=[
            PartOfPlan(
                number=k, what=c["what"], unit=c["unit"], kind=c["kind"], gid=c["gid"], place=place(c),
                area=c.get("area") or "",
            )
            for k, c in enumerate(plan.changes)
        ],
    )  # fmt: skip


@router.post("/parts", summary="What some changes of a plan do without the rest")
def effect(request: Request, at: At, asker: Asker, given: Taken) -> PartEffect:
    """Nothing is kept."""
    demand(asker, "read", "plan")
    demand(asker, "read", "deployment")
    with reading(at.engine) as connection:
        plan = proposed(connection, given.run)
    board = _board(request, at, plan)
    return _effect(board, part_of(plan, given.taken, board))


@router.post("/parts/accept", summary="Keep some changes of a plan as a plan of their own")
def accept(request: Request, at: At, asker: Asker, given: Taken) -> Accepted:
    """Who took them stands in the audit trail; the same part again is the same plan."""
    demand(asker, "create", "plan")
    demand(asker, "read", "deployment")
    with reading(at.engine) as connection:
        plan = proposed(connection, given.run)
    board = _board(request, at, plan)
    with writing(at.engine) as connection:
        return Accepted(run=accept_part(connection, asker, plan, given.taken, board, at.now()))


def _board(request: Request, at: House, plan: Proposed) -> Board:
    boards: Boards = request.app.state.boards
    return boards.newest(at, plan.season)


def _effect(board: Board, found: Dragged) -> PartEffect:
    told = found.summary
    now, then = told["covered"][0], told["covered_after"][0]
    return PartEffect(
        season=told["season"], limit_hours=told["limit_hours"], over=told["over"],
        expected=round(float(board.here.risk.sum()), 2), risk=now["risk_share"], risk_after=then["risk_share"],
        people=now["people_share"], people_after=then["people_share"],
        gains=moved_cells(board, told["gains"]), loses=moved_cells(board, told["loses"]), areas=moved_areas(told),
    )  # fmt: skip
