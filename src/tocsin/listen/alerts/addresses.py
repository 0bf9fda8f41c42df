"""A sender's address in one form, so that the same person is the same source whatever gateway they write through."""

import re

_NOT_DIGITS = re.compile(r"[\s().\-/\u00a0]+")
_SCHEME = re.compile(r"(tel|sms|whatsapp|messenger|telegram|mailto|viber|signal):", re.I)
_IN_ANGLES = re.compile(r"<([^<>\s]+@[^<>\s]+)>")


def sender_address(provider: str, sender: str | None, country_code: str = "") -> str | None:
    """One form of a sender: ``+`` and digits for a telephone, otherwise kind and name; None when nobody is named.

    Parameters
    ----------
    provider : str
        Gateway's provider: a Telegram id is no telephone number.
    sender : str or None
        As the gateway gave it.
    country_code : str
        Digits of the country, for numbers written as at home.

    >>> sender_address("infobip", "23670011223"), sender_address("twilio", "whatsapp:+236 70 01 12 23")
    ('+23670011223', '+23670011223')
    >>> sender_address("generic", "070011223", "236"), sender_address("telegram", "3527065")
    ('+23670011223', 'telegram:3527065')
    >>> sender_address("email", "Zacharie <Z@Example.org>"), sender_address("radio", "Bravo  6")
    ('mailto:z@example.org', 'radio:bravo 6')
    """
    text = " ".join((sender or "").split())
    if not text:
        return None
    if provider == "telegram":
        return f"telegram:{text}"
    found = _SCHEME.match(text)
    scheme, bare = (found[1].lower(), text[found.end() :]) if found else ("", text)
    if scheme == "telegram":
        return f"telegram:{bare}"
    number = _NOT_DIGITS.sub("", bare)
    digits = number.removeprefix("+")
    if digits.isascii() and digits.isdecimal() and 5 <= len(digits) <= 18:
        return _telephone(number, country_code)
    mail = _IN_ANGLES.search(bare)
    address = mail[1] if mail else bare
    if "@" in address and " " not in address:
        return f"mailto:{address.casefold()}"
    return f"{scheme or provider}:{bare.casefold()}"


def _telephone(number: str, country_code: str) -> str:
    if number.startswith("+"):
        return number
    if number.startswith("00"):
        return f"+{number[2:]}"
    if number.startswith("0") and country_code:
        return f"+{country_code}{number[1:]}"
    if country_code and len(number) <= 9 and not number.startswith(country_code):
        return f"+{country_code}{number}"
    # Ten digits and more without a sign are international (Infobip, WhatsApp); shorter ones are of the place.
    return f"+{number}" if len(number) >= 10 else f"local:{number}"
