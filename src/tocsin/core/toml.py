"""TOML files that people write by hand."""

import tomllib
from pathlib import Path
from typing import Any

from tocsin.core.errors import BadFile


def read_toml(path: Path) -> dict[str, Any]:
    """What stands in a TOML file.

    Raises
    ------
    BadFile
        If there is no such file, or it cannot be read as TOML; says why.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise BadFile("{name} cannot be read as TOML ({why})", name=path.name, why=problem) from problem
