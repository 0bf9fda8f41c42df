"""Documents that cannot rot: they are compared with the code."""

import dataclasses
import re
import tomllib
from pathlib import Path

import typer.main

from tocsin.act.retention import Keep
from tocsin.cli.main import app
from tocsin.cli.output import EXIT_CODES
from tocsin.core.codes import UnitKind
from tocsin.listen.imports import LAYOUTS
from tocsin.web.settings import Serve

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def first_cells(page: str) -> list[str]:
    """What stands in code marks in the first column of a page's tables."""
    return re.findall(r"^\| `([^`]+)` \|", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_folder_of_the_program_has_its_line_and_no_line_is_stale() -> None:
    listed = set(first_cells("where-things-live.md"))
    for folder in listed:
        assert (ROOT / folder).is_dir(), f"{folder} is listed and does not exist"
    rooms = {p.parent for p in (ROOT / "src" / "tocsin").rglob("__init__.py")}
    known = {str(p.relative_to(ROOT)) for p in rooms}
    inner = ("formats", "migrations", "versions", "templates")
    missing = {k for k in known if k not in listed and Path(k).name not in inner and k != "src/tocsin"}
    assert not missing


def test_every_command_is_documented_and_every_documented_command_exists() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    group = typer.main.get_command(app)
    names = set(group.commands)
    documented = set(re.findall(r"`tocsin ([a-z]+)", text))
    assert names == documented


def test_every_exit_code_is_documented() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    codes = {int(c) for c in re.findall(r"^\| (\d) \|", text, re.MULTILINE)}
    assert codes == {0, 2, *EXIT_CODES.values()}


def test_every_layout_and_unit_kind_is_documented() -> None:
    assert set(first_cells("formats.md")) >= set(LAYOUTS)
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    assert ", ".join(k.value for k in UnitKind) in text


def test_settings_written_by_init_are_those_documented(tmp_path: Path) -> None:
    from tocsin.core.mission import create

    create(tmp_path / "m", "CAF")
    written = tomllib.loads((tmp_path / "m" / "tocsin.toml").read_text())
    keys = {f"{table}.{key}" for table, values in written.items() for key in values} | {"store.url", "assess.also"}
    keys |= {f"serve.{field.name}" for field in dataclasses.fields(Serve)}
    keys |= {f"keep.{field.name}" for field in dataclasses.fields(Keep)}
    assert keys == {cell for cell in first_cells("settings.md") if "." in cell and "/" not in cell} - {
        "tocsin.toml", "area.geojson", "cells.csv", "tocsin.db",
    }  # fmt: skip


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(p.name[:4]) for p in (DOCS / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_nothing_links_to_a_page_that_does_not_exist() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *DOCS.rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
