"""Rosters, posts and rules as tables: docs/methods/people.md has the columns."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from tocsin.core.errors import BadInput
from tocsin.plan.people.model import IN_UNITS, Kind, Person, Post, Rule, Trait
from tocsin.plan.sheets import Row, read_rows

PEOPLE = ("id", "kind", "rank", "skills", "languages", "gender", "nationality", "from", "until", "medical_until",
          "formed", "base", "size", "women")  # fmt: skip
POSTS = ("id", "weight", "place", "area", "skills", "must", "languages", "must_speak", "rank_from", "rank_to", "groups",
         "from", "until", "barred", "kinds", "formed_allowed", "must_fill")  # fmt: skip
RULES = ("group", "trait", "value", "least", "most", "share")
GENDERS = ("f", "m", "")


@dataclass(frozen=True)
class Placed:
    """A post and where it is: `weight` None is to be taken from the forecast there."""

    post: Post
    weight: float | None
    place: str
    area: str


def read_people(path: Path) -> list[Person]:
    """People of a roster.

    Raises
    ------
    BadFile
        If a row is wrong; names the rows and what to do.
    """
    found = read_rows(path, PEOPLE, ("id",), _person, key="id")
    if not found:
        raise BadInput("{name} has nobody in it", name=path.name)
    return found


def _person(row: Row) -> Person:
    id = row.needed("id")
    if " " in id:
        raise BadInput("'{id}' looks like a name: give a number or a handle, since assignments are printed", id=id)
    kind = Kind(row.one_of("kind", [k.value for k in Kind], Kind.OFFICER.value))
    gender = row.one_of("gender", GENDERS, "")
    begin, end = row.day("from"), row.day("until")
    if begin and end and begin > end:
        raise BadInput("the contract ends on {until}, before it begins", until=end)
    return Person(
        id, row.whole("rank", 0, 0, 99), row.levels("skills"), row.levels("languages"),
        {"f": True, "m": False, "": None}[gender], row.text("nationality"),
        (begin or dt.date.min, end or dt.date.max) if begin or end else None, row.day("medical_until"),
        row.flag("formed", kind in IN_UNITS), row.text("base"), kind, row.whole("size", 1, 1, 1000),
        row.whole("women", 0, 0, 1000) if row.text("women") else None,
    )  # fmt: skip


def read_posts(path: Path) -> list[Placed]:
    """Posts to fill.

    Raises
    ------
    BadFile
        If a row is wrong; names the rows and what to do.
    """
    found = read_rows(path, POSTS, ("id",), _post, key="id")
    if not found:
        raise BadInput("{name} has no post in it", name=path.name)
    return found


def _post(row: Row) -> Placed:
    begin, end = row.day("from"), row.day("until")
    if bool(begin) != bool(end) or (begin and end and begin > end):
        raise BadInput("a post has both from and until, in this order, or neither")
    kinds = {k.casefold() for k in row.names("kinds")}
    odd = sorted(kinds - {k.value for k in Kind})
    if odd:
        raise BadInput("kinds has '{odd}': write {known}", odd=odd[0], known=", ".join(k.value for k in Kind))
    weight = row.number("weight", 0.0, 0.0, 1e6)
    skills, languages = row.levels("skills"), row.levels("languages")
    must = frozenset(m.casefold() for m in row.names("must"))
    speak = frozenset(m.casefold() for m in row.names("must_speak"))
    post = Post(
        row.needed("id"), weight or 1.0, skills, must, languages, speak,
        (row.whole("rank_from", 0, 0, 99), row.whole("rank_to", 99, 0, 99)),
        row.names("groups") | ({row.text("area")} if row.text("area") else set()),
        (begin, end) if begin and end else None, row.names("barred"), row.flag("formed_allowed"),
        frozenset(Kind(k) for k in kinds), row.flag("must_fill"),
    )  # fmt: skip
    return Placed(post, weight or None, row.text("place"), row.text("area"))


def read_rules(path: Path) -> list[Rule]:
    """Rules on who fills the posts of a group together.

    Raises
    ------
    BadFile
        If a row is wrong; names the rows and what to do.
    """
    return read_rows(path, RULES, ("group", "trait"), _rule)


def _rule(row: Row) -> Rule:
    trait = Trait(row.one_of("trait", [t.value for t in Trait], ""))
    value = row.text("value")
    if (trait in (Trait.WOMAN, Trait.MAN)) == bool(value):
        raise BadInput("a rule on {trait} has {what} value", trait=trait.value, what="no" if value else "a")
    if trait is Trait.RANK and not value.isdigit():
        raise BadInput("value is '{value}': write the lowest rank that counts, as a whole number", value=value)
    if trait in (Trait.LANGUAGE, Trait.SKILL):
        value = value.casefold()
    share = row.flag("share")
    most = row.number("most", float("inf"), 0, float("inf"))
    rule = Rule(row.needed("group"), trait, value, row.number("least", 0.0), most, share)
    if rule.least == 0 and rule.most == float("inf"):
        raise BadInput("the rule asks for nothing: fill in least, most or both")
    return rule
