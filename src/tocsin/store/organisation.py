"""Whose an account is at the organisation's sign-in, by a mark that is never given to another."""

import datetime as dt

import sqlalchemy as sa

from tocsin.core.codes import Role
from tocsin.core.errors import NotFound
from tocsin.store import sealed
from tocsin.store.accounts import Account, account_of, find_account, organisation_field
from tocsin.store.audit import Entry, record
from tocsin.store.keys import KeyRing


def account_at(
    connection: sa.Connection, keys: KeyRing, issuer: str, subject: str, login: str, now: dt.datetime
) -> Account:
    """The account of somebody whom the organisation's sign-in names by a subject that it never gives to another.

    Who comes for the first time is known by their login, and from then on by the subject alone: a login that the
    organisation gives to somebody else opens nothing.

    Parameters
    ----------
    issuer, subject : str
        As the checked identity token says (``iss``, ``sub``).
    login : str
        As the organisation calls them today.

    Raises
    ------
    NotFound
        If there is no such account, or it is somebody else's there.
    """
    whole = f"{issuer} {subject}"
    hashes = sealed.lookups(keys, "account", "organisation", [whole])
    for account_id in sealed.rows_of(connection, "account", "organisation", set(hashes.values())).values():
        if sealed.program_secret(connection, keys, organisation_field(account_id)) == whole:
            return account_of(connection, account_id)
    found = find_account(connection, login)
    if sealed.program_secret(connection, keys, organisation_field(found.id)) is not None:
        raise NotFound("there is no account {login}", login=login)
    if Role.ADMINISTRATOR not in found.roles and found.closed_at is None:  # others are not let in that way
        sealed.put(connection, keys, organisation_field(found.id), whole, now)
        record(connection, now, Entry(found.id, "account.organisation", "account", found.id))
    return found
