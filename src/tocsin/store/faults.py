"""What went wrong with the database, in one sentence that says what to do."""

import sqlite3

import sqlalchemy as sa

from tocsin.core.errors import Busy, SetupProblem

# Result codes of SQLite (https://www.sqlite.org/rescode.html); the low byte is the family.
_SQLITE = {
    sqlite3.SQLITE_FULL: "the disk is full: nothing of the last change was kept; make room and try again",
    sqlite3.SQLITE_IOERR: "the disk does not take or give the records (full, or failing): nothing of the last change "
    "was kept; make room, or copy the mission folder to another disk",
    sqlite3.SQLITE_READONLY: "the mission folder cannot be written (read-only disk or rights): nothing was kept",
    sqlite3.SQLITE_CANTOPEN: "the records cannot be opened: see that the mission folder is there and may be written",
    sqlite3.SQLITE_CORRUPT: "the records are damaged: stop the program, keep the folder as it is, and restore the last "
    "backup with `tocsin restore`",
    sqlite3.SQLITE_NOTADB: "the records are not a database, or damaged: restore the last backup with `tocsin restore`",
    sqlite3.SQLITE_BUSY: "another program holds the records, probably an import: wait for it, or end it, and try again",
}
# Classes of SQLSTATE (PostgreSQL documentation, appendix A).
_POSTGRESQL = {
    "08": "the database server does not answer: see that it runs and that the network is up; nothing was kept",
    "53100": "the database server's disk is full: nothing of the last change was kept; make room there",
    "53": "the database server is out of room or connections: nothing of the last change was kept; try again",
    "57P": "the database server was stopped: nothing of the last change was kept; try again when it is up",
    "25006": "the database takes no changes (it is read-only): nothing was kept",
    "28": "the database server does not let us in: see the address in the mission's settings",
    "XX": "the database's files are damaged: stop, and restore the last backup with `tocsin restore`",
}


def explain(error: BaseException) -> SetupProblem | None:
    """The sentence for an error of the database itself; None for any other error (a mistake in a query, say).

    >>> explain(ValueError()) is None
    True
    """
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    cause = error.orig
    sentence = None
    if isinstance(cause, sqlite3.Error):
        sentence = _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    else:
        state = str(getattr(cause, "sqlstate", None) or "")
        matching = [key for key in _POSTGRESQL if state.startswith(key)]
        if matching:
            sentence = _POSTGRESQL[max(matching, key=len)]
        elif not state and isinstance(error, sa.exc.OperationalError):
            sentence = _POSTGRESQL["08"]
    if sentence is None:
        return None
    return Busy(sentence) if sentence == _SQLITE[sqlite3.SQLITE_BUSY] else SetupProblem(sentence)
