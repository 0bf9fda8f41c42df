"""How much memory hostile input takes, a program of its own: `python -m tests.memory FOLDER`. Prints JSON.

Linux says the most a process ever held (VmHWM), libraries in C included, and forgets it on request: so each case has
its own highest point, above what was held before it.
"""

import asyncio
import ctypes
import datetime as dt
import gc
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers

from tests.web.signing import multipart
from tocsin.core.errors import TocsinError
from tocsin.listen.alerts.formats.values import json_object
from tocsin.listen.alerts.formats.xml import parse
from tocsin.listen.alerts.model import Delivery
from tocsin.listen.files.rows import open_sheet
from tocsin.web import openrosa

MB = 1 << 20
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def held() -> tuple[int, int]:
    """Bytes of memory now, and at the highest since it was last forgotten."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(lines["VmRSS"].split()[0]) << 10, int(lines["VmHWM"].split()[0]) << 10


def rows_of(path: Path) -> int:
    with open_sheet(path) as sheet:
        return sum(1 for _ in sheet.rows)


def deliver(body: bytes, kind: str) -> Any:
    return asyncio.run(openrosa.parts(Headers({"content-type": kind}), body, lambda content: str(len(content))))


def archive(member: str, content: bytes, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how, compresslevel=1) as made:
        made.writestr(member, content)
    return out.getvalue()


def files(folder: Path) -> dict[str, tuple[Path, int]]:
    """Hostile files, and their sizes unpacked in MB."""
    made: dict[str, tuple[bytes, int]] = {
        "one line.csv": (b"a," * (50 * MB), 100),
        "one row of many lines.csv": (b"a,b\n" + b'"x\n",' * (20 * MB), 100),
        "a field that does not end.csv": (b'a,b\n"' + b"x\n" * (50 * MB), 100),
        "empty lines.csv": (b"a,b\n" + b"\n" * (3 * MB), 3),
        "nothing but brackets.json": (b"[" * (60 * MB), 60),
        "many small things.json": (b"[" + b"{}," * (20 * MB) + b"{}]", 60),
        "many empty texts.json": (b"[" + b'"",' * (20 * MB) + b'""]', 60),
        "deep.json": (b'{"a":' * MB + b"1" + b"}" * MB, 6),
        "bomb.zip": (archive("a.csv", b"a," * (40 * MB)), 80),
        "bomb.xlsx": (archive("xl/worksheets/sheet1.xml", b"<row></row>" * (7 * MB)), 77),
        "texts.xlsx": (archive("xl/sharedStrings.xml", b"<t>x</t>" * (10 * MB), zipfile.ZIP_STORED), 80),
    }
    found = {}
    for name, (content, size) in made.items():
        (folder / name).write_bytes(content)
        found[name] = (folder / name, size)
    return found


def main(folder: Path) -> None:
    cases: dict[str, tuple[Callable[[], Any], int]] = {}
    for name, (path, size) in files(folder).items():
        cases[name] = (lambda path=path: rows_of(path)), size  # type: ignore[misc]
    xml = {
        "deep XML": b"<a>" * 300_000, "wide XML": b"<r>" + b"<a/>" * 240_000 + b"</r>",
        "many attributes": b"<r " + b" ".join(b'a%d=""' % n for n in range(90_000)) + b"/>",
        "entities": b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">' + b"".join(
            b'<!ENTITY a%d "%s">' % (n, b"&a;" * 10) for n in range(9)) + b"]><r>&a8;</r>",
        "a long text": b"<r>" + b"x" * 950_000 + b"</r>",
    }  # fmt: skip
    for name, body in xml.items():
        cases[name] = (lambda body=body: parse(body, "cap")), 1  # type: ignore[misc]
    documents = {
        "deep JSON": b"[" * 950_000,
        "wide JSON": b"[" + b"[]," * 300_000 + b"[]]",
        "a long number": b"9" * 950_000,
    }
    for name, body in documents.items():
        cases[name] = (lambda body=body: json_object(Delivery(body, NOW), "generic")), 1  # type: ignore[misc]
    photos, kind = multipart(b"<a/>", *((f"p{n}", b"\xff\xd8\xff" + b"x" * (500 << 10)) for n in range(49)))
    cases["many photos"] = (lambda: deliver(photos, kind)), 25
    crumbs, edge = multipart(b"<a/>", *((f"p{n}", b"x") for n in range(20_000)))
    cases["many small parts"] = (lambda: deliver(crumbs, edge)), 3
    head = b'--e\r\nContent-Disposition: form-data; name="' + b"n" * (25 * MB)
    cases["a head that does not end"] = (lambda: deliver(head, "multipart/form-data; boundary=e")), 25
    told = {}
    for name, (work, size) in cases.items():
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # what was given back counts as given back
        Path("/proc/self/clear_refs").write_text("5")
        before, _ = held()
        begin = time.process_time()
        try:
            work()
            ended = "read"
        except TocsinError as problem:
            ended = type(problem).__name__
        told[name] = {"mb": (held()[1] - before) / MB, "input_mb": size, "ended": ended,
                      "cpu_s": time.process_time() - begin}  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
