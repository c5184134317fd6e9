"""Frames: how people are grouped, and that sets of frames keep the promises of sets of people."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from made_units import Made, made_person

from data_prep.conversion.convert import Conversion, TooManySkipped, convert
from data_prep.conversion.frames import group_frames
from data_prep.conversion.inputs import TracedUnit, traced_units
from data_prep.conversion.record_parts import Parts
from data_prep.conversion.splits import SplitRule
from data_prep.reader import ADDED, LeftOut, Reader, Remark, Unlabeled
from pose import LSP14
from records import BadInput, Frame, Region, read_manifest
from records.features import read_features
from records.tfrecord import read_records

OPTIONS = Conversion(
    kind="frames", size=32, people_per_shard=3, workers=1, split=SplitRule(val=0.25, test=0.25, seed=1)
)
BOX = Region.of_box(np.array([10.0, 10, 30, 30]))


def people_of(number: int, count: int) -> list:
    """So many people of one image."""
    first = made_person(number)
    return [replace(first, person=person) for person in range(count)]


def unlabeled(number: int, region: Region | None = BOX) -> Unlabeled:
    one = made_person(number)
    return Unlabeled(one.picture, one.dataset, one.sequence, one.camera, one.frame, region)


def test_people_of_an_image_are_a_frame():
    alone = unlabeled(9, None)
    marked = unlabeled(4)
    items = [*people_of(0, 2), LeftOut("small"), *people_of(1, 1), BadInput("a", "b"), Remark("c"), alone, marked]
    found = list(group_frames(items))
    assert [type(item) for item in found] == [LeftOut, Frame, BadInput, Remark, Frame, Frame, Frame]
    frames = [item for item in found if isinstance(item, Frame)]
    assert [len(frame.people) for frame in frames] == [2, 1, 0, 0]
    assert [frame.unlabeled for frame in frames] == [[], [], [], [BOX]]
    assert [frame.key for frame in frames] == ["made/s0//0", "made/s0//1", "made/s1//9", "made/s0//4"]


def test_another_picture_is_another_frame_although_its_numbers_are_the_same():
    one, other = made_person(0), made_person(0)
    other.picture = other.picture.copy()
    assert len(list(group_frames([one, replace(one, person=1), other]))) == 2
    assert len(list(group_frames([one, replace(one, camera="b"), replace(one, camera="b", frame=7)]))) == 3


def test_the_frame_before_the_end_of_a_broken_unit_is_kept():
    def items():
        yield from people_of(0, 2)
        raise BadInput("video.mp4", "ends here")

    bad, frame = group_frames(items())
    assert str(bad) == "video.mp4: ends here" and len(frame.people) == 2


@dataclass(frozen=True)
class GroupUnit:
    """Frames of one to three people; the fourth cannot be read."""

    name: str
    first: int

    def files(self):
        return ()

    def people(self):
        for number in range(self.first, self.first + 5):
            found = people_of(number, 1 + number % 3)
            if number % 5 == 3:
                broken = BadInput(f"{number}.jpg", "truncated")

                def fail(broken=broken):
                    raise broken

                found = [replace(person, picture=fail) for person in found]
            yield from found
            if number % 5 == 1:
                yield Unlabeled(found[0].picture, "made", found[0].sequence, frame=number, region=BOX)


@dataclass(frozen=True)
class Groups(Reader):
    """Units of five frames."""

    root: Path
    number: int = 6
    skeleton = LSP14
    dataset = "made"

    def total(self):
        return None

    def units(self):
        return [GroupUnit(f"u{i}", 5 * i) for i in range(self.number)]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_frames_become_records_and_broken_ones_are_counted(tmp_path):
    manifest = convert(Groups(tmp_path), tmp_path / "out", OPTIONS)
    assert (manifest.kind, manifest.size, manifest.max_people) == ("frames", 32, 3)
    assert sum(manifest.counts.values()) == 24 and all(manifest.counts.values())
    assert [bad["what"] for bad in manifest.skipped] == sorted(f"{5 * i + 3}.jpg" for i in range(6))
    assert manifest.source["padding"] == 1.0 and read_manifest(tmp_path / "out") == manifest
    found = {}
    for path in (tmp_path / "out").glob("*.tfrecord"):
        for record in read_records(path):
            features = read_features(record, 14, "frames")
            found[int(features["source/frame"])] = len(features["people/person"]), bool(features["unlabeled/png"])
    assert found == {n: (1 + n % 3, n % 5 == 1) for n in range(30) if n % 5 != 3}
    with pytest.raises(TooManySkipped, match="more than 2 broken inputs"):
        convert(Groups(tmp_path), tmp_path / "strict", replace(OPTIONS, max_skipped=2))


def test_workers_do_not_change_a_byte(tmp_path):
    for workers in (1, 3):
        convert(Groups(tmp_path), tmp_path / str(workers), replace(OPTIONS, workers=workers))
    assert contents(tmp_path / "1") == contents(tmp_path / "3")


@pytest.mark.parametrize("after", [1, 4, 7, 12, 17, 30])
def test_a_stopped_run_resumes_to_the_same_bytes(tmp_path, monkeypatch, after):
    """Also to the same largest number of people, which parts made before tell."""
    convert(Groups(tmp_path), tmp_path / "whole", OPTIONS)
    from records import writer

    left = after
    add = writer.ShardSetWriter.add

    def stop(self, split, example):
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        add(self, split, example)

    monkeypatch.setattr(writer.ShardSetWriter, "add", stop)
    if after < 24:
        with pytest.raises(KeyboardInterrupt):
            convert(Groups(tmp_path), tmp_path / "out", OPTIONS)
    monkeypatch.undo()
    assert convert(Groups(tmp_path), tmp_path / "out", OPTIONS).max_people == 3
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_set_of_people_is_not_continued_as_frames(tmp_path):
    (tmp_path / "log").mkdir()
    reader = Made(tmp_path / "log", 5, 5)
    people = replace(OPTIONS, kind="people")
    convert(reader, tmp_path / "out", people)
    with pytest.raises(ValueError, match="made with other settings; .* kind None, 'frames'"):
        convert(reader, tmp_path / "out", OPTIONS)


def test_options():
    assert Conversion().size_px == 224 and Conversion(kind="frames").size_px == 640
    assert Conversion(kind="frames", size=96).size_px == 96
    with pytest.raises(ValueError, match="kind must be one of people, frames, sequences, got 'crowds'"):
        Conversion(kind="crowds")
    with pytest.raises(ValueError, match="padding is for crops of people, got 1.5 for frames"):
        Conversion(kind="frames", padding=1.5)


@dataclass(frozen=True)
class _Unit:
    name: str

    def files(self):
        return ()


@dataclass(frozen=True)
class _LaterUnit(_Unit):
    more: int = field(default=0, metadata=ADDED)


def test_a_field_that_was_added_later_does_not_change_what_was_made_before(tmp_path):
    (tmp_path / "log").mkdir()

    def made_from(unit):
        reader = Made(tmp_path / "log")
        object.__setattr__(reader, "units", lambda: [unit])
        (traced,) = traced_units(reader)
        assert isinstance(traced, TracedUnit)
        return traced.made_from

    assert made_from(_Unit("a")) == made_from(_LaterUnit("a")) != made_from(_LaterUnit("a", 1))


@dataclass(frozen=True)
class Pairs:
    """Two people in each of three images, and one alone."""

    name: str = "pairs"

    def files(self) -> list[Path]:
        return []

    def people(self):
        for number in range(3):
            first, second = people_of(number, 2)
            yield first
            yield replace(second, joints_xy_px=first.joints_xy_px + 1)
        yield made_person(3)


def test_people_with_the_others_of_their_images(tmp_path):
    split = SplitRule(val=0, test=0, val_sequences=("none",))
    found = {}
    for others in (False, True):
        parts = Parts(tmp_path / str(others), LSP14, LSP14, 32, 1.25, split, others=others)
        parts.clean()
        parts.make(0, TracedUnit(Pairs(), "x"))
        found[others] = [read_features(record, 14) for record in read_records(parts.records(0, "train"))]
    assert [len(one) for one in found.values()] == [7, 7]
    assert not any(one["others/visible"].any() for one in found[False])
    for first, second in zip(found[True][0:6:2], found[True][1:6:2], strict=True):
        # The crops of both are the same.
        np.testing.assert_allclose(first["others/xy_px"][0], second["joints/xy_px"])
        np.testing.assert_allclose(second["others/xy_px"][0], first["joints/xy_px"])
        assert first["others/visible"].sum() == second["others/visible"].sum() == 2 * 14
    assert not found[True][6]["others/visible"].any()


def test_a_broken_person_is_skipped_and_is_nobodys_other(tmp_path):
    first, second = people_of(0, 2)
    broken = replace(second, joints_xy_px=np.full((14, 2), np.nan))

    @dataclass(frozen=True)
    class Broken(Pairs):
        def people(self):
            yield from (first, broken)

    parts = Parts(tmp_path / "parts", LSP14, LSP14, 32, 1.25, SplitRule(val=0, test=0), others=True)
    parts.clean()
    unit = TracedUnit(Broken(), "x")
    parts.make(0, unit)
    part = parts.read(0, unit)
    assert part.counts["train"] == 1 and list(part.skipped) == [broken.key]


def test_sets_made_without_others_stay_as_they_are(tmp_path):
    with pytest.raises(ValueError, match="others are for crops of people, got them for frames"):
        replace(OPTIONS, others=True)
    options = replace(OPTIONS, kind="people")
    manifest = convert(Groups(tmp_path), tmp_path / "out", options)
    assert "others" not in manifest.source
    with pytest.raises(ValueError, match="others"):
        convert(Groups(tmp_path), tmp_path / "out", replace(options, others=True))
    assert convert(Groups(tmp_path), tmp_path / "out", options) == manifest
    with_others = convert(Groups(tmp_path), tmp_path / "with", replace(options, others=True))
    assert with_others.source["others"] is True and with_others.counts == manifest.counts
