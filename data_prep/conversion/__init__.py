"""From the units of any reader to a shard set."""
