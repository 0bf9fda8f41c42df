"""Private PostgreSQL servers for tests and benchmarks: real ones, gone with the process that started them."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "tocsin-pg-"
_MEMORY = Path("/dev/shm")
_ROOM = 6 << 30  # bytes of memory to be free before a server's folder goes there


def programs() -> Path:
    """Folder of PostgreSQL's own programs (`initdb`, `postgres`, …).

    Raises FileNotFoundError saying how to install it.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if initdb is None:
        raise FileNotFoundError("PostgreSQL is not installed; `make setup` installs it when root")
    return Path(initdb).resolve().parent


class OwnPostgres:
    """A server in a folder of its own, started and stopped at will; `url` is the address of its first database.

    It is a child that the kernel stops when this process dies, killed or not.
    """

    def __init__(self, folder: Path, *, settings: tuple[str, ...] = ()) -> None:
        self.folder, self.data, self.settings = folder, folder / "data", settings
        self.user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
        if self.user:
            shutil.chown(folder, self.user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.server = f"postgresql+psycopg://tocsin@127.0.0.1:{self.port}"
        self.url = f"{self.server}/postgres"
        self._running: subprocess.Popen[bytes] | None = None

    def run(self, name: str, *arguments: object) -> None:
        """Run one of PostgreSQL's own programs as the server's user."""
        command = [str(programs() / name), *map(str, arguments)]
        subprocess.run(command, user=self.user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def make(self) -> None:
        """Make the server's files, without waiting for the disk."""
        self.run("initdb", "-D", self.data, "-U", "tocsin", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self, data: Path | None = None) -> None:
        """Start the server on its files and wait until it answers (at most a minute)."""
        options = ["listen_addresses=127.0.0.1", *self.settings]
        command = [programs() / "postgres", "-D", data or self.data, "-p", str(self.port), "-k", self.folder]
        command += [part for option in options for part in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                command, user=self.user, cwd=self.folder, stdout=log, stderr=log, preexec_fn=_die_with_parent
            )
        for _ in range(600):
            answer = subprocess.run(
                [programs() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
            )
            if answer.returncode == 0:
                return
            if self._running.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server: cleanly, or at once and without a word. Stopping a stopped one does nothing."""
        if self._running is None:
            return
        self._running.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
        self._running.wait(60)
        self._running = None


@contextlib.contextmanager
def own_postgres(*settings: str, in_memory: bool = True) -> Iterator[OwnPostgres]:
    """A started server; its folder goes with it.

    In memory where there is room: a database is some 300 files, and a busy disk takes minutes to remove them.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_MEMORY if in_memory and _roomy() else None))
    server = OwnPostgres(folder, settings=settings)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop(at_once=True)
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove folders of servers whose run was killed: left alone they fill the memory of the next run."""
    for home in (_MEMORY, Path(tempfile.gettempdir())):
        for folder in home.glob(f"{_PREFIX}*"):
            if time.time() - folder.stat().st_mtime > 60 and not _lives(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _lives(folder: Path) -> bool:
    try:
        number = (folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0]
        return os.fsencode(folder) in Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return False


def _roomy() -> bool:
    try:
        free = shutil.disk_usage(_MEMORY).free
        left = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return False
    return os.access(_MEMORY, os.W_OK) and min(free, int(left.split()[1]) << 10) > _ROOM


_LIBC = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _LIBC.prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
