"""Benchmarks of tracking people."""
