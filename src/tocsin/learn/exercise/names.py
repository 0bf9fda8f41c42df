"""Invented place names, and the ways in which people misspell them."""

from tocsin.learn.exercise.dice import Dice


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_STARTS = _words(
    """
    Ba Be Bo Da De Dja Do Fa Ga Go Ka Ke Ki Ko Kou La Lo Ma Mbo Me Mo Na Nda Ndo Nga Ngo Oua Pa Ra Sa Se Si So Ta Te To
    Tou Va Wa Ya Yo Za Zo Zou
    """
)
_MIDDLES = _words("ba bi ca da di fa ga go ka ki la li lo ma mi na ni nga ra ri ro sa si ta ti va wa ya zi")
_ENDS = _words("ba dou ga goua ka ko la lé lo ma mbé na ndi ngo ra ré ro sso ta té va za")
_DRIFT = [("ou", "u"), ("dj", "j"), ("é", "e"), ("k", "c"), ("ss", "s"), ("oua", "wa"), ("z", "s"), ("ng", "n")]


def fold(name: str) -> str:
    """A name without case and accents, as far as these names have any."""
    return name.lower().replace("é", "e")


def invent(count: int, dice: Dice) -> list[str]:
    """`count` place names, no two alike even without accents."""
    names: list[str] = []
    seen: set[str] = set()
    while len(names) < count:
        middle = "".join(dice.pick(_MIDDLES) for _ in range(dice.weighted([45, 45, 10])))
        name = dice.pick(_STARTS) + middle + dice.pick(_ENDS)
        if dice.chance(0.06):
            name = f"{name} {dice.between(2, 3)}"
        if fold(name) not in seen:
            seen.add(fold(name))
            names.append(name)
    return names


def alternates(name: str, dice: Dice) -> list[str]:
    """Other accepted spellings of a name (0 to 2 of them)."""
    found: list[str] = []
    for old, new in dice.sample(_DRIFT, 4):
        other = name.lower().replace(old, new)
        if other != name.lower() and other.title() not in found and len(found) < 2:
            found.append(other.title())
    return found


def garble(name: str, dice: Dice) -> str:
    """A name as a hurried sender types it."""
    letters = list(name)
    at = 1 + dice.below(max(1, len(letters) - 2))
    how = dice.below(6)
    if how == 0:
        del letters[at]
    elif how == 1:
        letters.insert(at, letters[at])
    elif how == 2 and at + 1 < len(letters):
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    elif how == 3:
        return name.upper().replace("É", "E")
    elif how == 4:
        return name.lower().replace("é", "e")
    return "".join(letters)
