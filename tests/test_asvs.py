"""The checklist of the ASVS against the standard's numbers, against our tests and files, and against its own totals."""

import ast
import functools
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "asvs.md"

# OWASP ASVS 5.0.0: how many requirements of levels 1 and 2 each section has. They are the first of their section, in
# every section; 3.1, 3.6, 6.7, 11.7 and 15.4 have level 3 only.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4,
    "17.3": 2,
}  # fmt: skip
NAMES = {
    "test": "shown by a test", "file": "done in a file or setting", "does not apply": "does not apply",
    "**not done**": "not done",
}  # fmt: skip


def rows() -> list[tuple[str, str, str, str]]:
    """Id, what it asks for, how it is shown, and where."""
    found = re.findall(
        r"^\| (\d+\.\d+\.\d+) \| (.+?) \| (.+?) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return [(id, what, how, where) for id, what, how, where in found]


@functools.cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


def test_every_requirement_of_levels_1_and_2_stands_there_once_in_order() -> None:
    wanted = [f"{section}.{n}" for section, count in SECTIONS.items() for n in range(1, count + 1)]
    assert len(wanted) == 253
    assert [id for id, *_ in rows()] == wanted
    text = PAGE.read_text(encoding="utf-8")
    chapters = re.split(r"^## V(\d+) .*$", text, flags=re.MULTILINE)
    for number, part in zip(chapters[1::2], chapters[2::2], strict=True):
        ids = re.findall(r"^\| (\d+)\.\d+\.\d+ \|", part, re.MULTILINE)
        assert set(ids) == {number}


def test_every_test_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert named
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in functions_of(path), f"{path} has no {name}"


def test_every_file_named_exists() -> None:
    for path in re.findall(
        r"`((?:src|deploy|frontend)/[\w/.\-]+|[\w.\-]+\.(?:toml|lock))`", PAGE.read_text(encoding="utf-8")
    ):
        if path != "tocsin.toml":  # a mission's
            assert (ROOT / path).exists(), path


def test_each_row_says_what_its_kind_needs() -> None:
    for id, _what, how, where in rows():
        assert how in NAMES, id
        if how == "test":
            assert re.search(r"`tests/[\w/]+\.py::test_\w+`", where), f"{id} names no test"
        elif how == "file":
            assert re.search(
                r"`[\w/.\-]+\.(py|toml|lock|json|yaml|html|js|tsx?)`|`[\w/]+`|\]\([\w/.\-]+\)|Containerfile", where
            ), id
        else:
            assert len(where) > 5, f"{id} gives no reason"


def test_the_totals_are_those_of_the_rows() -> None:
    told = dict(re.findall(r"^\| ([a-z ]+) \| (\d+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    counted = Counter(NAMES[how] for _id, _what, how, _where in rows())
    assert {name: int(told[name]) for name in NAMES.values()} == counted
    assert int(told["all"]) == len(rows())
