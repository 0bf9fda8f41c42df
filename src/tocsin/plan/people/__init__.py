"""Which officers go where, which partners complete each other, where liaison assistants live, what police did."""

from tocsin.plan.people.match import match
from tocsin.plan.people.model import Matched, Person, Post, Rule

__all__ = ["Matched", "Person", "Post", "Rule", "match"]
