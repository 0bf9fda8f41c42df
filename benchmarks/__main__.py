"""Run all benchmarks, or the one named: each ``bench_<name>.py`` has ``run() -> list[Figure]``."""

import importlib
import sys
from pathlib import Path

from benchmarks.results import ROOT, page, write


def main() -> None:
    here = Path(__file__).parent
    known = sorted(p.stem.removeprefix("bench_") for p in here.glob("bench_*.py"))
    wanted = sys.argv[1:] or known
    for name in wanted:
        if name not in known:
            sys.exit(f"there is no benchmark '{name}'; there are: {', '.join(known)}")
        print(f"== {name}", flush=True)
        figures = importlib.import_module(f"benchmarks.bench_{name}").run()
        write(name, figures)
        for figure in figures:
            print(f"   {figure.name}: {figure.value:.4g} {figure.unit} (goal {figure.goal})", flush=True)
        (ROOT / "docs" / "benchmarks.md").write_text(page())


if __name__ == "__main__":
    main()
