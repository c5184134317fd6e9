"""The human body: shapes, bones and skin."""
