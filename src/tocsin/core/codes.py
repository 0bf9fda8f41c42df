"""Code lists every room uses, each with its source."""

from enum import StrEnum


class UnitKind(StrEnum):
    """What a unit is, as force and police headquarters name it (UN Infantry Battalion and FPU manuals)."""

    BASE = "base"  # static military base
    TOB = "tob"  # temporary operating base
    QRF = "qrf"  # quick reaction force
    HELICOPTER = "helicopter"
    FPU = "fpu"  # formed police unit
    IPO = "ipo"  # individual police officers
    OBSERVER = "observer"  # military observers
    MEDICAL = "medical"
    ENGINEER = "engineer"
    CLA = "cla"  # community liaison assistant
    HQ = "hq"
    OTHER = "other"


class ViolenceKind(StrEnum):
    """UCDP's three kinds of organised violence; the value is our target name (UCDP GED codebook)."""

    STATE_BASED = "sb"
    NON_STATE = "ns"
    ONE_SIDED = "os"


VIOLENCE_BY_NUMBER = {1: ViolenceKind.STATE_BASED, 2: ViolenceKind.NON_STATE, 3: ViolenceKind.ONE_SIDED}
