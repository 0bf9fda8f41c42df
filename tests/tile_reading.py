"""Reading a vector tile back, as the specification says (2.1), for tests."""

import struct
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Feature:
    id: int | None = None
    kind: int = 0
    geometry: list[int] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def point(self) -> tuple[int, int]:
        assert self.geometry[0] == 9
        return back(self.geometry[1]), back(self.geometry[2])


def back(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data: bytes) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        else:
            assert key & 7 == 2
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        found.append((key >> 3, value))
    return found


def packed(data: bytes) -> list[int]:
    found, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        found.append(value)
    return found


def worth(data: bytes) -> Any:
    ((number, value),) = fields(data)
    return {1: lambda: value.decode(), 3: lambda: value, 6: lambda: back(value), 7: lambda: bool(value)}[number]()


def read_tile(data: bytes) -> dict[str, list[Feature]]:
    """Features of each layer."""
    layers = {}
    for number, layer in fields(data):
        assert number == 3
        parts = fields(layer)
        (name,) = (v.decode() for n, v in parts if n == 1)
        keys = [v.decode() for n, v in parts if n == 3]
        values = [worth(v) for n, v in parts if n == 4]
        assert [v for n, v in parts if n == 15] == [2]
        assert [v for n, v in parts if n == 5] == [4096]
        layers[name] = [_feature(v, keys, values) for n, v in parts if n == 2]
    return layers


def _feature(data: bytes, keys: list[str], values: list[Any]) -> Feature:
    made = Feature()
    for number, value in fields(data):
        if number == 1:
            made.id = value
        elif number == 2:
            tags = packed(value)
            made.properties = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
        elif number == 3:
            made.kind = value
        else:
            made.geometry = packed(value)
    return made
