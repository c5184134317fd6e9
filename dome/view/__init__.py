"""The cameras, and what they see."""
