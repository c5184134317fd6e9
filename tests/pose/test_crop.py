import numpy as np
import pytest

from pose import Camera, Crop, box_from_joints
from pose.crop import Shrinkable, shrink_area


def test_crop_matrix_by_hand():
    # The box's centre is (60, 145); the side is 1.25 * 250 = 312.5 px on 224: 1.395 px a pixel.
    crop = Crop.from_box([10, 20, 100, 250], 224)
    assert crop.scale == pytest.approx(312.5 / 224)
    np.testing.assert_allclose(crop.points_to_frame([111.5, 111.5]), [60, 145])
    # The crop's left edge, half a pixel before its first pixel's centre, lies half a side left of the centre.
    np.testing.assert_allclose(crop.points_to_frame([-0.5, -0.5]), [60 - 156.25, 145 - 156.25])


def test_round_trip():
    rng = np.random.default_rng(0)
    for _ in range(50):
        crop = Crop.from_box(rng.uniform(1, 1000, 4), int(rng.integers(32, 512)))
        xy = rng.uniform(-100, 2000, (20, 2))
        assert np.abs(crop.points_to_frame(crop.points_to_crop(xy)) - xy).max() < 1e-3


@pytest.mark.parametrize("side", [60, 224, 500, 900, 1500])
def test_pictures_and_points_agree(side):
    """A spot in the picture must be found in the crop where the matrix says, enlarged or shrunk."""
    y, x = np.mgrid[0:1080, 0:1920]
    spot = np.exp(-((x - 800.3) ** 2 + (y - 500.7) ** 2) / (2 * (side / 30) ** 2))
    crop = Crop.centered((790.0, 520.0), side, 224)
    cut = crop.cut(np.repeat((255 * spot).astype(np.uint8)[..., None], 3, axis=2))[..., 0].astype(float)
    y, x = np.mgrid[0:224, 0:224]
    found = np.array([(cut * x).sum(), (cut * y).sum()]) / cut.sum()
    assert np.abs(found - crop.points_to_crop([800.3, 500.7])).max() < 0.05


def test_shrinking_averages_instead_of_picking():
    """A fine chessboard shrunk by eight must become grey, not moire."""
    y, x = np.mgrid[0:800, 0:800]
    board = np.repeat((255 * ((x + y) % 2)).astype(np.uint8)[..., None], 3, axis=2)
    cut = Crop.centered((400.0, 400.0), 800 * 0.97, 100).cut(board)
    assert cut.astype(int).min() > 120 and cut.max() < 135


def test_beyond_the_picture_is_black():
    cut = Crop.centered((0.0, 0.0), 100, 50).cut(np.full((200, 200, 3), 200, np.uint8))
    assert (cut[:20, :20] == 0).all() and (cut[30:, 30:] == 200).all()
    assert Crop.centered((5000.0, 0.0), 1000, 50).cut(np.full((200, 200, 3), 200, np.uint8)).max() == 0


@pytest.mark.parametrize("center", [(306.0, 100.0), (100.0, 306.0)])
def test_a_crop_just_beyond_the_picture_is_black(center):
    """Of 4 px a pixel, the first at 306 - 24.5 * 4 = 208: two blocks before it the picture of 200 px ends."""
    assert Crop.centered(center, 200, 50).cut(np.full((200, 200, 3), 200, np.uint8)).max() == 0


def test_a_crop_is_immutable():
    """Its way back is worked out once."""
    crop = Crop.centered((0.0, 0.0), 100, 50)
    with pytest.raises(AttributeError):
        crop.size = 60
    assert {crop: "a key"}[crop] == "a key"


def test_colors_keep_their_order_and_gray_pictures_stay_gray():
    picture = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    crop = Crop.centered((24.5, 24.5), 50, 50)
    np.testing.assert_array_equal(crop.cut(picture), picture)
    np.testing.assert_array_equal(crop.cut(picture[..., 0]), picture[..., 0])


@pytest.mark.parametrize("turn_deg", [0, 30, 45, 90, 200])
@pytest.mark.parametrize("scale", [0.7, 1.0, 3.2, 5.0])
def test_a_turned_crop_shows_the_ramp_that_its_matrix_says(turn_deg, scale):
    """A picture whose colors are its coordinates tells where each pixel of the crop was taken from."""
    y, x = np.mgrid[0:500, 0:600]
    picture = np.stack([x * 0.4, y * 0.5, np.full_like(x, 77)], axis=-1).astype(np.uint8)
    turn = np.deg2rad(turn_deg)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    crop = Crop(np.column_stack([matrix, [310.0, 240.0] - matrix @ [30.5, 30.5]]), 62)
    assert crop.scale == pytest.approx(scale)
    y, x = np.mgrid[0:62, 0:62]
    frame_px = crop.points_to_frame(np.stack([x, y], axis=-1))
    cut = crop.cut(picture)
    assert np.abs(cut[..., 0] - frame_px[..., 0] * 0.4).max() < 1.5
    assert np.abs(cut[..., 1] - frame_px[..., 1] * 0.5).max() < 1.5
    assert (cut[..., 2] == 77).all()


class Parts:
    """A picture that tells which parts of it are made."""

    def __init__(self, picture):
        self.picture, self.shape, self.made = picture, picture.shape, []

    def shrunk(self, rows, columns, factor):
        self.made.append((rows, columns, factor))
        return shrink_area(self.picture[rows, columns], factor)


@pytest.mark.parametrize(("side", "factor"), [(15, 1), (30, 1), (71, 1), (76, 2), (160, 3), (300, 6)])
def test_one_part_of_a_shrinkable_picture_is_requested(side, factor):
    y, x = np.mgrid[0:240, 0:320]
    picture = np.stack([x / 2, y, 255 - y], axis=-1).astype(np.uint8)
    crop = Crop.centered((120.5, 133.0), side, 50)
    parts = Parts(picture)
    assert np.abs(crop.cut(parts).astype(int) - crop.cut(picture)).max() <= 2
    ((rows, columns, found),) = parts.made
    assert (rows.start % 2, columns.start % 2, found) == (0, 0, factor)
    assert (rows.stop - rows.start) % factor == 0 and (columns.stop - columns.start) % factor == 0
    # No more than two blocks and a pixel on each side.
    assert rows.stop - rows.start <= side + 5 * factor + 2 and columns.stop - columns.start <= side + 5 * factor + 2


def test_the_requested_part_reaches_two_whole_blocks_beyond_the_crop():
    """3.2 px a pixel: its first is at 120.5 - 24.5 * 3.2 = 42.1 across and 54.6 down, its last at 198.9 and 211.4.

    From 42 - 6 and 54 - 6 on, and up to 199 + 6 and 212 + 6, or as much more as makes 3 px a block.
    """
    parts = Parts(np.zeros((240, 320, 3), np.uint8))
    Crop.centered((120.5, 133.0), 160, 50).cut(parts)
    assert parts.made == [(slice(48, 219), slice(36, 207), 3)]


def test_the_requested_part_ends_at_the_pictures_edge():
    """6 px a pixel: the first is at 160 - 19.5 * 6 = 43 across and 3 down, the last at 277 and 237.

    From 43 - 12, made even, to 277 + 12 and 5 more; from 0, as -9 is none, to 240, as 237 + 12 is none.
    """
    parts = Parts(np.zeros((240, 320, 3), np.uint8))
    Crop.centered((160.0, 120.0), 240, 40).cut(parts)
    assert parts.made == [(slice(0, 240), slice(30, 294), 6)]


@pytest.mark.parametrize("shape", [(6, 90), (90, 6)])
def test_a_strip_thinner_than_the_blocks_is_not_widened_to_them(shape):
    cut = Crop.centered((shape[1] / 2, shape[0] / 2), 20 * 9, 20).cut(np.full(shape, 216, np.uint8))
    # It covers 6 x 90 px, of 9 x 9 a pixel.
    assert 0 < cut.sum(dtype=int) <= 216 * 6 * 90 / 81


def test_shrinkable_pictures_are_distinguished_from_arrays():
    assert isinstance(Parts(np.zeros((4, 4), np.uint8)), Shrinkable)
    assert not isinstance(np.zeros((4, 4), np.uint8), Shrinkable)


def test_no_part_of_a_shrinkable_picture_is_made_outside_it():
    parts = Parts(np.full((200, 200, 3), 200, np.uint8))
    cut = Crop.centered((5000.0, 0.0), 1000, 50).cut(parts)
    assert cut.shape == (50, 50, 3) and cut.max() == 0 and not parts.made


def test_shrinking_means_by_hand():
    part = np.array([[0, 4, 8], [2, 6, 8], [10, 20, 30]], np.uint8)
    # The last block of the first row is 8, 8 and 8, 8; those of the last have their rows twice.
    assert shrink_area(part, 2).tolist() == [[3, 8], [15, 30]]
    assert shrink_area(np.array([[3, 6, 9, 12]], np.uint8), 3).tolist() == [[6, 12]]
    assert shrink_area(np.array([[3], [6], [9], [12]], np.uint8), 3).tolist() == [[6], [12]]


def test_crop_camera_projects_into_the_crop():
    matrix = np.array([[1000.0, 0, 960], [0, 1100, 540], [0, 0, 1]])
    crop = Crop.from_box([100, 200, 300, 400], 224)
    camera = Camera("a", (1080, 1920), matrix, np.zeros(5), np.eye(3), np.zeros(3))
    x, y, w = crop.camera_matrix(camera) @ [1.0, 2.0, 4.0]
    np.testing.assert_allclose(crop.points_to_crop([1000 / 4 + 960, 1100 / 2 + 540]), [x / w, y / w])


def test_crop_camera_follows_a_distorted_lens():
    matrix = np.array([[1000.0, 0, 960], [0, 1000, 540], [0, 0, 1]])
    camera = Camera("a", (1080, 1920), matrix, np.array([-0.28, 0.1, 0, 0, 0]), np.eye(3), np.zeros(3))
    # A person near the corner: half of the crop is beyond the image.
    crop = Crop.from_box([1600, 700, 300, 600], 128)
    points = camera.back_project(np.random.default_rng(0).uniform([1600, 700], [1900, 1070], (50, 2)), 3000.0)
    image = points @ crop.camera_matrix(camera).T
    away = np.linalg.norm(image[:, :2] / image[:, 2:] - crop.points_to_crop(camera.project_camera(points)), axis=1)
    assert away.max() < 3.0
    pinhole = points @ (np.vstack([crop.from_frame, [0, 0, 1]]) @ matrix).T
    ignored = np.linalg.norm(pinhole[:, :2] / pinhole[:, 2:] - image[:, :2] / image[:, 2:], axis=1)
    assert ignored.min() > 10 * away.mean()


def test_box_from_joints_ignores_unlabelled_joints():
    xy = np.array([[5.0, 7.0], [-900.0, 1e6], [25.0, 17.0]])
    assert box_from_joints(xy, np.array([2, 0, 1])).tolist() == [5, 7, 20, 10]
    with pytest.raises(ValueError, match="at least one labelled joint, got none"):
        box_from_joints(xy, np.zeros(3, int))


@pytest.mark.parametrize(
    "box",
    [
        [1e6, 0, 9, 9],
        [0, -1e6, 9, 9],
        [0, 0, 9, 8e5],
        [0, 0, -9, -9],
        [0, 0, 0, 0],
        [0, 0, np.nan, 5],
        [0, 0, np.inf, 5],
    ],
)
def test_impossible_boxes_raise(box):
    with pytest.raises(ValueError, match="a box must be finite and wider or higher than 0 px"):
        Crop.from_box(box, 224)
