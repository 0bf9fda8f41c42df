"""Ctrl+C, heard for certain.

Python raises `KeyboardInterrupt` wherever the program happens to be, and loses it where it cannot be raised: in a
finaliser, or a callback of a library. A command remembers that it was told to stop, and asks before it keeps anything.
"""

import signal
import threading
from typing import Any

_told = False


def listen() -> None:
    """From here on Ctrl+C is remembered as well as raised; where somebody else takes the signal, nothing changes."""
    first = threading.current_thread() is threading.main_thread()
    if first and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _hear)


def check() -> None:
    """Stop here if the program was told to.

    Raises
    ------
    KeyboardInterrupt
        If it was raised before and got lost.
    """
    if _told:
        raise KeyboardInterrupt


def _hear(_number: int, _frame: Any) -> None:
    global _told  # noqa: PLW0603 - one process is told to stop once
    _told = True
    raise KeyboardInterrupt
