"""Readers of data sets on disk, which stream labeled people, and their conversion into shard sets."""

from machine.interrupts import end_quietly_while_importing

end_quietly_while_importing(__name__)
