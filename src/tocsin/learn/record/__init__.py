"""The record: how good our forecasts have been, beside the simplest ones, also where we lose."""

from tocsin.learn.record.backtest import backtest, outcomes
from tocsin.learn.record.compare import Difference, block_bootstrap, diebold_mariano, losses
from tocsin.learn.record.scores import BIN_EDGES, Rows, joined, score
from tocsin.learn.record.summary import (
    METRICS,
    average_precision,
    people_share,
    pit_histogram,
    reliability,
    summary,
    top_share,
)
from tocsin.learn.record.warnings import Lead, lead_times, onset, standing

__all__ = [
    "BIN_EDGES",
    "METRICS",
    "Difference",
    "Lead",
    "Rows",
    "average_precision",
    "backtest",
    "block_bootstrap",
    "diebold_mariano",
    "joined",
    "lead_times",
    "losses",
    "onset",
    "outcomes",
    "people_share",
    "pit_histogram",
    "reliability",
    "score",
    "standing",
    "summary",
    "top_share",
]
