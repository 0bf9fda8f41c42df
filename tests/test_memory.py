"""Whatever comes in, memory stays bounded: measured in a process of its own (tests/memory.py)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST_MB = 100  # beside what was there, for input whose size is little
TIMES = 3  # of the input, where it must be read whole
WHOLE = {"nothing but brackets.json", "many small things.json", "many empty texts.json", "deep.json", "many photos",
         "a head that does not end"}  # fmt: skip
READ = {"empty lines.csv", "a long text", "many attributes", "many photos"}  # harmless: the others are refused


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux says it")
def test_hostile_files_and_deliveries_take_little_memory(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.memory", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    told = json.loads(run.stdout)
    assert len(told) > 15
    for name, was in told.items():
        most = TIMES * was["input_mb"] if name in WHOLE else 0
        assert was["mb"] < max(most, MOST_MB), (name, was)
        assert (was["ended"] == "read") == (name in READ), (name, was)
