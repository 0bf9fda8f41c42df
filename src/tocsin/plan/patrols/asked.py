"""What is asked of patrols: hours, bases, fuel, places to keep an eye on, escorts and visits made together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from tocsin.core.errors import BadInput, refuse
from tocsin.core.toml import read_toml
from tocsin.plan.patrols.mix import GUESS

MOST_TASKS = 24
MOST_DAYS = 366
MOST_OUT = 5  # days a patrol is out
Task = TypeVar("Task")


@dataclass(frozen=True)
class Escort:
    """A convoy, or a section of civilians, that a patrol sees from one place to another.

    Parameters
    ----------
    name : str
    start, end : str
        Places, units or ``lon,lat``.
    after, before : float
        It leaves no earlier than `after` and has arrived by `before`, hours of its day.
    day : int
        1, or a later one of a patrol of several days.
    hours : float, optional
        It takes so long; as long as the patrol alone if not given.
    worth : float, optional
        What it counts for beside the forecast deaths of visits; without it the escort must be made.
    """

    name: str
    start: str
    end: str
    after: float = 0.0
    before: float = 24.0
    day: int = 1
    hours: float | None = None
    worth: float | None = None


@dataclass(frozen=True)
class Joint:
    """A visit with hours of its own, or with somebody aboard, or not at all.

    Parameters
    ----------
    place : str
    needs : tuple of str
        Companions by name, or skills: all of them, in one patrol; nobody if none is named.
    after, before : float
        It begins no earlier than `after` and is over by `before`, hours of its day.
    day : int, optional
        Any day if not given.
    hours : float, optional
        How long it takes; as other visits if not given.
    must : bool
    """

    place: str
    needs: tuple[str, ...] = ()
    after: float = 0.0
    before: float = 24.0
    day: int | None = None
    hours: float | None = None
    must: bool = False


@dataclass(frozen=True)
class Companion:
    """A section, a partner or a person who can go along with one patrol.

    Parameters
    ----------
    name : str
    skills : tuple of str
    at : tuple of str
        Units whose patrols it can join; any if none is named.
    after, before : float
        Hours of each day between which it can be out: the patrol it is with leaves and is back within them.
    """

    name: str
    skills: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    after: float = 0.0
    before: float = 24.0


@dataclass(frozen=True)
class Out:
    """What is asked of patrols.

    Parameters
    ----------
    bases : tuple of str
        Units that send patrols; the three with the most forecast deaths within half a day if none is named.
    patrols : int
        Of each base.
    days : int
        1, or up to `MOST_OUT` with a night after each but the last, at the base or at another one.
    leave, back : float
        Hours of the day between which patrols are out.
    stay_hours : float
        At each place.
    mode : str
        Way of moving of all patrols.
    must : tuple of str
        Places that must be visited every time.
    visited : mapping of place → days ago
        Of the last visit, or of the last ones.
    plans : int
        Plans to mix over.
    guess : float
        Cap on an observer's best guess, in multiples of blind chance.
    seed : int
    keep : mapping of place → (visits, days)
        Places that are visited at least so often in so many days.
    range_hours : float, optional
        Hours of driving on full tanks, with which each patrol leaves; no limit if not given.
    fuel_at : tuple of str
        Units where tanks can be filled; every base that sends patrols or has them overnight if none is named.
    litres : float, optional
        Fuel that a patrol, all its vehicles together, takes in an hour of driving; only told.
    escorts : tuple of Escort
    joint : tuple of Joint
    companions : tuple of Companion
    """

    bases: tuple[str, ...] = ()
    patrols: int = 1
    days: int = 1
    leave: float = 6.0
    back: float = 18.0
    stay_hours: float = 1.0
    mode: str = "wheeled"
    must: tuple[str, ...] = ()
    visited: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    plans: int = 12
    guess: float = GUESS
    seed: int = 1
    keep: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    range_hours: float | None = None
    fuel_at: tuple[str, ...] = ()
    litres: float | None = None
    escorts: tuple[Escort, ...] = ()
    joint: tuple[Joint, ...] = ()
    companions: tuple[Companion, ...] = ()

    def check(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        BadInput
            With a sentence for each wrong field; its parameter `wrong` has them by field.
        """
        refuse(self.wrong())

    def wrong(self) -> dict[str, str]:
        """What cannot be, a sentence for each field, named as ``escorts.0.before``.

        >>> Out(patrols=9, litres=0.0).wrong()
        {'patrols': 'a base sends 1 to 8 patrols', 'litres': 'the litres of an hour are more than zero'}
        """
        found: dict[str, str] = {}
        if not 1 <= self.patrols <= 8:
            found["patrols"] = "a base sends 1 to 8 patrols"
        if not 1 <= self.days <= MOST_OUT:
            found["days"] = f"patrols are out for 1 to {MOST_OUT} days"
        if not 0 <= self.leave < self.back <= 24:
            found["leave"] = "patrols leave before they are back, within a day of 24 hours"
        if not 0 <= self.stay_hours < math.inf:
            found["stay_hours"] = "the hours at a place are zero or more"
        if self.range_hours is not None and not 0 < self.range_hours < math.inf:
            found["range_hours"] = "the hours of driving on full tanks are more than zero"
        if self.litres is not None and not 0 < self.litres < math.inf:
            found["litres"] = "the litres of an hour are more than zero"
        if self.fuel_at and self.range_hours is None:
            found["fuel_at"] = "units with fuel are named, and no range: say how many hours full tanks last"
        for place, (visits, days) in self.keep.items():
            if not 1 <= visits <= days <= MOST_DAYS:
                found[f"keep.{place}"] = (f"{place}: at least 1 visit, and no more visits than days, of at most "
                                          f"{MOST_DAYS}; for example 2/7 for twice a week")  # fmt: skip
        for place in self.visited:
            if any(not 0 <= ago < math.inf for ago in self.ago(place)):
                found[f"visited.{place}"] = f"{place}: the days since a visit are zero or more"
        kinds: dict[str, Sequence[Escort | Joint | Companion]] = {
            "escorts": self.escorts, "joint": self.joint, "companions": self.companions,
        }  # fmt: skip
        for kind, tasks in kinds.items():
            if len(tasks) > MOST_TASKS:
                found[kind] = f"no more than {MOST_TASKS} escorts, joint visits or companions at a time"
                continue
            names = [_name(task).strip().casefold() for task in tasks]
            for k, task in enumerate(tasks):
                found |= {f"{kind}.{k}.{part}": said for part, said in self._wrong_task(task).items()}
                if names[k] and names[k] in names[:k]:
                    found[f"{kind}.{k}.name"] = f"'{_name(task)}' is there twice: give each its own name or place"
        return found

    def _wrong_task(self, task: "Escort | Joint | Companion") -> dict[str, str]:
        name = _name(task)
        found: dict[str, str] = {}
        if not name.strip():
            found["name"] = f"{KINDS[type(task)]} needs a name or a place"
        if isinstance(task, Escort):
            found |= {part: f"'{name}': say where the escort {does}"
                      for part, place, does in (("start", task.start, "begins"), ("end", task.end, "ends"))
                      if not place.strip()}  # fmt: skip
        if not 0 <= task.after < task.before <= 24:
            found["after"] = f"'{name}': hours lie within a day of 24, the first before the last"
        day = getattr(task, "day", None)
        if day is not None and not 1 <= day <= self.days:
            found["day"] = f"'{name}' is on day {day}: name a day on which patrols are out, of {self.days}"
        for part in ("hours", "worth"):
            value = getattr(task, part, None)
            if value is not None and not 0 <= value < math.inf:
                found[part] = f"'{name}': its {part} are a number of zero or more"
        if isinstance(task, Joint):
            known = {n for c in self.companions for n in (c.name, *c.skills)}
            missing = sorted(set(task.needs) - known)
            if missing:
                found["needs"] = (
                    f"the visit to {name} needs {', '.join(missing)}, which no companion is or has; "
                    f"offered are: {', '.join(sorted(known)) or 'none'}"
                )
        return found

    def ago(self, place: str) -> tuple[float, ...]:
        """Days since each visit that is known of a place, the last first."""
        found = {k.casefold(): v for k, v in self.visited.items()}.get(place.casefold(), ())
        return tuple(sorted(float(v) for v in ((found,) if isinstance(found, int | float) else found)))


KINDS: dict[type[Any], str] = {Escort: "an escort", Joint: "a joint visit", Companion: "a companion"}


def _name(task: Escort | Joint | Companion) -> str:
    return task.place if isinstance(task, Joint) else task.name


def read_tasks(path: Path) -> dict[str, tuple[Any, ...]]:
    """Escorts, joint visits and companions of a TOML file, as `Out` takes them.

    Raises
    ------
    BadFile, BadInput
        If it cannot be read, or has something that is not part of a task.
    """
    return tasks_of(read_toml(path))


def tasks_of(found: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The same from plain values.

    >>> tasks_of({"companion": [{"name": "Section", "skills": ["sango"]}]})["companions"]
    (Companion(name='Section', skills=('sango',), at=(), after=0.0, before=24.0),)
    """
    tables: dict[str, tuple[str, type[Any]]] = {
        "escort": ("escorts", Escort), "visit": ("joint", Joint), "companion": ("companions", Companion),
    }  # fmt: skip
    unknown = sorted(set(found) - set(tables))
    if unknown:
        raise BadInput("tasks are escort, visit and companion; '{name}' is none of them", name=unknown[0])
    made = {}
    for table, (name, kind) in tables.items():
        rows = found.get(table, [])
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise BadInput("write each {table} of its own as [[{table}]]", table=table)
        made[name] = tuple(_task(kind, table, row) for row in rows)
    return made


def _task(kind: type[Task], table: str, row: Mapping[str, Any]) -> Task:
    known = {f.name: getattr(f.type, "__name__", str(f.type)) for f in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in row.items():
        wanted = known.get(key, "")
        if wanted.startswith("tuple"):
            good = isinstance(value, list) and all(isinstance(v, str) for v in value)
        elif wanted.startswith("bool"):
            good = isinstance(value, bool)
        elif wanted.startswith("str"):
            good = isinstance(value, str)
        else:
            good = bool(wanted) and isinstance(value, int | float) and not isinstance(value, bool)
        if not good:
            raise BadInput("{table}: '{key}' is not known or not of the right kind; there are: {known}", table=table,
                           key=key, known=", ".join(known))  # fmt: skip
        values[key] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**values)
    except TypeError:
        raise BadInput("{table}: something is left out; it has: {known}", table=table,
                       known=", ".join(known)) from None  # fmt: skip
