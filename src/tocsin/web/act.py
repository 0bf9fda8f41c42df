"""Putting the act room at the door: its routes, delivery receipts, and the background worker beside the server."""

import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import FastAPI

from tocsin.act.jobs import worker_of
from tocsin.act.notify import take_receipts
from tocsin.act.notify.formats.receipts import READERS, read_receipts
from tocsin.listen.alerts.model import Delivery
from tocsin.store import writing
from tocsin.store.keys import key_folder, open_keys
from tocsin.web.api import act, act_duty, act_tasks, act_warnings
from tocsin.web.who import House

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Beating:
    """ASGI that starts the worker when the application starts and ends it with it.

    Not in a process that is told not to (``app.state.acts = False``, or one that does not read reports either).
    """

    def __init__(self, app: Any, state: Any) -> None:
        self.app, self.state = app, state
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything onwards; start and end watched."""
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return

        async def watched() -> MutableMapping[str, Any]:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._start()
            elif message["type"] == "lifespan.shutdown":
                self._end()
            return message

        await self.app(scope, watched, send)

    def _start(self) -> None:
        if not getattr(self.state, "acts", getattr(self.state, "reads_reports", True)):
            return
        house: House = self.state.house
        worker = worker_of(house.mission, house.engine, house.now)
        self._stop.clear()
        self._thread = threading.Thread(
            target=worker.run, args=(self._stop, "main", "server"), name="tocsin-act", daemon=True
        )
        self._thread.start()

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None


def attach(app: FastAPI) -> None:
    """Add routes, receipts and the worker."""

    def receipt(gateway_id: str, provider: str, delivery: Delivery) -> None:
        if provider not in READERS:
            return
        house: House = app.state.house
        found = read_receipts(provider, delivery.body)
        with writing(house.engine) as connection:
            keys = open_keys(connection, key_folder(house.mission), house.now())
            take_receipts(connection, keys, gateway_id, found, house.now())

    app.state.receipt = receipt
    for module in (act, act_tasks, act_duty, act_warnings):
        for name in ("router", "counting", "who", "life", "out", "people"):
            if hasattr(module, name):
                app.include_router(getattr(module, name))
    app.add_middleware(Beating, state=app.state)
