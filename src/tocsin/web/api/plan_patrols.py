"""Patrols over HTTP: what can be asked of them, and what came of it without its routes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from tocsin.core.words import Translator
from tocsin.plan.patrols.asked import MOST_DAYS, MOST_OUT, MOST_TASKS
from tocsin.plan.patrols.mix import GUESS
from tocsin.plan.wishes import AskedPatrols
from tocsin.plan.wishes.sheets import MOST_BASES, MOST_GUESS, MOST_PLACES, MOST_STAY, MOST_VISITED
from tocsin.web.api.listen import Body

Mode = Literal["wheeled", "tracked", "foot"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Hour = Annotated[float, Field(ge=0, lt=24, allow_inf_nan=False)]
Until = Annotated[float, Field(gt=0, le=24, allow_inf_nan=False)]
Long = Annotated[float, Field(ge=0, le=48, allow_inf_nan=False)]
Day = Annotated[int, Field(ge=1, le=MOST_OUT)]
Skills = Annotated[list[Name], Field(max_length=8, default_factory=list)]


class EscortAsked(Body):
    """A convoy or a section that a patrol sees from one place to another; without `worth` it must be made.

    It leaves no earlier than `after` and is there by `before`, hours of its day.
    """

    name: Name
    start: Name
    end: Name
    after: Hour = 0.0
    before: Until = 24.0
    day: Day = 1
    hours: Long | None = None
    worth: Annotated[float | None, Field(ge=0, le=1e6, allow_inf_nan=False)] = None


class JointAsked(Body):
    """A visit that is made with companions aboard (by name or skill, all of them), or not at all."""

    place: Name
    needs: Annotated[list[Name], Field(max_length=8, default_factory=list)]
    after: Hour = 0.0
    before: Until = 24.0
    day: Day | None = None
    hours: Long | None = None
    must: bool = False


class CompanionAsked(Body):
    """A civilian section, a partner or a person who can go along with one patrol, of these units or of any."""

    name: Name
    skills: Skills
    at: Annotated[list[Name], Field(max_length=MOST_BASES, default_factory=list)]
    after: Hour = 0.0
    before: Until = 24.0


class Often(Body):
    """At least so many visits in any so many days."""

    visits: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)]


class Patrols(Body):
    """Patrols to plan, as `tocsin plan patrols` takes them; bases left out are chosen by what lies around them.

    `visited` are days since the last visits known; `range_hours` are hours of driving on full tanks; `litres` are taken
    in an hour of driving by all vehicles of a patrol, and only told.
    """

    bases: Annotated[list[Name], Field(max_length=MOST_BASES, default_factory=list)]
    patrols: Annotated[int, Field(ge=1, le=8)] = 1
    days: Day = 1
    leave: Hour = 6.0
    back: Until = 18.0
    stay_hours: Annotated[float, Field(ge=0, le=MOST_STAY, allow_inf_nan=False)] = 1.0
    mode: Mode = "wheeled"
    must: Annotated[list[Name], Field(max_length=MOST_PLACES, default_factory=list)]
    visited: Annotated[
        dict[Name, Annotated[list[Annotated[float, Field(ge=0, le=3660)]], Field(min_length=1, max_length=20)]],
        Field(max_length=MOST_VISITED, default_factory=dict),
    ]
    keep: Annotated[dict[Name, Often], Field(max_length=MOST_PLACES, default_factory=dict)]
    range_hours: Annotated[float | None, Field(gt=0, le=1000, allow_inf_nan=False)] = None
    fuel_at: Annotated[list[Name], Field(max_length=MOST_BASES, default_factory=list)]
    litres: Annotated[float | None, Field(gt=0, le=10_000, allow_inf_nan=False)] = None
    guess: Annotated[float, Field(ge=1, le=MOST_GUESS, allow_inf_nan=False)] = GUESS
    escorts: Annotated[list[EscortAsked], Field(max_length=MOST_TASKS, default_factory=list)]
    joint: Annotated[list[JointAsked], Field(max_length=MOST_TASKS, default_factory=list)]
    companions: Annotated[list[CompanionAsked], Field(max_length=MOST_TASKS, default_factory=list)]

    def asked(self) -> AskedPatrols:
        """As it is kept and calculated."""
        plain = self.model_dump(exclude_none=True)
        plain["keep"] = {place: [often["visits"], often["days"]] for place, often in plain["keep"].items()}
        return AskedPatrols(**plain)


class Point(BaseModel):
    """A place with its name, WGS84 degrees."""

    name: str
    lon: float
    lat: float


class CardStop(Point):
    """A stop of a patrol; `at` and `stay_hours` in hours, from midnight of its first day."""

    at: float
    stay_hours: float
    kind: Literal["visit", "escort", "fuel", "base"] = "visit"


class PatrolCard(BaseModel):
    """One patrol of the plan that was drawn: hours from midnight of its first day.

    `hours_out` and `hours_driven` are not known of runs made before they were told; litres and fuel only where they
    were asked for. `along` names the companions aboard.
    """

    patrol: str
    start: Point
    end: Point
    leave: float
    back: float
    km_straight: float
    hours_out: float | None = None
    hours_driven: float | None = None
    litres: float | None = None
    fuel_hours_left: float | None = None
    along: list[str] = []
    stops: list[CardStop]


class Guess(BaseModel):
    """How well an observer who watches every day can guess a patrol's route; `times_chance` against blind chance.

    `entropy` of tomorrow's route in nats, and what it is at least; null of runs made before it was told.
    """

    patrol: str
    routes: int
    best_guess: float
    times_chance: float
    entropy: float | None = None
    entropy_floor: float | None = None


class KeptPlace(BaseModel):
    """A place that is visited at least so often: when the next visit is due, and its chance today under the lot."""

    place: str
    visits: int
    in_days: int
    due_in_days: int
    at_least: float
    chance: float


class EscortMade(BaseModel):
    """An escort: its hours and the chance that it is made today."""

    name: str
    hours: float
    chance: float
    must: bool


class CompanionMade(BaseModel):
    """A companion and the patrols it goes with; none where it is not needed or fits no patrol."""

    name: str
    patrols: list[str]


class PatrolsMade(BaseModel):
    """Patrols that were planned, without which route is driven when: that only a draw tells.

    `value` is expected deaths a month at the places of the best fixed plan, `bound` the most any plan could have;
    `given_up` is what the lot loses of it for not being learned, `least_given_up` what every lot as hard to guess loses
    (null where routes are too many to list).
    """

    kind: Literal["patrols"] = "patrols"
    run: str
    as_of: str
    season: str
    mode: str
    over: str
    bases: list[str]
    days: int
    value: float
    bound: float
    plans: int
    given_up: float
    least_given_up: float | None
    overlap: float
    guess: list[Guess]
    keep: list[KeptPlace]
    escorts: list[EscortMade]
    companions: list[CompanionMade]
    out_of_reach: list[str]
    assumes: list[str]
    worse: list[str]


class Drawn(BaseModel):
    """Today's cards: one plan, drawn by lot."""

    season: str
    mode: str
    as_of: str
    patrols: list[PatrolCard]


def patrols_made(made: dict[str, Any], words: Translator) -> PatrolsMade:
    """What came of it, for who reads it; a run made before a figure was told has none of it."""
    mix = made["mix"]
    return PatrolsMade(
        run=made["run"], as_of=made["as_of"], season=made["season"], mode=made["mode"], over=made.get("over", ""),
        bases=made["bases"], days=made.get("days", 1), value=made["value"], bound=made["bound"],
        plans=len(mix["plans"]), given_up=mix["loss"], least_given_up=mix.get("least_loss"), overlap=mix["overlap"],
        guess=[Guess(**g) for g in mix["guess"]], keep=[KeptPlace(**k) for k in made.get("keep", [])],
        escorts=[EscortMade(**e) for e in made.get("escorts", [])],
        companions=[CompanionMade(name=c["name"], patrols=c["with"]) for c in made.get("companions", [])],
        out_of_reach=made["out_of_reach"], assumes=[words(line) for line in made["assumes"]],
        worse=[words(line) for line in made["worse"]],
    )  # fmt: skip
