"""Measuring the joints of many people in whole images: metrics, tables and the report."""
