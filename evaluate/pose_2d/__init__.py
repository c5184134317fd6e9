"""Measuring the joints of one person in two dimensions: metrics, tables, plots and the report."""
