"""What people read, in their language: one message catalogue, and numbers and dates as each language writes them.

English is the language of the code: a message is its own key. Every other language is one gettext file,
``locale/<language>/LC_MESSAGES/tocsin.po``, read when first needed; nothing is compiled. ``locale/tocsin.pot`` lists
every message in the code and the templates, and a test fails when it is out of date or a language lacks a message.
"""

import datetime as dt
import functools
import gettext
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError, dates, lists, numbers
from babel.messages import Catalog, extract, pofile

from tocsin.core.errors import BadInput
from tocsin.core.time import first_day

LOCALE = Path(__file__).resolve().parent.parent / "locale"
SOURCE = "en"
_LATIN = re.compile("[A-Za-z]")
# Digits that readers in the field use, where they are not the Latin ones; the screen (words.ts) uses the same.
_SYSTEMS = {"ar": "arab"}
_DIGITS = {"arab": str.maketrans("0123456789%", "٠١٢٣٤٥٦٧٨٩٪")}
_METHODS = [("**.py", "python"), ("**.html", "jinja2")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}


def mark(message: str) -> str:
    """The message itself: says to the catalogue that it will be translated later, where it is used."""
    return message


@dataclass(frozen=True)
class Translator:
    """One language: its messages, and how it writes numbers, dates and lists.

    Calling it translates: ``_ = translator("fr"); _("{n} units", n=3)``. Values put into the ``{fields}`` of a message
    are never read as part of the message, so text from outside is safe as a value (never as a message).
    """

    language: str
    locale: Locale
    catalogue: Catalog | None

    def __call__(self, message: str, **values: Any) -> str:
        """Translate a message and fill in its fields."""
        return self.gettext(message, **values)

    def gettext(self, message: str, **values: Any) -> str:
        """Translate a message and fill in its fields; a message the catalogue lacks stays English."""
        found = self._find(message)
        if isinstance(found, str) and found:
            return found.format(**self._fitted(values))
        return message.format(**values)

    def ngettext(self, one: str, many: str, n: int, **values: Any) -> str:
        """Translate a message that depends on a number; the field ``{n}`` is the number as the language writes it.

        >>> translator("en").ngettext("{n} unit", "{n} units", 1200)
        '1,200 units'
        """
        found = self._find(one)
        if self.catalogue is not None and isinstance(found, (tuple, list)) and all(found):
            text = str(found[gettext.c2py(self.catalogue.plural_expr)(n)])
            return text.format(n=self.number(n), **self._fitted(values))
        return str(one if n == 1 else many).format(n=self.number(n), **values)

    def _find(self, key: str) -> object:
        if self.catalogue is None:
            return None
        message = self.catalogue.get(key)
        return None if message is None or message.fuzzy else message.string

    def _fitted(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values as they stand well inside a sentence.

        Whole numbers are in the language's digits; in a sentence that runs from right to left a name in Latin letters
        stands by itself, so that it does not turn its neighbours round.
        """
        return {name: self._fit(value) for name, value in values.items()}

    def _fit(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return self.digits(str(value))
        if isinstance(value, str) and self.direction == "rtl" and _LATIN.search(value):
            return f"\u2068{value}\u2069"
        return value

    def digits(self, text: str) -> str:
        """A text with its digits and percent sign as the language writes them; not for codes to type.

        >>> Translator("ar", Locale("ar"), None).digits("7 Nov")
        '٧ Nov'
        """
        return text.translate(_DIGITS.get(self._system, {}))

    @property
    def _system(self) -> str:
        return _SYSTEMS.get(self.language, "latn")

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``: which way the language is written.

        >>> Translator("ar", Locale("ar"), None).direction
        'rtl'
        """
        return str(self.locale.text_direction)

    def number(self, value: float, decimals: int = 0) -> str:
        """A number with the language's separators.

        >>> translator("en").number(1234.56, 1)
        '1,234.6'
        """
        form, system = _pattern(decimals), self._system
        written = numbers.format_decimal(
            round(value, decimals), format=form, locale=self.locale, numbering_system=system
        )
        return self.digits(str(written))

    def percent(self, share: float, decimals: int = 0) -> str:
        """A share (0 to 1) as a percentage.

        >>> translator("en").percent(0.125)
        '12%'
        """
        sign = self.locale.percent_formats[None].pattern.replace("#,##0", _pattern(decimals))
        return self.digits(
            str(numbers.format_percent(share, format=sign, locale=self.locale, numbering_system=self._system))
        )

    def date(self, day: dt.date) -> str:
        """A day, short but with the month as a word: for example 31 Dec 2018."""
        return self.digits(str(dates.format_date(day, format="d MMM y", locale=self.locale)))

    def moment(self, at: dt.datetime) -> str:
        """An instant, to the minute, in UTC."""
        return self.digits(str(dates.format_datetime(at, "d MMM y HH:mm", tzinfo=dt.UTC, locale=self.locale))) + " UTC"

    def month(self, month: int) -> str:
        """A month number as month and year.

        >>> translator("en").month(468)
        'December 2018'
        """
        return self.digits(str(dates.format_date(first_day(month), format="MMMM y", locale=self.locale)))

    def join(self, items: Iterable[str]) -> str:
        """Items joined as the language joins them.

        >>> translator("en").join(["a", "b", "c"])
        'a, b and c'
        """
        return str(lists.format_list([self._fit(item) for item in items], locale=self.locale))


def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def languages() -> tuple[str, ...]:
    """Languages there is a catalogue for, English first.

    >>> languages()
    ('en', 'ar', 'fr')
    """
    return (SOURCE, *sorted(p.parent.parent.name for p in LOCALE.glob("*/LC_MESSAGES/tocsin.po")))


@functools.cache
def translator(language: str) -> Translator:
    """The translator of a language, by its code (en, ar, fr …).

    Raises
    ------
    BadInput
        If we have no catalogue for the language.
    """
    if language not in languages():
        raise BadInput(
            "there is no translation into '{language}': use one of {known}",
            language=language,
            known=", ".join(languages()),
        )
    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError) as problem:
        raise BadInput("'{language}' is not a language code", language=language) from problem
    if language == SOURCE:
        return Translator(language, Locale("en", "GB"), None)
    return Translator(language, locale, read_catalogue(language))


def read_catalogue(language: str) -> Catalog:
    """The catalogue of a language as its file says, fuzzy messages included."""
    with (LOCALE / language / "LC_MESSAGES" / "tocsin.po").open("rb") as file:
        return pofile.read_po(file, locale=language, abort_invalid=True)


def find_messages(folder: Path) -> list[tuple[str, int, str | Sequence[str], list[str]]]:
    """Every message used in the code and templates under a folder: (file, line, message or forms, comments)."""
    found = extract.extract_from_dir(folder, _METHODS, keywords=_KEYWORDS, comment_tags=("For translators:",))
    return sorted((str(f), line, message, list(notes)) for f, line, message, notes, _ in found if message)


def template_catalogue(folder: Path) -> bytes:
    """The template catalogue (``tocsin.pot``) of the code under a folder; the same code gives the same bytes."""
    return _written(_template(folder), omit_header=True)


def merged_catalogue(language: str, folder: Path) -> bytes:
    """A language's file with the messages of the code: new ones empty, unused ones gone, translations kept."""
    catalogue = read_catalogue(language)
    catalogue.update(_template(folder), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    lines = _written(catalogue, omit_header=False).decode().splitlines(keepends=True)
    dated = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By')
    return "".join(line for line in lines if not line.startswith(dated)).encode()


def _template(folder: Path) -> Catalog:
    catalogue = Catalog(project="Tocsin", copyright_holder="The Tocsin contributors", charset="utf-8")
    for file, _, message, notes in find_messages(folder):
        key = message if isinstance(message, str) else tuple(message)
        catalogue.add(key, None, [(file, 0)], auto_comments=notes)
    return catalogue


def _written(catalogue: Catalog, omit_header: bool) -> bytes:
    out = io.BytesIO()
    pofile.write_po(out, catalogue, width=110, sort_output=True, include_lineno=False, omit_header=omit_header)
    return out.getvalue()
