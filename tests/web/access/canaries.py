"""A row in every table, with a word nobody else uses in every field, in several variants of place, label and owner.

What is planted is found again by looking for the words in whatever a door says. A new table is planted by its columns
alone; only codes that the program reads back (a state, a provider) are named in `CODES`.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tests.conftest import NOW
from tests.store.conftest import import_every_table
from tocsin.core.codes import Classification, Tlp
from tocsin.store import metadata, sealed
from tocsin.store.keys import KeyRing
from tocsin.store.policy import Thing, policy

WORD = re.compile(r"kanari\d{5}x|facade\d{5}")
POINT = re.compile(r"\d+\.\d{5,}")


@dataclass(frozen=True)
class Variant:
    """Where, whose and how secret one set of rows is."""

    name: str
    number: int
    area: str
    mine: bool  # of the liaison assistant who looks
    component: str
    tlp: Tlp
    classification: Classification


VARIANTS = (
    Variant("open", 1, "W", True, "police", Tlp.CLEAR, Classification.UNCLASSIFIED),
    Variant("elsewhere", 2, "E", False, "military", Tlp.GREEN, Classification.UNCLASSIFIED),
    Variant("secret", 3, "W", False, "civilian", Tlp.RED, Classification.STRICTLY_CONFIDENTIAL),
)

# Codes that reads turn into enums or branch on; they say nothing about a case by themselves.
CODES: dict[tuple[str, str], Any] = {
    ("account", "roles"): ["read_only"], ("account", "component"): "civilian", ("account", "areas"): ["E"],
    ("alert", "state"): "open", ("alert", "threat"): "attack", ("alert", "imminence"): "hours",
    ("alert", "actor"): "militia", ("alert", "reliability"): "C", ("alert", "credibility"): "3",
    ("alert", "grade_why"): {}, ("alert", "priority_why"): {}, ("alert", "level"): "2", ("alert", "outcome"): None,
    ("alert", "merged_into"): None, ("alert", "priority"): 50.0, ("alert", "closed_at"): None,
    ("alert_change", "what"): "started", ("alert_change", "details"): {}, ("alert_change", "undoes"): None,
    ("api_token", "scope"): ["read event"], ("one_time_link", "purpose"): "invite",
    ("contact", "kind"): "household", ("contact", "channels"): ["sms"], ("contact", "language"): "en",
    ("contact", "closed_at"): None, ("contact", "opted_out_at"): None,
    ("deployment", "kind"): "base", ("deployment", "layout"): "units", ("deployment", "contributors"): {},
    ("deployment", "has"): {}, ("deployment", "first_month"): 400, ("deployment", "last_month"): None,
    ("event", "kind"): 3, ("event", "source"): "ucdp-ged", ("event", "date_prec"): 1, ("event", "where_prec"): 1,
    ("event", "gw"): 482, ("event", "withdrawn"): False, ("event", "status"): "Clear",
    ("escalation", "skipped"): [], ("escalation", "paged"): [], ("escalation", "rule"): "alert",
    ("escalation", "answered_at"): None, ("gateway", "provider"): "httpsms", ("gateway", "allowed"): [],
    ("gateway", "settings"): {}, ("gateway", "closed_at"): None, ("label_change", "table_name"): "alert",
    ("given_answer", "status"): 200, ("given_answer", "answer"): {}, ("notice", "kind"): "gateway_silent",
    ("notice", "details"): {}, ("notice", "ended_at"): None, ("notice", "seen_at"): None,
    ("notification", "purpose"): "notice", ("notification", "to_kind"): "account", ("notification", "channel"): "sms",
    ("notification", "further"): [], ("notification", "language"): "en", ("notification", "state"): "sent",
    ("notification", "held"): None, ("notification", "problem"): None, ("pulse", "kind"): "screen",
    ("place", "alternates"): "", ("plan_wish", "state"): "done", ("plan_wish", "objective"): "harm",
    ("plan_wish", "problem"): None, ("report", "kind"): "sms", ("report", "state"): "waiting",
    ("report", "threat"): "attack",
    ("report", "imminence"): "hours", ("report", "actor"): "militia", ("report", "denied"): False,
    ("report", "understood"): None, ("report", "places"): [], ("report", "attachments"): [], ("report", "fields"): {},
    ("report", "dismissed_why"): None, ("report", "conflict_with"): None, ("report", "corrects"): None,
    ("report", "answers"): None, ("report_change", "what"): "read", ("report_change", "details"): {},
    ("report_change", "before"): {}, ("responder", "means"): ["dialogue"], ("responder", "owner"): "civilian",
    ("responder", "closed_at"): None, ("run", "kind"): "planted", ("run", "inputs"): {}, ("run", "output"): {},
    ("source_file", "layout"): "ucdp-ged", ("source_file", "countries"): [], ("source_file", "is_edition"): True,
    ("source", "erased_at"): None, ("source", "opted_out_at"): None, ("source", "verified"): 2.0,
    ("source", "refuted"): 1.0, ("task", "state"): "given", ("task", "tier"): "II", ("task", "outcome"): None,
    ("task", "responder_owner"): "civilian", ("task", "done_at"): None, ("task_change", "what"): "given",
    ("task_change", "details"): {}, ("warning", "state"): "draft", ("warning", "status"): "Actual",
    ("warning", "msg_type"): "Alert", ("warning", "scope"): "Restricted", ("warning", "urgency"): "Immediate",
    ("warning", "severity"): "Severe", ("warning", "certainty"): "Likely", ("warning", "responses"): ["Shelter"],
    ("warning", "audiences"): [], ("warning", "follows"): None,
    ("upload", "state"): "looked", ("upload", "wanted"): "look", ("upload", "columns"): None,
    ("upload", "looked"): None, ("upload", "taken"): None, ("upload", "problem"): None,
    ("warning_ack", "how"): "screen", ("silence", "below_priority"): 10.0,
}  # fmt: skip
# Columns that hold a row's place, owner and label, or an instant, a switch or a small number: no word fits there.
TEXTS_IN_JSON = {("warning", "texts")}
FENCES = {("warning", "geofence")}


@dataclass
class Planted:
    """What was planted where."""

    words: dict[str, list[tuple[str, str, Variant]]] = field(default_factory=lambda: defaultdict(list))
    ids: dict[str, dict[Variant, Any]] = field(default_factory=lambda: defaultdict(dict))
    counter: int = 10_000

    def word(self, table: str, column: str, variant: Variant) -> str:
        """A new word for a field."""
        self.counter += 1
        # The door takes only hexadecimal digits as the id of a source.
        made = f"facade{self.counter}" if (table, column) == ("source", "id") else f"kanari{self.counter}x"
        self.words[made].append((table, column, variant))
        return made

    def found(self, text: str) -> Iterable[tuple[str, list[tuple[str, str, Variant]]]]:
        """Words that stand in a text, and where they were planted."""
        said = set(WORD.findall(text)) | {p[: p.index(".") + 6] for p in POINT.findall(text)}
        return [(word, self.words[word]) for word in sorted(said) if word in self.words]


def thing_of(table: str, variant: Variant, liaison: str) -> Thing:
    """A planted row as rights see it."""
    place = policy().places[table]
    columns = place.columns
    return Thing(
        area=variant.area if "area" in columns else None,
        owner=(liaison if variant.mine else "somebody") if "owner" in columns and columns["owner"] == "owner" else None,
        component=variant.component if "component" in columns else None,
        tlp=variant.tlp if "tlp" in columns else place.tlp,
        classification=variant.classification if "classification" in columns else place.classification,
    )


def plant(engine: sa.Engine, keys: KeyRing, liaison: str) -> Planted:
    """A row of each variant in every table."""
    import_every_table()
    made = Planted()
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name in ("audit", "audit_head", "sealed_key", "sealed_value"):
                continue  # written by the program itself; their words come in through what it writes
            for variant in VARIANTS:
                row = {c.name: _value(made, table, c, variant, liaison) for c in table.columns}
                connection.execute(sa.insert(table).values(row))
                key = [c.name for c in table.primary_key.columns]
                made.ids[table.name][variant] = row[key[0]]
        for table, columns in (
            ("source", ("identity", "phone", "name")),
            ("contact", ("phone",)),
            ("account", ("phone",)),
        ):
            for variant in VARIANTS:
                for column in columns:
                    place = sealed.Field(table, str(made.ids[table][variant]), column)
                    sealed.put(connection, keys, place, made.word(table, "identity", variant), NOW)
    return made


def _value(made: Planted, table: sa.Table, column: sa.Column[Any], variant: Variant, liaison: str) -> Any:
    place = policy().places.get(table.name)
    columns = place.columns if place else {}
    if (table.name, column.name) in CODES:
        return CODES[table.name, column.name]
    if column.foreign_keys:
        parent = next(iter(column.foreign_keys)).column.table.name
        if parent == "audit":
            return variant.number
        return made.ids[parent][variant]
    if column.name == columns.get("owner") == "owner":
        return liaison if variant.mine else "somebody"
    for word in ("area", "component", "tlp", "classification"):
        if column.name == columns.get(word):
            value = getattr(variant, word)
            return getattr(value, "value", value)
    if column.name in ("area", "admin1", "adm_1"):
        return variant.area
    kind = column.type
    if isinstance(kind, sa.JSON):
        word = made.word(table.name, column.name, variant)
        if (table.name, column.name) in TEXTS_IN_JSON:
            return {"en": {"headline": word, "description": word, "instruction": word, "sms": word}}
        if (table.name, column.name) in FENCES:
            return {
                "description": word,
                "circle": None,
                "polygon": [[20.1, 5.1], [20.2, 5.1], [20.2, 5.2], [20.1, 5.1]],
            }
        return {"word": word}
    if isinstance(kind, sa.Float) and column.name.endswith(("lon", "lat")):
        made.counter += 1
        degrees = (20 if column.name.endswith("lon") else 5) + (0.5 if variant.area == "W" else 1.5)
        value = round(degrees + made.counter / 1e5 % 0.3 + 3e-7, 7)
        made.words[f"{value:.7f}"[: str(value).index(".") + 6]].append((table.name, "point", variant))
        return value
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer) and column.primary_key:
        return 9_000 + variant.number
    if isinstance(kind, sa.Integer | sa.Float):
        return variant.number
    if isinstance(kind, sa.LargeBinary):
        return made.word(table.name, column.name, variant).encode()
    if isinstance(kind, sa.Date):
        return NOW.date() - dt.timedelta(days=variant.number)
    if isinstance(kind, sa.DateTime) or isinstance(getattr(kind, "impl", None), sa.DateTime):
        ended = column.name in ("used_at", "ended_at", "closed_at", "replaced_at", "until", "expires_at", "last_at")
        return NOW + dt.timedelta(days=1) if ended else NOW - dt.timedelta(hours=variant.number)
    return made.word(table.name, column.name, variant)
