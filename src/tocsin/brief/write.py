"""Writing a brief to a file: the suffix chooses the format, and the file appears whole or not at all.

A brief that the door gives is kept as it was made, under a name that follows from its facts: whoever has its address
reads the same words next year.
"""

import hashlib
import json
import os
import re
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from tocsin.brief.content import BriefContent
from tocsin.brief.text import compose
from tocsin.core.errors import BadInput
from tocsin.core.time import month_text

SUFFIXES = (".html", ".pdf", ".docx")
KEPT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9a-f]{16}\.[a-z]{2}\.(?:html|pdf|docx)")


def kept_name(content: BriefContent, suffix: str, language: str) -> str:
    """Name of a brief as made: the same for the same facts said in the same words, another for any other."""
    page = asdict(compose(replace(content, address=None), "en"))
    facts = hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()[:16]
    return f"{month_text(content.as_of)}-{facts}.{language}{suffix}"


def keep(content: BriefContent, folder: Path, suffix: str, language: str, address: str) -> bytes:
    """A brief for whoever reads it through the door, kept in a folder; one of the same facts is given as it was kept.

    Parameters
    ----------
    folder : Path
        Where briefs are kept.
    address : str
        Where the mission is served; links in HTML need none, those in files that travel do.
    """
    path = folder / kept_name(content, suffix, language)
    if path.is_file():
        return path.read_bytes()
    told = replace(content, address="" if suffix == ".html" else address)
    made = render(told, suffix, language, f"/briefs/{path.name}")
    try:
        folder.mkdir(exist_ok=True)
        _put(made, path)
    except OSError:  # a full disk: the brief is read all the same, and promises no address
        return render(told, suffix, language)
    return made


def render(content: BriefContent, suffix: str, language: str = "en", kept_at: str = "") -> bytes:
    """The brief as the bytes of a file with that suffix.

    Raises
    ------
    BadInput
        If the suffix is not one of `SUFFIXES` or the language has no translation.
    """
    kind = suffix.lower()
    if kind not in SUFFIXES:
        raise BadInput(
            "a brief cannot be written as '{suffix}': end the file's name in {known}",
            suffix=suffix,
            known=", ".join(SUFFIXES),
        )
    page = compose(content, language, kept_at)
    if kind == ".html":
        from tocsin.brief.html import html

        return html(page)
    if kind == ".pdf":
        from tocsin.brief.pdf import pdf

        return pdf(page, content.known_on)
    from tocsin.brief.docx import word

    return word(page, content.known_on)


def write(content: BriefContent, path: Path, language: str = "en") -> Path:
    """Write the brief; an earlier file of that name is replaced only when the new one is complete.

    Raises
    ------
    BadInput
        If the suffix or language is not known, or the file cannot be written there.
    """
    made = render(content, path.suffix, language)
    try:
        _put(made, path)
    except OSError as problem:
        raise BadInput(
            "{name} cannot be written ({why}): choose another place with -o", name=path.name, why=problem.strerror
        ) from problem
    return path


def _put(made: bytes, path: Path) -> None:
    temporary = ""
    try:
        number, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(number, "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True) if temporary else None
        raise
