"""The screen's message catalogues: every language says everything, with the same fields and the plural forms it has."""

import json
import re
from pathlib import Path

import pytest
from babel import Locale

FRONT = Path(__file__).resolve().parents[2] / "frontend"
LANGUAGES = ("en", "fr", "ar")


def messages(language: str) -> dict:
    return json.loads((FRONT / "messages" / f"{language}.json").read_text(encoding="utf-8"))


def fields(message: str | dict) -> set[str]:
    texts = [message] if isinstance(message, str) else list(message.values())
    return set(re.findall(r"\{(\w+)\}", " ".join(texts)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_lacks_no_message_and_has_none_too_many(language: str) -> None:
    assert set(messages(language)) == set(messages("en"))
    assert all(m if isinstance(m, str) else all(m.values()) for m in messages(language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_fields_and_plural_forms_are_those_of_the_language(language: str) -> None:
    english = messages("en")
    forms = set(Locale.parse(language).plural_form.tags) | {"other"}
    for key, message in messages(language).items():
        assert fields(message) == fields(english[key]), key
        if isinstance(message, dict):
            assert "other" in message, key
            assert set(message) <= forms, key
            if language == "ar":
                assert forms - set(message) <= {"zero"}, key


def test_every_message_the_code_asks_for_exists() -> None:
    code = "\n".join(p.read_text(encoding="utf-8") for p in (FRONT / "src").rglob("*.ts*"))
    asked = set(re.findall(r'\bt\("([\w.]+)"', code)) | set(re.findall(r'name: "([a-z_]+\.[\w.]+)"', code))
    assert len(asked) > 100
    assert asked <= set(messages("en"))


def test_every_action_and_harm_a_proposal_names_has_its_words() -> None:
    """The rules of proposals name them in English; none may reach the screen untranslated."""
    code = (FRONT.parent / "src" / "tocsin" / "act" / "triage" / "proposal.py").read_text(encoding="utf-8")
    pairs = re.findall(r'(?:action|whom) = "([a-z\' ]+)" if [\w ]+ else "([a-z ]+)"', code)
    actions = {name for pair in pairs for name in pair} | set(re.findall(r'\("([a-z ]+)", Owner\.', code))
    assert {"protect", "go afterwards", "go and talk", "talk to leaders who hold sway"} <= actions
    lines = [line for line in code.splitlines() if "worse" in line]
    worse = {name for line in lines for name in re.findall(r'Fact\("(\w+)"', line)} - {
        "reachable_by_phone",
        "can_talk_there",
    }
    assert {"due_diligence_needed", "may_draw_fire_on_people_near_it"} <= worse
    known = set(messages("en"))
    assert {f"action.{a.replace(' ', '_')}" for a in actions} <= known
    assert {f"worse.{w}" for w in worse} <= known


def test_the_directions_that_the_server_names_have_their_words() -> None:
    code = (FRONT.parent / "src" / "tocsin" / "plan" / "situation.py").read_text(encoding="utf-8")
    (found,) = re.findall(r"wind = \(([^)]*)\)", code)
    winds = set(re.findall(r'"([NESW]+)"', found))
    assert len(winds) == 8
    assert {f"wind.{w}" for w in winds} <= set(messages("en"))
    assert 'f"{near.distance_km:.0f} km {wind} {near.name}"' in code  # as words.ts reads it
