"""In which order to leave, what must be in place before, and when to come back."""

from tocsin.plan.drawdown.order import Closing, Order, close_by, close_in_order, greedy_order, protection
from tocsin.plan.drawdown.trigger import Delay, Quiet, Trigger, calibrate, cusum, delay, quiet_of

__all__ = [
    "Closing",
    "Delay",
    "Order",
    "Quiet",
    "Trigger",
    "calibrate",
    "close_by",
    "close_in_order",
    "cusum",
    "delay",
    "greedy_order",
    "protection",
    "quiet_of",
]
