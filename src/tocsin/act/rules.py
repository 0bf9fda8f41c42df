"""How a mission acts: quiet hours, costs, ladders. The program's `rules.toml`, with the mission's `act.toml` on top."""

import datetime as dt
import ipaddress
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.act.triage.escalation import Ladder, Step
from tocsin.core.errors import BadFile
from tocsin.core.mission import Mission

DEFAULT = Path(__file__).with_name("rules.toml")
OWN = "act.toml"


@dataclass(frozen=True)
class Rules:
    """A mission's rules, checked; the fields are explained in `rules.toml`."""

    quiet: tuple[dt.time, dt.time]
    offset: dt.timedelta
    cap_per_day: float
    allowed_networks: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    longest: dt.timedelta
    tries: int
    together: dt.timedelta
    page_from: float
    storm: dt.timedelta
    rise: float
    host_state_chance: float
    answer_task: dt.timedelta
    two_persons: frozenset[str]
    sender: str
    sender_name: str
    restriction: str
    ladders: Mapping[str, Ladder]

    def quiet_until(self, now: dt.datetime) -> dt.datetime | None:
        """End of the quiet hours that now lies in, UTC; None outside them.

        >>> default_rules().quiet_until(dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)).isoformat()
        '2026-03-02T06:00:00+00:00'
        """
        first, last = self.quiet
        local = now.astimezone(dt.UTC) + self.offset
        at = local.time()
        if first == last or not (first <= at < last if first < last else at >= first or at < last):
            return None
        end = dt.datetime.combine(local.date(), last, dt.UTC)
        return (end if end > local else end + dt.timedelta(days=1)) - self.offset

    def day_of(self, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """Begin and end of the local day, UTC: the cost cap counts by it."""
        local = now.astimezone(dt.UTC) + self.offset
        begin = dt.datetime.combine(local.date(), dt.time(), dt.UTC) - self.offset
        return begin, begin + dt.timedelta(days=1)


def read_rules(text: str, own: str = "") -> Rules:
    """Rules from the program's text and the mission's own.

    Raises
    ------
    BadFile
        If something in it cannot be; says what.
    """
    try:
        raw, more = tomllib.loads(text), tomllib.loads(own)
        unknown = [f"{part}.{k}" for part, values in more.items() for k in values
                   if part not in raw or (part != "ladders" and k not in raw[part])]  # fmt: skip
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}")
        made = {part: {**values, **more.get(part, {})} for part, values in raw.items()}
        return _rules(made)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as problem:
        raise BadFile(
            "the mission's {file} is wrong ({why}); compare it with docs/methods/act.md", file=OWN, why=problem
        ) from problem


def _rules(raw: Mapping[str, Mapping[str, Any]]) -> Rules:
    send, alerts, warnings = raw["send"], raw["alerts"], raw["warnings"]
    first, last = (dt.time.fromisoformat(t) for t in send["quiet"])
    ladders = {
        name: Ladder(
            tuple(Step(role, dt.timedelta(minutes=float(minutes))) for role, minutes in value["steps"]), value["final"]
        )
        for name, value in raw["ladders"].items()
    }
    numbers = [float(send[k]) for k in ("cap_per_day", "longest_hours", "tries", "together_minutes")]
    if any(not math.isfinite(n) or n < 0 for n in numbers) or abs(float(send["utc_offset_hours"])) > 14:
        raise ValueError("a number under [send] is below zero or not a number")
    for network in send["allowed_networks"]:
        ipaddress.ip_network(network)
    hosts = tuple(str(h).casefold() for h in send["allowed_hosts"])
    if isinstance(send["allowed_hosts"], str) or any(not h or "*" in h or "/" in h or ":" in h for h in hosts):
        raise ValueError("send.allowed_hosts is a list of plain names such as api.twilio.com")
    return Rules(
        (first, last), dt.timedelta(hours=send["utc_offset_hours"]), float(send["cap_per_day"]),
        tuple(send["allowed_networks"]), hosts, dt.timedelta(hours=send["longest_hours"]), int(send["tries"]),
        dt.timedelta(minutes=send["together_minutes"]), float(alerts["page_from_priority"]),
        dt.timedelta(hours=alerts["storm_hours"]), float(alerts["rise"]), float(alerts["host_state_chance"]),
        dt.timedelta(minutes=raw["tasks"]["answer_minutes"]), frozenset(warnings["two_persons"]),
        str(warnings["sender"]), str(warnings["sender_name"]), str(warnings["restriction"]), ladders,
    )  # fmt: skip


def default_rules() -> Rules:
    """The program's rules."""
    return read_rules(DEFAULT.read_text(encoding="utf-8"))


def rules_of(mission: Mission) -> Rules:
    """A mission's rules."""
    own = mission.folder / OWN
    return read_rules(DEFAULT.read_text(encoding="utf-8"), own.read_text(encoding="utf-8") if own.exists() else "")
