"""A rolling restart, a program of its own: `python -m tests.web.rolling FOLDER PATH`, with SECRET and TOKEN given.

Two doors as `tocsin serve` runs them, on two ports of one PostgreSQL, and clients that do as a proxy does: who is not
answered by one goes to the other. Under load each door is ended with SIGTERM, waited for and started anew, one after
the other. Doors are forked from a warm process, so that the run takes seconds. Prints JSON.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

PATIENCE_S = 20.0
LOAD_S = 0.4  # between two steps


def serve(folder: str, port: int) -> None:
    from tocsin.core.mission import load
    from tocsin.web.app import make_app
    from tocsin.web.serving import server
    from tocsin.web.watch import start_log

    start_log("text")
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", port))
    server(make_app(load(Path(folder)))).run(sockets=[door])


class Proxy:
    """Asks one door, and the other if that one does not answer; every answer is counted by its status."""

    def __init__(self, ports: list[int], first: int) -> None:
        self.ports, self.first = ports, first
        self.lines: dict[int, http.client.HTTPConnection] = {}
        self.answers: Counter[str] = Counter()

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            port = self.ports[self.first % len(self.ports)]
            self.first += 1
            try:
                line = self.lines.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=10))
                line.request(method, path, body=body, headers=headers)
                answer = line.getresponse()
                words = answer.read()
            except (OSError, http.client.HTTPException):
                self.lines.pop(port).close()
                continue
            self.answers[str(answer.status)] += 1
            if answer.status != 503:
                return answer.status, words
            time.sleep(0.02)
        raise SystemExit("neither door answered")


def reports(proxy: Proxy, name: str, stop: threading.Event, said: list[str]) -> None:
    path, n = sys.argv[2], 0
    while not stop.is_set():
        n += 1
        text, id = quote(f"attaque à Ippy {name} {n}"), f"{name}-{n}"
        headers = {"Authorization": f"Bearer {os.environ['SECRET']}"}
        status, _ = proxy.ask("GET", f"{path}?id={id}&sender=%2B2367{n % 50:07}&text={text}", None, headers)
        if status < 300:
            said.append(id)
        time.sleep(0.01)


def tasks(proxy: Proxy, name: str, stop: threading.Event, said: list[str]) -> None:
    n = 0
    while not stop.is_set():
        n += 1
        id = f"{name}-{n}"
        task = {"what": id, "tier": "I", "component": "civilian", "due_at": "2099-01-01T00:00:00Z"}
        headers = {"Authorization": f"Bearer {os.environ['TOKEN']}", "Idempotency-Key": id,
                   "Content-Type": "application/json"}  # fmt: skip
        status, _ = proxy.ask("POST", "/api/tasks", json.dumps(task).encode(), headers)
        if status < 300:
            said.append(id)
        time.sleep(0.02)


def pages(proxy: Proxy, _name: str, stop: threading.Event, _said: list[str]) -> None:
    while not stop.is_set():
        proxy.ask("GET", "/api/alerts?limit=20", None, {"Authorization": f"Bearer {os.environ['TOKEN']}"})
        time.sleep(0.02)


def listen(port: int) -> tuple[socket.socket, bytes]:
    """A live queue, begun."""
    line = socket.create_connection(("127.0.0.1", port), 10)
    head = ["GET /api/live HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {os.environ['TOKEN']}", "", ""]
    line.sendall("\r\n".join(head).encode())
    return line, line.recv(1000)


def rest(line: socket.socket) -> bytes:
    """What comes until the other side ends."""
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := line.recv(65_536):
            parts.append(part)
    line.close()
    return b"".join(parts)


def until_there(port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def main(folder: str) -> None:
    import tocsin.web.app  # noqa: F401  everything imported before the first fork

    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])

    def fork(port: int) -> int:
        child = os.fork()
        if child == 0:
            try:
                serve(folder, port)
                os._exit(0)
            finally:
                os._exit(1)
        return child

    doors = [fork(port) for port in ports]
    read, put = os.pipe()
    asker = os.fork()  # clients live in a process of their own: threads and forks do not go together
    if asker == 0:
        os.close(read)
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        for port in ports:
            until_there(port)
        work = [(f, f"{f.__name__}{k}") for f in (reports, tasks, pages) for k in range(2)]
        proxies = [Proxy(ports, k) for k in range(len(work))]
        said: dict[str, list[str]] = {"reports": [], "tasks": [], "pages": []}
        threads = [
            threading.Thread(target=f, args=(p, name, stop, said[f.__name__]), daemon=True)
            for p, (f, name) in zip(proxies, work, strict=True)
        ]
        for thread in threads:
            thread.start()
        while not stop.is_set():
            time.sleep(0.02)
        for thread in threads:
            thread.join(PATIENCE_S)
        answers = sum((p.answers for p in proxies), Counter[str]())
        with os.fdopen(put, "w") as pipe:
            json.dump({"said": said, "answers": answers}, pipe)
        os._exit(0)
    os.close(put)
    for port in ports:
        until_there(port)
    ends, took, streams = [], [], []
    for n, port in enumerate(ports):
        time.sleep(LOAD_S)
        line, first = listen(port)
        begun = time.monotonic()
        os.kill(doors[n], signal.SIGTERM)
        streams.append((first + rest(line)).endswith(b"0\r\n\r\n"))
        ends.append(os.waitstatus_to_exitcode(os.waitpid(doors[n], 0)[1]))
        took.append(time.monotonic() - begun)
        doors[n] = fork(port)
        until_there(port)
    time.sleep(LOAD_S)
    os.kill(asker, signal.SIGTERM)
    with os.fdopen(read) as pipe:
        found = json.load(pipe)
    os.waitpid(asker, 0)
    for door in doors:
        os.kill(door, signal.SIGTERM)
    ends += [os.waitstatus_to_exitcode(os.waitpid(door, 0)[1]) for door in doors]
    print(json.dumps({**found, "ends": ends, "took": took, "streams": streams}))


if __name__ == "__main__":
    main(sys.argv[1])
