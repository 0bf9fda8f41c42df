"""Plan over HTTP, for the road: patrols and convoys asked for in a form, and their cards to print."""

import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from tocsin.core.errors import NotFound
from tocsin.core.words import Translator, translator
from tocsin.plan.corridors.said import assumed
from tocsin.plan.patrols.actions import patrols_run
from tocsin.plan.patrols.draw import draw_cards
from tocsin.plan.wishes import AskedWay, list_cards
from tocsin.plan.wishes.sheets import MOST_OTHERS, MOST_TIMES
from tocsin.store import reading, run_of, writing
from tocsin.store.audit import Entry, record
from tocsin.store.policy import demand
from tocsin.web.api.listen import PROBLEMS, Body, Key, Word
from tocsin.web.api.plan_parts import RUN
from tocsin.web.api.plan_patrols import Drawn, Hour, Mode, Name, PatrolCard, Patrols, PatrolsMade, Point, patrols_made
from tocsin.web.api.plan_wishes import AskedLine, put
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/plan/cards", tags=["plan"], responses=PROBLEMS)
RunId = Annotated[str, Path(pattern=RUN, description="Run of the patrols or the way.")]


class Way(Body):
    """A convoy's way to plan: from and to are a place, a unit or ``lon,lat``."""

    start: Name
    end: Name
    mode: Mode = "wheeled"
    leave: Hour = 6.0
    night: bool = False
    most_time: Annotated[float, Field(ge=1, le=MOST_TIMES, allow_inf_nan=False)] = 2.0
    others: Annotated[int, Field(ge=0, le=MOST_OTHERS)] = 2


class CardLine(AskedLine):
    """Cards asked for. `state` is waiting, working, done, refused or stopped; `run` names what came of it."""

    objective: Literal["patrols", "corridor"]


class Checkpoint(Point):
    """A checkpoint that is passed, and the hours it costs."""

    hours: float


class Helper(BaseModel):
    """Somebody who can come, and in how many hours."""

    name: str
    hours: float


class Leg(BaseModel):
    """A part of a way; `clock` is the time of day on leaving it, `exposure` events near it in 1,000 passages."""

    start: str
    end: str
    lon: float
    lat: float
    km: float
    hours: float
    exposure: float
    clock: float
    dark: bool
    helper: str | None
    helper_hours: float | None
    helpers: list[Helper]
    checkpoints: list[Checkpoint]
    turn_back: bool


class Rest(BaseModel):
    """Where the convoy waits for the day; `exposure` is events near it in 1,000 such rests."""

    after_leg: int
    hours: float
    exposure: float = 0.0


class AtHour(BaseModel):
    """Leaving at another hour: events near the convoy in 1,000 passages, rests included, and when it is there.

    `least` is of the least exposed way then, which is there after `least_after_hours`.
    """

    leave: int
    arrive_after_hours: float
    exposure: float
    least: float
    least_after_hours: float


class WaySum(BaseModel):
    """A way in figures; `exposure` in events near it in 1,000 passages; `line` of lon, lat where it was kept."""

    hours: float
    km: float
    exposure: float
    line: list[list[float]] = []


class TurnBack(Point):
    """Up to here turning back is shorter than going on; `after_hours` of driving."""

    after_hours: float


class OtherWay(WaySum):
    """Another way: where it leaves the card's, past which places it goes, where it comes back; `shared` of length."""

    shared: float
    parts_at: str
    joins_at: str
    by: list[str]


class WayMade(BaseModel):
    """The card of a convoy: the way in the middle between fastest and least exposed."""

    kind: Literal["corridor"] = "corridor"
    run: str
    as_of: str
    season: str
    mode: str
    leave: float
    start: Point
    end: Point
    fastest: WaySum
    chosen: WaySum
    safest: WaySum
    arrive_after_hours: float
    line: list[list[float]]
    front: list[WaySum]
    front_size: int
    complete: bool
    most_time: float
    over: Literal["roads", "ground", "straight line"]
    legs: list[Leg]
    rests: list[Rest]
    by_hour: list[AtHour] = []
    turn_back: TurnBack | None
    others: list[OtherWay]
    assumes: list[str]
    worse: list[str]


@router.get("", summary="Cards asked for, the newest first")
def cards(at: At, asker: Asker) -> list[CardLine]:
    """With how far each has come."""
    with reading(at.engine) as connection:
        return [CardLine(**c) for c in list_cards(connection, asker, at.now())]


@router.post("/patrols", summary="Ask for patrols")
def patrols(request: Request, at: At, asker: Asker, given: Patrols, key: Key = None) -> JSONResponse:
    """They are planned beside the server; look for them in the list."""
    return put(request, at, asker, "plan.patrols", given.asked(), given, key)


@router.post("/way", summary="Ask for a convoy's way")
def way(request: Request, at: At, asker: Asker, given: Way, key: Key = None) -> JSONResponse:
    """It is looked for beside the server; look for it in the list."""
    return put(request, at, asker, "plan.corridor", AskedWay(**given.model_dump()), given, key)


@router.get("/{run}", summary="What came of it: patrols without their routes, or a convoy's card")
def card(at: At, asker: Asker, run: RunId, lang: Word | None = None) -> PatrolsMade | WayMade:
    """The routes of patrols come out by `draw` alone; sentences are in the language asked for, or the mission's."""
    demand(asker, "read", "plan")
    demand(asker, "read", "deployment")
    words = translator(lang or at.mission.language)
    with reading(at.engine) as connection:
        made = run_of(connection, run)
    if made is not None and "mix" in made:
        return patrols_made(made, words)
    if made is not None and "legs" in made:
        return _way(made, words)
    raise NotFound("there are no such cards: ask for them in the form")


@router.post("/{run}/draw", summary="Draw today's patrol cards by lot")
def draw(at: At, asker: Asker, run: RunId) -> Drawn:
    """A plan is drawn anew each time by its chance; that somebody drew is in the audit trail, not what came."""
    demand(asker, "create", "plan")
    demand(asker, "read", "deployment")
    with writing(at.engine) as connection:
        made = patrols_run(connection, run)
        record(connection, at.now(), Entry(asker.id, "plan.draw", "plan", run))
    # The lot must not follow from a seed that somebody else may know.
    drawn = draw_cards(made, secrets.SystemRandom())
    return Drawn(
        season=made["season"], mode=made["mode"], as_of=made["as_of"],
        patrols=[PatrolCard(**{**p, "along": p.get("with", [])}) for p in drawn],
    )  # fmt: skip


def _way(made: dict[str, Any], words: Translator) -> WayMade:
    def total(way: dict[str, Any]) -> WaySum:
        exposure = 1000 * way["exposure"]
        return WaySum(hours=way["hours"], km=way["km"], exposure=exposure, line=way.get("line", []))

    # A card made before these were told has none of them.
    legs = [{"helpers": [], "checkpoints": [], **g, "exposure": 1000 * g["exposure"]} for g in made["legs"]]
    others = [{**o, "exposure": 1000 * o["exposure"]} for o in made["others"] if "by" in o]
    return WayMade(
        run=made["run"], as_of=made["as_of"], season=made["season"], mode=made["mode"], leave=made["leave"],
        start=Point(**made["from"]), end=Point(**made["to"]), fastest=total(made["fastest"]),
        chosen=total(made["chosen"]), safest=total(made["safest"]), arrive_after_hours=made["arrive_after_hours"],
        line=made["chosen"]["line"], legs=[Leg(**g) for g in legs],
        over=made.get("over", "straight line"), turn_back=made.get("turn_back"), others=[OtherWay(**o) for o in others],
        rests=[Rest(**{**r, "exposure": 1000 * r.get("exposure", 0.0)}) for r in made["rests"]],
        by_hour=[AtHour(leave=h["leave"], arrive_after_hours=h["arrive_after_hours"], exposure=1000 * h["chosen"],
                        least=1000 * h["least"]["exposure"], least_after_hours=h["least"]["arrive_after_hours"])
                 for h in made["by_hour"] if "least" in h],
        assumes=assumed(made["assumes"], words),
        worse=[words(line) for line in made["worse"]], front=[total(w) for w in made["front"]],
        front_size=made["front_size"], complete=made["complete"], most_time=made.get("most_time", 2.0),
    )  # fmt: skip
