"""The brief, printed one at a time in a process of its own, so that queues and reports do not wait for it.

It takes seconds of a processor and holds the interpreter for most of them. Its process is nice: where processors are
few it takes what the door leaves, and its memory goes back when it ends.
"""

import asyncio
import contextlib
import datetime as dt
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from tocsin.brief.actions import gather
from tocsin.brief.write import keep
from tocsin.core.errors import SetupProblem, TocsinError
from tocsin.core.mission import load
from tocsin.store import open_store, reading
from tocsin.web.who import House

FRESH_S = 60.0
LONGEST_S = 300.0
NICE = 19
Make = Callable[[House, str, str, str], bytes]


def here(folder: Path, suffix: str, language: str, now: dt.datetime, address: str = "") -> bytes:
    """A brief as bytes, made in this process and kept; what is calculated on the way is not."""
    mission = load(folder)
    engine = open_store(mission.store_url)
    try:
        with reading(engine) as connection:
            return keep(gather(connection, mission, now, language=language), mission.briefs, suffix, language, address)
    finally:
        engine.dispose()


def aside(at: House, suffix: str, language: str, address: str = "") -> bytes:
    """A brief as bytes, made in a process of its own.

    Raises
    ------
    TocsinError
        As it was raised there.
    SetupProblem
        If the process ended without a brief, or took too long.
    """
    # Not forked: threads of numerical libraries do not survive a fork.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_print,
        args=(theirs, at.mission.folder, suffix, language, at.now(), address),
        daemon=True,
        name="tocsin-brief",
    )
    process.start()
    theirs.close()
    try:
        if ours.poll(LONGEST_S):
            made, refused = ours.recv()
            if refused is not None:
                kind, message, params = refused
                raise kind(message, **params)
            return bytes(made)
    except EOFError:
        pass
    finally:
        ours.close()
        process.terminate()
        process.join()
    raise SetupProblem("the brief could not be made: try again, and see the server's log")


def _print(pipe: Pipe, folder: Path, suffix: str, language: str, now: dt.datetime, address: str) -> None:
    with contextlib.suppress(OSError):
        os.nice(NICE)
    try:
        pipe.send((here(folder, suffix, language, now, address), None))
    except TocsinError as problem:
        pipe.send((b"", (type(problem), problem.message, problem.params)))
    finally:
        pipe.close()


class Printer:
    """Makes one brief at a time; who asks for one that was begun in the last minute gets that one.

    Who waits for it holds no thread.

    Parameters
    ----------
    make : callable
        Makes a brief of a house, for a suffix, a language and the address it is asked at.
    """

    def __init__(self, make: Make = aside) -> None:
        self._make = make
        self._one: asyncio.Lock | None = None
        self._made: dict[tuple[str, str, str], tuple[float, bytes]] = {}

    async def brief(self, at: House, suffix: str, language: str, address: str = "") -> bytes:
        """The brief as bytes."""
        self._one = self._one or asyncio.Lock()
        async with self._one:
            begun, made = self._made.get((suffix, language, address), (-FRESH_S, b""))
            now = time.monotonic()
            if not made or now - begun >= FRESH_S:
                made = await asyncio.to_thread(self._make, at, suffix, language, address)
                self._made[suffix, language, address] = (now, made)
            return made
