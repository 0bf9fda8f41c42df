"""In the field over HTTP: devices that make themselves known, and are told to wipe themselves."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tocsin.act.field import ask_wipe, carried, list_devices, meet, must_wipe
from tocsin.store import reading, writing
from tocsin.web.api.listen import PROBLEMS, Body
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api/field", tags=["field"], responses=PROBLEMS)
Device = Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="128 random bits that the device made up.")]


class Met(Body):
    """A device with its person."""

    device: Device


class Contact(Body):
    """A device on which nobody may be signed in any more; `wiped` when it has emptied itself."""

    device: Device
    wiped: bool = False


class Told(BaseModel):
    """Whether the device must empty itself at once."""

    wipe: bool


class Whose(Body):
    """A person."""

    account: Annotated[str, Field(min_length=1, max_length=80)]


class Asked(BaseModel):
    """How many devices will be emptied."""

    devices: int


class DeviceLine(BaseModel):
    """A device in the field."""

    account_id: str
    known_at: dt.datetime
    seen_at: dt.datetime
    wipe_asked_at: dt.datetime | None
    wiped_at: dt.datetime | None


class CarriedAlert(BaseModel):
    """An open alert of the asker's area, without words or points."""

    id: int
    state: str
    threat: str | None
    imminence: str | None
    place: str | None
    area: str | None
    level: str
    reports: int
    heard_at: dt.datetime
    practice: bool


class CarriedPoint(BaseModel):
    """A focal point of the asker's own: one who is warned, or who tells. Never a name or number."""

    kind: Literal["warned", "tells"]
    label: str
    area: str | None
    language: str | None


class CarriedWarning(BaseModel):
    """A warning that is out; `holds` until it ends."""

    id: int
    language: str
    area_name: str
    status: str
    severity: str
    expires_at: dt.datetime
    holds: bool
    headline: str
    description: str
    instruction: str


class Carried(BaseModel):
    """What a person in the field carries; null where their role may read none of its kind."""

    alerts: list[CarriedAlert] | None
    points: list[CarriedPoint] | None
    warnings: list[CarriedWarning] | None


@router.get("/carried", summary="What a person in the field carries on the device")
def carry(at: At, asker: Asker, lang: Annotated[str, Query(pattern="^[a-z]{2}$")] = "en") -> Carried:
    """Alerts of their area, their own focal points, the last warnings; kept sealed on the device."""
    with reading(at.engine) as connection:
        return Carried.model_validate(carried(connection, asker, at.now(), lang))


@router.get("/devices", summary="Devices in the field")
def devices(at: At, asker: Asker) -> list[DeviceLine]:
    """Whose, when last seen, and whether they are to be wiped."""
    with reading(at.engine) as connection:
        return [DeviceLine(**d) for d in list_devices(connection, asker)]


@router.post("/devices", summary="A device says whose it is")
def met(at: At, asker: Asker, given: Met) -> Told:
    """At every contact, before anything is sent."""
    with writing(at.engine) as connection:
        return Told(wipe=meet(connection, asker, given.device, at.now()))


@router.post("/contact", summary="A device asks whether it must wipe itself")
def contact(at: At, given: Contact) -> Told:
    """Without signing in: a lost device's sessions are ended, and it must still hear it."""
    with writing(at.engine) as connection:
        return Told(wipe=must_wipe(connection, given.device, given.wiped, at.now()))


@router.post("/wipe", summary="Have a person's devices wipe themselves")
def wipe(at: At, asker: Asker, given: Whose) -> Asked:
    """At their next contact, whether or not anybody is signed in on them."""
    with writing(at.engine) as connection:
        return Asked(devices=ask_wipe(connection, asker, given.account, at.now()))
