"""From the people that a model finds to their bodies."""
