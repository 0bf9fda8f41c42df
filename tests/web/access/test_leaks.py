"""The leak matrix: every door as every role, and what each could learn. Written to ``docs/leak-matrix.md``.

``make golden`` rewrites the page; without it a change fails the build, so that somebody looks at it.
"""

import dataclasses
import datetime as dt
import inspect
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute

from tests.conftest import NOW
from tests.store.conftest import square
from tests.web.access.canaries import VARIANTS, Planted, Variant, plant, thing_of
from tests.web.access.commands import MACHINE, READS, WRITES, asked, commands, run
from tests.web.access.conftest import frozen, people
from tests.web.access.driver import ask
from tocsin.core.codes import Component, Role
from tocsin.core.mvt import to_world
from tocsin.store import metadata, open_store, writing
from tocsin.store.keys import key_folder, open_keys
from tocsin.store.policy import Actor, allowed, policy
from tocsin.store.sessions import open_session
from tocsin.web.api.features import KINDS
from tocsin.web.app import make_app
from tocsin.web.budgets import budgets
from tocsin.web.who import csrf_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "leak-matrix.md"
NOBODY = "nobody"
# They need a forecast, a plan, a photograph, a map, a file that was brought, a single sign-on or a demonstration, which
# this mission has not.
SHUT = {
    "/api/assess/cells/{gid}", "/api/assess/cells/{gid}/against/{other}", "/api/assess/map", "/api/plan/board",
    "/api/plan/compare", "/api/plan/newest",
    "/api/today/moved", "/api/imports/{id}/rejects", "/briefs/{name}",
    "/api/plan/leaving/{run}", "/api/plan/leaving/{run}/map", "/api/plan/scenarios/known",
    "/api/plan/scenarios/{run}", "/api/plan/scenarios/{run}/file", "/api/plan/cards/{run}", "/api/plan/parts",
    "/api/results/{kind}", "/api/results/{kind}/{table}",
    "/api/reports/{id}/media/{number}", "/base-maps/{file}", "/brief.{suffix}", "/demo", "/sso", "/sso/back",
}  # fmt: skip
WANTED = {"first": "2026-02-01", "last": "2026-03-01", "from": "2026-02-01", "to": "2026-03-02", "alert": "9001"}
OPENS = "POST /api/sources/{id}/identity"
ROLES = [role.value for role in Role if role != Role.INTAKE]
# Tables that paths call by another word than their own.
CALLED = {
    "people": "contact",
    "contacts": "contact",
    "alerts": "alert",
    "reports": "report",
    "sources": "source",
    "imports": "upload",
}
HEAD = """# Who can learn what through which door

Written by `tests/web/access/test_leaks.py` (`make golden` rewrites it; CI fails when it changes unasked). In every
field of every table stands a word of its own, in three sets of rows: *open* (area W, TLP:CLEAR, owned by the liaison
assistant who looks, of the police component), *elsewhere* (area E, TLP:GREEN, of the military) and *secret* (area W,
TLP:RED, STRICTLY CONFIDENTIAL). Every route is asked as nobody and as every role, with the ids of all rows and every
switch it has; live streams are listened to; PDF and Word are opened. A word that the table of rights
(`store/policy.toml`) does not give the role fails the test. The liaison assistant and the partner have area W.

Commands that act as a person (`tocsin listen`, `tocsin act`) are asked with each role's token. What was sealed (names
and numbers of sources, contacts and accounts) comes out through one door only, which asks for a reason and writes it
down. Counts are compared with what the same person can list, and figures of a period hide small cells. A word that the
asker put into the address themselves is not counted as learned.

Not seen by this test: what follows from how long an answer takes; and, for want of a forecast, plans and pictures in
this mission, the brief, the map and cells of risk, plans and their comparison, pictures of reports, base maps, rejected
rows of files that were brought, `/demo` and `/sso`. Writes are asked once with the least that fits. Records on SQLite;
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
    tokens: dict[str, str]

    def restore(self, copy: Path) -> None:
        """The records as they were before a change."""
        self.engine.dispose()
        for old in self.file.parent.glob("tocsin.db-*"):
            old.unlink()
        shutil.copy(copy, self.file)

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
        with writing(engine) as connection:  # a command's clock is the machine's own
            tokens = {
                role: open_session(connection, id, "console", dt.datetime.now(dt.UTC)) for role, id in ids.items()
            }
        engine.dispose()
        app = frozen(make_app(mission))
        app.state.reads_reports = False
        app.state.house = dataclasses.replace(app.state.house, budgets=budgets(1e6, 1e6))
        app.state.house.budgets.account.rate = app.state.house.budgets.account.burst = 1e6
        yield House(app, app.state.house.engine, mission.folder / "tocsin.db", planted, sessions, ids, tokens)
        app.state.house.engine.dispose()


def routes(app: Any) -> Iterator[APIRoute]:
    """Every route of the application; one of a kind that is not known here is an error, not left out."""
    todo = list(app.routes)
    while todo:
        route = todo.pop()
        if isinstance(route, APIRoute):
            yield route
            continue
        inner = [
            *(getattr(route, "routes", None) or []),
            *getattr(getattr(route, "original_router", None), "routes", []),
        ]
        assert inner, f"a door the leak matrix does not know how to ask: {route}"
        todo += inner


def doors(app: Any) -> list[tuple[str, str]]:
    """Method and path of every route, as the application has them."""
    found = {
        (method, route.path)
        for route in routes(app) for method in route.methods
        # files of the screen: the same bytes for everybody, and no data in them
        if method != "HEAD" and route.endpoint.__module__ != "tocsin.web.screen"
    }  # fmt: skip
    return sorted(found, key=lambda d: (d[1], d[0]))


def addresses(path: str, house: House) -> list[str]:
    """A path with the ids of planted rows in place of its parameters."""
    names = re.findall(r"{([^}]+)}", path)
    if not names:
        return [path]
    if path.startswith("/ogc/"):
        ids = house.planted.ids["alert"].values()
        spots = [(0, 0, 0), *(_tile_of(14, lon, lat) for lon, lat in _planted_points(house))]
        return sorted({path.format(name=kind, id=id, z=z, col=x, row=y)
                       for kind in KINDS for id in ids for z, x, y in spots})  # fmt: skip
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


def _planted_points(house: House) -> list[tuple[float, float]]:
    """Where the planted rows that have tiles are, as they are and to the tenth of a degree that some are told."""
    found = set()
    with house.engine.connect() as connection:
        for name in ("alert", "report", "event", "place"):
            table = metadata.tables[name]
            for lon, lat in connection.execute(sa.select(table.c.lon, table.c.lat)):
                found |= {(lon, lat), (round(lon, 1), round(lat, 1))}
    return sorted(found)


def _tile_of(z: int, lon: float, lat: float) -> tuple[int, int, int]:
    x, y = to_world(lon, lat)
    return z, int(float(x) * 2**z), int(float(y) * 2**z)


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


def look(house: House, text: str, role: str, door: str, asked: str = "") -> tuple[Found, list[str]]:
    """What an answer tells, and which of it the role must not learn."""
    learned: Found = defaultdict(set)
    leaks = []
    for word, places in house.planted.found(text):
        if word in asked:
            continue
        sealed = [p for p in places if p[1] == "identity"]
        if sealed and door != OPENS:
            leaks.append(f"{role} learned {sealed[0][0]}.identity, which was sealed: {word}")
            continue
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
    whole = app.openapi()
    asked = whole["paths"].get(path, {}).get(method.lower(), {}).get("parameters", [])
    wanted = urlencode({
        p["name"]: WANTED.get(p["name"], "1") for p in asked if p["in"] == "query" and p.get("required")
    })  # fmt: skip
    found = [wanted, wanted.replace("9001", "9003")] if "9001" in wanted else [wanted]
    for parameter in whole["paths"].get(path, {}).get(method.lower(), {}).get("parameters", []):
        if parameter["in"] != "query":
            continue
        schema = parameter["schema"]
        options = [schema, *schema.get("anyOf", [])]
        for option in options:
            if "$ref" in option:
                option = whole["components"]["schemas"][option["$ref"].rsplit("/", 1)[1]]
            values = option.get("enum") or (["true"] if option.get("type") == "boolean" else [])
            found += [f"{wanted}&{parameter['name']}={v}" for v in values[:6]]
    return found


def form_of(app: Any, path: str, session: str) -> bytes:
    """One of our own forms, filled in."""
    endpoint = next(r.endpoint for r in routes(app) if r.path == path and "POST" in r.methods)
    fields = {name: "9001" for name in inspect.signature(endpoint).parameters if name not in ("request", "at", "asker")}
    return urlencode({**fields, "csrf": csrf_of(session)}).encode()


def drive(house: House) -> tuple[dict[tuple[str, str], dict[str, Found]], list[str], list[str]]:
    """Every door as every role: what was learned, what leaked, what broke."""
    table: dict[tuple[str, str], dict[str, Found]] = {}
    leaks, broken, shut = [], [], set()
    whole = house.app.openapi()
    copy = house.file.with_suffix(".copy")
    house.engine.dispose()
    shutil.copy(house.file, copy)
    for method, path in doors(house.app):
        opened = False
        told: dict[str, Found] = {}
        for role in [NOBODY, *ROLES]:
            sum_of: Found = defaultdict(set)
            body, form = b"", method != "GET" and not path.startswith(("/api/", "/in/", "/openrosa"))
            if form:
                body = form_of(house.app, path, house.sessions.get(role, ""))
            elif method != "GET":
                wanted = whole["paths"].get(path, {}).get(method.lower(), {}).get("requestBody")
                if wanted:
                    schema = next(iter(wanted["content"].values()))["schema"]
                    body = json.dumps(example(schema, whole)).encode()
            whose = addresses(path, house)
            if path.startswith("/brief."):  # the same words for everybody who may have it
                whose = whose if role == Role.DUTY_OFFICER.value else [a for a in whose if a.endswith(".html")]
            for address in whose:
                for query in queries(house.app, method, path) if method == "GET" else [""]:
                    said = ask(house.app, method, address, house.sessions.get(role, ""), body, query, form)
                    opened |= said.status < 400
                    if said.status >= 500:
                        broken.append(f"{method} {address}?{query} as {role}: {said.status} {said.text[:200]}")
                    if said.cut:
                        broken.append(f"{method} {address} as {role} did not end")
                    learned, wrong = look(house, said.text, role, f"{method} {path}", address)
                    leaks += [f"{method} {path}: {w}" for w in wrong]
                    for key, variants in learned.items():
                        sum_of[key] |= variants
                    if method != "GET" and said.status < 400:
                        house.restore(copy)
            told[role] = sum_of
        table[method, path] = told
        if method == "GET" and not opened:
            shut.add(path)
    if shut != SHUT:  # a door that opened to nobody showed nothing
        broken.append(f"doors that opened to nobody, or are said to: {sorted(shut ^ SHUT)}")
    return table, leaks, broken


def drive_commands(house: House) -> tuple[dict[tuple[str, str], dict[str, Found]], list[str], list[str]]:
    """Every command that reads as a person, as every role."""
    table: dict[tuple[str, str], dict[str, Found]] = {}
    leaks, broken = [], []
    for command in sorted(READS):
        told: dict[str, Found] = {}
        for role in [NOBODY, *ROLES]:
            sum_of: Found = defaultdict(set)
            for words in asked(command, house.planted):
                known, text = run(words, str(house.file.parent), house.tokens.get(role, ""))
                if not known:
                    broken.append(f"tocsin {' '.join(words)} as {role}: {text[:300]}")
                learned, wrong = look(house, text, role, f"tocsin {command}", " ".join(words))
                leaks += [f"tocsin {command}: {w}" for w in wrong]
                for key, variants in learned.items():
                    sum_of[key] |= variants
            told[role] = sum_of
        table["tocsin", command] = told
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


def test_no_door_is_left_out(house: House) -> None:
    """What the application says it can be asked is what is driven; a new command must be sorted in too."""
    said = {(m.upper(), path) for path, ways in house.app.openapi()["paths"].items() for m in ways}
    assert said <= set(doors(house.app))
    assert commands() == set(READS) | WRITES | MACHINE


def test_a_count_tells_no_more_than_the_list(house: House) -> None:
    """Counts of the queues are of rows the same person can open one by one."""
    for role in ROLES:
        said = ask(house.app, "GET", "/api/alerts/counts", house.sessions[role])
        counted = {kind: sum(of.values()) for kind, of in json.loads(said.text).items()} if said.status == 200 else {}
        for kind, number in counted.items():
            listed = ask(house.app, "GET", f"/api/{kind}", house.sessions[role])
            rows = len(json.loads(listed.text)["rows"]) if listed.status == 200 else 0
            assert number == rows, (role, kind)


def test_golden_leak_matrix(house: House, rewrite_golden: bool) -> None:
    table, leaks, broken = drive(house)
    for mine, more in zip((table, leaks, broken), drive_commands(house), strict=True):
        mine.update(more) if isinstance(mine, dict) else mine.extend(more)
    if broken or leaks:
        pytest.fail("\n".join(sorted(set(broken)) + sorted(set(leaks))), pytrace=False)
    made = page(table)
    if rewrite_golden:
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made, "who can learn what changed: look at it, then run `make golden`"
