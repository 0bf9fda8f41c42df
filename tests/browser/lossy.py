"""A link that loses requests and answers: a proxy in front of the server that hangs up by a seeded dice."""

import contextlib
import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Link:
    """The proxy: which share of requests never arrives, and of which the answer is lost."""

    target: tuple[str, int]
    unasked: float = 0.0
    unanswered: float = 0.0
    lost: list[str] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(20260301))
    port: int = 0

    def carry(self, client: socket.socket) -> None:
        """One connection, until one side or the dice hangs up."""
        with contextlib.suppress(OSError), client, socket.create_connection(self.target, timeout=30) as server:
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()
            while asked := client.recv(65536):
                thrown = self.dice.random()
                if thrown < self.unasked:
                    self.lost.append("request")
                    break
                server.sendall(asked)
                if thrown < self.unasked + self.unanswered:
                    client.shutdown(socket.SHUT_RDWR)  # the server does it, and nobody hears so
                    self.lost.append("answer")
                    server.settimeout(5)
                    while server.recv(65536):
                        pass
            for side in (server, client):
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while told := server.recv(65536):
                client.sendall(told)
            client.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def lossy(address: str) -> Iterator[Link]:
    """A link to a server's address; loses nothing until told to."""
    host, port = address.removeprefix("http://").split(":")
    link = Link((host, int(port)))
    with socket.create_server(("127.0.0.1", 0)) as door:
        link.port = door.getsockname()[1]
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    client, _ = door.accept()
                    threading.Thread(target=link.carry, args=(client,), daemon=True).start()

        door.settimeout(0.2)
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield link
        over.set()
        thread.join(5)
