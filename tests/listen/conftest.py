"""An empty store of today's schema on each database, to copy."""

from tests.store.conftest import empty_database, empty_file

__all__ = ["empty_database", "empty_file"]
