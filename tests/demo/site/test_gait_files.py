"""What the page of gait saves is what `panopose gait` reads, and measures alike."""

import json

import numpy as np
import pytest
from walking import JOINTS, walker

from demo.site.build import page_settings
from demo.tracking.one_euro import OneEuro
from demo.tracking.rule import FollowRule
from gait.__main__ import main
from pose import LSP14, Skeleton

_OWN = Skeleton("walker", JOINTS, limbs=((0, 1), (1, 2), (6, 7), (7, 8)))
_FPS, _SIZE = 30.0, 64
_FOLLOW = """
const { Follower } = await import("./gait/follow.js");
const { analyzePeople } = await import("./gait/analysis.js");
const { gaitFile, jointsFile } = await import("./gait/files.js");
const { Crop } = await import("./crop.js");
const picture = { width: 640, height: 480, data: new Uint8Array(4 * 640 * 480) };
const crop = Crop.centered([319.5, 239.5], 640, given.settings.pose.size);
const inCrop = ([x, y]) => [(x - crop.left) / crop.scale, (y - crop.top) / crop.scale];
let k = 0;
const find = async () => given.people[k].map((person) => ({ ...person, joints: person.joints.map(inCrop) }));
const follower = new Follower({ find }, given.settings);
for (k = 0; k < given.times.length; k += 1) await follower.next(picture, given.times[k]);
const records = follower.records({ width: 960, height: 720 }, 1.5);
const analysis = analyzePeople(records, given.settings.pose.skeleton.joints, 1.7);
return { joints: jointsFile(records), gait: gaitFile(analysis, "walk.mp4") };
"""


def seen(skeleton, frames):
    """Someone who walks, as a model that sees everybody gives them; not seen in some frames, some joints badly."""
    random = np.random.default_rng(4)
    walk = walker(frames / _FPS, _FPS)[..., :2] * (0.04, -0.12) + (120, 260)
    xy = np.zeros((frames, skeleton.num_joints, 2))
    for k, joint in enumerate(skeleton.joints):
        stem = "shoulder" if JOINTS.count(joint) == 0 else joint.split("_", 1)[1]
        side = "right" if joint.startswith("right") else "left"
        xy[:, k] = walk[:, JOINTS.index(f"{side}_{stem}")] - (0, 20 * (joint == "head_top"))
    xy += random.normal(0, 0.4, xy.shape)
    scores = np.where(random.random(xy.shape[:2]) < 0.05, 0.02, 0.9)
    return [
        [] if k in (40, 41, 90) else [{"joints": xy[k].tolist(), "scores": scores[k].tolist(), "score": 0.9}]
        for k in range(frames)
    ]


@pytest.mark.parametrize("skeleton", [LSP14, _OWN])
def test_joints_saved_by_the_page_are_measured_alike(run_js, tmp_path, skeleton, capsys):
    rule = FollowRule(joint_score=0.2, found_score=0.4, lost_score=0.2).for_model({})
    description = {"task": "poses-2d-centers", "skeleton": skeleton.describe(), "size": _SIZE, "padding": 1.25}
    random = np.random.default_rng(1)
    # A phone's video does not begin at 0, and its frames are not even.
    times_s = 0.2 + np.arange(240) / _FPS + random.uniform(-0.004, 0.004, 240)
    saved = run_js(
        _FOLLOW,
        {
            "settings": page_settings(description, rule, OneEuro()),
            "people": seen(skeleton, 240),
            "times": times_s.tolist(),
        },
    )
    (tmp_path / "walk-joints.jsonl").write_text(saved["joints"])
    words = [str(tmp_path / "walk-joints.jsonl"), "--out", str(tmp_path / "out"), "--height-m", "1.7"]
    assert main(words) == 0, capsys.readouterr().err
    ours, theirs = json.loads((tmp_path / "out/gait.json").read_text()), json.loads(saved["gait"])
    assert theirs["source"] == "walk.mp4" and theirs["unit"] == ours["unit"] == "px"
    assert theirs["fps"] == pytest.approx(ours["fps"], rel=1e-12) and len(theirs["measures"]) == 23
    for measure, one in zip(theirs["measures"], ours["measures"], strict=False):
        assert measure.keys() == one.keys()
        assert (measure["name"], measure["unit"], measure["count"]) == (one["name"], one["unit"], one["count"])
        for end in ("value", "low", "high"):
            assert measure[end] == (None if one[end] is None else pytest.approx(one[end], rel=1e-7, abs=1e-9))
    lines = [json.loads(line) for line in saved["joints"].splitlines()]
    assert [line["frame"] for line in lines] == list(range(240)) and lines[0]["time_s"] == 0
    assert lines[0]["size"] == [720, 960] and lines[1]["time_s"] == pytest.approx(times_s[1] - times_s[0], abs=1e-6)
    # Short gaps are filled, with scores of 0.
    filled = lines[40]["people"][0]
    assert set(filled["scores"]) == {0} and None not in np.ravel(filled["joints_px"])
    left, top, width, height = lines[100]["people"][0]["box_px"]
    assert 0 < left and left + width < 960 and 0 < top and top + height < 720 and height > 100
