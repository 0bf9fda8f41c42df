"""Chance in whole numbers, so that a seed gives the same country on every machine.

Only the raw 64-bit words of numpy's PCG64 are used: the bit generator's stream is promised never to change (NEP 19),
while ``Generator``'s distributions may, and anything that passes through exp, log or sin may differ in the last bit
between processors. The bias of taking a remainder of 64 bits is below 2⁻⁴⁰ for every bound used here.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

import numpy as np

T = TypeVar("T")
MILLION = 1_000_000


class Dice:
    """A stream of chance for one topic of one seed; topics never disturb each other.

    Parameters
    ----------
    seed : int
        Not negative.
    topic : str
        What it is thrown for; another topic gives an independent stream.

    >>> Dice(1, "weather").below(1000) == Dice(1, "weather").below(1000)
    True
    """

    def __init__(self, seed: int, topic: str) -> None:
        key = int.from_bytes(topic.encode(), "big")
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, key]))

    def below(self, bound: int) -> int:
        """A whole number from 0 up to, not including, `bound`."""
        return int(self._bits.random_raw()) % bound

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both possible."""
        return low + self.below(high - low + 1)

    def chance(self, share: float) -> bool:
        """True with probability `share` (counted in millionths)."""
        return self.below(MILLION) < round(share * MILLION)

    def pick(self, items: Sequence[T]) -> T:
        """One item, all equally likely."""
        return items[self.below(len(items))]

    def weighted(self, weights: Sequence[int]) -> int:
        """Index drawn in proportion to whole-number weights, of which one at least is above zero."""
        sums = list(accumulate(weights))
        at = self.below(sums[-1])
        low, high = 0, len(sums) - 1
        while low < high:
            middle = (low + high) // 2
            if at < sums[middle]:
                high = middle
            else:
                low = middle + 1
        return low

    def spread(self, width: int) -> int:
        """A bell-shaped offset: the sum of three uniform numbers, standard deviation `width`."""
        return sum(self.between(-width, width) for _ in range(3))

    def waits(self, mean: int, most: int = 400) -> int:
        """Number of failures before a success that has probability 1 / (mean + 1): geometric, mean about `mean`."""
        count = 0
        while count < most and self.below(mean + 1):
            count += 1
        return count

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different items (all, if there are fewer), in the order drawn."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]
