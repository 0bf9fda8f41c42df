"""How well each person fits each post, and who may not fill it at all."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from tocsin.plan.people.model import IN_UNITS, Person, Post, Rule, Trait

Floats = npt.NDArray[np.float64]

LANGUAGE_SHARE = 0.4  # of the fit, when a post wants both skills and languages (judgement)
STAY = 0.02  # fit for staying in the group one already serves in: settles ties, keeps moves few


def fitness(people: Sequence[Person], posts: Sequence[Post]) -> Floats:
    """Fit from 0 to 1 of every person to every post; NaN where the person may not fill it.

    A wanted skill counts the person's level over the wanted one, at most 1; the mean over the wanted skills, and over
    the wanted languages, is taken. A post that wants nothing fits everybody equally.

    Returns
    -------
    ndarray, shape (n_people, n_posts)
    """
    n, m = len(people), len(posts)
    skills = _levels(people, posts, "skills")
    languages = _levels(people, posts, "languages")
    rank = np.array([p.rank for p in people])
    formed = np.array([p.formed for p in people], dtype=bool)
    nation = np.array([p.nationality for p in people])
    first = np.array([p.available[0].toordinal() if p.available else -1 for p in people])
    last = np.array(
        [
            min(
                p.available[1].toordinal() if p.available else 1 << 40,
                p.medical_until.toordinal() if p.medical_until else 1 << 40,
            )
            for p in people
        ]
    )
    base = np.array([p.base for p in people])
    kind = np.array([p.kind.value for p in people])
    found = np.empty((n, m))
    for j, post in enumerate(posts):
        wanted = [(k, v) for k, v in sorted(post.skills.items()) if v > 0]
        spoken = [(k, v) for k, v in sorted(post.languages.items()) if v > 0]
        skill = np.mean([np.minimum(skills[k] / v, 1) for k, v in wanted], axis=0) if wanted else None
        tongue = np.mean([np.minimum(languages[k] / v, 1) for k, v in spoken], axis=0) if spoken else None
        if skill is None:
            fit = np.zeros(n) if tongue is None else tongue
        else:
            fit = skill if tongue is None else (1 - LANGUAGE_SHARE) * skill + LANGUAGE_SHARE * tongue
        fit = (1 - STAY) * fit + STAY * np.isin(base, sorted(post.groups))
        may = (rank >= post.ranks[0]) & (rank <= post.ranks[1])
        may &= np.isin(kind, [k.value for k in post.takes])
        if not post.formed_allowed:
            may &= ~formed | np.isin(kind, [k.value for k in post.takes & IN_UNITS])
        if post.barred:
            may &= ~np.isin(nation, sorted(post.barred))
        if post.days:
            may &= (first <= post.days[0].toordinal()) & (last >= post.days[1].toordinal())
        for k in sorted(post.must):
            may &= skills[k] >= max(post.skills.get(k, 0.0), 1e-9)
        if post.must_speak:
            may &= np.any([languages[k] >= max(post.languages.get(k, 0.0), 1e-9) for k in post.must_speak], axis=0)
        found[:, j] = np.where(may, fit, np.nan)
    return found


def _levels(people: Sequence[Person], posts: Sequence[Post], what: str) -> dict[str, Floats]:
    names = {k for post in posts for k in getattr(post, what)}
    names |= {k for post in posts for k in (post.must if what == "skills" else post.must_speak)}
    return {k: np.array([float(getattr(p, what).get(k, 0.0)) for p in people]) for k in sorted(names)}


def counted(people: Sequence[Person], rule: Rule) -> Floats:
    """How many of each (1 or 0 of a person, more of a team) count for a rule; people of unknown sex for neither."""
    if rule.trait in (Trait.WOMAN, Trait.MAN):
        side = 0 if rule.trait is Trait.WOMAN else 1
        return np.array([p.women_known[side] for p in people], dtype=np.float64)
    tests: dict[Trait, Callable[[Person], bool]] = {
        Trait.LANGUAGE: lambda p: p.languages.get(rule.value, 0) > 0,
        Trait.SKILL: lambda p: p.skills.get(rule.value, 0) > 0,
        Trait.NATIONALITY: lambda p: p.nationality == rule.value,
        Trait.RANK: lambda p: p.rank >= int(rule.value),
    }
    test = tests[rule.trait]
    return np.array([p.size if test(p) else 0 for p in people], dtype=np.float64)


def why_nobody(people: Sequence[Person], post: Post) -> str:
    """Why nobody may fill a post, in words: how many pass each requirement, and the one that stops most."""
    n = len(people)
    tests = [
        (f"of rank {post.ranks[0]} to {post.ranks[1]}", [post.ranks[0] <= p.rank <= post.ranks[1] for p in people]),
        (f"of the kind {' or '.join(sorted(post.takes))}", [p.kind in post.takes for p in people]),
        ("not in a formed unit", [post.formed_allowed or not p.formed or p.kind in IN_UNITS for p in people]),
        ("of a nationality that may serve there", [p.nationality not in post.barred for p in people]),
    ]
    if post.days:
        begin, end = post.days
        tests.append(
            (
                f"available and cleared {begin} to {end}",
                [
                    (p.available is None or (p.available[0] <= begin and p.available[1] >= end))
                    and (p.medical_until is None or p.medical_until >= end)
                    for p in people
                ],
            )
        )
    for k in sorted(post.must):
        level = post.skills.get(k, 0.0)
        tests.append((f"with {k}", [p.skills.get(k, 0.0) >= max(level, 1e-9) for p in people]))
    if post.must_speak:
        tests.append(
            (
                f"speaking {' or '.join(sorted(post.must_speak))}",
                [
                    any(p.languages.get(k, 0.0) >= max(post.languages.get(k, 0.0), 1e-9) for k in post.must_speak)
                    for p in people
                ],
            )
        )
    counts = ", ".join(f"{sum(ok)} {words}" for words, ok in tests if sum(ok) < n)
    return f"of {n} people {counts or 'nobody'}; nobody is all of this" if n else "there are no people"
