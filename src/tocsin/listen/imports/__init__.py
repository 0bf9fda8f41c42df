"""Files in: recognise the layout, take the rows, keep what cannot be used."""

from tocsin.listen.imports.actions import Reading, import_as, import_file, look_at
from tocsin.listen.imports.layouts import LAYOUTS
from tocsin.listen.imports.looked import Looked

__all__ = ["LAYOUTS", "Looked", "Reading", "import_as", "import_file", "look_at"]
