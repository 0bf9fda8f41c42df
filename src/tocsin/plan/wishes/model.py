"""What is asked for, as plain values that can be kept, and as the wish that is calculated."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.core.errors import BadInput
from tocsin.plan.objectives import OBJECTIVES, Wish
from tocsin.plan.posture.request import SEASONS, request_of

FORM = Path("the form")
MOST_HOURS = 48.0
MOST_SECONDS = 60.0


@dataclass(frozen=True)
class Asked:
    """A plan asked for: the aim, how many bases and moves, within how many hours, in which season, and the request.

    `request` has the names of the request's file (docs/methods/plan.md): `limits`, `cost`, `forbidden`, `fixed` …
    """

    objective: str = "harm"
    additional: int = 3
    moves: int = 3
    limit_hours: float = 6.0
    season: str = ""
    seconds: float = 30.0
    request: dict[str, Any] = field(default_factory=dict)

    def wish(self) -> Wish:
        """As the calculation wants it.

        Raises
        ------
        BadInput
            If a value cannot be; says which.
        """
        if self.objective not in OBJECTIVES:
            raise BadInput("'{name}' is no objective; there are: {known}", name=self.objective,
                           known=", ".join(OBJECTIVES))  # fmt: skip
        if self.season and self.season not in SEASONS:
            raise BadInput("the season is 'dry' or 'wet', or left out for all months ahead")
        if not 0 < self.limit_hours <= MOST_HOURS or not 0 < self.seconds <= MOST_SECONDS:
            raise BadInput("hours must lie above zero and up to {hours:g}, seconds up to {seconds:g}",
                           hours=MOST_HOURS, seconds=MOST_SECONDS)  # fmt: skip
        return Wish(
            request_of(self.request, FORM), self.additional, self.moves, self.limit_hours, seconds=self.seconds,
            season=self.season,
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """Everything but the objective, as it is kept."""
        return {k: v for k, v in dataclasses.asdict(self).items() if k != "objective"}
