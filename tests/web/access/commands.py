"""Commands that act as a person, and what each of them is asked: the other door of the leak matrix."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from tests.web.access.canaries import VARIANTS, Planted
from tocsin.cli.main import app
from tocsin.core.errors import TocsinError

# Command → what stands behind it; a word in braces is a table whose planted rows are asked for one by one.
READS = {
    "listen reports": "", "listen report": "{report}", "listen alerts": "", "listen alert": "{alert}",
    "listen source": "{source}", "listen notices": "--ended", "act report": "--from 2026-02-01 --to 2026-03-02",
    "act on-call": "", "act ladders": "--all", "act messages": "", "act pulses": "", "act propose": "{alert}",
    "act tasks": "--all", "act responders": "", "act warnings": "", "act preview": "{warning}", "act contacts": "",
}  # fmt: skip
# They change something and say what they changed: the rights for that are those of the same action at the HTTP door.
WRITES = {
    "listen tell", "listen place", "listen correct", "listen accept", "listen dismiss", "listen split", "listen merge",
    "listen undo", "listen call-back", "act shift", "act holder", "act substitutes", "act away", "act silence",
    "act answer-ladder", "act handover", "act reach", "act acknowledge", "act decide", "act host-state", "act close",
    "act tell", "act told", "act reopen", "act give", "act step", "act hand-on", "act responder", "act warn",
    "act release", "act cancel", "act withdraw", "act ack", "act contact",
}  # fmt: skip
# They run the machine, for whoever holds the files, and show no case.
MACHINE = {
    "listen work", "listen words", "listen gateway add", "listen gateway list", "listen gateway close",
    "listen gateway rotate", "act beat", "act sender",
}  # fmt: skip


def commands() -> set[str]:
    """Every command of the two rooms whose rows have rights."""

    def walk(group: Any, before: str) -> Iterator[str]:
        for name, found in group.commands.items():
            if getattr(found, "commands", None):
                yield from walk(found, f"{before}{name} ")
            else:
                yield before + name

    return {name for name in walk(get_command(app), "") if name.startswith(("listen ", "act "))}


def asked(command: str, planted: Planted) -> list[list[str]]:
    """A command as it is typed, once for each planted row it can name."""
    more = READS[command]
    if not more.startswith("{"):
        return [[*command.split(), *more.split()]]
    return [[*command.split(), str(planted.ids[more.strip("{}")][v])] for v in VARIANTS]


def run(words: list[str], folder: str, token: str) -> tuple[bool, str]:
    """Whether it answered or refused as it should, and everything it said, the sentence of an error too."""
    done = CliRunner().invoke(app, [*words, "--mission", folder, "--json"], env={"TOCSIN_TOKEN": token})
    known = done.exit_code == 0 or isinstance(done.exception, TocsinError)
    return known, f"{done.output} {done.exception or ''}"
