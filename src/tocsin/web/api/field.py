"""In the field over HTTP: devices that make themselves known, and are told to wipe themselves."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from tocsin.act.field import ask_wipe, list_devices, meet, must_wipe
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
