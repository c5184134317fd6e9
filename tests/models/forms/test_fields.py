"""Maps and fields: targets against a point-by-point reference, the loss by hand, round trips, errors."""

import keras
import numpy as np
import pytest
from field_truth import HALF_WIDTH_CELLS, SIGMA_CELLS, draw_truth

from models import form_of, stages_of
from models.forms import fields
from models.forms.fields import BranchFeatures, encode_fields, encode_maps, field_loss, fields_form
from pose import COCO17, LSP14, PANOPTIC19, Skeleton
from pose.grouping.limb_fields import limbs_of

SIZE, CELLS = 128, 16
CHAIN = Skeleton("chain", ("a", "b", "c"), limbs=((0, 1), (1, 2)))


def made_up(skeleton, people, seed=0, size=SIZE):
    random = np.random.default_rng(seed)
    xy = random.uniform(-8, size + 8, (2, people, skeleton.num_joints, 2)).astype("float32")
    return xy, random.integers(0, 3, xy.shape[:3]).astype("int32")


def encoded(xy, visible, skeleton, size=SIZE, cells=CELLS):
    pairs = limbs_of(skeleton).pairs
    maps, vectors = encode_maps(xy, visible, size, cells), encode_fields(xy, visible, pairs, size, cells)
    return keras.ops.convert_to_numpy(maps), keras.ops.convert_to_numpy(vectors)


@pytest.mark.parametrize("skeleton", [COCO17, LSP14], ids=lambda one: one.name)
def test_targets_are_those_of_the_reference(skeleton):
    assert (fields.SIGMA_PX, fields.HALF_WIDTH_PX) == (8 * SIGMA_CELLS, 8 * HALF_WIDTH_CELLS)
    xy, visible = made_up(skeleton, 6)
    maps, vectors = encoded(xy, visible, skeleton)
    for row in range(2):
        expected = draw_truth(xy[row], visible[row], limbs_of(skeleton), (SIZE, SIZE), (CELLS, CELLS))
        np.testing.assert_allclose(maps[row, ..., 1:], expected[0], atol=1e-5)
        np.testing.assert_allclose(maps[row, ..., 0], 1 - expected[0].max(axis=-1), atol=1e-5)
        # A cell whose distance is the half-width to the last bit may fall on either side.
        assert (np.abs(vectors[row] - expected[1]) > 1e-4).mean() < 1e-3


def test_the_middle_of_a_cell():
    # Of cells of 8 px the first has its center between the fourth and the fifth pixel.
    maps, _ = encoded(np.array([[[[3.5, 11.5]] * 3]], "float32"), np.full((1, 1, 3), 2), CHAIN)
    assert maps[0, 1, 0, 1] == pytest.approx(1) and maps[0, 1, 1, 1] == pytest.approx(np.exp(-32 / 49), rel=1e-5)
    assert maps[0, 0, 0, 1] == pytest.approx(maps[0, 1, 1, 1])


def test_smaller_cells_show_the_same_at_more_places():
    xy = np.array([[[[30.0, 41.0], [90.0, 70.0], [20.0, 100.0]]]], "float32")
    coarse, fine = (encoded(xy, np.full((1, 1, 3), 2), CHAIN, cells=cells) for cells in (16, 48))
    # The middle of three small cells is that of a large one.
    for one, other in zip(coarse, fine, strict=True):
        np.testing.assert_allclose(one, other[:, 1::3, 1::3], atol=1e-5)


def test_joints_on_the_images_edges_count_and_those_beyond_do_not():
    # Of 128 px, the edges are -0.5 and 127.5; of 16 cells, they are half a cell from the outermost centers.
    for edge, beyond, cell in ((-0.5, -0.51, 0), (127.5, 127.51, 15)):
        xy = np.array([[[[edge, 59.5], [59.5, edge], [beyond, 59.5]]]], "float32")
        maps, _ = encoded(xy, np.full((1, 1, 3), 2), CHAIN)
        expected = np.exp(-(0.5**2) / 2 / (7 / 8) ** 2)
        assert maps[0, 7, cell, 1] == pytest.approx(expected, rel=1e-5)
        assert maps[0, cell, 7, 2] == pytest.approx(expected, rel=1e-5) and maps[..., 3].max() == 0


def test_a_limb_of_no_length_has_no_field_and_takes_no_part_in_the_mean():
    one, other = [[11.5, 43.5], [75.5, 43.5], [100, 100]], [[43.5, 43.5], [43.5, 43.5], [20, 20]]
    _, vectors = encoded(np.array([[one, other]], "float32"), np.array([[[2, 2, 0], [2, 2, 0]]]), CHAIN)
    np.testing.assert_allclose(vectors[0, 5, 5], [1, 0, 0, 0], atol=1e-6)


def test_overlapping_limbs_are_averaged_and_maps_take_the_maximum():
    # Two people whose first limbs cross at right angles in the center of cell (5, 5).
    one, other = [[11.5, 43.5], [75.5, 43.5], [100, 100]], [[43.5, 11.5], [43.5, 75.5], [20, 20]]
    visible = np.array([[[2, 2, 0], [1, 1, 0]]])
    maps, vectors = encoded(np.array([[one, other]], "float32"), visible, CHAIN)
    np.testing.assert_allclose(vectors[0, 5, 5], [0.5, 0.5, 0, 0], atol=1e-6)
    np.testing.assert_allclose(vectors[0, 5, 3], [1, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(vectors[0, 3, 5], [0, 1, 0, 0], atol=1e-6)
    assert vectors[0, 5, 9, 0] == 1 and vectors[0, 5, 11, 0] == 0
    assert maps[..., 3].max() == 0 and maps[..., 1].max() == pytest.approx(1)


def test_nobody_and_coordinates_that_are_no_numbers():
    maps, vectors = encoded(np.full((1, 2, 3, 2), np.nan, "float32"), np.zeros((1, 2, 3), "int32"), CHAIN)
    assert (maps[..., 0] == 1).all() and (maps[..., 1:] == 0).all() and (vectors == 0).all()


def test_a_perfect_net_finds_the_people():
    random = np.random.default_rng(1)
    pose = random.normal(0, 20, (19, 2))
    xy = (pose + random.normal(0, 3, (1, 4, 19, 2)) + [[[70, 70]], [[180, 75]], [[75, 185]], [[180, 180]]]).astype("f")
    visible = np.full(xy.shape[:3], 2)
    maps, vectors = encoded(xy, visible, PANOPTIC19, 256, 64)
    form = fields_form(PANOPTIC19)
    answers = form.decode({"joint_maps": maps, "limb_fields": vectors}, 256)
    found = form.task.assembled(answers, PANOPTIC19, 256)
    assert (found["person_scores"] > 0).sum() == 4
    apart = np.abs(found["joints_xy_px"][0, :4, None] - xy).max(axis=(2, 3))
    assert sorted(apart.argmin(axis=1)) == [0, 1, 2, 3] and apart.min(axis=1).max() < 0.01


def labels_of(xy, visible, unlabeled=0):
    return {"joints_xy_px": xy, "visible": visible, "unlabeled": np.full((len(xy), SIZE, SIZE), unlabeled, "uint8")}


def test_the_loss_by_hand():
    form = fields_form(CHAIN)
    labels = labels_of(np.zeros((2, 1, 3, 2), "float32"), np.zeros((2, 1, 3), "int32"))
    outputs = {
        "joint_maps": np.full((2, 16, 16, 4), 0.5, "float32"),
        "limb_fields": np.full((2, 16, 16, 4), 2, "float32"),
    }
    # Nobody: the background is 1, all else 0.
    terms = form.loss()(labels, outputs, size=SIZE)
    assert float(terms["joint_loss"].value) == pytest.approx(4 * 0.5**2 / 2)
    assert float(terms["limb_loss"].value) == pytest.approx(4 * 2**2 / 2)
    assert np.asarray(terms["joint_loss"].counted).sum() == 2 * 16 * 16
    # The right half of the first image is not labeled, and its outputs are worse.
    labels["unlabeled"][0, :, 64:] = 255
    outputs["limb_fields"][0, :, 8:] = 9
    terms = form.loss()(labels, outputs, size=SIZE)
    assert float(terms["limb_loss"].value) == pytest.approx(4 * 2**2 / 2)
    assert np.asarray(terms["limb_loss"].counted).sum() == 3 * 16 * 8
    # A stage of fields alone has no loss of maps.
    terms = form.loss()(labels, {"limb_fields": outputs["limb_fields"]}, size=SIZE)
    assert float(terms["joint_loss"].value) == 0 and float(terms["limb_loss"].value) > 0
    labels["unlabeled"][:] = 255
    assert float(form.loss()(labels, outputs, size=SIZE)["limb_loss"].value) == 0


def test_the_loss_of_the_truth_is_zero():
    xy, visible = made_up(COCO17, 3)
    maps, vectors = encoded(xy, visible, COCO17)
    terms = fields_form(COCO17).loss()(labels_of(xy, visible), {"joint_maps": maps, "limb_fields": vectors}, size=SIZE)
    assert {name: float(term.value) for name, term in terms.items()} == {"joint_loss": 0.0, "limb_loss": 0.0}


def test_a_head_for_one_branch_or_two():
    form = fields_form(COCO17)
    x, y = keras.Input((8, 8, 4)), keras.Input((8, 8, 4))
    both = keras.Model([x, y], form.head([BranchFeatures(x, y)], 17))
    assert {name: one.shape[1:] for name, one in both.output.items()} == {
        "joint_maps": (8, 8, 18),
        "limb_fields": (8, 8, 36),
    }
    assert form_of(both).name == "fields" and set(stages_of(both.output)) == {""}
    assert form.head([x], 17).keys() == both.output.keys()
    assert form.head([BranchFeatures(fields=x)], 17).keys() == {"limb_fields"}
    assert form.head([BranchFeatures(maps=x, finished_fields=y)], 17)["limb_fields"] is y


def test_a_head_names_its_layer_of_single_joints_and_starts_small():
    """Its last channels are the joints', after the background's; those of the limbs depend on the skeleton alone."""
    form, x = fields_form(CHAIN), keras.Input((8, 8, 400))
    keras.utils.set_random_seed(0)
    nets = [keras.Model(x, form.head([x], joints, prefix="a_")) for joints in (3, 5)]
    few, many = ({layer.name: layer.get_weights() for layer in net.layers if layer.weights} for net in nets)
    more = {name.removeprefix("a_"): (many[name][1].shape[-1] - few[name][1].shape[-1]) / 2 for name in few}
    assert more == {"joint_maps": 1, "limb_fields": 0} and form.joint_layers == {"joint_maps": 1}
    for kernel, bias in many.values():
        assert kernel.std() == pytest.approx(0.01, rel=0.1) and not bias.any()


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="fields need two joints or more to connect, got the skeleton dot of one"):
        fields_form(Skeleton("dot", ("dot",)))
    labels = labels_of(np.zeros((1, 1, 3, 2), "float32"), np.zeros((1, 1, 3), "int32"))
    with pytest.raises(ValueError, match="must be a multiple of the maps', 15 cells, got 128 px"):
        field_loss(labels, {"limb_fields": np.zeros((1, 15, 15, 4), "float32")}, SIZE, pairs=CHAIN.limbs)
