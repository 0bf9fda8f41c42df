"""Warnings: drafted, previewed, released, changed, cancelled, acknowledged."""

from tocsin.act.warn.actions import acknowledge, cancel, draft, release, take_cap_ack
from tocsin.act.warn.model import NewWarning, Text

__all__ = ["NewWarning", "Text", "acknowledge", "cancel", "draft", "release", "take_cap_ack"]
