"""One frame, two frames."""

import pytest

from machine.words import counted


@pytest.mark.parametrize(
    "arguments, text",
    [((1, "thread"), "1 thread"), ((2, "thread"), "2 threads"), ((0, "person", "people"), "0 people")],
)
def test_a_number_and_what_it_counts(arguments, text):
    assert counted(*arguments) == text
