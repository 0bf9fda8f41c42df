"""Files that people bring on the screen: kept on the disk, looked at, then imported or thrown away."""

from tocsin.listen.uploads.actions import bring, drop, look_again, sweep, take
from tocsin.listen.uploads.jobs import Importer
from tocsin.listen.uploads.reads import list_uploads, rejects_of, upload_of
from tocsin.listen.uploads.shelf import MOST_BYTES, Shelf

__all__ = [
    "MOST_BYTES",
    "Importer",
    "Shelf",
    "bring",
    "drop",
    "list_uploads",
    "look_again",
    "rejects_of",
    "sweep",
    "take",
    "upload_of",
]
