"""The HTTP interface under ``/api/``: one router a room."""
