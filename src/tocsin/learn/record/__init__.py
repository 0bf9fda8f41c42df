"""The record: how good our forecasts have been, beside the simplest ones, also where we lose."""

from tocsin.learn.record.backtest import backtest, outcomes
from tocsin.learn.record.compare import Difference, block_bootstrap, diebold_mariano, losses
from tocsin.learn.record.reach import Gain, gain_in_reach, inside_cells, inside_people, people_share, top_share
from tocsin.learn.record.scores import BIN_EDGES, Rows, joined, score
from tocsin.learn.record.summary import (
    METRICS,
    average_precision,
    pit_histogram,
    reliability,
    summary,
)
from tocsin.learn.record.warnings import Lead, lead_times, onset, standing

__all__ = [
    "BIN_EDGES",
    "METRICS",
    "Difference",
    "Gain",
    "Lead",
    "Rows",
    "average_precision",
    "backtest",
    "block_bootstrap",
    "diebold_mariano",
    "gain_in_reach",
    "inside_cells",
    "inside_people",
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
