"""XML of strangers: read without document types, entities, deep nesting or too many elements."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

from tocsin.core.errors import BadInput

MOST_DEPTH = 40
MOST_ELEMENTS = 20_000


class _Refused(Exception):
    pass


def parse(body: bytes, provider: str) -> ET.Element:
    """Root element of an XML document; names are ``{namespace}name`` as in ElementTree.

    Raises
    ------
    BadInput
        If it is not well formed, declares a document type or an entity, or is nested or branched beyond all need.
    """
    builder = ET.TreeBuilder()
    depth = count = 0

    def refuse(*_: Any) -> None:
        raise _Refused("document types and entities are not accepted")

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MOST_DEPTH or count > MOST_ELEMENTS:
            raise _Refused("it is nested too deeply or has too many elements")
        builder.start(_full(name), {_full(k): v for k, v in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_full(name))

    parser = expat.ParserCreate(None, "}")
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(body, True)
        return builder.close()
    except (expat.ExpatError, _Refused, ValueError, LookupError, AssertionError, TypeError) as problem:
        raise BadInput("{provider}: the XML cannot be read ({why})", provider=provider, why=str(problem)) from problem


def _full(name: str) -> str:
    return "{" + name if "}" in name else name


def local(element: ET.Element) -> str:
    """Name of an element without its namespace."""
    return element.tag.rsplit("}", 1)[-1]


def words(element: ET.Element | None) -> str:
    """Text of an element, stripped; empty when there is none."""
    return (element.text or "").strip() if element is not None else ""
