"""Measuring pose estimators: metrics, tables, plots and the report behind `python -m evaluate`."""

from evaluate.pose_2d.summary import HEADLINE, Summary, summarise
from machine.interrupts import end_quietly_while_importing

__all__ = ["HEADLINE", "Summary", "summarise"]

end_quietly_while_importing(__name__)
