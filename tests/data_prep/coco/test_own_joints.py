"""Files with keypoints of their own: any category, names, number, limbs."""

import json

import numpy as np
import pytest
from beetle import EDGES, JOINTS, NAMES, write_beetles
from commands import call
from made_units import remarks

from data_prep.coco.naming import Naming
from data_prep.coco.reader import Coco
from data_prep.command import main
from pose import COCO17
from records import read_manifest
from records.features import read_features
from records.tfrecord import read_records

PAIRS = ("wing alpha:wing beta",)


@pytest.fixture
def beetles(tmp_path):
    write_beetles(tmp_path / "set", 6)
    return tmp_path / "set"


def coco(root, **options):
    return Coco(root, annotations="labels.json", images="pictures", **options)


def changed(root, **category):
    """Changes the category of the file."""
    path = root / "labels.json"
    content = json.loads(path.read_text())
    content["categories"][1].update(category)
    path.write_text(json.dumps(content))
    return root


def test_the_skeleton_is_the_files(beetles):
    skeleton = coco(beetles, pairs=PAIRS, sigmas=("0.05", "Tail Tip=0.02")).skeleton
    assert (skeleton.name, skeleton.joints) == ("beetle", JOINTS)
    assert skeleton.limbs == tuple((a - 1, b - 1) for a, b in EDGES)
    assert skeleton.pairs == ((2, 3), (4, 5)) and skeleton.lone_joints == ()
    assert skeleton.sigmas == (0.05, 0.02, 0.05, 0.05, 0.05, 0.05, 0.05)
    assert skeleton.torso is None and skeleton.head is None


def test_labels_are_in_the_files_order_and_a_third_is_needed(beetles):
    labels = json.loads((beetles / "labels.json").read_text())["annotations"]
    people = list(coco(beetles).people())
    assert len(people) == 6
    for person, entry in zip(people, labels, strict=True):
        np.testing.assert_allclose(person.joints_xy_px, np.reshape(entry["keypoints"], (7, 3))[:, :2], rtol=1e-6)
        assert person.visible.tolist() == [2] * 7
    assert remarks(coco(beetles)) == {
        "joints with a left and a right: feeler": 7,
        "joints without a side: head, tail_tip, wing_alpha, wing_beta, bauch": 7,
        "no left shoulder and right hip, so PCK divides by a quarter of the box's longer side": 7,
    }


def test_renamed_keypoints_get_cocos_names_and_limbs(beetles):
    changed(beetles, skeleton=None)
    rename = ("Head=left shoulder", "Bauch=left elbow", "wing beta=LWrist")
    skeleton = coco(beetles, rename=rename).skeleton
    assert skeleton.joints[0] == "left_shoulder" and skeleton.joints[3] == "left_wrist"
    assert skeleton.sigmas[0] == 0.079
    assert {frozenset(limb) for limb in skeleton.limbs} == {frozenset((0, 6)), frozenset((6, 3))}


@pytest.mark.parametrize(
    ("limbs", "expected", "remark"),
    [
        (EDGES, 6, None),
        ([[a - 1, b - 1] for a, b in EDGES], 6, "the file's limbs count keypoints from 0"),
        ([[1, 8]], 0, "the file's limbs name keypoints that there are not"),
        ([[1, -1]], 0, "the file's limbs name keypoints that there are not"),
        ([[1, 2, 3]], 0, "the file's limbs name keypoints that there are not"),
        ("no", 0, "the file's limbs name keypoints that there are not"),
        ([], 0, "the file draws no limbs"),
        ([[2, 2], [1, 2]], 1, None),
    ],
)
def test_limbs_as_tools_write_them(beetles, limbs, expected, remark):
    reader = coco(changed(beetles, skeleton=limbs))
    assert len(reader.skeleton.limbs) == expected
    if expected == 6:
        assert reader.skeleton.limbs[1] == (6, 1)
    found = [text for text in remarks(reader) if text.startswith("the file")]
    assert (found[0].startswith(remark) and len(found) == 1) if remark else not found


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"pairs": ("wing alpha",)}, "pairs must be LEFT:RIGHT, got 'wing alpha'"),
        ({"pairs": ("wing alpha:",)}, "pairs must be LEFT:RIGHT, got 'wing alpha:'"),
        ({"rename": ("a",)}, "rename must be OLD=NEW, got 'a'"),
        ({"sigmas": ("wide",)}, "sigmas must be JOINT=NUMBER or a NUMBER, above 0 and below 1, got 'wide'"),
        ({"sigmas": ("head=1",)}, "above 0 and below 1, got 'head=1'"),
        ({"sigmas": ("0",)}, "above 0 and below 1, got '0'"),
    ],
)
def test_options_of_another_form_raise(options, why):
    with pytest.raises(ValueError, match=why):
        Naming(**options)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"pairs": ("wing alpha:horn",)}, "category 'beetle': there is no joint 'horn'; the joints are head, tail_tip"),
        ({"sigmas": ("horn=0.1",)}, "there is no joint 'horn'"),
        ({"rename": ("horn=nose",)}, "rename names 'horn', which is none of 'Head', 'Tail Tip'"),
        ({"rename": ("Head=tail tip",)}, "several keypoints mean one joint: 'tail tip', 'Tail Tip'"),
        ({"pairs": ("wing alpha:L-feeler",)}, None),
        ({"pairs": ("Head:Bauch", "Head:wing alpha")}, "has a joint in two pairs"),
        ({"category": "leaf"}, "has no category 'leaf' with keypoints; its categories are 'leaf', 'beetle'"),
        ({"min_keypoints": 8}, "min_keypoints must be 7 or less"),
    ],
)
def test_joints_that_there_are_not_raise(beetles, options, why):
    if why is None:
        # What is given comes before what the names say.
        assert coco(beetles, **options).skeleton.pairs == ((2, 4),)
        return
    with pytest.raises(ValueError, match=why):
        coco(beetles, **options).units()


def test_cocos_17_joints_in_another_order_are_coco17_unless_more_is_said(beetles):
    names = [name.replace("_", " ").title() for name in COCO17.joints[::-1]]
    assert Naming().skeleton("cat", names, None)[:2] == (COCO17, tuple(range(16, -1, -1)))
    skeleton, order, _ = Naming(sigmas=("nose=0.5",)).skeleton("cat", names, [[1, 2]])
    assert skeleton.name == "cat" and skeleton.joints == COCO17.joints[::-1] and order == tuple(range(17))


def convert(beetles, out, *options):
    where = ("--annotations", "labels.json", "--images", "pictures", "--val", "0.3", "--test", "0", "--workers", "1")
    return call(main, "coco", "--root", str(beetles), "--out", str(out), *where, *options)


def test_records_hold_the_skeleton_and_a_share_of_the_box_in_place_of_a_torso(beetles, tmp_path):
    run = convert(beetles, tmp_path / "out", "--pairs", *PAIRS)
    assert run.returncode == 0 and "joints with a left and a right: wing_alpha/wing_beta, feeler" in run.stdout
    assert read_manifest(tmp_path / "out").skeleton == coco(beetles, pairs=PAIRS).skeleton
    for example in read_records(next((tmp_path / "out").glob("train-*"))):
        # The box's longer side is 224 / 1.25 px in the crop.
        assert read_features(example, 7)["person/torso_px"] == pytest.approx(0.25 * 224 / 1.25)
    # Without the pairs it would be another set.
    run = convert(beetles, tmp_path / "out")
    assert run.returncode == 2 and "already holds a shard set made with other settings" in run.stderr


def test_a_skeleton_of_the_project_takes_the_joints_of_the_same_name(beetles, tmp_path):
    options = ("--skeleton", "lsp14", "--rename", "Head=head top", "Bauch=neck")
    assert convert(beetles, tmp_path / "out", *options).returncode == 0
    example = next(read_records(next((tmp_path / "out").glob("train-*"))))
    assert np.flatnonzero(read_features(example, 14)["joints/visible"]).tolist() == [12, 13]


def test_names_are_as_tools_write_them():
    assert Naming().skeleton("", NAMES, EDGES)[0].name == "own"
