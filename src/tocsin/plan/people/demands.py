"""Rules on groups of posts, and posts that must be filled, as rows that an assignment keeps or breaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tocsin.plan.people.fit import counted
from tocsin.plan.people.model import Person, Post, Rule

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Demands:
    """Each demand as a row: what everybody in a post of its group adds to it, summed, is at most its limit.

    Parameters
    ----------
    weight : ndarray, shape (n_people, n_demands)
        What each person in a post of the group adds. At least: the share of all minus who counts; at most: the other
        way round.
    inside : ndarray of bool, shape (n_posts, n_demands)
        Posts of the group.
    limit : ndarray, shape (n_demands,)
    least : ndarray of bool, shape (n_demands,)
        Asks for people, and does not only keep them out.
    text : tuple of str
        The demand in words.
    """

    weight: Floats
    inside: Flags
    limit: Floats
    least: Flags
    text: tuple[str, ...]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.text)

    def only(self, some: npt.ArrayLike) -> "Demands":
        """A part of them."""
        rows = np.arange(len(self))[np.asarray(some)]
        return Demands(self.weight[:, rows], self.inside[:, rows], self.limit[rows], self.least[rows],
                       tuple(self.text[k] for k in rows))  # fmt: skip

    @cached_property
    def _sparse(self) -> tuple[csr_matrix, csr_matrix]:
        return csr_matrix(self.weight), csr_matrix(self.inside.astype(np.float64))

    def of_pairs(self, at: Ints) -> csr_matrix:
        """What each pair (person, post) adds to each demand, shape (n_pairs, n_demands)."""
        weight, inside = self._sparse
        return csr_matrix(weight[at[:, 0]].multiply(inside[at[:, 1]]))

    def broken(self, at: Ints, share: Floats | None = None, within: float = 0.0) -> Flags:
        """Which demands an answer breaks, or comes closer to than `within`."""
        keep = np.arange(len(at)) if share is None else np.flatnonzero(share > 1e-9)
        counts = np.ones(len(keep)) if share is None else share[keep]
        sums = np.asarray(self.of_pairs(at[keep]).T @ counts).ravel()
        return np.asarray(sums > self.limit - within + 1e-6, dtype=bool)

    @cached_property
    def cells(self) -> Ints:
        """For each post a number that it shares with the posts in exactly the same groups."""
        return np.asarray(np.unique(self.inside, axis=0, return_inverse=True)[1], dtype=np.int64).ravel()

    def charge(self, price: Floats) -> Floats:
        """What the demands' prices charge every pair, shape (n_people, n_posts)."""
        on = np.flatnonzero(price)
        first = np.unique(self.cells, return_index=True)[1]
        return np.asarray(((self.weight[:, on] * price[on]) @ self.inside[np.ix_(first, on)].T)[:, self.cells])


def demands_of(people: Sequence[Person], posts: Sequence[Post], rules: Sequence[Rule]) -> Demands:
    """Both sides of every rule, and every post that must be filled."""
    size = np.array([p.size for p in people], dtype=np.float64)
    who: dict[tuple[str, str], Floats] = {}
    within: dict[str, Flags] = {}
    weight, inside, limit, least, text = [], [], [], [], []

    def add(values: Floats, where: Flags, most: float, asks: bool, words: str) -> None:
        weight.append(values)
        inside.append(where)
        limit.append(most)
        least.append(asks)
        text.append(words)

    for rule in rules:
        trait = (rule.trait.value, rule.value)
        if trait not in who:
            who[trait] = counted(people, rule)
        if rule.group not in within:
            within[rule.group] = np.array([rule.group in p.groups for p in posts], dtype=bool)
        for sign, number in ((-1.0, rule.least), (1.0, rule.most)):
            if number > 0 if sign < 0 else np.isfinite(number):
                share, most = (number, 0.0) if rule.share else (0.0, sign * number)
                add(sign * (who[trait] - share * size), within[rule.group], most, sign < 0, rule.text())
    for row, post in enumerate(posts):
        if post.must_fill:
            here = np.arange(len(posts)) == row
            add(np.full(len(people), -1.0), here, -1.0, True, f"post {post.id} must be filled")
    if not text:
        return Demands(np.zeros((len(people), 0)), np.zeros((len(posts), 0), dtype=bool), np.zeros(0),
                       np.zeros(0, dtype=bool), ())  # fmt: skip
    return Demands(np.stack(weight, axis=1), np.stack(inside, axis=1), np.array(limit), np.array(least), tuple(text))
