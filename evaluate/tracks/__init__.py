"""Metrics of people who are tracked through videos."""
