"""A body of SMPL's form from a made-up file of its layout; there is nothing of SMPL's here."""

import pickle
import sys
from types import ModuleType

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.transform import Rotation

from body import nets
from body.smpl import read_smpl

PARENTS = (-1, 0, 0, 2)
COUNT, VALUES = 30, 4


def made_up() -> dict:
    """Arrays of a body of four bones, as the files have them, in meters."""
    rng = np.random.default_rng(0)
    weights = rng.uniform(size=(COUNT, len(PARENTS))) * (rng.uniform(size=(COUNT, len(PARENTS))) < 0.6)
    weights[:, 0] += 0.1
    regressor = rng.uniform(size=(len(PARENTS), COUNT))
    return {
        "v_template": rng.normal(0, 0.4, (COUNT, 3)),
        "shapedirs": rng.normal(0, 0.02, (COUNT, 3, VALUES)),
        "posedirs": rng.normal(0, 0.01, (COUNT, 3, 9 * (len(PARENTS) - 1))),
        "J_regressor": sparse.csc_matrix(regressor / regressor.sum(axis=1, keepdims=True)),
        "weights": weights / weights.sum(axis=1, keepdims=True),
        "kintree_table": np.array([[2**32 - 1, *PARENTS[1:]], range(len(PARENTS))], np.uint32),
        "f": rng.integers(0, COUNT, (8, 3)).astype(np.uint32),
        "bs_type": "lrotmin",
    }


def write_npz(path, arrays):
    dense = {key: one.toarray() if sparse.issparse(one) else one for key, one in arrays.items()}
    np.savez(path, **dense)
    return path


def by_the_paper(arrays, rotations, values, root):
    """Equations 2 to 10 of the paper, in 4x4 matrices of one body; vertices (V, 3) and joints (B, 3) in meters."""
    shaped = arrays["v_template"] + arrays["shapedirs"] @ values
    heads = arrays["J_regressor"] @ shaped
    shaped = shaped + arrays["posedirs"] @ (rotations[1:] - np.eye(3)).ravel()
    worlds, moves = [], []
    for bone, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3] = rotations[bone]
        local[:3, 3] = root if parent < 0 else heads[bone] - heads[parent]
        worlds.append(local if parent < 0 else worlds[parent] @ local)
        away = np.eye(4)
        away[:3, 3] = -heads[bone]
        moves.append(worlds[-1] @ away)
    blended = np.einsum("vb,bij->vij", arrays["weights"], np.array(moves))
    return np.einsum("vij,vj->vi", blended, np.c_[shaped, np.ones(COUNT)])[:, :3], np.array(worlds)[:, :3, 3]


def test_it_is_posed_as_the_paper_says(tmp_path):
    arrays = made_up()
    (tmp_path / "body.pkl").write_bytes(pickle.dumps(arrays, protocol=2))
    body = read_smpl(tmp_path / "body.pkl", values=3)
    assert body.parents == PARENTS and body.num_values == 3 and body.num_joints == body.num_bones == 4
    np.testing.assert_array_equal(body.faces, arrays["f"])
    rng = np.random.default_rng(1)
    rotations = Rotation.random(2 * 4, random_state=2).as_matrix().reshape(2, 4, 3, 3)
    values, roots = rng.normal(size=(2, 3)), rng.normal(0, 500, (2, 3))
    bones = nets.pose_bones(body, rotations, values, roots)
    vertices, joints = nets.vertices(body, values, bones), nets.joints(body, values, bones)
    for number in range(2):
        expected = by_the_paper(arrays, rotations[number], [*values[number], 0], roots[number] / 1000)
        np.testing.assert_allclose(vertices[number], 1000 * expected[0], atol=0.01)
        np.testing.assert_allclose(joints[number], 1000 * expected[1], atol=0.01)
    # An .npz of the same arrays is the same body.
    again = read_smpl(write_npz(tmp_path / "body.npz", arrays), values=3)
    np.testing.assert_array_equal(again.vertices.weights, body.vertices.weights)
    np.testing.assert_array_equal(again.heads.shape_mm, body.heads.shape_mm)
    # Without a root it stays where the shape puts it.
    still = nets.pose_bones(body, rotations, values)
    np.testing.assert_array_equal(still.heads_mm[:, 0], still.rest_mm[:, 0])


def test_arrays_of_chumpy_are_read(tmp_path, monkeypatch):
    """The authors' files hold `shapedirs` as a selection from an array of the package chumpy."""
    modules = {name: ModuleType(name) for name in ("chumpy", "chumpy.ch", "chumpy.reordering")}
    for module, name in (("chumpy.ch", "Ch"), ("chumpy.reordering", "Select")):
        setattr(modules[module], name, type(name, (), {"__module__": module}))
    arrays = made_up()
    with monkeypatch.context() as patch:
        for name, module in modules.items():
            patch.setitem(sys.modules, name, module)
        whole, selected = modules["chumpy.ch"].Ch(), modules["chumpy.reordering"].Select()
        more = np.concatenate([arrays["shapedirs"], np.ones((COUNT, 3, 2))], axis=2)
        whole.__dict__ |= {"x": more, "_dirty_vars": {"x"}}
        idxs = np.arange(more.size).reshape(more.shape)[..., :VALUES].ravel()
        selected.__dict__ |= {"a": whole, "idxs": idxs, "preferred_shape": (COUNT, 3, VALUES)}
        (tmp_path / "body.pkl").write_bytes(pickle.dumps(arrays | {"shapedirs": selected}, protocol=0))
    body = read_smpl(tmp_path / "body.pkl", values=VALUES)
    np.testing.assert_allclose(body.vertices.points.shape_mm, 1000 * np.moveaxis(arrays["shapedirs"], 2, 0), rtol=1e-6)


class Harm:
    def __reduce__(self):
        return exec, ("raise SystemExit",)


def test_other_files_raise(tmp_path):
    arrays, path = made_up(), tmp_path / "body.npz"
    with pytest.raises(ValueError, match="nowhere.pkl cannot be read as a body .*; give SMPL's .pkl or an .npz"):
        read_smpl(tmp_path / "nowhere.pkl")
    path.write_bytes(pickle.dumps({"v_template": Harm()}))
    with pytest.raises(ValueError, match="it holds builtins.exec, which is no array"):
        read_smpl(path)
    path.write_bytes(b"no pickle")
    with pytest.raises(ValueError, match="cannot be read as a body"):
        read_smpl(path)
    with pytest.raises(ValueError, match="it lacks weights"):
        read_smpl(write_npz(path, {key: one for key, one in arrays.items() if key != "weights"}))
    with pytest.raises(ValueError, match=r"its arrays do not fit: weights \(29, 4\), not \(30, 4\)"):
        read_smpl(write_npz(path, arrays | {"weights": arrays["weights"][1:]}), values=2)
    with pytest.raises(ValueError, match=r"do not fit: shapedirs \(30, 3, 4\), not \(30, 3, 10\)"):
        read_smpl(write_npz(path, arrays))
    with pytest.raises(ValueError, match="its faces are not of its vertices"):
        read_smpl(write_npz(path, arrays | {"f": arrays["f"] + COUNT}), values=2)
    with pytest.raises(ValueError, match="numbers that are not finite"):
        read_smpl(write_npz(path, arrays | {"weights": arrays["weights"] * np.nan}), values=2)
    with pytest.raises(ValueError, match="bones come before their parents"):
        read_smpl(write_npz(path, arrays | {"kintree_table": np.array([[-1, 2, 0, 2], range(4)])}), values=2)
