import datetime as dt
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.errors import BadFile
from tocsin.learn.exercise import Scenario, simulate
from tocsin.listen.alerts.model import ActorKind, Imminence, ThreatKind
from tocsin.listen.alerts.reading import LEXICON, default_lexicon, fold, load_lexicon
from tocsin.listen.alerts.understand import understand

NOW = dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC)


def kind(text: str) -> str | None:
    found = understand(text, NOW).kind.value
    return found.value if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Des hommes en armes ont kidnappé deux commerçantes sur l'axe Ippy-Bria", "abduction"),
        ("attque à Ippy", "attack"),
        ("une fille a été violée près du puits", "sexual violence"),
        ("un enfant a sauté sur une mine antipersonnel", "mine or unexploded ordnance"),
        ("tracts qui appellent à la haine contre les musulmans", "hate speech"),
        ("they rustled 40 cows and killed the herder", None),  # an attack or a cattle raid: a person decides
        ("armed men stole the herd of Musa", "cattle raid"),
        ("populations en brousse après les tirs", "attack"),
        ("wameteka watu watatu karibu na Beni", "abduction"),
        ("milio ya risasi mjini Beni sasa", "attack"),
        ("bakangi nzela ya Zongo", "road block"),
        ("aturugu a fa azo 3 na Bria", "attack"),
        ("اغتصاب فتاة قرب نيالا", "sexual violence"),
        ("المليشيا نهبوا السوق", "looting"),
        ("la mine d'or de Kolo", None),
        ("les violences continuent", "attack"),
        ("bonjour chef comment ça va", None),
        ("no attack today, all is calm", None),
        ("pas d'attaque à Ippy c'est une rumeur", None),
        ("", None),
        ("12", None),
    ],
)
def test_kind_of_threat(text: str, expected: str | None) -> None:
    assert kind(text) == expected


def test_a_denial_is_told() -> None:
    assert understand("pas d'attaque à Ippy", NOW).denied
    assert not understand("attaque à Ippy", NOW).denied


def test_short_codes() -> None:
    said = understand("alert 3 BAMBARI", NOW)
    assert (said.code, said.kind.value, said.phrases) == (True, ThreatKind.LOOTING, ("BAMBARI",))
    said = understand("ALERTE 1 Sam Ouandja 12", NOW)
    assert (said.phrases, said.counts[0].number) == (("Sam Ouandja",), 12)
    assert not understand("ALERT 99 BAMBARI", NOW).code
    assert not understand("alert attack in Bambari", NOW).code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ils attaquent maintenant", Imminence.HAPPENING),
        ("les rebelles se préparent à attaquer", Imminence.HOURS),
        ("they will come tomorrow", Imminence.DAYS),
        ("attaque hier soir", Imminence.PAST),
        ("هجوم أمس", Imminence.PAST),
        ("attaque il y a 3 jours", Imminence.PAST),
        ("attaque à Ippy", None),
    ],
)
def test_imminence(text: str, expected: Imminence | None) -> None:
    assert understand(text, NOW).imminence.value == expected


def test_actors_named_apart_are_left_to_a_person() -> None:
    assert understand("les militaires à Ippy", NOW).actor.value is ActorKind.STATE
    assert understand("militaires et miliciens à Ippy", NOW).actor.value is None


def test_numbers_count_what_stands_by_them() -> None:
    def counts(text: str) -> list[tuple[float, str | None]]:
        return [(c.number, c.of) for c in understand(text, NOW).counts]

    assert counts("attaque à 15 km de Bria, 4 morts et trois personnes enlevées") == [(4, "dead"), (3, "people")]
    assert counts("armed men at Ngola 2") == []
    assert counts("12 bœufs volés") == [(12, "cattle")]
    assert counts("٣ قتلى") == [(3, "dead")]
    assert counts("il y a 2 jours") == []


def test_time_words_become_spans_in_the_senders_day() -> None:
    (span,) = understand("attaque hier soir", NOW, utc_offset_hours=1).spans
    midnight = dt.datetime(2026, 2, 28, 23, tzinfo=dt.UTC)
    assert (span.meaning, span.first_at, span.last_at) == (
        "last_night",
        midnight - dt.timedelta(hours=7),
        midnight + dt.timedelta(hours=6),
    )
    (span,) = understand("killed 3 hours ago", NOW).spans
    assert span.first_at < NOW - dt.timedelta(hours=3) < span.last_at


def test_phrases_are_what_no_lexicon_knows() -> None:
    assert understand("attaque à Sam Ouandja ce matin", NOW).phrases == ("Sam Ouandja",)
    assert understand("هجوم على نيالا", NOW).phrases == ("نيالا",)


@given(st.text(max_size=80))
def test_any_text_is_understood_or_left(text: str) -> None:
    said = understand(text, NOW)
    for answer in (said.kind, said.imminence, said.actor):
        assert 0 <= answer.confidence <= 1
    assert all(s.first_at <= s.last_at for s in said.spans)
    assert fold(fold(text)) == fold(text)


def test_a_mission_edits_words_and_rules(tmp_path: Path) -> None:
    shutil.copytree(LEXICON, tmp_path / "lexicon")
    own = tmp_path / "lexicon" / "zz.toml"
    own.write_text('attack = ["zigzig*"]\n[numbers]\nbibi = 2\n')
    book = load_lexicon(tmp_path / "lexicon")
    assert understand("zigziga Ippy", NOW, lexicon=book).kind.value is ThreatKind.ATTACK
    assert understand("zigziga Ippy", NOW, lexicon=default_lexicon()).kind.value is None
    for bad in ('attack = "x"', "attack = [1]", 'attack = ["*"]', "[numbers]\na = 1.5", "attack ="):
        own.write_text(bad)
        with pytest.raises(BadFile):
            load_lexicon(tmp_path / "lexicon")


def test_simulated_messages_are_mostly_right_and_seldom_wrong() -> None:
    world = simulate(Scenario(seed=21, months=12, report_months=6, settlements=80))
    spoken = [r for r in world.reports if r.text]
    answers = [understand(r.text, r.at).kind.value for r in spoken]
    right = sum(a is not None and a.value == r.kind for a, r in zip(answers, spoken, strict=True))
    wrong = sum(a is not None and a.value != r.kind for a, r in zip(answers, spoken, strict=True))
    assert len(spoken) > 100
    assert right / len(spoken) > 0.95
    assert wrong / len(spoken) < 0.01
