"""Writing a brief to a file: the suffix chooses the format, and the file appears whole or not at all."""

import os
import tempfile
from pathlib import Path

from tocsin.brief.content import BriefContent
from tocsin.brief.text import compose
from tocsin.core.errors import BadInput

SUFFIXES = (".html", ".pdf", ".docx")


def render(content: BriefContent, suffix: str, language: str = "en") -> bytes:
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
    page = compose(content, language)
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
    except OSError as problem:
        Path(temporary).unlink(missing_ok=True) if temporary else None
        raise BadInput(
            "{name} cannot be written ({why}): choose another place with -o", name=path.name, why=problem.strerror
        ) from problem
    return path
