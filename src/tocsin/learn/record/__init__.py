"""The record: how good our forecasts have been, beside the simplest ones, also where we lose."""

from tocsin.learn.record.backtest import backtest, block_bootstrap, outcomes
from tocsin.learn.record.scores import BIN_EDGES, Rows, joined, score
from tocsin.learn.record.summary import METRICS, average_precision, pit_histogram, reliability, summary, top_share

__all__ = [
    "BIN_EDGES",
    "METRICS",
    "Rows",
    "average_precision",
    "backtest",
    "block_bootstrap",
    "joined",
    "outcomes",
    "pit_histogram",
    "reliability",
    "score",
    "summary",
    "top_share",
]
