"""A message that goes out: to whom (an id), by what way, and what a gateway answered."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum


class Channel(StrEnum):
    """By what way."""

    SMS = "sms"
    EMAIL = "email"
    WEBHOOK = "webhook"


class Purpose(StrEnum):
    """Why; decides what may hold a message back."""

    PAGE = "page"
    TASK = "task"
    WARNING = "warning"
    FEEDBACK = "feedback"
    NOTICE = "notice"


class Recipient(StrEnum):
    """What kind of thing has the address under seal."""

    ACCOUNT = "account"
    SOURCE = "source"
    CONTACT = "contact"


# The sealed column of each channel's address.
COLUMN = {Channel.SMS: "phone", Channel.EMAIL: "email", Channel.WEBHOOK: "url"}


@dataclass(frozen=True)
class Message:
    """One message to be written into the outbox.

    Parameters
    ----------
    key : str
        What it says to whom; a second message with the same key is not written.
    to_kind, to_id : Recipient, str
        Who has the address; the address itself is nowhere but under seal.
    channels : tuple of Channel
        In order; the next is tried when one fails for good.
    body : str
        Without anything that names a source.
    urgent : bool
        Neither quiet hours nor the cost cap hold it back.
    """

    key: str
    purpose: Purpose
    to_kind: Recipient
    to_id: str
    body: str
    subject: str = ""
    channels: tuple[Channel, ...] = (Channel.SMS,)
    language: str = "en"
    urgent: bool = False
    practice: bool = False
    document: str | None = None
    gateway_id: str | None = None
    alert_id: int | None = None
    task_id: int | None = None
    warning_id: int | None = None
    due_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None


@dataclass(frozen=True)
class Gateway:
    """A way out: its provider, what the provider needs, and its secret (never printed)."""

    id: str
    provider: str
    settings: dict[str, object] = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Outgoing:
    """A message taken from the outbox by one worker; printing it shows neither address nor words."""

    id: int
    key: str
    channel: Channel
    gateway: Gateway | None
    address: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    document: str | None = field(repr=False)
    practice: bool
    tries: int
    worker: str


@dataclass(frozen=True)
class Answer:
    """What became of one try.

    `problem` is a short code, never words of the provider, which may hold the number. `permanent`: another try by this
    way gives the same; `opted_out`: the person wants no messages.
    """

    sent: bool
    provider_id: str | None = None
    problem: str | None = None
    permanent: bool = False
    opted_out: bool = False


@dataclass(frozen=True)
class Receipt:
    """What a gateway says later of a message: delivered, or not."""

    provider_id: str
    delivered: bool
    failed: bool = False
    problem: str | None = None
    opted_out: bool = False


def segments(text: str) -> int:
    """How many short messages a text takes: 160 GSM letters (153 of several), 70 others (67).

    >>> segments("a" * 160), segments("a" * 161), segments("جاء" * 30)
    (1, 2, 2)
    """
    plain = set(
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
        "abcdefghijklmnopqrstuvwxyzäöñüà"
    )
    double = set("^{}\\[~]|€")
    if set(text) <= plain | double:
        length = sum(2 if letter in double else 1 for letter in text)
        return 1 if length <= 160 else -(-length // 153)
    length = len(text.encode("utf-16-be")) // 2
    return 1 if length <= 70 else -(-length // 67)
