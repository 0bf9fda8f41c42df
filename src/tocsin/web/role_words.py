"""Roles, components and areas in the reader's words."""

from collections.abc import Iterable

from tocsin.core.codes import Component, Role
from tocsin.core.words import Translator, mark

ROLES = {
    Role.DUTY_OFFICER: mark("Duty officer"),
    Role.ANALYST: mark("Analyst"),
    Role.LIAISON_ASSISTANT: mark("Community liaison assistant"),
    Role.HUMAN_RIGHTS_OFFICER: mark("Human rights officer"),
    Role.PLANNER: mark("Planner"),
    Role.POLICE: mark("Police"),
    Role.PARTNER: mark("Partner"),
    Role.READ_ONLY: mark("Reader"),
    Role.ADMINISTRATOR: mark("Administrator"),
}
COMPONENTS = {
    Component.CIVILIAN: mark("Civilian"),
    Component.MILITARY: mark("Military"),
    Component.POLICE: mark("Police"),
    Component.PARTNER: mark("Partner"),
}


def role_words(_: Translator, roles: Iterable[Role]) -> str:
    """Roles as a list of words."""
    return _.join(_(ROLES[role]) for role in ROLES if role in set(roles))


def area_words(_: Translator, areas: Iterable[str]) -> str:
    """Areas by their codes, or everywhere."""
    found = sorted(areas)
    return _("the whole mission") if found == ["*"] else _.join(found) or _("nowhere")
