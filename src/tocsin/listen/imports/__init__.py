"""Files in: recognise the layout, take the rows, keep what cannot be used."""

from tocsin.listen.imports.actions import import_file
from tocsin.listen.imports.layouts import LAYOUTS

__all__ = ["LAYOUTS", "import_file"]
