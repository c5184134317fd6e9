"""Conversion of the units of any reader into a shard set."""
