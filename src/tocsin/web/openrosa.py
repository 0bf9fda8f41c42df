"""Phones with ODK Collect or KoboCollect: the list of forms, and submissions in several parts."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from xml.sax.saxutils import escape

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from tocsin.core.errors import BadInput, NotFound
from tocsin.listen.alerts.formats.xml import local, parse
from tocsin.listen.alerts.model import Attachment
from tocsin.web.intake_answers import OPENROSA, XML, Said

MOST_BYTES = 30_000_000
SHIPPED = Path(__file__).parent / "forms"
FORMS = "forms"


def head(address: str) -> Said:
    """What a phone asks before it sends: how much we take, and where."""
    headers = {**OPENROSA, "X-OpenRosa-Accept-Content-Length": str(MOST_BYTES), "Location": f"{address}/submission"}
    return Said(204, b"", XML, headers)


def form_list(folder: Path, address: str) -> Said:
    """The mission's forms (``forms/*.xml`` in its folder), or the one that ships with the program."""
    found = []
    for path in _forms(folder):
        id, version, name = _describe(path.read_bytes())
        digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        found.append(
            f"<xform><formID>{escape(id)}</formID><name>{escape(name)}</name><version>{escape(version)}</version>"
            f"<hash>md5:{digest}</hash><downloadUrl>{escape(address)}/forms/{escape(path.name)}</downloadUrl></xform>"
        )
    text = f'<xforms xmlns="http://openrosa.org/xforms/xformsList">{"".join(found)}</xforms>'
    return Said(200, text.encode(), XML, OPENROSA)


def form(folder: Path, name: str) -> Said:
    """One form."""
    for path in _forms(folder):
        if path.name == name:
            return Said(200, path.read_bytes(), XML, OPENROSA)
    raise NotFound("there is no such form")


def _forms(folder: Path) -> list[Path]:
    return sorted((folder / FORMS).glob("*.xml")) or sorted(SHIPPED.glob("*.xml"))


def _describe(body: bytes) -> tuple[str, str, str]:
    """Id, version and title of a form."""
    root = parse(body, "openrosa")
    title = next((e.text or "" for e in root.iter() if local(e) == "title"), "")
    instance = next((e for e in root.iter() if local(e) == "instance"), None)
    first = next(iter(instance), None) if instance is not None else None
    if first is None:
        return "", "", title
    return first.get("id") or local(first), first.get("version") or "", title or local(first)


async def parts(headers: Headers, body: bytes, keep: Callable[[bytes], str]) -> tuple[bytes, tuple[Attachment, ...]]:
    """The form's XML and its media, which are kept before anything is answered.

    Raises
    ------
    BadInput
        If it is no submission.
    """
    if "multipart/form-data" not in headers.get("content-type", ""):
        return body, ()

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    reader = MultiPartParser(headers, stream(), max_files=50, max_fields=50)
    xml, media = b"", []
    try:
        found = await reader.parse()
        for name, part in found.multi_items():
            content = await part.read() if isinstance(part, UploadFile) else str(part).encode("utf-8", "replace")
            if name == "xml_submission_file":
                xml = content
            elif isinstance(part, UploadFile) and content:
                word = await asyncio.to_thread(keep, content)
                media.append(Attachment((part.content_type or "application/octet-stream")[:100], word))
    except (MultiPartException, KeyError, ValueError, UnicodeError) as problem:
        raise BadInput("openrosa: the parts of the submission cannot be read") from problem
    finally:
        for file in reader._files_to_close_on_error:  # also those of parts that were cut off
            file.close()
    if not xml:
        raise BadInput("openrosa: the part xml_submission_file is missing")
    return xml, tuple(media)
