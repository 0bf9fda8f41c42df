"""Learn over HTTP: how good the forecasts were, and whether the posture reached those who were killed."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from tocsin.store import reading
from tocsin.store.policy import demand
from tocsin.store.runs import latest_run
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/learn", tags=["learn"])


class RecordLine(BaseModel):
    """One model judged over all months ahead, or over those of one kind; null where nothing could be measured."""

    target: str
    model: str
    months_ahead: str
    n: int
    crps: float | None
    brier: float | None
    ap: float | None
    mean_ratio: float | None
    top_10: float | None
    coverage_pit: float | None


class Lead(BaseModel):
    """How early cells stood among the riskiest twentieth before a mass killing; shares 0 to 1."""

    target: str
    model: str
    mass_killings: int
    share_1_month_ahead: float | None
    share_3_months_ahead: float | None
    share_6_months_ahead: float | None


class Bin(BaseModel):
    """Forecasts of about the same chance: the mean chance given and how often it came true."""

    said: float
    came: float
    n: int


class Behind(BaseModel):
    """A measure in which another model does better than ours; `behind` is the share by which."""

    target: str
    months_ahead: str
    measure: str
    model: str
    ours: float | None
    theirs: float | None
    behind: float | None


class Record(BaseModel):
    """The newest backtest."""

    run: str
    first_origin: str
    until: str
    origins: int
    model: str
    table: list[RecordLine]
    lead: list[Lead]
    reliability: list[Bin]
    losses: list[Behind]


class Gain(BaseModel):
    """Share of those killed who were within reach as units stood and under a policy, with a 90 % interval."""

    policy: str
    perpetrator: str
    limit_hours: float
    share_as_is: float
    share: float
    gain: float
    low: float
    high: float


WHO = {
    "all": "all", "by state forces": "state", "by non-state groups": "non_state", "in cells with a town": "town",
    "in cells without a town": "no_town",
}  # fmt: skip


class Followed(BaseModel):
    """Whether the posture followed violence, of one kind of perpetrator or in one kind of place.

    `change` is how the strength nearby changed since the month before a shock, beyond what changed elsewhere, by months
    from it, with a 90 % interval. All null where too few places had a shock: unknown, not none.
    """

    who: str
    shocks: int | None
    places: int | None
    months_to_respond: int | None
    months_from: list[int] | None
    change: list[float] | None
    low_90: list[float] | None
    high_90: list[float] | None


class LookBack(BaseModel):
    """The newest look back."""

    run: str
    first: str
    last: str
    months: int
    judged_until: str
    killed: float
    left_out_share: float
    gains: list[Gain]
    response: list[Followed]


class Learned(BaseModel):
    """What the mission knows about itself; null where nobody has looked yet."""

    record: Record | None
    hindsight: LookBack | None


@router.get("", summary="The forecast record and the look back")
def learned(at: At, asker: Asker) -> Learned:
    """Of the whole mission: no cell and no person is in it."""
    demand(asker, "read", "run")
    with reading(at.engine) as connection:
        judged, back = latest_run(connection, "record"), latest_run(connection, "hindsight")
    return Learned(
        record=None if judged is None else _record(*judged), hindsight=None if back is None else _back(*back)
    )


def _record(id: str, s: dict[str, Any]) -> Record:
    bins = next((c for c in s["calibration"] if c["model"] == s["model"]), None)
    return Record(
        run=id, first_origin=s["first_origin"], until=s["until"], origins=s["origins"], model=s["model"],
        table=[RecordLine.model_validate(r) for r in s["table"] if r["months_ahead"] in ("all", "1", "onset")],
        lead=[Lead.model_validate(r) for r in s["lead"]], reliability=_bins(bins),
        losses=[Behind.model_validate(r) for r in s["losses"][:8]],
    )  # fmt: skip


def _bins(found: dict[str, Any] | None) -> list[Bin]:
    if found is None:
        return []
    table = found["reliability"]
    lines = zip(table["forecast"], table["observed"], table["rows"], strict=True)
    return [Bin(said=said, came=came, n=int(n)) for said, came, n in lines if n and said is not None]


def _back(id: str, s: dict[str, Any]) -> LookBack:
    gains = [
        Gain(low=g["by_areas"][0], high=g["by_areas"][1], **{k: g[k] for k in Gain.model_fields if k in g})
        for g in s["gains"]
    ]
    return LookBack(
        run=id, first=s["first"], last=s["last"], months=s["months"], judged_until=s["judged_until"],
        killed=s["killed"], left_out_share=s["left_out_share"], gains=gains,
        response=[
            Followed(who=WHO.get(r["which"], r["which"]), **{k: r.get(k) for k in Followed.model_fields if k != "who"})
            for r in s["response"]
        ],
    )  # fmt: skip
