"""What people read: the brief and its formats."""

from tocsin.brief.text import compose
from tocsin.brief.write import SUFFIXES, render, write

__all__ = ["SUFFIXES", "compose", "render", "write"]
