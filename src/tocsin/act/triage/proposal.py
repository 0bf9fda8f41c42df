"""Who could do something before the harm: options in all three tiers, each with why and what it could make worse.

Tier I is dialogue and engagement, II physical protection, III the protective environment (DPO Policy on the Protection
of Civilians, 2019). An alert whose likely perpetrator is the host state's own forces never goes through them: such
options are not made at all, whatever the caller offers, and the duty officer's other ladder is proposed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from tocsin.core.errors import BadInput
from tocsin.listen.alerts.model import ActorKind, Fact, ThreatKind


class Tier(StrEnum):
    """Of protection work."""

    DIALOGUE = "I"
    PHYSICAL = "II"
    ENVIRONMENT = "III"


class Owner(StrEnum):
    """To whom a responder belongs."""

    MILITARY = "military"
    POLICE = "police"
    CIVILIAN = "civilian"
    PARTNER = "partner"
    HOST_STATE = "host state"


class Means(StrEnum):
    """What a responder can do."""

    FORCE = "force"  # interpose, deter, escort
    POLICING = "policing"
    DIALOGUE = "dialogue"  # talk to those who threaten, or to leaders
    MEDICAL = "medical"
    CLEARANCE = "clearance"  # of mines and ordnance
    PHONE = "phone"  # can be reached and reach others
    SURVIVOR_CARE = "survivor care"


@dataclass(frozen=True)
class Responder:
    """Somebody who could act: a unit, a liaison assistant, a partner."""

    name: str
    owner: Owner
    means: frozenset[Means]
    available: bool = True


@dataclass(frozen=True)
class Option:
    """One thing that could be done.

    `hours` is when it takes effect (None: cannot be said), `margin` how many hours before the harm that is (negative:
    too late; None: unknown). `who` is empty where a role rather than a unit acts. `worse` says what it could make
    worse.
    """

    tier: Tier
    action: str
    who: str
    owner: Owner
    hours: float | None
    margin: float | None
    why: tuple[Fact, ...]
    worse: tuple[Fact, ...]


@dataclass(frozen=True)
class Proposal:
    """Options in order within each tier, and which ladder to page: the ordinary one or the one past the host state.

    `gap`: no available unit that fits arrives before the harm.
    """

    options: tuple[Option, ...]
    ladder: str
    gap: bool
    notes: tuple[Fact, ...]

    def of(self, tier: Tier) -> tuple[Option, ...]:
        """Options of one tier."""
        return tuple(o for o in self.options if o.tier is tier)


ORDINARY, SENSITIVE = "ordinary", "sensitive"
# what helps against what, best first
NEEDED: dict[ThreatKind, tuple[Means, ...]] = {
    ThreatKind.ATTACK: (Means.FORCE, Means.POLICING, Means.MEDICAL),
    ThreatKind.ARMED_PRESENCE: (Means.FORCE, Means.POLICING),
    ThreatKind.LOOTING: (Means.POLICING, Means.FORCE),
    ThreatKind.ABDUCTION: (Means.FORCE, Means.POLICING),
    ThreatKind.ROAD_BLOCK: (Means.POLICING, Means.FORCE),
    ThreatKind.CATTLE_RAID: (Means.FORCE, Means.POLICING),
    ThreatKind.DISPLACEMENT: (Means.FORCE, Means.POLICING, Means.MEDICAL),
    ThreatKind.SEXUAL_VIOLENCE: (Means.POLICING, Means.MEDICAL, Means.SURVIVOR_CARE),
    ThreatKind.EXPLOSIVE: (Means.CLEARANCE, Means.FORCE),
    ThreatKind.HATE_SPEECH: (Means.POLICING,),
}
ANY_NEED = (Means.FORCE, Means.POLICING)


def propose(
    kind: ThreatKind | None,
    responders: Sequence[Responder],
    hours: npt.NDArray[np.float64],
    harm_in_hours: float | None,
    *,
    actor: ActorKind | None = None,
    host_state_chance: float | None = None,
    most: int = 3,
) -> Proposal:
    """What could be done about an alert, in all three tiers.

    Parameters
    ----------
    kind : ThreatKind or None
    responders : sequence of Responder, length n
    hours : ndarray, shape (n,)
        Hours to arrival of each, as the plan room calculates them; inf where it cannot get there, NaN where not known.
    harm_in_hours : float or None
        When harm is expected (0: now, negative: since); None where not known.
    actor : ActorKind or None
        Whom the reports name.
    host_state_chance : float or None
        Chance that the host state's forces are the perpetrator, where the mission has assessed it. From 0.3 on, or when
        the reports name them, nothing goes through them.
    most : int
        Options of a tier to give.

    Raises
    ------
    BadInput
        If `hours` does not fit the responders or a travel time is negative.
    """
    times = np.asarray(hours, dtype=np.float64)
    if times.shape != (len(responders),) or np.any(times < 0):
        raise BadInput("give one travel time from 0 up for each of the {n} responders", n=len(responders))
    state = actor is ActorKind.STATE or (host_state_chance is not None and host_state_chance >= 0.3)
    usable = [(r, float(t)) for r, t in zip(responders, times, strict=True)
              if r.available and not (state and r.owner is Owner.HOST_STATE)]  # fmt: skip
    need = NEEDED.get(kind, ANY_NEED) if kind else ANY_NEED
    physical = _physical(usable, need, harm_in_hours, most)
    dialogue = _dialogue(usable, harm_in_hours, state, most)
    environment = _environment(kind, state)
    notes = [Fact("likely_perpetrator_is_host_state", {"chance": host_state_chance})] if state else []
    if state and any(r.owner is Owner.HOST_STATE for r in responders):
        notes.append(Fact("host_state_left_out"))
    in_time = [o for o in physical if o.margin is not None and o.margin >= 0 and o.owner is not Owner.HOST_STATE]
    gap = not in_time and (harm_in_hours is not None or not physical)
    if gap:
        notes.append(Fact("nobody_arrives_before_harm", {"harm_in_hours": harm_in_hours}))
    return Proposal((*dialogue, *physical, *environment), SENSITIVE if state else ORDINARY, gap, tuple(notes))


def _physical(
    usable: Sequence[tuple[Responder, float]], need: tuple[Means, ...], harm: float | None, most: int
) -> list[Option]:
    """Who can go: in time first, then by fit, then by time; who cannot get there is no option."""
    found = []
    for responder, time in usable:
        fits = [k for k, means in enumerate(need) if means in responder.means]
        if not fits or time == np.inf:
            continue
        known = None if np.isnan(time) else time
        margin = None if known is None or harm is None else round(harm - known, 2)
        why = [Fact("fits_need", {"means": need[fits[0]].value})]
        why.append(Fact("arrival", {"hours": known}) if known is not None else Fact("arrival_not_known"))
        if margin is not None:
            why.append(Fact("before_harm" if margin >= 0 else "after_harm", {"hours": abs(margin)}))
        late = margin is not None and margin < 0
        order = (late, margin is None, responder.owner is Owner.HOST_STATE, fits[0], time if known is not None else 1e9)
        worse = [Fact("leaves_its_area_uncovered"), Fact("may_draw_fire_on_people_near_it")]
        if responder.owner is Owner.HOST_STATE:
            worse.append(Fact("due_diligence_needed"))  # HRDDP, A/67/775
        action = "protect" if not late else "go afterwards"
        found.append((order, responder.name, Option(
            Tier.PHYSICAL, action, responder.name, responder.owner, known, margin, tuple(why), tuple(worse)
        )))  # fmt: skip
    return [option for _, _, option in sorted(found, key=lambda f: f[:2])[:most]]


def _dialogue(usable: Sequence[tuple[Responder, float]], harm: float | None, state: bool, most: int) -> list[Option]:
    """Words travel faster than vehicles: who can be reached by phone or radio, or can talk there."""
    found = []
    for responder, time in usable:
        if not responder.means & {Means.DIALOGUE, Means.PHONE} or responder.owner is Owner.HOST_STATE:
            continue
        remote = Means.PHONE in responder.means
        hours = 0.0 if remote else None if np.isnan(time) else time
        if hours == np.inf:
            continue
        margin = None if harm is None or hours is None else round(harm - hours, 2)
        action = "call and warn" if remote else "go and talk"
        worse = (Fact("may_expose_who_told_us"),)
        option = Option(Tier.DIALOGUE, action, responder.name, responder.owner, hours, margin,
                        (Fact("reachable_by_phone" if remote else "can_talk_there"),), worse)  # fmt: skip
        found.append(((hours is None, hours or 0.0, responder.name), option))
    options = [option for _, option in sorted(found, key=lambda f: f[0])[:most]]
    whom = "talk to the force's command through the mission's leadership" if state else "talk to leaders who hold sway"
    options.append(
        Option(
            Tier.DIALOGUE,
            whom,
            "",
            Owner.CIVILIAN,
            None,
            None,
            (Fact("always_possible"),),
            (Fact("may_expose_who_told_us"),),
        )
    )
    return options


def _environment(kind: ThreatKind | None, state: bool) -> list[Option]:
    found = [("record and follow up with human rights officers", Owner.CIVILIAN, Fact("every_alert_is_followed_up"))]
    if kind is ThreatKind.SEXUAL_VIOLENCE:
        found.insert(0, ("refer survivors to care, with their consent", Owner.PARTNER, Fact("care_within_72_hours")))
    if kind is ThreatKind.DISPLACEMENT:
        found.append(("tell humanitarian partners where people flee to", Owner.PARTNER, Fact("people_on_the_move")))
    if kind is ThreatKind.EXPLOSIVE:
        found.insert(0, ("mark the place and warn people", Owner.PARTNER, Fact("stays_dangerous")))
    if kind is ThreatKind.HATE_SPEECH:
        found.append(("counter with voices people trust", Owner.CIVILIAN, Fact("words_before_violence")))
    if state:
        found.append(
            ("raise it with the host state at the highest level", Owner.CIVILIAN, Fact("state_responsibility"))
        )
    return [Option(Tier.ENVIRONMENT, action, "", owner, None, None, (why,), (Fact("may_expose_who_told_us"),))
            for action, owner, why in found]  # fmt: skip
