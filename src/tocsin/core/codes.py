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


class Tlp(StrEnum):
    """Who may hear it next: Traffic Light Protocol 2.0, least to most restricted (FIRST, August 2022)."""

    CLEAR = "CLEAR"  # the world
    GREEN = "GREEN"  # the community
    AMBER = "AMBER"  # one's organisation and its clients, need to know
    AMBER_STRICT = "AMBER+STRICT"  # one's organisation only
    RED = "RED"  # the eyes of those present

    @property
    def rank(self) -> int:
        """Place on the ladder: the higher, the fewer may hear it."""
        return _RANKS[self]


class Classification(StrEnum):
    """United Nations ladder for documents, lowest to highest (ST/SGB/2007/6, sections 1 and 2)."""

    UNCLASSIFIED = "UNCLASSIFIED"
    CONFIDENTIAL = "CONFIDENTIAL"  # its disclosure could reasonably be expected to damage the work of the UN
    STRICTLY_CONFIDENTIAL = "STRICTLY CONFIDENTIAL"  # exceptionally grave damage to, or impede, the work of the UN

    @property
    def rank(self) -> int:
        """Place on the ladder."""
        return _RANKS[self]


_RANKS: dict[StrEnum, int] = {step: n for ladder in (Tlp, Classification) for n, step in enumerate(ladder)}


class Component(StrEnum):
    """Part of a mission (DPO policy on the protection of civilians, 2023.05: civilian, police, military)."""

    CIVILIAN = "civilian"
    MILITARY = "military"
    POLICE = "police"
    PARTNER = "partner"  # not of the mission


class Role(StrEnum):
    """What a person does in a mission; rights by role are in ``store/policy.toml``."""

    DUTY_OFFICER = "duty_officer"
    ANALYST = "analyst"
    LIAISON_ASSISTANT = "liaison_assistant"  # community liaison assistant (CLA)
    HUMAN_RIGHTS_OFFICER = "human_rights_officer"
    PLANNER = "planner"
    POLICE = "police"
    PARTNER = "partner"
    READ_ONLY = "read_only"
    ADMINISTRATOR = "administrator"  # runs the system and reads no case
    INTAKE = "intake"  # the program itself when it takes reports in; no person holds it
