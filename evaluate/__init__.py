"""Measuring pose estimators: metrics, tables, plots and the report behind `python -m evaluate`."""

from evaluate.summary import HEADLINE, Summary, summarise

__all__ = ["HEADLINE", "Summary", "summarise"]
