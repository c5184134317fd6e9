"""Readers of data sets on disk, each a stream of labelled people, and their conversion into shard sets."""

from machine.interrupts import end_quietly_while_importing

end_quietly_while_importing(__name__)
