"""Benchmarks: ``python -m benchmarks [name]``. Every ``bench_*.py`` here holds one capability."""
