"""Plan over HTTP, by hand: one unit moved on the map, and plans side by side."""

import threading
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tocsin.core.errors import NoData
from tocsin.core.time import month_text
from tocsin.listen.deployments.tables import deployment
from tocsin.plan.board import Board, Dragged
from tocsin.plan.cover import LIMITS
from tocsin.plan.reach import compare_plans
from tocsin.plan.situation import Situation, situation
from tocsin.store import reading
from tocsin.store.policy import demand
from tocsin.store.runs import latest_run
from tocsin.store.tables import run
from tocsin.web.api.plan import UnitPoint
from tocsin.web.who import Asker, At, House

router = APIRouter(prefix="/api/plan", tags=["plan"])
MOST_LISTED = 50


Season = Literal["dry", "wet"]
Degrees180 = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Degrees90 = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
LimitHours = Annotated[float, Field(gt=0, le=48, allow_inf_nan=False)]


class Boards:
    """The newest situation with its travel times in each season, kept between two moves; read anew when data change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[Any, ...] = ()
        self._here: Situation | None = None
        self._boards: dict[str, Board] = {}

    def newest(self, at: House, season: str | None = None) -> Board:
        """The board of the newest assessment and posture.

        Raises
        ------
        BadInput
            If the mission has no such season.
        NoData
            If there is no assessment yet.
        """
        with self._lock, reading(at.engine) as connection:
            found = latest_run(connection, "assess")
            if found is None:
                raise NoData("there is no assessment yet: import events, then run `tocsin assess`")
            c = deployment.c
            key = (found[0], *connection.execute(sa.select(sa.func.count(), sa.func.max(c.id))).one())
            if self._here is None or key != self._key:
                self._here, self._boards = situation(connection, at.mission, at.now()), {}
                self._key = key
            wanted = season or self._here.season
            if wanted not in self._boards:
                self._boards[wanted] = Board(connection, at.mission, self._here, wanted)
            return self._boards[wanted]

    def prepared(self, at: House, season: str | None, limit_hours: float) -> Board:
        """The same, with what the first move would have to wait for."""
        board = self.newest(at, season)
        with self._lock:
            board.prepare(limit_hours)
        return board


class Reach(BaseModel):
    """Shares (0 to 1) within some hours of the units as they stand; null where nothing is known."""

    hours: float
    risk: float | None
    people: float | None


class BoardNow(BaseModel):
    """The posture as it stands, in one season."""

    season: str
    seasons: list[str]
    over: str
    as_of: str
    expected: float
    reach: list[Reach]
    horizon: int
    target: str
    units: list[UnitPoint]
    areas: list[str]


class Move(BaseModel):
    """Where a unit should stand, WGS84 degrees."""

    model_config = ConfigDict(extra="forbid")
    unit: Annotated[str, Field(min_length=1, max_length=200)]
    lon: Degrees180
    lat: Degrees90
    limit_hours: LimitHours = 6.0
    season: Season | None = None


class Base(BaseModel):
    """Where a temporary base could be opened, WGS84 degrees; a strength left out is unknown."""

    model_config = ConfigDict(extra="forbid")
    lon: Degrees180
    lat: Degrees90
    strength: Annotated[int | None, Field(ge=1, le=100_000)] = None
    limit_hours: LimitHours = 6.0
    season: Season | None = None


class MovedCell(BaseModel):
    """A cell that comes within reach, or falls out of it; null hours: nobody reaches it."""

    gid: int
    place: str
    area: str
    expected: float
    before_hours: float | None
    after_hours: float | None


class MovedArea(BaseModel):
    """Troops for each 1,000 people and each expected death of an area, before and after; null where unknown."""

    area: str
    per_1000_people: float | None
    per_1000_people_after: float | None
    per_death: float | None
    per_death_after: float | None
    within: float
    within_after: float


class Suggested(BaseModel):
    """One more move that would bring much into reach after this one."""

    unit: str
    near: str
    gid: int
    gain: float


class MoveEffect(BaseModel):
    """What a move changes: shares are 0 to 1 of expected killed (`risk`) and people within `limit_hours`."""

    unit: str
    near: str
    over: str
    season: str
    limit_hours: float
    risk: float | None
    risk_after: float | None
    people: float | None
    people_after: float | None
    expected: float
    gains: list[MovedCell]
    loses: list[MovedCell]
    areas: list[MovedArea]
    next_best: list[Suggested]
    ms: float


class PlanLine(BaseModel):
    """A plan that was drawn up; `objective` is null for one of `tocsin plan` without an objective.

    `part_of` is the plan that this one is a part of, taken by hand.
    """

    run: str
    objective: str | None
    made_at: str
    as_of: str
    season: str
    limit_hours: float
    adds: int
    moves: int
    part_of: str | None


@router.get("/board", summary="Units as they stand in a season, and everything made ready to move them")
def board(request: Request, at: At, asker: Asker, season: Season | None = None, limit_hours: LimitHours = 6.0
          ) -> BoardNow:  # fmt: skip
    """The first time after new data it takes seconds; then every move answers at once."""
    demand(asker, "read", "plan")
    demand(asker, "read", "deployment")
    boards: Boards = request.app.state.boards
    made = boards.prepared(at, season, limit_hours)
    wet = bool(at.mission.wet_months)
    return BoardNow(
        season=made.season, seasons=["dry", "wet"] if wet and len(set(at.mission.wet_months)) < 12 else [made.season],
        over=made.over, as_of=month_text(made.here.month), expected=round(float(made.here.risk.sum()), 2),
        reach=[Reach(hours=c["limit_hours"], risk=c["risk_share"], people=c["people_share"])
               for c in made.stands(LIMITS)],
        horizon=made.here.horizon, target=made.here.target, areas=sorted({a for a in made.here.land.area_names if a}),
        units=[UnitPoint(name=u.name, kind=u.kind.value, lon=u.lon, lat=u.lat, strength=u.strength)
               for u in made.here.units],
    )  # fmt: skip


@router.post("/move", summary="Move one unit on the map and see what changes")
def move(request: Request, at: At, asker: Asker, given: Move) -> MoveEffect:
    """Nothing is kept: a unit moves for whom the plan is shown, and only there."""
    demand(asker, "read", "plan")
    demand(asker, "read", "deployment")
    boards: Boards = request.app.state.boards
    board = boards.newest(at, given.season)
    return _moved(board, board.move(given.unit, f"{given.lon},{given.lat}", given.limit_hours))


@router.post("/base", summary="Draw a temporary base on the map and see what changes")
def base(request: Request, at: At, asker: Asker, given: Base) -> MoveEffect:
    """Nothing is kept: the base stands for whom the plan is shown, and only there."""
    demand(asker, "read", "plan")
    demand(asker, "read", "deployment")
    boards: Boards = request.app.state.boards
    board = boards.newest(at, given.season)
    return _moved(board, board.add(f"{given.lon},{given.lat}", given.strength, given.limit_hours))


@router.get("/made", summary="Plans that were drawn up, the newest first")
def made(at: At, asker: Asker) -> list[PlanLine]:
    """For choosing which to compare."""
    demand(asker, "read", "plan")
    query = sa.select(run).where(run.c.kind.in_(("plan", "posture"))).order_by(run.c.made_at.desc()).limit(MOST_LISTED)
    with reading(at.engine) as connection:
        return [_line(r) for r in connection.execute(query) if r.kind == "plan" or "axes" in r.output]


@router.get("/compare", summary="Two to four plans on the same axes")
def compare(
    at: At, asker: Asker, plans: Annotated[list[str], Query(alias="run", max_length=4)]
) -> list[dict[str, Any]]:
    """What each plan reaches, changes and leaves behind."""
    demand(asker, "read", "plan")
    with reading(at.engine) as connection:
        return compare_plans(connection, plans)


def _line(row: Any) -> PlanLine:
    made = {**row.output, **row.output.get("axes", {})}
    moves = made.get("moves", [])
    return PlanLine(
        run=row.id, objective=made.get("objective"),
        made_at=row.made_at.isoformat() + "Z", as_of=made["as_of"], season=made["season"],
        limit_hours=made["limit_hours"], adds=sum(m["what"] == "add" for m in moves),
        moves=sum(m["what"] == "move" for m in moves), part_of=made.get("part_of"),
    )  # fmt: skip


def moved_cells(board: Board, cells: list[dict[str, Any]]) -> list[MovedCell]:
    """Cells that come within reach or fall out of it, with the names of their places."""
    here = board.here
    spot = dict(zip(here.gids.tolist(), zip(board.lon, board.lat, strict=True), strict=True))
    return [
        MovedCell(
            gid=c["gid"], place=here.name_of(*(float(v) for v in spot[c["gid"]])), area=c["area"] or "",
            expected=round(c["risk"], 2), before_hours=c["hours_before"], after_hours=c["hours_after"],
        )
        for c in cells
    ]  # fmt: skip


def moved_areas(told: dict[str, Any]) -> list[MovedArea]:
    """Ratios of each area before and after."""
    after = {r["area"]: r for r in told["ratios_after"]}
    within = {a["area"]: a for a in told["by_area"]}
    found = []
    for r in told["ratios"]:
        new, reach = after[r["area"]], within.get(r["area"], {"within": 0.0, "within_after": 0.0})
        found.append(MovedArea(
            area=r["area"], per_1000_people=r["troops_per_1000_people"],
            per_1000_people_after=new["troops_per_1000_people"], per_death=r["troops_per_expected_death"],
            per_death_after=new["troops_per_expected_death"], within=round(reach["within"], 2),
            within_after=round(reach["within_after"], 2),
        ))  # fmt: skip
    return found


def _moved(board: Board, found: Dragged) -> MoveEffect:
    told, here = found.summary, board.here
    now, then = told["covered"][0], told["covered_after"][0]
    return MoveEffect(
        unit=told["unit"], near=here.name_of(told["to"]["lon"], told["to"]["lat"]), over=told["over"],
        season=told["season"],
        limit_hours=told["limit_hours"], risk=now["risk_share"], risk_after=then["risk_share"],
        people=now["people_share"], people_after=then["people_share"], expected=round(float(here.risk.sum()), 2),
        gains=moved_cells(board, told["gains"]), loses=moved_cells(board, told["loses"]), areas=moved_areas(told),
        next_best=[Suggested(unit=s["unit"], near=s["near"], gid=s["gid"], gain=round(s["gain"], 2))
                   for s in told["next_best"][:3]],
        ms=round(1000 * found.seconds, 1),
    )  # fmt: skip
