"""Texts that a spreadsheet would run: what a file of ours holds is read as text, whoever wrote it."""

import re

# Signs a spreadsheet takes for the beginning of a formula, full-width ones too (import makes them plain), after
# any space, tab or new line that it would cut off.
FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"-\d{1,18}(?:\.\d{1,18})?")


def harmless(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet would run it; a plain negative number stays one.

    >>> harmless("=1+1"), harmless("-3.25"), harmless("-1+cmd"), harmless("Bria")
    ("'=1+1", '-3.25', "'-1+cmd", 'Bria')
    """
    return f"'{text}" if FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
