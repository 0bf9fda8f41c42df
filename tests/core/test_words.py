"""The catalogue: every message of the code is in every language, and nothing else is."""

import datetime as dt
import re
from pathlib import Path
from string import Formatter

import pytest
from babel import Locale
from babel.messages import Catalog

import tocsin
from tocsin.core import words
from tocsin.core.errors import BadInput
from tocsin.core.words import (
    Translator,
    find_messages,
    languages,
    merged_catalogue,
    read_catalogue,
    template_catalogue,
    translator,
)

SOURCE = Path(tocsin.__file__).parent


def used() -> set[str]:
    return {m if isinstance(m, str) else m[0] for _, _, m, _ in find_messages(SOURCE)}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_golden_template_is_up_to_date(rewrite_golden: bool) -> None:
    path, made = words.LOCALE / "tocsin.pot", template_catalogue(SOURCE)
    if rewrite_golden:
        path.write_bytes(made)
    assert path.read_bytes() == made, "the messages changed: run `make golden` and complete the translations"


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_golden_catalogue_is_in_order(language: str, rewrite_golden: bool) -> None:
    path = words.LOCALE / language / "LC_MESSAGES" / "tocsin.po"
    made = merged_catalogue(language, SOURCE)
    if rewrite_golden:
        path.write_bytes(made)
    assert path.read_bytes() == made, "the messages changed: run `make golden`, then translate the empty ones"


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_complete(language: str) -> None:
    catalogue = read_catalogue(language)
    known = {(m.id if isinstance(m.id, str) else m.id[0]): m for m in catalogue if m.id}
    assert used() - set(known) == set(), "not translated"
    assert set(known) - used() == set(), "no longer used"
    for key, message in known.items():
        assert not message.fuzzy, key
        forms = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(forms), key
        assert len(forms) in (1, catalogue.num_plurals), key
        wanted = fields(key) | (fields(message.id[1]) if not isinstance(message.id, str) else set())
        for form in forms:
            assert wanted - ({"n"} if len(forms) > 1 else set()) <= fields(form) <= wanted, key
            assert form == form.strip(), key


def test_there_are_messages() -> None:
    assert len(used()) > 90
    assert "Sources" in used()
    assert languages()[0] == "en"
    assert {"ar", "fr"} <= set(languages())


def test_french_numbers_dates_and_plurals() -> None:
    _ = translator("fr")
    assert _.number(1234.5, 1) == "1\u202f234,5"
    assert _.percent(0.125, 1) == "12,5\u00a0%"
    assert _.month(468) == "décembre 2018"
    assert _.join(["a", "b", "c"]) == "a, b et c"
    assert [_.ngettext("{n} event", "{n} events", n) for n in (0, 1, 2)] == [
        "0 événement",
        "1 événement",
        "2 événements",
    ]
    assert _("Sources") == "Sources"
    assert _("a message nobody knows {n}", n=3) == "a message nobody knows 3"


def test_english_zero_is_plural() -> None:
    assert translator("en").ngettext("{n} event", "{n} events", 0) == "0 events"


def test_six_plural_forms_and_right_to_left() -> None:
    catalogue = Catalog(locale="ar")
    catalogue.add(("{n} event", "{n} events"), tuple(f"form {number}: {{n}}" for number in range(6)))
    arabic = Translator("ar", Locale("ar"), catalogue)
    forms = [
        int(re.findall(r"form (\d)", arabic.ngettext("{n} event", "{n} events", n))[0]) for n in (0, 1, 2, 3, 11, 100)
    ]
    assert forms == [0, 1, 2, 3, 5, 4]  # 11 to 99 is the last form in gettext's order
    assert arabic.direction == "rtl"
    assert translator("fr").direction == "ltr"


def test_arabic_digits_dates_and_names_in_other_letters() -> None:
    _ = translator("ar")
    assert _.number(1234.5, 1) == "١٬٢٣٤٫٥"
    assert _.percent(0.125, 1).startswith("١٢٫٥٪")
    assert _.month(468) == "ديسمبر ٢٠١٨"
    assert _.date(dt.date(2026, 11, 7)) == "٧ نوفمبر ٢٠٢٦"
    assert _.moment(dt.datetime(2026, 11, 7, 5, 10, tzinfo=dt.UTC)) == "٧ نوفمبر ٢٠٢٦ ٠٥:١٠ UTC"
    assert _("One-time link for {login}", login="amina") == "رابط لمرة واحدة لـ \u2068amina\u2069"
    assert _("Wipe devices ({n})", n=12) == "مسح الأجهزة (١٢)"
    assert _.ngettext("{n} event", "{n} events", 2) == "حدثان"
    assert _("a message nobody knows {n}", n=3) == "a message nobody knows 3"
    assert translator("fr")("Wipe devices ({n})", n=1200) == "Effacer les appareils (1200)"


def test_a_fuzzy_message_is_not_used() -> None:
    catalogue = Catalog(locale="fr")
    catalogue.add("Sources", "Faux", flags=["fuzzy"])
    assert Translator("fr", Locale("fr"), catalogue)("Sources") == "Sources"


def test_values_are_not_read_as_messages() -> None:
    assert translator("en")("{a} {b}", a="{b}", b="x") == "{b} x"


@pytest.mark.parametrize("language", ["xx", "", "../fr", "FR"])
def test_unknown_language(language: str) -> None:
    with pytest.raises(BadInput, match="use one of en, ar, fr"):
        translator(language)


def test_merging_keeps_translations_and_shows_what_is_new(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text('_("Sources")\n_("never seen before")\n')
    made = merged_catalogue("fr", tmp_path).decode()
    assert 'msgid "Sources"\nmsgstr "Sources"' in made
    assert 'msgid "never seen before"\nmsgstr ""' in made
    assert "Area" not in made
