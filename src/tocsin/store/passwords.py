"""Which passwords may be chosen: long, not common, not made of who one is (NIST SP 800-63B; ASVS 5.0, 6.2).

``common-passwords.txt`` beside this file says where it comes from. A password is too common if it stands there, or if
nothing but one or two of the commonest remain of it once digits and signs are taken from around and between them and
figures that stand for letters are read as such: ``Sunsh1ne2024!Dragon`` is two common passwords and a year.
"""

import functools
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.core.errors import BadInput
from tocsin.core.words import mark

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1_024
MOST_LINE = 1_024
LIST = Path(__file__).parent / "common-passwords.txt"
KEYBOARD = "01234567890123456789 qwertyuiopasdfghjklzxcvbnm"
FIGURES = (str.maketrans("013457@$!", "oleastasi"), str.maketrans("013457@$!", "oieastasi"))
SHORTEST_PIECE = 4  # shorter ones stand in any sentence
EASY = mark("the password is easy to guess: use a few random words that do not name you or the program")
LEAKED = mark("this password became known somewhere and is tried by others: use a few random words")
COMMON = mark("the password is one of those that are tried first: use a few random words")


def hasher() -> "PasswordHasher":
    """Argon2id with the memory and time of RFC 9106's second choice (64 MiB, 3 passes)."""
    from argon2 import PasswordHasher

    return PasswordHasher()


def hash_of(password: str) -> str:
    """What is kept of a password. It takes a tenth of a second: not inside a transaction where others wait."""
    return hasher().hash(password)


def fits(stored: str, password: str) -> bool:
    """Whether a password is the one that was kept."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return hasher().verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether a password was kept with other costs than those of today."""
    return hasher().check_needs_rehash(stored)


def check_password(password: str, login: str, name: str) -> None:
    """Refuse a password that is short, common or easy to guess; there are no rules of composition.

    Raises
    ------
    BadInput
        Says which, and what to do.
    """
    plain = password.casefold()
    if len(password) < SHORTEST_PASSWORD or len(password) > LONGEST_PASSWORD:
        raise BadInput("the password needs {n} characters or more; a few random words do well", n=SHORTEST_PASSWORD)
    parts = [login.casefold(), *(p for p in name.casefold().split() if len(p) > 3), "password", "tocsin", "motdepasse"]
    rest = plain
    for part in parts:
        rest = rest.replace(part, "")
    if len(rest) < SHORTEST_PASSWORD // 2 or len(set(plain)) < 5 or plain in KEYBOARD:
        raise BadInput(EASY)
    if is_common(password):
        raise BadInput(COMMON)


def check_leaked(password: str, path: Path | None) -> None:
    """Refuse a password that stands in a mission's own list of those that became known.

    Parameters
    ----------
    path : Path or None
        The list; None asks nothing. Nothing is asked of anybody else: the list is a file of this machine.

    Raises
    ------
    BadInput
    """
    if path is not None and is_leaked(password, path):
        raise BadInput(LEAKED)


def is_leaked(password: str, path: Path) -> bool:
    """Whether a password stands in a list of known ones.

    Parameters
    ----------
    path : Path
        Lines in the order of the alphabet, each beginning with a password's SHA-1 in 40 hex digits, as Pwned Passwords
        is given out ("ordered by hash"). It is searched where it lies, in some thirty reads, whatever its size.
    """
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            file.seek(max(middle - 1, low))
            if middle > low:
                file.readline(MOST_LINE)  # to where the next line begins
            at = file.tell()
            line = file.readline(MOST_LINE)
            if at >= high or not line:
                high = middle
                continue
            found = line[:40].upper()
            if found == wanted:
                return True
            if found < wanted:
                low = file.tell()
            else:
                high = middle
    return False


def is_common(password: str) -> bool:
    """Whether a password is one that is tried first.

    >>> is_common("qwerty123456"), is_common("Sunsh1ne2024!Dragon"), is_common("MonkeyMonkey!!!!")
    (True, True, True)
    >>> is_common("canoe lantern forty birds")
    False
    """
    plain, known = password.casefold(), common_passwords()
    if plain in known or plain[: len(plain) // 2] * 2 == plain:
        return True
    for read in (plain, *(_without_figures(plain, table) for table in FIGURES)):
        pieces = [p for p in re.split(r"[\W\d_]+", read) if p]
        if len(pieces) <= 2 and all(_is_made_of(p, known, 3 - len(pieces)) for p in pieces):
            return True
    return _is_made_of(plain.strip("0123456789 !.?*#-_"), known, 2)


def _without_figures(plain: str, table: dict[int, int]) -> str:
    """Figures between letters read as the letters they stand for."""
    return re.sub(r"(?<=[^\W\d_])[013457@$!](?=[^\W\d_])", lambda found: found[0].translate(table), plain)


def _is_made_of(piece: str, known: frozenset[str], most: int) -> bool:
    """Whether a piece is at most so many common passwords in a row; what is very short does not count."""
    if len(piece) < SHORTEST_PIECE or piece in known:
        return True
    cuts = range(SHORTEST_PIECE, len(piece) - SHORTEST_PIECE + 1) if most > 1 else ()
    return any(piece[:c] in known and _is_made_of(piece[c:], known, most - 1) for c in cuts)


@functools.cache
def common_passwords() -> frozenset[str]:
    """The list, without the lines that say where it comes from."""
    _said, _, listed = LIST.read_text(encoding="utf-8").partition("\n\n")
    return frozenset(listed.split("\n")) - {""}
