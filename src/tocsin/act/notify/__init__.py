"""Messages that go out: the outbox, the worker, and the gateways."""

from tocsin.act.notify.actions import PROGRAM, enqueue, opt_out, set_address, set_sender, take_receipts
from tocsin.act.notify.model import Channel, Message, Purpose, Recipient

__all__ = [
    "PROGRAM",
    "Channel",
    "Message",
    "Purpose",
    "Recipient",
    "enqueue",
    "opt_out",
    "set_address",
    "set_sender",
    "take_receipts",
]
