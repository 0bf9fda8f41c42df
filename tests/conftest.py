"""Fixtures every room uses."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="rewrite the expected files of golden tests")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data. Missing it fails in CI and skips elsewhere: the project must work without it."""
    folder = Path(os.environ.get("TOCSIN_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.exists():
        if os.environ.get("CI"):
            pytest.fail(f"real data are missing in CI: {folder}")
        pytest.skip("needs the real data folder beside the project")
    return folder


@pytest.fixture(scope="session")
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-golden"))
