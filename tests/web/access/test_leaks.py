"""The leak matrix: every door as every role, and what each could learn. Written to ``docs/leak-matrix.md``.

``make golden`` rewrites the page; without it a change fails the build, so that somebody looks at it.
"""

import dataclasses
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from tests.conftest import NOW
from tests.store.conftest import square
from tests.web.access.canaries import VARIANTS, Planted, Variant, plant, thing_of
from tests.web.access.conftest import frozen, people
from tests.web.access.driver import Said, ask
from tocsin.core.codes import Component, Role
from tocsin.store import metadata, open_store, writing
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.policy import Actor, allowed, policy
from tocsin.web.app import make_app
from tocsin.web.budgets import budgets

PAGE = Path(__file__).resolve().parents[3] / "docs" / "leak-matrix.md"
NOBODY = "nobody"
ROLES = [role.value for role in Role if role != Role.INTAKE]
# Tables that paths call by another word than their own.
CALLED = {"people": "contact", "contacts": "contact", "alerts": "alert", "reports": "report", "sources": "source"}
HEAD = """# Who can learn what through which door

Written by `tests/web/access/test_leaks.py` (`make golden` rewrites it; CI fails when it changes unasked). In every
field of every table stands a word of its own, in three sets of rows: *open* (area W, TLP:CLEAR, owned by the liaison
assistant who looks, of the police component), *elsewhere* (area E, TLP:GREEN, of the military) and *secret* (area W,
TLP:RED, STRICTLY CONFIDENTIAL). Every route is asked as nobody and as every role, with the ids of all rows and every
switch it has; live streams are listened to; PDF and Word are opened. A word that the table of rights
(`store/policy.toml`) does not give the role fails the test. The liaison assistant and the partner have area W.

Not seen by this test: what follows from counts and times, forms of the sign-in pages (`test_sign_in.py`), and the
command line, which is for whoever holds the files. Writes are asked once with the least that fits. Records on SQLite;
rights are on the query, and `test_policy.py` compares queries on both databases.

| door | who | learns (rows: fields) |
| --- | --- | --- |"""
Found = dict[tuple[str, str], set[Variant]]


@dataclass
class House:
    app: Any
    engine: sa.Engine
    file: Path
    planted: Planted
    sessions: dict[str, str]
    ids: dict[str, str]

    def actor(self, role: str) -> Actor:
        areas = frozenset({"W"}) if role in ("liaison_assistant", "partner") else frozenset({"*"})
        component = Component.POLICE if role == "police" else Component.CIVILIAN
        return Actor(self.ids[role], frozenset({Role(role)}), areas, component)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("leaks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOCSIN_KEYS", str(folder / "keys"))
        mission = square(folder / "mission")
        engine = open_store(mission.store_url, create=True)
        sessions, ids = people(engine)
        with writing(engine) as connection:
            keys = open_keys(connection, key_folder(mission), NOW)
        planted = plant(engine, keys, ids["liaison_assistant"])
        engine.dispose()
        app = frozen(make_app(mission))
        app.state.reads_reports = False
        app.state.house = dataclasses.replace(app.state.house, budgets=budgets(1e6, 1e6))
        app.state.house.budgets.account.rate = app.state.house.budgets.account.burst = 1e6
        yield House(app, app.state.house.engine, mission.folder / "tocsin.db", planted, sessions, ids)
        app.state.house.engine.dispose()


def doors(app: Any) -> list[tuple[str, str]]:
    """Method and path of every route, as the application has them."""
    found = set()
    todo = list(app.routes)
    while todo:
        route = todo.pop()
        if isinstance(route, APIRoute):
            if route.endpoint.__module__ == "tocsin.web.screen":
                continue  # files of the screen: the same bytes for everybody, and no data in them
            found |= {(method, route.path) for method in route.methods if method != "HEAD"}
        else:
            todo += list(getattr(route, "routes", []) or [])
            inner = getattr(route, "original_router", None)
            if inner is not None:
                todo += list(inner.routes)
    return sorted(found, key=lambda d: (d[1], d[0]))


def addresses(path: str, house: House) -> list[str]:
    """A path with the ids of planted rows in place of its parameters."""
    names = re.findall(r"{([^}]+)}", path)
    if not names:
        return [path]
    words = [w for w in path.split("/") if w and not w.startswith("{")]
    tables = set(metadata.tables)
    own = next((t for w in reversed(words) if (t := CALLED.get(w, w.rstrip("s").replace("-", "_"))) in tables), None)
    made = []
    for variant in VARIANTS:
        filled = path
        for name in names:
            bare = name.partition(":")[0]
            if bare == "suffix":
                value: Any = {1: "html", 2: "pdf", 3: "docx"}[variant.number]
            elif bare in ("number", "rest"):
                value = "1"
            elif bare == "gid":
                value = 137201
            else:
                value = house.planted.ids[own][variant] if own else 9_000 + variant.number
            filled = filled.replace("{" + name + "}", str(value))
        made.append(filled)
    return sorted(set(made))


def example(schema: dict[str, Any], whole: dict[str, Any], depth: int = 0) -> Any:
    """Something that fits a JSON schema: required fields only."""
    if "$ref" in schema:
        return example(whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], whole, depth)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return example(schema[several][0], whole, depth)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    if kind == "object":
        wanted = schema.get("required", [])
        return {k: example(v, whole, depth + 1) for k, v in schema.get("properties", {}).items() if k in wanted}
    if kind == "array":
        return [example(schema["items"], whole, depth + 1)] * max(1, schema.get("minItems", 1))
    if kind in ("integer", "number"):
        return 9_001 if "maximum" not in schema else schema.get("minimum", 1)
    if kind == "boolean":
        return True
    if schema.get("format") == "date-time":
        return NOW.isoformat()
    return "9001"


def look(house: House, said: Said, role: str) -> tuple[Found, list[str]]:
    """What an answer tells, and which of it the role must not learn."""
    learned: Found = defaultdict(set)
    leaks = []
    for word, places in house.planted.found(said.text):
        good = []
        for table, column, variant in places:
            kind = policy().places[table].object
            thing = thing_of(table, variant, house.ids["liaison_assistant"])
            if role != NOBODY and allowed(house.actor(role), "read", kind, column, thing):
                good.append((kind, column, variant))
        if good:
            learned[good[0][0], good[0][1]].add(good[0][2])
        else:
            table, column, variant = places[0]
            leaks.append(f"{role} learned {table}.{column} ({variant.name}): {word}")
    return learned, leaks


def queries(app: Any, method: str, path: str) -> list[str]:
    """No query, and each switch or code a route can be asked with."""
    found = [""]
    whole = app.openapi()
    for parameter in whole["paths"].get(path, {}).get(method.lower(), {}).get("parameters", []):
        if parameter["in"] != "query":
            continue
        schema = parameter["schema"]
        options = [schema, *schema.get("anyOf", [])]
        for option in options:
            if "$ref" in option:
                option = whole["components"]["schemas"][option["$ref"].rsplit("/", 1)[1]]
            values = option.get("enum") or (["true"] if option.get("type") == "boolean" else [])
            found += [f"{parameter['name']}={v}" for v in values[:6]]
    return found


def drive(house: House) -> tuple[dict[tuple[str, str], dict[str, Found]], list[str], list[str]]:
    """Every door as every role: what was learned, what leaked, what broke."""
    table: dict[tuple[str, str], dict[str, Found]] = {}
    leaks, broken = [], []
    whole = house.app.openapi()
    copy = house.file.with_suffix(".copy")
    house.engine.dispose()
    shutil.copy(house.file, copy)
    for method, path in doors(house.app):
        told: dict[str, Found] = {}
        for role in [NOBODY, *ROLES]:
            sum_of: Found = defaultdict(set)
            body = b""
            if method != "GET":
                if not path.startswith("/api/"):
                    continue  # forms of the server's own pages: tests of sign_in
                wanted = whole["paths"].get(path, {}).get(method.lower(), {}).get("requestBody")
                if wanted:
                    schema = next(iter(wanted["content"].values()))["schema"]
                    body = json.dumps(example(schema, whole)).encode()
            for address in addresses(path, house):
                for query in queries(house.app, method, path) if method == "GET" else [""]:
                    said = ask(house.app, method, address, house.sessions.get(role, ""), body, query)
                    if said.status >= 500:
                        broken.append(f"{method} {address}?{query} as {role}: {said.status} {said.text[:200]}")
                    if said.cut:
                        broken.append(f"{method} {address} as {role} did not end")
                    learned, wrong = look(house, said, role)
                    leaks += [f"{method} {path}: {w}" for w in wrong]
                    for key, variants in learned.items():
                        sum_of[key] |= variants
                    if method != "GET" and said.status < 300:
                        house.engine.dispose()
                        for old in house.file.parent.glob("tocsin.db-*"):
                            old.unlink()
                        shutil.copy(copy, house.file)
            told[role] = sum_of
        table[method, path] = told
    return table, leaks, broken


def page(table: dict[tuple[str, str], dict[str, Found]]) -> str:
    """The matrix as a page."""
    lines = [HEAD]
    silent = []
    for (method, path), told in table.items():
        groups: dict[str, list[str]] = defaultdict(list)
        for role, found in told.items():
            groups[_cell(found)].append(role)
        if set(groups) <= {""}:
            silent.append(f"`{method} {path}`")
            continue
        for cell, roles in groups.items():
            lines.append(f"| `{method} {path}` | {', '.join(r.replace('_', ' ') for r in roles)} | {cell or '–'} |")
    lines += [
        "",
        f"Nothing planted was learned by anybody through these {len(silent)} doors:",
        "",
        ", ".join(silent) + ".",
    ]
    return "\n".join(lines) + "\n"


def _cell(found: Found) -> str:
    by_rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (kind, column), variants in sorted(found.items()):
        rows = " ".join(v.name for v in sorted(variants, key=lambda v: v.number))
        by_rows[kind, rows].append(column)
    return "; ".join(f"{kind} ({rows}): {', '.join(columns)}" for (kind, rows), columns in by_rows.items())


def test_every_table_has_canaries(house: House) -> None:
    """A new table is planted by itself; one that cannot be fails here."""
    with house.engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            assert rows > 0, f"{table.name} holds no canary"
    texts = {
        (t.name, c.name) for t in metadata.sorted_tables for c in t.columns
        if isinstance(c.type, sa.Text) and c.name in ("text", "note", "lesson", "label", "subject", "body", "why")
    }  # fmt: skip
    planted = {(t, c) for places in house.planted.words.values() for t, c, _ in places}
    missing = texts - planted - {("audit", "why")}
    assert missing == set()


def test_golden_leak_matrix(house: House, rewrite_golden: bool) -> None:
    table, leaks, broken = drive(house)
    if broken or leaks:
        pytest.fail("\n".join(sorted(set(broken)) + sorted(set(leaks))), pytrace=False)
    made = page(table)
    if rewrite_golden:
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made, "who can learn what changed: look at it, then run `make golden`"
