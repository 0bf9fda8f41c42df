"""Whatever is asked, as whoever: no error of ours, no hang. Bounded here: raise EXAMPLES to go deeper."""

import dataclasses
import time
from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.checks import not_a_server_error

from tests.conftest import NOW
from tests.store.conftest import square
from tests.web.access.conftest import frozen, people
from tocsin.core.codes import Role
from tocsin.store import open_store, writing
from tocsin.store.keys import key_folder, open_keys
from tocsin.web.app import make_app
from tocsin.web.budgets import budgets

ROLES = [role.value for role in Role if role != Role.INTAKE]
LIVE = "text/event-stream"
EXAMPLES = 2
"""Requests a route and role."""
HANGS_S = 1.0
EXPENSIVE = {"/brief.{suffix}": 30.0}
"""Seconds of the processor that docs/limits.md gives them; everything else may take `HANGS_S`."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, dict[str, str]]]:
    from tests.web.access.canaries import plant

    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOCSIN_KEYS", str(folder / "keys"))
        mission = square(folder / "mission")
        engine = open_store(mission.store_url, create=True)
        sessions, ids = people(engine)
        with writing(engine) as connection:
            keys = open_keys(connection, key_folder(mission), NOW)
        plant(engine, keys, ids["liaison_assistant"])
        engine.dispose()
        app = frozen(make_app(mission))
        app.state.reads_reports = False
        generous = budgets(1e6, 1e6)
        generous.account.rate = generous.account.burst = 1e6
        app.state.house = dataclasses.replace(app.state.house, budgets=generous)
        yield app, sessions
        app.state.house.engine.dispose()


def test_no_request_is_an_error_of_ours(fuzzed: tuple[FastAPI, dict[str, str]]) -> None:
    app, sessions = fuzzed
    spent = try_everything(app, {role: sessions[role] for role in ROLES}, EXAMPLES)
    assert {door: s for door, s in spent.items() if s > EXPENSIVE.get(door[0], HANGS_S)} == {}


def try_everything(
    app: FastAPI, sessions: dict[str, str], examples: int, seed: int = 1
) -> dict[tuple[str, str], float]:
    """Ask every route of the API that many times as every role; its dearest answer to each in processor seconds.

    The server is in this process and other people's work does not count. What takes long is asked once more: the
    first who needs a library pays for reading it in.

    Raises
    ------
    AssertionError
        With what was asked, if an answer is 500 or above other than a busy 503.
    """
    whole = app.openapi()
    schema = schemathesis.openapi.from_dict(whole)
    schema.app = app
    spent: dict[tuple[str, str], float] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        answers = operation.definition.raw.get("responses", {}).values()
        if any(LIVE in (a.get("content") or {}) for a in answers) or "/live" in operation.path:
            continue  # a stream does not end; test_leaks listens to it
        if operation.method.upper() == "DELETE" and operation.path.startswith("/api/sessions"):
            continue

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=examples, deadline=None, database=None, derandomize=False,
            suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
        )  # fmt: skip
        @hypothesis.given(case=operation.as_strategy())
        def one(case: schemathesis.Case) -> None:
            for role, session in sessions.items():
                headers = {"authorization": f"Bearer {session}", "host": "127.0.0.1"}
                for _ in range(2):
                    start = time.process_time()
                    answer = case.call(headers=headers, base_url="http://127.0.0.1", timeout=120)
                    took = time.process_time() - start
                    if took < HANGS_S:
                        break
                door = (case.operation.path, role)
                spent[door] = max(spent.get(door, 0.0), took)
                if answer.status_code != 503:
                    try:
                        case.validate_response(answer, checks=[not_a_server_error])
                    except Exception as error:
                        error.add_note(f"asked as {role}")
                        raise

        one()
    return spent
