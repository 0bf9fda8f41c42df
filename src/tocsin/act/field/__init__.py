"""People in the field: which devices they work with, and how a lost one is emptied from afar."""

from tocsin.act.field.actions import ask_wipe, meet, must_wipe
from tocsin.act.field.carried import carried
from tocsin.act.field.reads import list_devices

__all__ = ["ask_wipe", "carried", "list_devices", "meet", "must_wipe"]
