"""Whole days in a mission, through the command line."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.cli.main import run

Typed = Callable[..., tuple[int, str, str]]


def typed(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """The command in this process, from what was typed to the exit code: a process of its own costs a second or two."""

    def one(*arguments: object, cwd: Path) -> tuple[int, str, str]:
        monkeypatch.chdir(cwd)
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr(sys, "argv", ["tocsin", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            run()
        code = end.value.code
        assert code is None or isinstance(code, int)
        out, err = capfd.readouterr()
        assert "Traceback" not in err, err
        return code or 0, out, err

    return one
