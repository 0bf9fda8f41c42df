"""Servers that are killed, a program of its own: `python -m tests.web.faults FOLDER PATH KILLS SEED LEAST_MS MOST_MS`.

The real door behind a real socket: each server is forked from a warm process (starting Python a few hundred times would
take minutes) and runs uvicorn with the intake and the reader. Clients send reports and write down those that were
answered with 2xx; every server is killed with SIGKILL after a random time, in the middle of whatever it does. With
SPOOL=1 in the environment the database is held by somebody else half of the time, so that servers also die while they
spool and while they drain. Prints JSON: what was acknowledged, what was sent, how many were killed.
"""

import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import sys
import threading
import time
from itertools import chain
from pathlib import Path
from urllib.parse import quote


def serve(folder: str, listening: socket.socket) -> None:
    import uvicorn

    from tocsin.core.mission import load
    from tocsin.web.app import make_app

    app = make_app(load(Path(folder)))
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listening])


def client(port: int, path: str, name: str, stop: threading.Event, said: list[str], sent: list[str]) -> None:
    """Sends reports one after the other; one that was not answered is sent again, as gateways do."""
    connection, n, again = None, 0, None
    while not stop.is_set():
        if again is None:
            n += 1
            again = f"{name}-{n}"
            sent.append(again)
        try:
            connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            text = quote(f"attaque à Ippy {again}")
            bearer = {"Authorization": f"Bearer {os.environ['SECRET']}"}
            connection.request("GET", f"{path}?id={again}&sender=%2B2367{n % 50:07}&text={text}", headers=bearer)
            answer = connection.getresponse()
            answer.read()
            if 200 <= answer.status < 300:
                said.append(again)
                again = None
            else:
                time.sleep(0.02)
        except (OSError, http.client.HTTPException):
            connection = None
            time.sleep(0.005)


def holder(folder: str, seed: int, stop: threading.Event) -> None:
    """Somebody who holds the database now and then, for longer than reports wait."""
    dice = random.Random(seed)
    records = sqlite3.connect(Path(folder) / "tocsin.db", isolation_level=None, timeout=30)
    while not stop.is_set():
        records.execute("BEGIN IMMEDIATE")
        stop.wait(dice.uniform(0.2, 0.8))
        records.execute("ROLLBACK")
        stop.wait(dice.uniform(0.2, 0.8))
    records.close()


def main(folder: str, path: str, kills: int, seed: int, least_ms: float, most_ms: float) -> None:
    import tocsin.web.app  # noqa: F401  everything imported before the first fork

    dice = random.Random(seed)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    listening.listen(200)
    port, stop = listening.getsockname()[1], threading.Event()
    children: list[int] = []

    def fork() -> int:
        child = os.fork()
        if child == 0:
            try:
                serve(folder, listening)
            finally:
                os._exit(1)
        return child

    said: list[list[str]] = [[] for _ in range(4)]
    sent: list[list[str]] = [[] for _ in range(4)]
    # clients live in a process of their own: threads and forks do not go together
    read, put = os.pipe()
    asker = os.fork()
    if asker == 0:
        os.close(read)
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        threads = [
            threading.Thread(target=client, args=(port, path, f"c{k}", stop, said[k], sent[k])) for k in range(4)
        ]
        if os.environ.get("SPOOL"):
            threads.append(threading.Thread(target=holder, args=(folder, seed, stop)))
        for thread in threads:
            thread.start()
        while not stop.is_set():
            time.sleep(0.05)
        for thread in threads:
            thread.join()
        with os.fdopen(put, "w") as pipe:
            json.dump({"said": [*chain(*said)], "sent": [*chain(*sent)]}, pipe)
        os._exit(0)
    os.close(put)
    for _ in range(kills):
        child = fork()
        children.append(child)
        time.sleep(dice.uniform(least_ms, most_ms) / 1000)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit("a server ended by itself")
    last = fork()  # the last one is let live until everything is drained
    time.sleep(float(os.environ.get("SETTLE", "2.5")))
    os.kill(asker, signal.SIGTERM)
    with os.fdopen(read) as pipe:
        found = json.load(pipe)
    os.waitpid(asker, 0)
    spool = Path(folder) / "spool"
    for _ in range(100):
        if not list(spool.glob("*.spool")):
            break
        time.sleep(0.2)
    os.kill(last, signal.SIGTERM)
    os.waitpid(last, 0)
    print(json.dumps({**found, "kills": kills}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), float(sys.argv[6]))
