"""Exercises on an invented country: a seeded simulator whose truth is known."""

from tocsin.learn.exercise.files import FILES, World, simulate, write
from tocsin.learn.exercise.scenario import Actor, Scenario, load

__all__ = ["FILES", "Actor", "Scenario", "World", "load", "simulate", "write"]
