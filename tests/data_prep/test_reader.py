"""The interface of readers."""

import re
from dataclasses import dataclass, field, fields, is_dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from data_prep import panoptic
from data_prep.reader import PICTURES_A_UNIT, LeftOut, Reader, Remark, Tally
from pose import LSP14
from records import BadInput, Person

BAD = BadInput("a.jpg", "broken")
PERSON = Person(
    picture=np.zeros((8, 8, 3), np.uint8),
    box_px=np.array([1, 1, 4, 4]),
    joints_xy_px=np.ones((14, 2)),
    visible=np.full(14, 2),
    dataset="listed",
    sequence="a",
)


@dataclass(frozen=True)
class Listed(Reader):
    """A reader of given items."""

    items: tuple = ()
    asked: list = field(default_factory=list)

    @property
    def skeleton(self):
        return LSP14

    @property
    def dataset(self):
        return "listed"

    def total(self):
        return None

    def units(self):
        self.asked.append("units")
        return [Tally("first", self.items), Tally("second", self.items[:1])]


def test_people_are_those_of_all_units_with_the_broken_inputs():
    items = (PERSON, LeftOut("small"), BAD, Remark("turned"))
    assert list(Listed(items).people()) == [PERSON, BAD, PERSON]
    assert list(Listed().people()) == []


def test_units_are_listed_at_once_so_that_wrong_options_raise_before_the_first_person():
    reader = Listed((PERSON,))
    reader.people()
    assert reader.asked == ["units"]


def test_a_tally_has_its_items_and_reads_no_file():
    tally = Tally("notes", (Remark("turned", 3), LeftOut("small", 2)))
    assert tally.files() == ()
    assert list(tally.people()) == [Remark("turned", 3), LeftOut("small", 2)]


def test_reports_count_one_input_unless_told_otherwise():
    assert LeftOut("small").count == Remark("turned").count == 1


def test_a_reader_knows_nothing_but_what_it_must():
    reader = Listed()
    assert (reader.version, reader.found(), reader.sequence_names()) == (1, {}, set())


@pytest.mark.parametrize("lacks", ["skeleton", "dataset", "total", "units"])
def test_what_a_reader_must_have(lacks):
    has = {name: getattr(Listed, name) for name in ("skeleton", "dataset", "total", "units") if name != lacks}
    with pytest.raises(TypeError, match=f"abstract method '?{lacks}"):
        type("Incomplete", (Reader,), has)()


def test_readers_of_single_images_take_256_a_unit():
    # The records of a data set, and what a stopped run has done, are in this division.
    assert PICTURES_A_UNIT == 256


MODULES = [
    import_module(f"data_prep.{name}")
    for name in (
        "reader",
        "h36m.reader",
        "lsp.reader",
        "mpii.labels",
        "mpii.reader",
        *(f"panoptic.{path.stem}" for path in Path(panoptic.__file__).parent.glob("[a-z]*.py")),
    )
]
DATACLASSES = {
    kind.__name__: kind
    for module in MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == module.__name__
}


def test_options_units_and_labels_cannot_be_changed():
    """Units are cached, pickled and compared between runs, and people share their labels."""
    assert len(DATACLASSES) > 20
    changeable = [name for name, kind in DATACLASSES.items() if not kind.__dataclass_params__.frozen]
    assert changeable == []


def test_what_holds_arrays_is_compared_by_identity():
    """The truth of `==` of two arrays is ambiguous."""
    names = {"ndarray"}
    while found := {
        name
        for name, kind in DATACLASSES.items()
        if name not in names and any(names & set(re.findall(r"\w+", str(field.type))) for field in fields(kind))
    }:
        names |= found
    by_identity = {name for name, kind in DATACLASSES.items() if kind.__eq__ is object.__eq__}
    assert by_identity == names - {"ndarray"}
