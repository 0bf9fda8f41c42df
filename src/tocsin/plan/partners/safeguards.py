"""What may not pass between two forces, whatever it would be worth: a gate that no weight opens."""

from tocsin.core.time import last_day, month_text
from tocsin.plan.partners.model import ASSESSED, Assessment, Force, ForceKind, Need, Offer


def stops(giver: Force, taker: Force, offer: Offer, need: Need, month: int) -> str | None:
    """Why an offer may not go to a need in a month, in words; None when it may.

    Support between the United Nations and forces that are not needs a risk assessment under the human rights due
    diligence policy that is positive and valid to the month's end, whichever way it goes; one that is missing or not
    finished counts as no. Humanitarians neither arm themselves with others' means nor lend theirs to armed forces, and
    take military means only when they asked.

    Examples
    --------
    >>> un, army = Force("UN"), Force("Army", ForceKind.HOST_STATE)
    >>> stops(un, army, Offer("o", "UN", "air"), Need("n", "Army", "air"), 468)
    'Army has no human rights due diligence assessment: it needs one before anything passes'
    """
    for force in (giver, taker):
        if force.kind in ASSESSED:
            told = _assessment(force, month)
            if told:
                return told
    if giver.kind is ForceKind.HUMANITARIAN and taker.kind is not ForceKind.HUMANITARIAN:
        return f"{giver.name} is humanitarian and does not lend to those who bear arms"
    if taker.kind is ForceKind.HUMANITARIAN and giver.kind is not ForceKind.HUMANITARIAN and not need.requested:
        return f"{taker.name} is humanitarian and has not asked for military means (requested)"
    if offer.lends_to and taker.name not in offer.lends_to:
        return f"{giver.name} lends {offer.id} only to {', '.join(sorted(offer.lends_to))}"
    return None


def _assessment(force: Force, month: int) -> str | None:
    why = f" ({force.reason})" if force.reason else ""
    if force.assessment is Assessment.NONE:
        return f"{force.name} has no human rights due diligence assessment: it needs one before anything passes"
    if force.assessment is Assessment.PENDING:
        return f"the assessment of {force.name} is not finished{why}: nothing passes before it is"
    if force.assessment is Assessment.REFUSED:
        return f"the assessment of {force.name} says no{why}"
    if force.assessed_until is None or force.assessed_until < last_day(month):
        until = force.assessed_until.isoformat() if force.assessed_until else "no day"
        return f"the assessment of {force.name} holds to {until}, not through {month_text(month)}: renew it"
    return None
