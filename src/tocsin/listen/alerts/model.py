"""What a report is when it comes in, and the words for what it says."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tocsin.core.errors import BadInput


class ReportKind(StrEnum):
    """By what way a report came."""

    SMS = "sms"
    MISSED_CALL = "missed_call"
    CHAT = "chat"
    FORM = "form"
    CAP = "cap"
    EMAIL = "email"
    RADIO = "radio"
    LIAISON = "liaison"


class ThreatKind(StrEnum):
    """What people say is happening or about to; wider than what event data count."""

    ATTACK = "attack"
    ARMED_PRESENCE = "armed presence"
    LOOTING = "looting"
    ABDUCTION = "abduction"
    ROAD_BLOCK = "road block"
    CATTLE_RAID = "cattle raid"
    DISPLACEMENT = "displacement"
    SEXUAL_VIOLENCE = "sexual violence"
    EXPLOSIVE = "mine or unexploded ordnance"
    HATE_SPEECH = "hate speech"
    OTHER = "other"


class Imminence(StrEnum):
    """How soon, as the report says it."""

    HAPPENING = "happening"
    HOURS = "hours"
    DAYS = "days"
    PAST = "past"


class ActorKind(StrEnum):
    """Who, as people in a village tell armed people apart."""

    STATE = "state"
    REBEL = "rebel"
    MILITIA = "militia"
    BANDIT = "bandit"
    HERDER = "herder"


class NotAReport(BadInput):
    """A delivery that is good but reports nothing: a heartbeat, a delivery receipt. `event` says which."""

    code = "not_a_report"

    def __init__(self, provider: str, event: str) -> None:
        super().__init__(
            "{provider} sent '{event}', which is no report: nothing to keep", provider=provider, event=event
        )
        self.event = event


@dataclass(frozen=True)
class Delivery:
    """One request of a gateway, as the door received it.

    Parameters
    ----------
    body : bytes
        Raw, exactly as signed. Of a multipart submission: the part with the form's XML.
    at : datetime
        When it arrived, UTC-aware.
    headers : mapping
        Names in any case.
    query : str
        Query string without the question mark.
    url : str
        Full address as the gateway called it (signed by some); a secret in it stays out of what is printed.
    attachments : tuple of Attachment
        Media parts that the door has put aside.
    """

    body: bytes = field(repr=False)
    at: dt.datetime
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    attachments: tuple["Attachment", ...] = ()

    def header(self, name: str) -> str:
        """Value of a header, whatever its case; empty when it is not there."""
        wanted = name.lower()
        return next((v for k, v in self.headers.items() if k.lower() == wanted), "")


@dataclass(frozen=True)
class Attachment:
    """What came with a report: its type, and where it lies (address at the provider, or the part's file name)."""

    content_type: str
    where: str = field(repr=False)


@dataclass(frozen=True)
class Received:
    """One report as received, the same from every gateway.

    Printing it shows neither the sender nor the words: log lines and error pages may hold it.

    Parameters
    ----------
    provider : str
    provider_id : str or None
        The provider's own id of this report, for telling a second delivery from a second report.
    sender : str or None
        As given: a number, an account, a call sign. The caller seals it before anything else happens.
    text : str
        The words; empty for a missed call.
    at : datetime
        When it was sent, UTC; when it arrived, where the gateway's clock is missing or cannot be right.
    kind : ReportKind
    raw_sha256 : str
        Of the raw body: same id with another hash is a conflict to keep and show.
    attachments : tuple of Attachment
    version : str or None
        Same `provider_id` with another version is a correction by the sender, not a conflict.
    replaces : tuple of str
        Ids of earlier reports that this one updates or cancels.
    practice : bool
        Marked as an exercise, a test or a draft by its sender.
    lon, lat : float or None
        Position the sender gave, degrees.
    fields : mapping
        Further answers of a form, without anything that names the sender.
    """

    provider: str
    provider_id: str | None
    sender: str | None = field(repr=False)
    text: str = field(repr=False)
    at: dt.datetime
    kind: ReportKind
    raw_sha256: str
    attachments: tuple[Attachment, ...] = ()
    version: str | None = None
    replaces: tuple[str, ...] = ()
    practice: bool = False
    lon: float | None = field(default=None, repr=False)
    lat: float | None = field(default=None, repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Fact:
    """One reason, as a code and its values, for a sentence in any language."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
