"""Readers of data sets on disk, each a stream of labelled people, and their conversion into shard sets."""
