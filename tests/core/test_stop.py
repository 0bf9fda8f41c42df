"""Ctrl+C where Python must swallow it: nothing is kept all the same."""

import subprocess
import sys
from pathlib import Path

LOST = """
import signal, sys
import sqlalchemy as sa
from tocsin.core import stop
from tocsin.store.database import open_store, writing

class Passing:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)  # Ctrl+C while something is tidied away

if sys.argv[2] == "heard":
    stop.listen()
engine = open_store(sys.argv[1])
with writing(engine) as connection:
    connection.execute(sa.text("CREATE TABLE kept (n INTEGER)"))
    connection.execute(sa.text("INSERT INTO kept VALUES (1)"))
    Passing()
print("went on")
"""


def test_a_stop_that_python_loses_keeps_nothing(tmp_path: Path) -> None:
    for how, went_on in (("lost", True), ("heard", False)):
        url = f"sqlite:///{tmp_path / how}.db"
        done = subprocess.run([sys.executable, "-c", LOST, url, how], capture_output=True, text=True, check=False)
        assert (done.stdout == "went on\n") is went_on, done.stderr
        assert (done.returncode == 0) is went_on
