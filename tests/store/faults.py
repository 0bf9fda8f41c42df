"""A writer that is killed, run as a program of its own: `python faults.py URL KILLS SEED LEAST MOST`.

It forks writers from a warm process (starting Python a few hundred times would take minutes). A writer puts numbers
into ``run`` together with a row of the trail, one transaction each, and says a number on a pipe only after the commit.
The parent kills it with SIGKILL after a random time and passes on what was acknowledged. Prints JSON.
"""

import contextlib
import datetime as dt
import json
import os
import random
import select
import signal
import sys
import time

from tocsin.store import audit, finish_run, open_store, writing
from tocsin.store.audit import Entry

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def write(url: str, name: str, pipe: int) -> None:
    engine = open_store(url)
    for i in range(1_000_000):
        with writing(engine) as connection:
            id = f"{name}-{i}"
            finish_run(connection, id, "fault", {"n": i}, {"text": "x" * 500}, NOW)
            audit.record(connection, NOW, Entry("writer", "run.made", "run", id))
        os.write(pipe, f"{id}\n".encode())


def main(url: str, kills: int, seed: int, least_ms: float, most_ms: float) -> None:
    dice = random.Random(seed)
    acknowledged: list[str] = []
    with contextlib.closing(open_store(url).raw_connection()):
        pass  # everything imported and warm before the first fork
    for number in range(kills):
        read, put = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                write(url, f"w{number}", put)
            finally:
                os._exit(1)
        os.close(put)
        if number % 2:  # every other one is left alone until its first commit, however slow the disk is today
            select.select([read], [], [], 30)
        time.sleep(dice.uniform(least_ms, most_ms) / 1000)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"writer {number} ended by itself")
        with os.fdopen(read, encoding="ascii") as pipe:
            lines = pipe.read().split("\n")
        acknowledged += lines[:-1]  # what follows the last newline was not said whole
    print(json.dumps(acknowledged))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
