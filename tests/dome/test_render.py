import cv2
import numpy as np
import pytest

from body.human import PARTS
from dome.place.backdrop import Scene
from dome.view.crowd import Crowd
from dome.view.render import Frame, Light, ShadowMap, View
from dome.view.sensor import Sensor
from dome.view.surface import Surface
from dome.view.visibility import HIDDEN, OUTSIDE, SEEN, hidden_joints
from pose import PANOPTIC19, Camera
from pose.space.raster import Window, attributes, draw_triangles, rasterize, vertex_normals

SIZE = (400, 600)
WHOLE = Window(0, 0, 600, 400)
STRONG = (-0.285, 0.185, 0.0, 0.001, -0.05)
# Triangles of a square, counter-clockwise as seen by whom it faces.
TWO = np.array([[0, 2, 1], [0, 3, 2]])


def make_camera(distortion=(0, 0, 0, 0, 0), focal=500.0, size=SIZE, rotation=None, center=(0, 0, 0)) -> Camera:
    """By default it stands in the world's middle and looks along z; its principal point is (299.5, 199.5)."""
    height, width = size
    matrix = [[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]]
    rotation = np.eye(3) if rotation is None else np.array(rotation)
    return Camera("a", size, np.array(matrix), np.array(distortion), rotation, -rotation @ np.array(center, float))


def square(middle, half, along=(1, 0, 0), down=(0, 1, 0)) -> np.ndarray:
    """Corners (4, 3) of a square, from its top left clockwise as one sees it who looks along `along` x `down`."""
    along, down = np.array(along, float), np.array(down, float)
    return np.array(middle, float) + half * np.array([-along - down, along - down, along + down, down - along])


def grid(corners, count):
    """A square (4, 3) cut into count x count squares of two triangles each."""
    share = np.linspace(0, 1, count + 1)
    u, v = (w.reshape(-1, 1) for w in np.meshgrid(share, share))
    points = corners[0] + u * (corners[1] - corners[0]) + v * (corners[3] - corners[0])
    row, column = np.divmod(np.arange(count * count), count)
    first = row * (count + 1) + column
    quads = np.stack([first, first + 1, first + count + 2, first + count + 1], axis=1)
    return points, quads[:, TWO].reshape(-1, 3)


def surface(faces, count, part=1, color=(0.5, 0.5, 0.5)):
    full = np.full(len(faces), part, np.uint8)
    paint = lambda points: np.broadcast_to(np.float32(color), points.shape)  # noqa: E731
    return Surface(faces.astype(np.int32), np.zeros((count, 3), np.float32), full, full * 0, (paint,))


def plain_scene(view, brightness=0.5, distance=5000.0):
    shape = view.camera.size
    picture = np.full((*shape, 3), brightness, np.float32)
    return Scene(picture, np.full((*shape, 2), np.nan, np.float32), np.full(shape, distance, np.float32))


def lamp(place=(0, -60_000, 0), direct=0.6, sky=0.4, ground=0.2, softness=10.0):
    return Light(np.array(place, float), *(np.full(3, value) for value in (direct, sky, ground)), softness)


def middle_of(mask):
    y, x = np.nonzero(mask)
    return np.array([x.mean(), y.mean()])


def polygon_middle(xy):
    """The centroid (2,) of a polygon's area."""
    x, y = xy.T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    return np.array([((w + np.roll(w, -1)) * cross).sum() for w in (x, y)]) / (3 * cross.sum())


def outline_px(camera, corners):
    """The square's edges through OpenCV's own projection."""
    share = np.linspace(0, 1, 200, endpoint=False)[:, None]
    edges = [a + share * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    rotation = cv2.Rodrigues(camera.rotation)[0]
    points = np.concatenate(edges)
    return cv2.projectPoints(points, rotation, camera.translation_mm, camera.matrix, camera.distortion)[0][:, 0]


@pytest.mark.parametrize("samples", [1, 2])
@pytest.mark.parametrize("shift", [0.0, 0.37, 1.71])
def test_pixel_centers_are_whole_numbers_to_a_twentieth_of_a_pixel(samples, shift):
    # Turned a little, the edges cut pixels in all ways, and what is left out and what is too much cancels.
    corners = square((12.3 + shift, 7.9 - shift, 1000), 250.0, (0.96, 0.28, 0), (-0.28, 0.96, 0))
    camera = make_camera()
    covered = rasterize(camera, corners, TWO, WHOLE, samples=samples).triangle >= 0
    # Sample i of a pixel cut in n lies (i + 0.5) / n - 0.5 from its center.
    found = (middle_of(covered) + 0.5) / samples - 0.5
    np.testing.assert_allclose(found, polygon_middle(outline_px(camera, corners)), atol=0.05)
    # 500 mm at 1000 mm are 250 px.
    assert covered.sum() / samples**2 == pytest.approx(250**2, rel=2e-3)


def test_the_lens_bends_what_is_drawn():
    camera, straight = make_camera(STRONG), make_camera()
    corners = square((430.0, 250.0, 1000), 100.0, (0.96, 0.28, 0), (-0.28, 0.96, 0))
    points, faces = grid(corners, 12)
    found = middle_of(rasterize(camera, points, faces, WHOLE).triangle >= 0)
    bent = polygon_middle(outline_px(camera, corners))
    np.testing.assert_allclose(found, bent, atol=0.1)
    assert np.linalg.norm(bent - polygon_middle(outline_px(straight, corners))) > 10


def test_a_window_shows_the_same_as_the_whole():
    points, faces = grid(square((40, 30, 900), 120.0, (0.8, 0, 0.6)), 9)
    whole = rasterize(make_camera(STRONG), points, faces, WHOLE)
    window = Window(301, 190, 377, 263)
    part = rasterize(make_camera(STRONG), points, faces, window)
    assert part.triangle.shape == window.size == (73, 76)
    same = part.triangle == whole.triangle[window.region]
    # Points on the very edge between two triangles may fall to either.
    assert same.mean() > 0.995
    np.testing.assert_allclose(part.depth_mm, whole.depth_mm[window.region], atol=0.05)


def test_depth_and_shares_follow_perspective():
    # On the plane z = 2000 + x / 2, the ray through a pixel d px right of the middle meets z = 2000 / (1 - d / 1000).
    corners = square((0, 0, 2000), 1000.0, (1, 0, 0.5))
    drawn = rasterize(make_camera(), corners, TWO, WHOLE)
    row, column = np.nonzero(drawn.triangle >= 0)
    expected = 2000 / (1 - (column - 299.5) / 1000)
    np.testing.assert_allclose(drawn.depth_mm[row, column], expected, atol=0.05)
    assert abs(drawn.depth_mm[200, 499] - 2000 / 0.8005) < 0.05
    assert np.isinf(drawn.depth_mm[drawn.triangle < 0]).all() and (drawn.triangle < 0).any()
    triangle, share = drawn.triangle[row, column], drawn.barycentric[row, column]
    points = attributes(corners.astype(np.float32), TWO, triangle, share)
    np.testing.assert_allclose(points[:, 2], expected, atol=0.05)
    np.testing.assert_allclose(points[:, 0], (column - 299.5) / 500 * expected, atol=0.05)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 3, 0, 1]])
def test_the_nearer_hides_the_farther(order):
    points = np.concatenate([square((0, 0, 1000), 100), square((50, 0, 1001), 100)])
    faces = np.concatenate([TWO, TWO + 4])[order]
    drawn = rasterize(make_camera(), points, faces, WHOLE)
    # At 299.5 + 500 * 0.05 both lie, at 299.5 + 500 * 0.13 the farther alone.
    assert drawn.depth_mm[200, 325] == pytest.approx(1000, abs=0.01)
    assert drawn.depth_mm[200, 364] == pytest.approx(1001, abs=0.01)
    assert faces[drawn.triangle[200, 325]].max() <= 3 and faces[drawn.triangle[200, 364]].min() >= 4


def test_back_faces_are_not_drawn():
    assert (rasterize(make_camera(), square((0, 0, 1000), 100), TWO[:, ::-1], WHOLE).triangle == -1).all()


def test_two_hundred_thousand_triangles_are_distinguished():
    rows, columns, side = 250, 400, 4
    y, x = np.meshgrid(np.arange(rows + 1), np.arange(columns + 1), indexing="ij")
    xy = np.stack([x, y], axis=-1).reshape(-1, 2) * float(side) - 0.5
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    quads = np.stack([first, first + 1, first + columns + 2, first + columns + 1], axis=1)
    faces = quads[:, TWO].reshape(-1, 3)
    assert len(faces) == 200_000
    window = Window(0, 0, columns * side, rows * side)
    triangle = draw_triangles(xy, 700 + 3.7 * xy[:, 0] + 1.3 * xy[:, 1], faces, window).triangle
    row, column = np.indices(window.size)
    below = row % side - column % side
    expected = 2 * (row // side * columns + column // side) + (below > 0)
    np.testing.assert_array_equal(triangle[below != 0], expected[below != 0])


def test_what_is_behind_the_camera_or_beyond_the_lens_is_left_out():
    before = square((0, 0, 1000), 100)
    across = np.array([[0, 0, 1000], [100, 0, -1000], [0, 100, 1000.0]])
    # At 1000 mm the strong lens's image folds back on itself beyond about 1.4 m to the side.
    beyond = np.array([[0, 0, 1000], [2500, 0, 1000], [0, 100, 1000.0]])
    alone = rasterize(make_camera(STRONG), before, TWO, WHOLE)
    points = np.concatenate([before, -before, across, beyond])
    faces = np.concatenate([TWO, TWO + 4, [[8, 9, 10], [11, 12, 13]]])
    drawn = rasterize(make_camera(STRONG), points, faces, WHOLE)
    np.testing.assert_array_equal(drawn.triangle, alone.triangle)
    behind = rasterize(make_camera(), -before, TWO, WHOLE)
    assert (behind.triangle == -1).all() and np.isinf(behind.depth_mm).all()
    assert rasterize(make_camera(), before, TWO, Window(5, 5, 5, 9)).triangle.shape == (4, 0)


def test_normals_are_means_by_area():
    # A large square on the floor, seen from above, and a small one upright behind it; they share an edge.
    vertices = np.array([[0, 0, 0], [0, 0, 4], [4, 0, 4], [4, 0, 0], [0, -1, 0], [4, -1, 0]], np.float32)
    up = np.array([[0, 1, 2], [0, 2, 3]])
    upright = np.array([[0, 3, 5], [0, 5, 4]])
    normals = vertex_normals(vertices, np.concatenate([up, upright]))
    np.testing.assert_allclose(np.abs(normals[1]), (0, 1, 0), atol=1e-6)
    # Vertex 3 has one triangle of area 8 and one of area 2.
    np.testing.assert_allclose(np.abs(normals[3]), np.array([0, 8, 2]) / np.hypot(8, 2), atol=1e-6)


def test_light_on_surfaces():
    light = lamp(place=(0, -60_000, 0))
    points = np.zeros((4, 3), np.float32)
    normals = np.array([[0, -1, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0]], np.float32)
    lit, free = np.float32([1, 1, 0, 0]), np.float32([1, 1, 1, 0.5])
    shade = light.shade(points, normals, lit, free)
    np.testing.assert_allclose(shade[:, 0], [0.4 + 0.6, 0.2, 0.4, 0.2], atol=1e-5)


def test_shadows_fall_away_from_the_light():
    # The sun stands at 45 degrees on the side of +x, 60 m high. A plate of 200 mm hangs 1 m above the floor: its
    # middle's shadow is at 60000 - 60000 * 60 / 59 = -1016.9, 200 * 60 / 59 wide.
    light = lamp(place=(60_000, -60_000, 0))
    plate = square((0, -1000, 0), 100, (1, 0, 0), (0, 0, 1))
    shadows = ShadowMap(light, [(surface(TWO, 4), plate.astype(np.float32))])
    # From 4 m above the floor, looking down: 1 px is 8 mm; image right is +x, image down is -z.
    camera = make_camera(rotation=[[1, 0, 0], [0, 0, -1], [0, 1, 0]], center=(0, -4000, 0))
    rows, columns = np.indices(SIZE)
    floor = np.stack([(columns - 299.5) * 8, (199.5 - rows) * 8], axis=-1).astype(np.float32)
    picture = np.full((*SIZE, 3), 200, np.uint8)
    shadows.darken(picture, floor, camera)
    # In full shadow only the sky's light is left; images hold the square root of light.
    left = np.sqrt(0.4 / (0.4 + 0.6 * np.sqrt(0.5)))
    np.testing.assert_allclose(picture[199:201, 171:174], 200 * left, atol=2)
    dark = 200.0 - picture[..., 0]
    middle = (dark * columns).sum() / dark.sum(), (dark * rows).sum() / dark.sum()
    np.testing.assert_allclose(middle, (299.5 - 1016.9 / 8, 199.5), atol=0.15)
    assert dark.sum() == pytest.approx(200 * (1 - left) * (203.4 / 8) ** 2, rel=0.03)
    # Right below the plate there is no shadow; where no floor is seen, none is drawn.
    assert (picture[199:201, 299:301] >= 198).all()
    picture[:] = 200
    shadows.darken(picture, np.full_like(floor, np.nan), camera)
    assert (picture == 200).all()


def test_bodies_shade_one_another_but_not_themselves():
    light = lamp(place=(60_000, -60_000, 0))
    plate = square((0, -1000, 0), 100, (1, 0, 0), (0, 0, 1)).astype(np.float32)
    shadows = ShadowMap(light, [(surface(TWO, 4), plate)])
    points = np.float32([[-500, -500, 0], [500, -500, 0], [-500, -500, 300], [0, -1000, 0], [500, -1500, 0]])
    up = np.tile(np.float32([0, -1, 0]), (5, 1))
    np.testing.assert_array_equal(shadows.lit(points, up), [0, 1, 1, 1, 1])


def test_a_body_near_the_floor_darkens_it():
    light = lamp(direct=0.0)
    picture = {}
    for above in (20, 800):
        plate = square((0, -above, 0), 100, (1, 0, 0), (0, 0, 1)).astype(np.float32)
        points, faces = grid(plate, 10)
        shadows = ShadowMap(light, [(surface(faces, len(points)), points.astype(np.float32))])
        picture[above] = shadows.floor.min()
    assert picture[20] < 200 and picture[800] > 250


def test_a_frame_holds_people_parts_and_depth():
    view = View(make_camera(), samples=1)
    near, far = (square((x, 0, z), 100).astype(np.float32) for x, z in ((0, 1000), (120, 1500)))
    scene = plain_scene(view)
    scene.distance_mm[:, 400:] = 100
    frame = view.draw(scene, [(surface(TWO, 4, 3), far), (surface(TWO, 4, 5), near)], lamp())
    # The nearer square spans 249.5 to 349.5, the farther 306.2 to 372.8; right of 400 the place itself is in front.
    assert (frame.person[200, [300, 330, 360, 390]] == [2, 2, 1, 0]).all()
    assert (frame.part[200, [300, 330, 360, 390]] == [5, 5, 3, 0]).all()
    np.testing.assert_allclose(frame.depth_mm[200, [300, 360]], [1000, 1500], atol=0.1)
    # 5 m along the ray, of which the axis has its cosine.
    offset = (390 - 299.5) / 500, 0.5 / 500
    assert frame.depth_mm[200, 390] == pytest.approx(5000 / np.sqrt(1 + offset[0] ** 2 + offset[1] ** 2), rel=1e-5)
    assert (frame.picture[frame.person == 0] == 128).all() and frame.picture.dtype == np.uint8
    hidden = view.draw(plain_scene(view, distance=500.0), [(surface(TWO, 4), near)], lamp())
    assert not hidden.person.any() and (hidden.picture == 128).all()
    empty = view.draw(scene, [], lamp(), ShadowMap(lamp(), []))
    assert not empty.person.any() and (empty.picture == 128).all()


def test_edges_are_antialiased():
    view = View(make_camera(), samples=2)
    # From 249.5 to 349.5: the square covers half of each pixel at its rim, of which the lines lie at whole numbers.
    near = square((1, 1, 1000), 100).astype(np.float32)
    black = surface(TWO, 4, color=(0, 0, 0))
    frame = view.draw(plain_scene(view, brightness=0.8), [(black, near)], lamp())
    assert frame.picture[200, 240, 0] == 204 and frame.picture[200, 300, 0] == 0
    assert frame.picture[200, 250, 0] == pytest.approx(102, abs=1)
    assert frame.picture[150, 250, 0] == pytest.approx(153, abs=1)
    with pytest.raises(ValueError, match="samples must be 1 or 2, or None to go by the picture's size, got 3"):
        View(make_camera(), samples=3)


def test_people_are_joined_with_their_own_paints():
    red, blue = surface(TWO, 4, color=(1, 0, 0)), surface(TWO, 4, color=(0, 0, 1))
    crowd = Crowd([(red, np.zeros((4, 3))), (blue, np.ones((4, 3)))])
    assert crowd.faces.tolist() == [[0, 2, 1], [0, 3, 2], [4, 6, 5], [4, 7, 6]]
    colors = crowd.colors(np.array([3, 0, 1]), np.zeros((3, 3)))
    assert colors.tolist() == [[0, 0, 1], [1, 0, 0], [1, 0, 0]]


def frame_of(part, depth_mm, person=1):
    """A frame that shows the same everywhere."""
    number = np.uint8(1 + PARTS.index(part)) if part else np.uint8(0)
    return Frame(
        np.zeros((*SIZE, 3), np.uint8),
        np.full(SIZE, depth_mm, np.float32),
        np.full(SIZE, person, np.uint8),
        np.full(SIZE, number, np.uint8),
    )


def seen(frame, joint, z_mm=2000.0, x_mm=0.0):
    joints = np.full((1, 19, 3), (0.0, 0.0, z_mm))
    joints[..., 0] = x_mm
    return hidden_joints(frame, make_camera(), joints)[0, PANOPTIC19.index(joint)]


def test_a_joint_is_seen_through_its_own_flesh_alone():
    assert seen(frame_of("left_forearm", 1960), "left_wrist") == SEEN
    assert seen(frame_of("left_hand", 1960), "left_wrist") == SEEN
    assert seen(frame_of("torso", 1960), "left_wrist") == HIDDEN
    assert seen(frame_of("right_forearm", 1960), "left_wrist") == HIDDEN
    assert seen(frame_of("left_forearm", 1960, person=2), "left_wrist") == HIDDEN
    assert seen(frame_of("left_forearm", 1800), "left_wrist") == HIDDEN
    assert seen(frame_of("head", 1980), "nose") == SEEN
    # From behind, the whole head is before the nose.
    assert seen(frame_of("head", 1800), "nose") == HIDDEN
    assert seen(frame_of("torso", 1920), "right_shoulder") == SEEN
    assert seen(frame_of("torso", 1650), "right_shoulder") == HIDDEN


def test_a_wall_hides_joints_and_the_image_ends():
    wall = frame_of(None, 1000, person=0)
    assert seen(wall, "left_knee") == HIDDEN
    assert seen(wall, "left_knee", z_mm=900) == SEEN
    # 1300 mm to the side at 2000 mm is 325 px from the middle, and the image's edge is at 300.
    assert seen(wall, "left_knee", x_mm=1300) == OUTSIDE
    assert seen(wall, "left_knee", z_mm=-900) == OUTSIDE
    two = hidden_joints(frame_of("left_shank", 1950, person=2), make_camera(), np.full((2, 19, 3), (0, 0, 2000.0)))
    assert two.shape == (2, 19) and two[:, PANOPTIC19.index("left_knee")].tolist() == [HIDDEN, SEEN]


def test_sensors_are_seeded_and_noise_changes_per_frame():
    picture = np.full((*SIZE, 3), 128, np.uint8)
    first, again = (Sensor(np.random.default_rng(5), SIZE) for _ in range(2))
    one = first.read(picture)
    np.testing.assert_array_equal(one, again.read(picture))
    assert one.shape == picture.shape and one.dtype == np.uint8 and (one != first.read(picture)).mean() > 0.3
    middle = one[150:250, 250:350].astype(float)
    assert middle.std(axis=(0, 1)) == pytest.approx(np.full(3, first.noise), rel=0.1)
    assert middle.mean(axis=(0, 1)) == pytest.approx(first.table[0, 128].astype(float), abs=0.6)
    with pytest.raises(ValueError, match=r"uint8 pictures of shape \(400, 600, 3\), got uint8 \(4, 4, 3\); make a"):
        first.read(picture[:4, :4])


def test_random_lights_are_seeded_and_above_people():
    for seed in range(30):
        light, again = (Light.random(np.random.default_rng(seed)) for _ in range(2))
        assert light.place_mm[1] < -3000
        np.testing.assert_array_equal(light.place_mm, again.place_mm)
        brightest = light.sky + light.direct
        assert (brightest > 0.2).all() and (brightest < 3.5).all()
