import pytest

from data_prep.conversion.splits import PUBLISHED, SplitRule


def test_lists_override_the_hash_and_the_hash_is_pinned():
    rule = SplitRule(val=0.2, test=0.2, val_sequences=("a",), test_sequences=("b",))
    assert (rule.split("a"), rule.split("b")) == ("val", "test")
    drawn = {name: rule.split(name) for name in map(str, range(500))}
    counts = [list(drawn.values()).count(split) for split in ("train", "val", "test")]
    # 300, 100 and 100 are meant; 40 is four standard deviations.
    assert abs(counts[0] - 300) < 44 and abs(counts[1] - 100) < 40 and abs(counts[2] - 100) < 40
    other = SplitRule(val=0.2, test=0.2, seed=1)
    assert {name: other.split(name) for name in drawn} != drawn
    # Known answers: a set that was begun by an older version goes on with the same split.
    assert [SplitRule(val=0.3, test=0.3).split(name) for name in "0123"] == ["test", "train", "val", "train"]


def test_voxelpose_split_of_the_studio():
    rule = SplitRule(published="panoptic3d")
    test = ["160906_pizza1", "160422_haggling1", "160906_ian5", "160906_band4"]
    train = ["160422_ultimatum1", "160224_haggling1", "160226_haggling1", "161202_haggling1"]
    train += [f"160906_{name}" for name in ("ian1", "ian2", "ian3", "band1", "band2", "band3")]
    assert {rule.split(name) for name in test} == {"test"} and {rule.split(name) for name in train} == {"train"}
    assert sorted(PUBLISHED["panoptic3d"]["train"] + PUBLISHED["panoptic3d"]["test"]) == sorted(train + test)
    assert rule.split("171204_pose1") == "val"
    assert SplitRule(published="panoptic3d", val_sequences=("160906_band3",)).split("160906_band3") == "val"


def test_a_subject_decides_for_all_its_sequences():
    rule = SplitRule(published="human36m")
    assert [rule.split(f"{subject}/Directions 1") for subject in ("S1", "S9", "S11", "S2")] == [
        "train",
        "test",
        "test",
        "val",
    ]
    drawn = SplitRule(val=0.3, test=0.3)
    for subject in map(str, range(20)):
        assert {drawn.split(f"{subject}/{action}") for action in "abcdefgh"} == {drawn.split(subject)}
    assert SplitRule(test_sequences=("S1",)).split("S1/Eating") == "test"


def test_a_rule_describes_itself_for_the_manifest():
    plain = SplitRule().describe()
    assert "published" not in plain and plain["val"] == 0.05
    assert SplitRule(published="human36m").describe()["published"] == "human36m"


def test_wrong_rules_raise():
    with pytest.raises(ValueError, match="sum to 1 at most, got val 0.6 and test 0.6"):
        SplitRule(val=0.6, test=0.6)
    with pytest.raises(ValueError, match=r"got \['a'\] for both val and test"):
        SplitRule(val_sequences=("a",), test_sequences=("a", "b"))
    with pytest.raises(ValueError, match="must be one of panoptic3d, human36m, got 'coco'"):
        SplitRule(published="coco")


def test_a_few_sequences_leave_one_for_validation():
    names = [str(i) for i in range(1, 9)]
    plain = SplitRule()
    assert {plain.split(name) for name in names} == {"train"}
    rule = plain.with_validation(names)
    # That of the smallest hash, as a larger share would have taken it first.
    (chosen,) = rule.val_sequences
    assert SplitRule(val=0.3).split(chosen) == "val" and len(names) > 1
    assert [name for name in names if rule.split(name) == "val"] == [chosen]
    assert rule.with_validation(names) is rule
    assert plain.with_validation(reversed(names)) == rule
    assert len(plain.with_validation(["a", "b"]).val_sequences) == 1


def test_sequences_are_named_for_validation_only_where_it_would_be_empty():
    names = [str(i) for i in range(1, 9)]
    assert SplitRule(val=0).with_validation(names) == SplitRule(val=0)
    assert SplitRule().with_validation(["1"]) == SplitRule()
    # One subject with two recordings cannot be on both sides.
    assert SplitRule().with_validation(["S1/Eating", "S1/Walking"]) == SplitRule()
    assert SplitRule().with_validation(["a/Eating", "b/Eating"]).val_sequences[0] in ("a", "b")
    named = SplitRule(val_sequences=("other",))
    assert named.with_validation(names) is named
    published = SplitRule(published="human36m")
    assert published.with_validation(["S1/a", "S5/a"]) is published
    tested = SplitRule(test_sequences=("1", "2"))
    assert tested.with_validation(["1", "2", "3"]) is tested
    assert tested.with_validation(["1", "2", "3", "4"]).val_sequences[0] in ("3", "4")


def test_with_one_training_sequence_validation_comes_from_the_test_split():
    rule = SplitRule(val=0.01, test=0.5)
    names = [name for name in map(str, range(40)) if rule.split(name) == "test"][:2]
    train = next(name for name in map(str, range(40)) if rule.split(name) == "train")
    found = rule.with_validation([*names, train])
    assert found.val_sequences[0] in names and found.split(train) == "train"
