import cv2
import numpy as np
import pytest
import tensorflow as tf
from frames import NO_AUGMENTATION

from pose import LSP14
from records import Augmentation
from records.augment import NUM_DRAWS, augment, changes_of
from records.pipeline import decode_picture
from records.warp import decode_jpeg, vary_pictures

# One half of every draw is the middle of its range: no turn, no zoom, no shift, no change of colour.
MIDDLE = np.full(NUM_DRAWS, 0.5, np.float32)


def disc(size, xy, radius=4):
    picture = np.zeros((size, size, 3), np.uint8)
    cv2.circle(picture, tuple(xy), radius, (255, 255, 255), -1)
    # Soft, so that its middle is found to a fraction of a pixel after it was made smaller.
    return cv2.GaussianBlur(picture, (0, 0), 2)


def labels_of(*people):
    """Labels of people with the given joints, all seen."""
    joints = np.zeros((len(people), 14, 2), np.float32)
    visible = np.zeros((len(people), 14), np.int32)
    for i, xy in enumerate(people):
        joints[i, : len(xy)] = np.reshape(xy, (-1, 2))
        visible[i, : len(xy)] = 2
    spans = np.full(len(people), 10, np.float32)
    to_frame = np.tile(np.array([[2, 0, 5], [0, 2, 7]], np.float32), (len(people), 1, 1))
    names = {"torso_px": spans, "head_px": spans, "head_size_px": spans, "area_px": spans, "to_frame": to_frame}
    return {"joints_xy_px": joints, "visible": visible, **names, "key": np.full(len(people), b"k")}


def draws_of(seed, count=1):
    return np.random.default_rng(seed).random((count, NUM_DRAWS))


def run(pictures, labels, options, draws, size=None):
    pictures = np.asarray(pictures)
    size = size or pictures.shape[1]
    return change(pictures, labels, changes_of(np.array(draws), options, pictures.shape[1], size), size)


def change(pictures, labels, changes, size):
    return augment(pictures, labels, changes, size=size, flip_order=np.array(LSP14.flip_order))


@pytest.mark.parametrize("size", [64, 100, 128])
def test_joints_go_where_the_picture_goes(size):
    """A white disc is found in the warped picture where its joint is said to be."""
    options = Augmentation(brightness=0, contrast=0, color=0, occlusion=0, rotation_deg=60, closeup=0)
    varied, labels = run([disc(128, (70, 50))] * 16, labels_of(*[[(70, 50)]] * 16), options, draws_of(3, 16), size)
    assert varied.shape == (16, size, size, 3)
    y, x = np.mgrid[0:size, 0:size]
    for i, picture in enumerate(varied):
        shade = picture[..., 0].astype(float)
        found = np.array([(shade * x).sum(), (shade * y).sum()]) / shade.sum()
        joint = np.flatnonzero(labels["visible"][i])
        assert len(joint) == 1 and joint[0] in (0, 5)  # the right ankle, or the left one where mirrored
        xy = labels["joints_xy_px"][i, joint[0]]
        assert np.abs(found - xy).max() < 0.05
        # The matrix to the frame travels along: frame = 2 * stored + (5, 7).
        back = labels["to_frame"][i]
        np.testing.assert_allclose(back[:, :2] @ xy + back[:, 2], [145, 107], atol=1e-3)
    assert len(np.unique(labels["visible"].argmax(axis=1))) == 2


def test_a_quarter_turn_by_hand():
    """With 90 degrees, the result's right is the picture's bottom."""
    draws = MIDDLE.copy()
    draws[0], draws[1] = 0.9, 1.0
    picture = np.random.default_rng(0).integers(0, 256, (1, 5, 5, 3)).astype(np.uint8)
    varied, labels = run(picture, labels_of([(3, 4)]), Augmentation(rotation_deg=90), [draws])
    assert (varied[0] == np.rot90(picture[0])).all()
    np.testing.assert_allclose(labels["joints_xy_px"][0, 0], [4, 1], atol=1e-5)


@pytest.mark.parametrize(("draw", "expected"), [(0.0, (2, 3)), (0.5, (3, 2)), (1.0, (2, 1))])
def test_the_least_and_the_greatest_draw_turn_either_way(draw, expected):
    """A joint right of the middle of 5 px: the result's bottom, or its top, is the picture's right."""
    draws = MIDDLE.copy()
    draws[1] = draw
    options = Augmentation(0, rotation_deg=90, scale=0, shift=0, brightness=0, contrast=0, color=0, occlusion=0)
    _, labels = run(np.zeros((1, 5, 5, 3), np.uint8), labels_of([(3, 2)]), options, [draws])
    np.testing.assert_allclose(labels["joints_xy_px"][0, 0], expected, atol=1e-5)


def test_every_range_reaches_as_far_down_as_up():
    """Draws of 0 and 1, by hand: zoom, shift along x and y, contrast, brightness, red, green and blue."""
    ends = np.stack([np.full(NUM_DRAWS, draw) for draw in (0.0, 1.0)])

    def changed(**options):
        return changes_of(ends, Augmentation(**(vars(NO_AUGMENTATION) | options)), 10, 10)

    np.testing.assert_allclose(changed(scale=0.25).scale, [1.25, 1 / 1.25])
    np.testing.assert_allclose(changed(shift=0.2).matrix[:, :, 2], [[-2, -2], [2, 2]])
    np.testing.assert_allclose(changed(brightness=0.2).color[:, :, 1], [[-51] * 3, [51] * 3])
    contrast = changed(contrast=0.2).color
    np.testing.assert_allclose(contrast[:, :, 0], [[0.8] * 3, [1.2] * 3])
    np.testing.assert_allclose(contrast[:, :, 1], [[25.5] * 3, [-25.5] * 3])
    np.testing.assert_allclose(changed(color=0.2).color[:, :, 0], [[0.8] * 3, [1.2] * 3])
    angle = np.degrees(np.arctan2(changed(rotation_deg=30).matrix[:, 1, 0], changed(rotation_deg=30).matrix[:, 0, 0]))
    np.testing.assert_allclose(angle, [-30, 30])


def test_zoom_and_shift_by_hand():
    """Twice the size about the middle, seen 2 px further to the right: x -> 2 (x - 2 - 3.5) + 3.5."""
    draws = MIDDLE.copy()
    draws[2], draws[3] = 1.0, 1.0
    picture = np.zeros((1, 8, 8, 3), np.uint8)
    picture[0, :, :, 1] = 10 * np.arange(8)
    varied, labels = run(picture, labels_of([(5, 3)]), Augmentation(flip=0, scale=1, shift=0.25), [draws])
    np.testing.assert_allclose(labels["joints_xy_px"][0, 0], [2.5, 2.5], atol=1e-5)
    # Column x of the result is column x / 2 + 3.75 of the picture; 7.25 is a quarter beyond the last one.
    assert varied[0, 4, :, 1].tolist() in ([38, 42, 48, 52, 58, 62, 68, 52], [38, 43, 48, 53, 58, 63, 68, 53])
    assert labels["torso_px"] == pytest.approx([20]) and labels["area_px"] == pytest.approx([40])


def test_flip_swaps_sides():
    varied, labels = run([disc(64, (10, 20))], labels_of([(10, 20)]), Augmentation(1, 0, 0, 0, 0, 0, 0, 0), [MIDDLE])
    assert labels["visible"][0].tolist() == [0] * 5 + [2] + [0] * 8
    np.testing.assert_allclose(labels["joints_xy_px"][0, 5], [53, 20], atol=1e-4)
    assert varied[0, 20, 53].min() > 200 and varied[0, 20, 10].max() == 0


def test_zoom_scales_the_spans():
    options = Augmentation(flip=0, rotation_deg=0, shift=0, scale=0.5, occlusion=0, closeup=0)
    _, labels = run([disc(64, (30, 30))] * 9, labels_of(*[[(25, 30), (39, 30)]] * 9), options, draws_of(2, 9))
    zoom = (labels["joints_xy_px"][:, 1, 0] - labels["joints_xy_px"][:, 0, 0]) / 14
    assert (zoom >= 1 / 1.5).all() and (zoom <= 1.5).all() and np.ptp(zoom) > 0.2
    np.testing.assert_allclose(labels["torso_px"], 10 * zoom, rtol=1e-4)
    np.testing.assert_allclose(labels["head_px"], 10 * zoom, rtol=1e-4)
    np.testing.assert_allclose(labels["head_size_px"], 10 * zoom, rtol=1e-4)
    np.testing.assert_allclose(labels["area_px"], 10 * zoom**2, rtol=1e-4)


def test_joints_that_leave_are_no_longer_labelled():
    people = labels_of(*[[(2, 2)]] * 40)
    _, labels = run([disc(64, (2, 2))] * 40, people, Augmentation(shift=0.3), draws_of(4, 40))
    xy, visible = labels["joints_xy_px"], labels["visible"]
    inside = (xy >= -0.5).all(axis=2) & (xy < 63.5).all(axis=2)
    assert inside[visible > 0].all()
    assert (xy[visible == 0] == 0).all()
    assert 0 < (visible > 0).any(axis=1).sum() < 40
    # One joint of each was labelled: it is in the picture still, or it has left.
    assert ((visible > 0).sum(axis=1) + labels["left"].sum(axis=1) == 1).all()


def test_joints_that_leave_are_marked_as_left_hidden_ones_too():
    """Ten px to the right: of a hidden, a seen and an unlabelled joint at x = 60, and a hidden one at 20."""
    draws = MIDDLE.copy()
    draws[3] = 0.0
    labels = labels_of([(60, 30), (60, 40), (60, 50), (20, 30)])
    labels["visible"][0, :4] = 1, 2, 0, 1
    options = Augmentation(flip=0, rotation_deg=0, scale=0, shift=10 / 64, occlusion=0)
    _, varied = run(np.zeros((1, 64, 64, 3), np.uint8), labels, options, [draws])
    assert varied["visible"][0, :4].tolist() == [0, 0, 0, 1]
    assert varied["left"][0, :4].tolist() == [True, True, False, False] and not varied["left"][0, 4:].any()
    np.testing.assert_allclose(varied["joints_xy_px"][0, 3], [30, 30], atol=1e-5)


@pytest.mark.parametrize(("x", "inside"), [(-0.51, False), (-0.5, True), (-0.1, True), (63.49, True), (63.5, False)])
def test_the_outermost_pixels_are_the_pictures_to_their_edges(x, inside):
    picture = np.zeros((1, 64, 64, 3), np.uint8)
    for xy in ((x, 20), (20, x)):
        _, labels = run(picture, labels_of([xy]), NO_AUGMENTATION, [MIDDLE])
        assert bool(labels["visible"][0, 0]) == inside and bool(labels["left"][0, 0]) != inside


def test_no_augmentation_changes_nothing():
    picture = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3)).astype(np.uint8)
    varied, labels = run(picture, labels_of([(5, 6)], [(7, 8)], []), NO_AUGMENTATION, draws_of(0, 3))
    assert (varied == picture).all()
    np.testing.assert_allclose(labels["joints_xy_px"][:2, 0], [(5, 6), (7, 8)], atol=1e-5)


def test_each_picture_gets_its_own_changes():
    pictures = np.random.default_rng(1).integers(0, 255, (4, 40, 40, 3)).astype(np.uint8)
    labels = labels_of([(5, 6)], [(20, 8)], [(9, 30)], [(20, 20)])
    changes = changes_of(draws_of(8, 4), Augmentation(), 40, 32)
    varied, together = change(pictures, labels, changes, 32)
    for i in range(4):
        one = slice(i, i + 1)
        own = {name: value[one] for name, value in labels.items()}
        alone, alone_labels = change(pictures[one], own, changes.rows(one), 32)
        assert (alone[0] == varied[i]).all()
        assert all(np.array_equal(alone_labels[name][0], together[name][i]) for name in labels)


def test_colors_by_hand():
    """Contrast 1.5 about 127.5, 12 % of white brighter, red times 1.2, blue times 0.8."""
    draws = MIDDLE.copy()
    draws[5:10] = 1, 1, 1, 0.5, 0
    grey = np.full((1, 4, 4, 3), 100, np.uint8)
    options = Augmentation(0, 0, 0, 0, brightness=0.12, contrast=0.5, color=0.2, occlusion=0)
    varied, _ = run(grey, labels_of([]), options, [draws])
    # Gains 1.8, 1.5, 1.2: 100 gain + 127.5 (1 - gain) + 30.6.
    assert (varied == [109, 117, 125]).all()
    bright = np.full((1, 4, 4, 3), 250, np.uint8)
    assert (run(bright, labels_of([]), options, [draws])[0] == 255).all()


def test_patches_by_hand():
    """Middle (0.5, 0.25) of 8 px, a half of the side wide and a quarter high: x from 2 to 6, y from 1 to 3."""
    draws = MIDDLE.copy()
    draws[10:18] = 0.2, 0.5, 0.25, 1, 0.5, 0, 0.2, 1
    draws[18] = 0.3
    grey = np.full((1, 8, 8, 3), 100, np.uint8)
    options = Augmentation(0, 0, 0, 0, 0, 0, 0, occlusion=0.25, occlusion_size=0.5)
    varied, _ = run(grey, labels_of([]), options, [draws])
    expected = grey.copy()
    expected[0, 2, 3:6] = 0, 51, 255  # Edges at 2, 6, 1 and 3 px are not covered themselves.
    assert (varied == expected).all()


def test_patches_end_at_the_pictures_edges():
    """One about the top left corner and one about the bottom right, each a quarter of 8 px wide on each side."""
    draws = MIDDLE.copy()
    draws[10:18] = 0, 0, 0, 1, 1, 1, 1, 1
    draws[18:26] = 0, 1, 1, 1, 1, 1, 1, 1
    options = Augmentation(0, 0, 0, 0, 0, 0, 0, occlusion=0.25, occlusion_size=0.5)
    edges = changes_of(draws[None], options, 16, 8).patch_edges
    assert edges.tolist() == [[[0, 0, 2, 2], [7, 7, 8, 8]]]
    assert not changes_of(draws[None], NO_AUGMENTATION, 16, 8).patch_edges.any()


def test_the_largest_patch_is_as_wide_as_the_option_says():
    draws = MIDDLE.copy()
    draws[10:18] = 0, 0.5, 0.5, 1, 0.25, 1, 1, 1
    options = Augmentation(0, 0, 0, 0, 0, 0, 0, occlusion=0.25, occlusion_size=0.5)
    # 50 and 12.5 of 100 px about the middle, without the pixels at the very edges.
    assert changes_of(draws[None], options, 100, 100).patch_edges[0, 0].tolist() == [26, 44, 75, 57]


def test_every_change_has_a_draw_of_its_own():
    names = {0: {"flipped", "matrix"}, 1: {"matrix"}, 2: {"matrix", "scale"}, 3: {"matrix"}, 4: {"matrix"}}
    names |= {i: {"color"} for i in range(5, 10)}
    base = np.full(NUM_DRAWS, 0.6)
    before = changes_of(base[None], Augmentation(), 64, 64)
    for i, expected in names.items():
        draws = base.copy()
        draws[i] = 0.1
        after = changes_of(draws[None], Augmentation(), 64, 64)
        changed = {name for name, value in after._asdict().items() if (value != getattr(before, name)).any()}
        assert changed == expected, i


def test_options_reach_to_the_ends_of_their_ranges():
    shares = dict.fromkeys(
        ("flip", "occlusion", "occlusion_size", "contrast", "color", "brightness", "blur", "shift"), 1
    )
    Augmentation(**shares, rotation_deg=180, scale=3, darkness=9)
    Augmentation(**dict.fromkeys(shares, 0), rotation_deg=0, scale=0, darkness=0)
    for name in shares:
        with pytest.raises(ValueError, match=f"{name} must lie between 0 and 1, got -0.01"):
            Augmentation(**{name: -0.01})
        with pytest.raises(ValueError, match=f"{name} must lie between 0 and 1, got 1.01"):
            Augmentation(**{name: 1.01})
    for angle in (-0.5, 180.5):
        with pytest.raises(ValueError, match=f"rotation_deg must lie between 0 and 180, got {angle}"):
            Augmentation(rotation_deg=angle)


def test_patches_hide_and_colors_vary():
    grey = np.full((5, 64, 64, 3), 100, np.uint8)
    patched, _ = run(grey, labels_of(*[[]] * 5), Augmentation(0, 0, 0, 0, 0, 0, 0, 1), draws_of(0, 5))
    covered = (patched != 100).any(axis=-1).mean(axis=(1, 2))
    assert (covered > 0).all() and (covered < 0.3).all()
    colored, _ = run(grey, labels_of(*[[]] * 5), Augmentation(0, 0, 0, 0, occlusion=0), draws_of(0, 5))
    assert len({tuple(picture[32, 32]) for picture in colored}) == 5
    assert all((picture == picture[0, 0]).all() for picture in colored)


def test_half_the_pictures_are_darkened():
    """By 9 to the power of what the draw has above one half: not at all, not at all, by its root, by 8.1."""
    draws = np.stack([MIDDLE] * 4)
    draws[:, -3] = 0.2, 0.5, 0.75, 0.976
    light = np.full((4, 8, 8, 3), 90, np.uint8)
    varied, _ = run(light, labels_of(*[[]] * 4), Augmentation(0, 0, 0, 0, 0, 0, 0, 0, darkness=8, closeup=0), draws)
    assert varied[:, 4, 4, 0].tolist() == [90, 90, 30, 11]


def test_blur_is_as_strong_as_it_is_drawn():
    """Uniform in the logarithm: all pixels along a side, one half of them, one quarter; and all where none is drawn."""
    draws = np.stack([MIDDLE] * 4)
    draws[:, -2:] = [[0.29, 0.0], [0.29, 0.5], [0.29, 1.0], [0.31, 1.0]]
    detail = changes_of(draws, Augmentation(blur=0.3, closeup=0), 64, 64).detail
    np.testing.assert_allclose(detail, [1, 0.5, 0.25, 1])


def test_blur_loses_detail_and_moves_nothing():
    """The widest blur, from 64 to 16 px and back, melts stripes of 1 px; a disc stays where its joint is."""
    draws = np.stack([MIDDLE] * 2)
    draws[:, -2:] = [[0.3, 1.0], [0.29, 0.999]]
    stripes = np.zeros((2, 64, 64, 3), np.uint8)
    stripes[:, :, ::2] = 200
    options = Augmentation(0, 0, 0, 0, 0, 0, 0, 0, blur=0.3, closeup=0)
    varied, _ = run(stripes, labels_of(*[[]] * 2), options, draws)
    assert (varied[0] == stripes[0]).all() and np.ptp(varied[1]) <= 1
    varied, labels = run([disc(64, (40, 21))] * 2, labels_of(*[[(40, 21)]] * 2), options, draws)
    y, x = np.mgrid[0:64, 0:64]
    for shade in varied[..., 0].astype(float):
        np.testing.assert_allclose(
            [(shade * x).sum() / shade.sum(), (shade * y).sum() / shade.sum()], (40, 21), atol=0.2
        )
    assert varied[1].max() < varied[0].max()
    np.testing.assert_allclose(labels["joints_xy_px"][:, 0], [(40, 21)] * 2)


def test_half_the_pictures_are_mirrored():
    people = labels_of(*[[(20, 20)]] * 400)
    _, labels = run(np.zeros((400, 40, 40, 3), np.uint8), people, Augmentation(), draws_of(5, 400))
    assert 160 < (labels["visible"][:, 0] > 0).sum() < 240


def test_jpegs_are_decoded_to_the_same_bits_as_in_evaluation():
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8), (0, 0), 2)
    for quality in (60, 95):
        jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        assert (decode_jpeg(jpeg) == decode_picture(tf.constant(jpeg), 64).numpy()).all()
    for broken in (jpeg[:-9], b"", b"no picture\xff\xd9"):
        with pytest.raises(ValueError, match=f"holds {len(broken)} bytes that are no whole JPEG"):
            decode_jpeg(broken)


def test_arithmetic_of_the_warp():
    """Between pixels in shares of sixteenths, and half black half a pixel beyond the border."""
    picture = np.zeros((1, 4, 4, 3), np.uint8)
    picture[0, 1:3, 1:3] = 160
    nothing = np.zeros((1, 0, 4), int), np.zeros((1, 0, 3), np.uint8)
    same = np.tile(np.float32([1, 0]), (1, 3, 1))
    matrix = np.float64([[[1, 0, 0.25], [0, 1, 0.5]]])
    varied = vary_pictures(picture, matrix, np.ones(1), same, *nothing, 2)
    assert varied[0, :, :, 0].tolist() == [[20, 80], [40, 160]]
    white = np.full((1, 4, 4, 3), 160, np.uint8)
    varied = vary_pictures(white, np.float64([[[1, 0, -0.5], [0, 1, 0]]]), np.ones(1), same, *nothing, 2)
    assert varied[0, :, :, 0].tolist() == [[80, 160], [80, 160]]


def test_wrong_options_raise():
    with pytest.raises(ValueError, match="flip must lie between 0 and 1, got 1.5"):
        Augmentation(flip=1.5)
    with pytest.raises(ValueError, match="rotation_deg must lie between 0 and 180, got 200"):
        Augmentation(rotation_deg=200)
    with pytest.raises(ValueError, match="scale must be 0 or more, got -0.1"):
        Augmentation(scale=-0.1)
    with pytest.raises(ValueError, match="darkness must be 0 or more, got -1"):
        Augmentation(darkness=-1)
    with pytest.raises(ValueError, match="blur must lie between 0 and 1, got 2"):
        Augmentation(blur=2)


@pytest.mark.parametrize(
    ("draws", "side", "center"),
    [
        # The least part in the upper left corner, the greatest in the lower right one, and one between.
        ((0.05, 0, 0, 0), 0.15, (0.075, 0.075)),
        ((0.05, 1, 1, 1), 0.5, (0.75, 0.75)),
        ((0.05, 0.25, 0.5, 0.5), (0.15 * 0.5) ** 0.5, None),
    ],
)
def test_a_closeup_shows_a_part_of_the_picture(draws, side, center):
    numbers = MIDDLE.copy()
    numbers[-7:-3] = draws
    changes = changes_of(numbers[None], Augmentation(flip=0, closeup=0.1), 200, 100)
    np.testing.assert_allclose(changes.scale, [side * 2])
    x, y = (changes.matrix[0] @ (49.5, 49.5, 1) + 0.5) / 200
    expected = center or (side / 2 + 0.25 * (1 - side), 0.5)
    np.testing.assert_allclose((x, y), expected)
    # All of it lies in the picture.
    corners = changes.matrix[0] @ np.array([[-0.5, 99.5], [-0.5, 99.5], [1, 1]])
    assert corners.min() > -0.5 - 1e-9 and corners.max() < 199.5 + 1e-9


def test_closeups_are_as_frequent_as_asked_for_and_leave_joints_out():
    numbers = draws_of(3, 2000)
    changes = changes_of(numbers, Augmentation(closeup=0.25), 64, 64)
    assert np.mean(changes.scale < 0.6) == pytest.approx(0.25, abs=0.03)
    assert (changes_of(numbers, Augmentation(closeup=0), 64, 64).scale > 0.6).all()
    people = labels_of(*[[(8, 8), (32, 32), (56, 56)]] * 200)
    _, labels = run(np.zeros((200, 64, 64, 3), np.uint8), people, Augmentation(flip=0, closeup=1), numbers[:200])
    # A part of at most a quarter of the picture shows one joint of three or none, and the others have left.
    assert (labels["visible"][:, :3] > 0).sum(axis=1).max() == 1
    np.testing.assert_array_equal(labels["left"][:, :3], labels["visible"][:, :3] == 0)


@pytest.mark.parametrize("sides", [(0.0, 0.5), (0.6, 0.5), (0.5, 1.1)])
def test_sides_of_closeups_that_are_no_shares_raise(sides):
    with pytest.raises(ValueError, match="augmentation closeup_sides must ascend from above 0 to 1 at most, got"):
        Augmentation(closeup_sides=sides)


def test_closeups_are_as_large_as_asked_for():
    options = Augmentation(closeup=1.0, closeup_sides=(0.4, 0.8))
    scale = changes_of(np.random.default_rng(0).random((500, NUM_DRAWS)), options, 640, 320).scale
    # Of the image's px per px of the result, which is half as large.
    assert 0.8 <= scale.min() < 0.83 and 1.57 < scale.max() <= 1.6
