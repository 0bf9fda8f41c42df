"""Every error a user can meet, each with one clear sentence that says what to do.

    TocsinError
    ├── BadInput        what was given is wrong: says what, where, and what to do
    │   └── BadFile     a whole file cannot be used; nothing of it was taken
    ├── NotFound        no such mission, place, unit, run …
    ├── Conflict        it contradicts what is already known
    ├── Forbidden       the actor may not do or see this
    │   └── NotSignedIn nobody knows yet who asks
    │       ├── SecondStepNeeded  signed in, but without the second step that the account or the mission asks for
    │       └── SignInAgain       signed in too long ago for this change
    ├── TooMany         more than one asker may ask at a time
    ├── NoData          the question is fine, but nothing is known that could answer it
    ├── Infeasible      a plan was asked for that cannot exist; names the demands that clash
    └── SetupProblem    a part of the program is missing or broken
        └── Busy        somebody else holds it just now; try again

Doors translate the class to an exit code (``cli``) or a status (``web``); each has one table for it.
"""

from collections.abc import Mapping
from typing import Any


class TocsinError(Exception):
    """Base of all errors meant for people.

    Parameters
    ----------
    message : str
        One sentence in English: what is wrong, where, and what to do. May hold ``{name}`` fields.
    **params
        Values for the fields; kept apart so that a door can translate the sentence.
    """

    code = "error"

    def __init__(self, message: str, **params: Any) -> None:
        self.message = message
        self.params = params
        super().__init__(message.format(**params) if params else message)


class BadInput(TocsinError):
    """What was given is wrong."""

    code = "bad_input"


class BadFile(BadInput):
    """A whole file cannot be used; nothing of it was taken."""

    code = "bad_file"


class NotFound(TocsinError):
    """There is no such thing."""

    code = "not_found"


class Conflict(TocsinError):
    """It contradicts what is already known."""

    code = "conflict"


class Forbidden(TocsinError):
    """The actor may not do or see this."""

    code = "forbidden"


class NotSignedIn(Forbidden):
    """Nobody knows yet who asks."""

    code = "not_signed_in"


class SecondStepNeeded(NotSignedIn):
    """Signed in, but without the second step that the account or the mission asks for."""

    code = "second_step"


class SignInAgain(NotSignedIn):
    """Signed in too long ago for a change of how one signs in."""

    code = "sign_in_again"


class TooMany(TocsinError):
    """More than one asker may ask at a time; `wait_s` says when to come back."""

    code = "too_many"


class NoData(TocsinError):
    """Nothing is known that could answer the question."""

    code = "no_data"


class Infeasible(TocsinError):
    """No plan can meet all demands; the message names those that clash."""

    code = "infeasible"


class SetupProblem(TocsinError):
    """A part of the program is missing or broken."""

    code = "setup"


class Busy(SetupProblem):
    """Somebody else holds it just now; the same call may work in a minute."""

    code = "busy"


def refuse(wrong: Mapping[str, str]) -> None:
    """Refuse what has wrong fields, if any: a sentence for each.

    Raises
    ------
    BadInput
        With every sentence once; its parameter `wrong` has them by field.

    >>> refuse({})
    """
    if wrong:
        raise BadInput("{said}", said="; ".join(dict.fromkeys(wrong.values())), wrong=dict(wrong))
