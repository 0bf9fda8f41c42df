"""Tocsin: software for the protection of civilians in armed conflict."""

__version__ = "0.1.0"
