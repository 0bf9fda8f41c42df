"""Callers who trickle or never end the head of a request, at a real server."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from tocsin.web import serving


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(serving, "HEAD_S", 0.5)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        config = uvicorn.Config(hello, http=serving.Patient, lifespan="off", log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([door],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield door.getsockname()
        server.should_exit = True
        thread.join()


def told(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    found = b""
    while part := connection.recv(65536):
        found += part
    return found


def send(connection: socket.socket, blocks: int) -> None:
    for _ in range(blocks):
        connection.sendall(b"x" * 65536)
        time.sleep(0.001)


def test_a_head_that_never_ends_is_cut(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as caller:
        begin = time.monotonic()
        caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert told(caller) == b""
        assert 0.3 < time.monotonic() - begin < 3


def test_a_caller_who_says_nothing_is_cut_too(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as caller:
        assert told(caller) == b""


def test_a_head_that_is_too_large_is_refused_before_it_is_whole(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        time.sleep(0.1)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            send(caller, 200)


def test_whole_heads_are_answered_again_and_again(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as caller:
        for _ in range(3):
            caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            time.sleep(0.2)
            caller.sendall(b"\r\n")
            answer = b""
            while not answer.endswith(b"ok"):
                answer += caller.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.7)  # between requests the keep-alive limit counts, not this one
