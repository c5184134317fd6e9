"""Words that the commands say."""

from machine.words import counted

__all__ = ["counted"]
