"""Who is paged when nobody answers: a ladder of steps, as a state that only moves forward.

Nothing here reads a clock or sends anything: `advance(state, now, …)` gives the next state and the pages to send, and
the caller stores the state together with the pages in one transaction. So a step is paged exactly once across restarts,
and whatever the clock does: waiting is counted in time that passed since the last look, a clock that jumps back adds
nothing, and one that jumps forward moves the ladder by one step at most, never through several at once.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tocsin.core.errors import BadInput

ZERO = dt.timedelta()


@dataclass(frozen=True)
class Step:
    """One rung: which role is paged, and how long it has for an answer before the next rung."""

    role: str
    wait: dt.timedelta


@dataclass(frozen=True)
class Ladder:
    """Rungs in order, and the named role at which it stops; that role is paged even in silence."""

    steps: tuple[Step, ...]
    final_role: str

    def __post_init__(self) -> None:
        if not self.final_role or any(s.wait <= ZERO or not s.role for s in self.steps):
            raise BadInput("a ladder needs a final role, and every step a role and a time to wait")


@dataclass(frozen=True)
class Shift:
    """A person on call for a role, from and to (not included), UTC."""

    role: str
    person: str
    first_at: dt.datetime
    last_at: dt.datetime


@dataclass(frozen=True)
class Rota:
    """Shifts, who stands in for whom, and who is away; `holders` are those who hold a role always."""

    shifts: tuple[Shift, ...] = ()
    substitutes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    away: frozenset[str] = frozenset()
    holders: Mapping[str, str] = field(default_factory=dict)

    def on_call(self, role: str, now: dt.datetime) -> str | None:
        """Who is to be paged for a role: of several shifts the one that began last, their substitute when away."""
        on = [s for s in self.shifts if s.role == role and s.first_at <= now < s.last_at]
        order = [s.person for s in sorted(on, key=lambda s: s.first_at, reverse=True)]
        order += [self.holders[role]] if role in self.holders else []
        for person in order:
            for each in (person, *self.substitutes.get(person, ())):
                if each not in self.away:
                    return each
        return None


@dataclass(frozen=True)
class Silence:
    """A window in which alerts below a priority page nobody (nights, maintenance); urgent ones always do."""

    first_at: dt.datetime
    last_at: dt.datetime
    below_priority: float = 35.0


@dataclass(frozen=True)
class Page:
    """One person to be paged: for which rung (the final one has the number of rungs), as what, and how many reports."""

    ladder: str
    step: int
    role: str
    person: str
    reports: int


@dataclass(frozen=True)
class State:
    """How far one ladder has come.

    `step` is the next rung to page, `waited` the time since the last page, `seen_at` when it was last looked at.
    `skipped` are rungs for which nobody was on call; `unheard` is set when even the final role had nobody.
    """

    id: str
    priority: float
    opened_at: dt.datetime
    seen_at: dt.datetime
    step: int = 0
    waited: dt.timedelta = ZERO
    reports: int = 1
    answered_by: str | None = None
    answered_at: dt.datetime | None = None
    skipped: tuple[int, ...] = ()
    paged: tuple[str, ...] = ()
    unheard: bool = False

    @property
    def open(self) -> bool:
        """Nobody has answered."""
        return self.answered_by is None


def open_ladder(id: str, priority: float, now: dt.datetime, reports: int = 1) -> State:
    """A ladder at its foot; the first `advance` pages the first rung."""
    if now.tzinfo is None:
        raise BadInput("a time without a zone cannot start a ladder")
    return State(id, priority, now, now, reports=reports)


def advance(
    state: State, now: dt.datetime, ladder: Ladder, rota: Rota, silences: Sequence[Silence] = ()
) -> tuple[State, tuple[Page, ...]]:
    """Look at a ladder: who is to be paged now, if anybody.

    One call pages one person at most. A rung for which nobody is on call is passed at once. In a silence the time
    counts on and nothing is paged; the rung is paged when the silence ends.

    Returns
    -------
    state : State
        To be stored together with the pages, or neither.
    pages : tuple of Page
        None or one.
    """
    if not state.open or state.step > len(ladder.steps) or state.unheard:
        return replace(state, seen_at=now), ()
    waited = state.waited + max(now - state.seen_at, ZERO)
    state = replace(state, seen_at=now, waited=waited)
    if state.step > 0 and waited < ladder.steps[state.step - 1].wait:
        return state, ()
    silent = any(s.first_at <= now < s.last_at and state.priority < s.below_priority for s in silences)
    skipped = list(state.skipped)
    for step in range(state.step, len(ladder.steps) + 1):
        last = step == len(ladder.steps)
        if silent and not last:
            return state, ()
        role = ladder.final_role if last else ladder.steps[step].role
        person = rota.on_call(role, now)
        if person is not None:
            page = Page(state.id, step, role, person, state.reports)
            moved = replace(
                state, step=step + 1, waited=ZERO, skipped=tuple(skipped), paged=(*state.paged, person)
            )  # fmt: skip
            return moved, (page,)
        skipped.append(step)
    return replace(state, step=len(ladder.steps) + 1, waited=ZERO, skipped=tuple(skipped), unheard=True), ()


def answer(state: State, person: str, now: dt.datetime) -> State:
    """Somebody takes it: the ladder stops. A second answer changes nothing."""
    if not state.open:
        return state
    return replace(state, answered_by=person, answered_at=now, seen_at=now)


def grow(state: State, reports: int, priority: float) -> State:
    """More reports of the same storm: counted and, at most, made more urgent; nobody is paged again for a rung."""
    return replace(state, reports=state.reports + reports, priority=max(state.priority, priority))


@dataclass(frozen=True)
class Storm:
    """Ladders by what they are about, so that many messages about one thing page one person once.

    `key` is the alert that reports were joined to, or anything else that stands for one happening. A message for a key
    whose ladder is open, or was opened less than `window` ago, grows that ladder instead of opening another; but when
    it has been answered and becomes more urgent by `rise` or more, what was answered is no longer what is happening,
    and a new ladder begins.
    """

    ladders: Mapping[str, State] = field(default_factory=dict)
    window: dt.timedelta = dt.timedelta(hours=6)
    rise: float = 20.0

    def report(self, key: str, priority: float, now: dt.datetime) -> "Storm":
        """One more message."""
        old = self.ladders.get(key)
        known = old is not None and abs(now - old.opened_at) < self.window and priority < old.priority + self.rise
        if old is not None and (old.open or known):
            # an answered ladder keeps the priority it was answered at: slow rises add up to one worth a page
            new = grow(old, 1, priority if old.open else old.priority)
        else:
            number = 1 if old is None else int(old.id.rsplit("/", 1)[1]) + 1
            new = open_ladder(f"{key}/{number}", priority, now)
        return replace(self, ladders={**self.ladders, key: new})

    def advance(
        self, now: dt.datetime, ladder: Ladder, rota: Rota, silences: Sequence[Silence] = ()
    ) -> tuple["Storm", tuple[Page, ...]]:
        """Look at all ladders."""
        pages: list[Page] = []
        ladders = {}
        for key, state in self.ladders.items():
            ladders[key], new = advance(state, now, ladder, rota, silences)
            pages += new
        return replace(self, ladders=ladders), tuple(pages)


def handover(states: Sequence[State], person: str) -> tuple[State, ...]:
    """What the next on call must be told of: ladders still open that this person was paged for, most urgent first."""
    mine = [s for s in states if s.open and person in s.paged]
    return tuple(sorted(mine, key=lambda s: (-s.priority, s.opened_at, s.id)))
