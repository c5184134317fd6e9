"""Measuring pose estimators: metrics, tables, plots and the report behind `python -m evaluate`."""

from evaluate.pose_2d.summary import HEADLINE, Summary, summarize
from machine.interrupts import end_quietly_while_importing

__all__ = ["HEADLINE", "Summary", "summarize"]

end_quietly_while_importing(__name__)
