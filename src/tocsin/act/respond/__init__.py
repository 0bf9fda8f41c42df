"""An alert's way: ranked, who could go, acknowledged, closed, the source told."""

from tocsin.act.respond.actions import acknowledge, close, decide, rank, rank_changed, tell_sources
from tocsin.act.respond.reads import Travel, proposal_for

__all__ = ["Travel", "acknowledge", "close", "decide", "proposal_for", "rank", "rank_changed", "tell_sources"]
