"""The wheel carries everything the program reads at run time: nobody who installs it needs Node or this repository."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_wheel_holds_code_data_templates_and_catalogues(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    source = ROOT / "src"
    needed = {
        str(path.relative_to(source))
        for path in (source / "tocsin").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".gitignore"
    }
    assert {"tocsin/core/geodata/places.parquet", "tocsin/assess/panel/panel.sql"} <= needed
    assert needed <= inside
