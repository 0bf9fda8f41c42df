"""Officers and experts, the posts they could fill, and rules on who fills them together."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.core.errors import BadInput


class Trait(StrEnum):
    """What a rule may count among the people of a group of posts."""

    WOMAN = "woman"
    MAN = "man"
    LANGUAGE = "language"
    SKILL = "skill"
    NATIONALITY = "nationality"
    RANK = "rank"  # of at least this rank


class Kind(StrEnum):
    """Who somebody (or a team that moves as one) is; formed units go by platoons."""

    OFFICER = "ipo"  # individual police officer
    TEAM = "spt"  # specialised police team
    EXPERT = "expert"  # civilian expert of the surge roster
    PLATOON = "platoon"  # engagement platoon of the force
    FORMED = "fpu"  # platoon of a formed police unit


ALONE = frozenset({Kind.OFFICER, Kind.EXPERT})  # who fills a post that names no kind
IN_UNITS = frozenset({Kind.PLATOON, Kind.FORMED})


@dataclass(frozen=True)
class Person:
    """One officer or expert, or one team or platoon that is sent as one.

    Parameters
    ----------
    id : str
        A number or handle, not a name: assignments are printed.
    rank : int
        0 lowest; the mission's own ladder.
    skills : mapping of str → float
        Level from 0 to 1; a skill not listed is 0.
    languages : mapping of str → float
        Level from 0 to 1.
    woman : bool or None
        None where not known; counts for neither side of a rule.
    nationality : str
    available : (date, date) or None
        First and last day of contract; None when not limited.
    medical_until : date or None
        Last day of the medical clearance; None when not known to be limited.
    formed : bool
        Member of a formed unit: fills no post for community police unless the post says so.
    base : str
        Where they are now, for keeping moves few.
    kind : Kind
    size : int
        People; more than 1 for a team or platoon.
    women : int or None
        Of a team, how many women; None where not known, which counts for neither side of a rule.
    """

    id: str
    rank: int = 0
    skills: Mapping[str, float] = field(default_factory=dict)
    languages: Mapping[str, float] = field(default_factory=dict)
    woman: bool | None = None
    nationality: str = ""
    available: tuple[dt.date, dt.date] | None = None
    medical_until: dt.date | None = None
    formed: bool = False
    base: str = ""
    kind: Kind = Kind.OFFICER
    size: int = 1
    women: int | None = None

    def __post_init__(self) -> None:
        """Refuse teams nobody could mean."""
        if self.size < 1 or not 0 <= (self.women or 0) <= self.size:
            raise BadInput("{id} has {size} people and {women} women: 1 or more, and no more women than people",
                           id=self.id, size=self.size, women=self.women)  # fmt: skip

    @property
    def women_known(self) -> tuple[int, int]:
        """Women and men known to be there.

        >>> Person("t", kind=Kind.TEAM, size=6, women=2).women_known
        (2, 4)
        """
        if self.women is not None:
            return self.women, self.size - self.women
        if self.woman is None:
            return 0, 0
        return (self.size, 0) if self.woman else (0, self.size)


@dataclass(frozen=True)
class Post:
    """One post to fill.

    Parameters
    ----------
    id : str
    weight : float
        How much filling it matters, above zero.
    skills : mapping of str → float
        Wanted skills and the level each is needed at (0 to 1).
    must : frozenset of str
        Skills that whoever fills it must have at the level above.
    languages : mapping of str → float
        Wanted languages and levels.
    must_speak : frozenset of str
        Languages of which one, at its level, is a must; empty: none is.
    ranks : (int, int)
        Lowest and highest rank.
    groups : frozenset of str
        Teams, areas … that rules speak of.
    days : (date, date) or None
        The person must be under contract and cleared for all of them.
    barred : frozenset of str
        Nationalities that may not serve here (consent, caveats).
    formed_allowed : bool
        The task may go to somebody of a formed unit.
    kinds : frozenset of Kind
        Who may fill it; empty: individual officers and experts. Naming a kind of formed unit says that the task may go
        to one.
    must_fill : bool
        It may not stay vacant.
    """

    id: str
    weight: float = 1.0
    skills: Mapping[str, float] = field(default_factory=dict)
    must: frozenset[str] = frozenset()
    languages: Mapping[str, float] = field(default_factory=dict)
    must_speak: frozenset[str] = frozenset()
    ranks: tuple[int, int] = (0, 99)
    groups: frozenset[str] = frozenset()
    days: tuple[dt.date, dt.date] | None = None
    barred: frozenset[str] = frozenset()
    formed_allowed: bool = False
    kinds: frozenset[Kind] = frozenset()
    must_fill: bool = False

    @property
    def takes(self) -> frozenset[Kind]:
        """Kinds that may fill it."""
        return self.kinds or ALONE

    def __post_init__(self) -> None:
        """Refuse posts nobody could mean."""
        if not 0 < self.weight < float("inf"):
            raise BadInput("post {id} has a weight that is not above zero", id=self.id)
        if self.ranks[0] > self.ranks[1]:
            raise BadInput("post {id} asks for a rank of at least {low} and at most {high}", id=self.id,
                           low=self.ranks[0], high=self.ranks[1])  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """At least or at most so many people with a trait in a group of posts.

    `least` and `most` are counts, or, when `share` is true, shares (0 to 1) of the posts of the group that are filled.

    >>> Rule("Bria", Trait.WOMAN, least=0.3, share=True).text()
    'in Bria at least 30 % women'
    """

    group: str
    trait: Trait
    value: str = ""
    least: float = 0.0
    most: float = float("inf")
    share: bool = False

    def __post_init__(self) -> None:
        """Refuse rules that contradict themselves."""
        if self.least > self.most or self.least < 0 or (self.share and self.least > 1):
            raise BadInput("the rule on {group} asks for at least {least} and at most {most}", group=self.group,
                           least=self.least, most=self.most)  # fmt: skip

    def text(self) -> str:
        """The rule in words."""
        who = {
            Trait.WOMAN: "women",
            Trait.MAN: "men",
            Trait.LANGUAGE: f"speaking {self.value}",
            Trait.SKILL: f"with {self.value}",
            Trait.NATIONALITY: f"from {self.value}",
            Trait.RANK: f"of rank {self.value} or above",
        }[self.trait]
        parts = []
        for word, number in (("at least", self.least), ("at most", self.most)):
            if (word == "at least" and number > 0) or (word == "at most" and number < float("inf")):
                parts.append(f"{word} {100 * number:g} %" if self.share else f"{word} {number:g}")
        return f"in {self.group} {' and '.join(parts)} {who}"


@dataclass(frozen=True)
class Matched:
    """Who fills which post, and the certificate of the choice.

    Parameters
    ----------
    pairs : tuple of (int, int)
        Row of the person, row of the post; by post.
    vacant : tuple of int
        Posts left vacant.
    value : float
        Sum of weight times (1 + fit) over filled posts.
    bound : float
        No assignment under the same rules is worth more.
    unfillable : mapping of int → str
        Posts that nobody may fill, and why, in words.
    """

    pairs: tuple[tuple[int, int], ...]
    vacant: tuple[int, ...]
    value: float
    bound: float
    gap: float
    method: str
    unfillable: Mapping[int, str]
    data_hash: str

    @property
    def proven(self) -> bool:
        """Whether no assignment is worth more, up to one part in a thousand million."""
        return self.gap <= 1e-9
