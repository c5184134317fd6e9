"""All that finds everybody in an image, in one table: published nets, ours, and what both cost as people grow more."""
