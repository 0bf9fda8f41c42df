"""Where community liaison assistants live, which villages each can serve, and what one more would bring."""

from tocsin.plan.liaison.model import Assistant, Village
from tocsin.plan.liaison.serve import best_service
from tocsin.plan.liaison.sites import Sited, place_assistants

__all__ = ["Assistant", "Sited", "Village", "best_service", "place_assistants"]
