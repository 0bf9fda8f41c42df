"""How much one asker may ask: token buckets, one family for the web and another for the intake.

The two families share nothing, so that however hard the pages are flooded, a report still gets through.
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_ASKERS = 20_000


class Buckets:
    """One bucket an asker: `rate` tokens a second flow in, at most `burst` are kept.

    >>> clock = iter([0.0, 0.0, 0.0, 0.5]).__next__
    >>> few = Buckets(rate=2, burst=2, clock=clock)
    >>> few.take("a"), few.take("a"), few.take("a"), few.take("a")
    (0.0, 0.0, 0.5, 0.0)
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self._clock = rate, burst, clock
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, asker: str, cost: float = 1.0) -> float:
        """Take a token: 0 if there was one, else how many seconds to wait."""
        with self._lock:
            now = self._clock()
            level, since = self._level.pop(asker, (self.burst, now))
            level = min(self.burst, level + (now - since) * self.rate)
            wait = 0.0 if level >= cost else (cost - level) / self.rate
            self._level[asker] = (level - cost if not wait else level, now)
            while len(self._level) > MOST_ASKERS:  # whoever was quiet longest starts anew
                self._level.popitem(last=False)
            return wait


def asker_of(address: str) -> str:
    """What counts as one asker: an IPv4 address, or the /64 that one IPv6 customer has.

    >>> asker_of("10.1.2.3"), asker_of("2001:db8::1:2"), asker_of("testclient")
    ('10.1.2.3', '2001:db8::/64', 'testclient')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


@dataclass(frozen=True)
class Budgets:
    """All budgets of one process.

    Parameters
    ----------
    web, intake : Buckets
        By address.
    account : Buckets
        By account.
    sign_in : Buckets
        Tries by address, before any password is looked at.
    hashing : semaphore
        How many passwords may be hashed at once (64 MiB each).
    """

    web: Buckets
    intake: Buckets
    account: Buckets = field(default_factory=lambda: Buckets(20, 200))
    sign_in: Buckets = field(default_factory=lambda: Buckets(0.5, 20))
    hashing: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(2))


def budgets(requests_per_s: float = 50.0, intake_per_s: float = 2_000.0) -> Budgets:
    """Budgets with the mission's rates; a burst is eight seconds' worth."""
    return Budgets(Buckets(requests_per_s, requests_per_s * 8), Buckets(intake_per_s, intake_per_s * 8))
