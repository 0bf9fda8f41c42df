"""In which order to leave, what must be in place before, and when to come back."""

from tocsin.plan.drawdown.order import Closing, Order, close_by, close_in_order, greedy_order, protection

__all__ = ["Closing", "Order", "close_by", "close_in_order", "greedy_order", "protection"]
