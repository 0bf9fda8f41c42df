"""What police did: by tier, area and skill over time, and whether it met what they were faced with."""

from tocsin.learn.policing.contributions import by_month, contributed, gaps
from tocsin.learn.policing.model import Did, Indicator, read_log

__all__ = ["Did", "Indicator", "by_month", "contributed", "gaps", "read_log"]
