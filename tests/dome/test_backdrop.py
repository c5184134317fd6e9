"""Places behind the dome's people: intersections with rays, consistency between cameras, and photographs."""

import cv2
import numpy as np
import pytest

from dome.place.backdrop import Backdrop, Scene, kind_of_place, pixel_angle
from dome.place.clutter import INNER_MM, Thing, clutter
from dome.place.places import PHOTOGRAPH, PLACES
from dome.place.shells import FAR_MM, Ball, Box, Ring
from dome.place.solids import blob, block
from dome.place.textures import Texture, fractal
from dome.view.rig import dome_cameras
from pose import Camera

SIZE = (90, 160)
WHITE = Texture(np.ones((8, 8, 3)))


def rays_of(camera: Camera) -> np.ndarray:
    height, width = camera.size
    x, y = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    points = camera.back_project(np.stack([x, y], axis=-1), 1000.0) - camera.center_mm
    return (points / np.linalg.norm(points, axis=-1, keepdims=True)).astype(np.float32)


def look(kind: str | None, seed: int = 0, camera: int = 0, size=SIZE, **arguments) -> tuple[Camera, Scene]:
    cameras = dome_cameras(np.random.default_rng(7), 4, size)
    backdrop = Backdrop(np.random.default_rng(seed), kind=kind, **arguments)
    return cameras[camera], backdrop.seen_from(cameras[camera].center_mm, rays_of(cameras[camera]))


def ray(*direction: float) -> np.ndarray:
    return (np.array(direction, np.float32) / np.float32(np.linalg.norm(direction))).reshape(1, 1, 3)


@pytest.mark.parametrize("kind", PLACES)
def test_rays_hit_the_floor_where_it_is(kind):
    # 1 m up at x = 0.2 m, z = -1 m, looking along +z and 45 degrees down: 1 m ahead, sqrt(2) m away.
    scene = Backdrop(np.random.default_rng(1), kind=kind).seen_from(np.array([200.0, -1000.0, -1000.0]), ray(0, 1, 1))
    np.testing.assert_allclose(scene.floor_mm[0, 0], [200, 0], atol=0.1)
    np.testing.assert_allclose(scene.distance_mm, [[1000 * 2**0.5]], rtol=1e-5)


def test_rays_hit_walls_where_they_are():
    dome = Ball(WHITE, 3000.0, np.array([0.0, -1000.0, 0.0]))
    center = np.array([0.0, -1000.0, 500.0])
    assert dome.look(center, ray(0, 0, 1), 0.0)[0].item() == pytest.approx(2500)
    assert dome.look(center, ray(0, 0, -1), 0.0)[0].item() == pytest.approx(3500)
    room = Box(WHITE, WHITE, (4000.0, 5000.0), 3000.0, 0.0)
    assert room.look(center, ray(0, 0, 1), 0.0)[0].item() == pytest.approx(4500)
    assert room.look(center, ray(-1, 0, 0), 0.0)[0].item() == pytest.approx(4000)
    assert room.look(center, ray(0, -1, 0), 0.0)[0].item() == pytest.approx(2000)
    # Turned by a quarter, its walls change places.
    across = Box(WHITE, WHITE, (4000.0, 5000.0), 3000.0, np.pi / 2)
    assert across.look(center, ray(0, 0, 1), 0.0)[0].item() == pytest.approx(3500, rel=1e-5)
    # A ring of half-seen white, 2 m high: met at the camera's height of 1 m, and not above.
    ring = Ring(Texture(np.full((8, 8, 4), (1, 1, 1, 0.5))), 8000.0, 2000.0)
    distance, color, alpha = ring.look(center, ray(0, 0, 1), 0.0)
    assert distance.item() == pytest.approx(7500)
    np.testing.assert_allclose([*color[0, 0], alpha.item()], [1, 1, 1, 0.5], atol=0.003)
    assert ring.look(center, ray(0, -1, 3), 0.0)[2].item() == 0


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("axis", [0, 2])
def test_walls_read_from_left_to_right(axis, sign):
    # Brightness rises to the right in every texture, so it must rise to the viewer's right.
    rising = np.tile(np.linspace(0, 1, 64).repeat(4)[None, :, None], (16, 1, 3))
    forward = np.zeros(3)
    forward[axis] = sign
    right = np.cross([0.0, 1.0, 0.0], forward)
    room = Box(Texture(rising), WHITE, (4000.0, 4000.0), 3000.0, 0.0)
    ring = Ring(Texture(np.concatenate([rising, np.ones((16, 256, 1))], axis=-1)), 8000.0, 3000.0, 8)
    dome = Ball(Texture(rising), 3000.0, np.array([0.0, -1000.0, 0.0]))
    for shell in (room, ring, dome):
        # Not at the seam, which is where the brightness falls back.
        left, ahead = (
            shell.look(np.array([0.0, -1000.0, 0.0]), ray(*(forward + share * right)), 0.0)[1][0, 0, 0]
            for share in (0.1, 0.2)
        )
        assert left < ahead


def test_rays_hit_solids_where_they_are():
    def meet(solid, *direction: float, **arguments) -> float:
        rays = tuple(np.moveaxis(ray(*direction), -1, 0))
        return solid.meet(np.array([0.0, -500.0, -3000.0]), rays, **arguments).item()

    cube, ball = (make(0, 0, 0, 1000, 1000, 1000, np.full(3, 0.5)) for make in (block, blob))
    for solid in (cube, ball):
        assert meet(solid, 0, 0, 1) == pytest.approx(2500)
        assert meet(solid, 0, 0, 1, grown_mm=100) == pytest.approx(2400)
        assert np.isinf(meet(solid, 0, -1, 1)) and np.isinf(meet(solid, 0, 0, -1))
    # 450 mm aside at the face, the cube is there and the ball is sqrt(500^2 - 450^2) = 217.9 mm before its middle.
    assert meet(cube, 450, 0, 2500) == pytest.approx(np.hypot(450, 2500))
    beside = np.array([450.0, -500.0, -3000.0]), tuple(np.moveaxis(ray(0, 0, 1), -1, 0))
    assert cube.meet(*beside).item() == pytest.approx(2500)
    assert ball.meet(*beside).item() == pytest.approx(3000 - 217.945, abs=0.01)
    points = np.array([[0.0, -500.0, -500.0], [500.0, -400.0, 0.0]])
    assert cube.normals(points).tolist() == [[0, 0, -1], [1, 0, 0]]
    np.testing.assert_allclose(ball.normals(points)[0], [0, 0, -1], atol=1e-9)
    # Lit from the front: 0.62 + 0.3; from the right 0.62.
    lit = cube.color(points[:1], np.array([0.0, 0.0, -1.0])), cube.color(points[:1], np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(np.concatenate(lit)[:, 0], [0.46, 0.31], atol=1e-6)


def test_things_occlude_what_is_behind_them():
    cube = block(0, 0, 0, 1000, 1000, 1000, np.ones(3))
    thing = Thing(np.array([0.0, 0.0, 4000.0]), 0.0, (cube,), np.array([0.0, -1.0, 0.0]))
    # A camera 1 m up that looks along +z, from across the stage; the cube's face is 6.2 m ahead.
    matrix = np.array([[100.0, 0, 80.0], [0, 100.0, 45.0], [0, 0, 1]])
    rays = rays_of(Camera("ahead", SIZE, matrix, np.zeros(5), np.eye(3), np.zeros(3)))
    picture, floor = np.zeros((*SIZE, 3), np.float32), np.zeros((*SIZE, 2), np.float32)
    distance = np.full(SIZE, FAR_MM, np.float32)
    thing.draw(np.array([0.0, -1000.0, -2700.0]), rays, 0.01, picture, floor, distance)
    drawn = distance < FAR_MM
    # 500 mm to either side is 8.06 px, 1000 mm down is 16.13 px. Of a pixel's samples at -0.25 and 0.25 px in x and in
    # y more than half must be on it: columns 73 to 87 and rows 46 to 60.
    rows, columns = np.nonzero(drawn)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (46, 60, 73, 87)
    assert (np.isnan(floor[..., 0]) == drawn).all() and (picture[50, 75:86] > 0.5).all()
    assert distance[46, 80] == pytest.approx(6200, rel=1e-3)
    # Behind a wall it is not seen.
    wall = np.full(SIZE, 6000.0, np.float32)
    thing.draw(np.array([0.0, -1000.0, -2700.0]), rays, 0.01, picture, floor, wall)
    assert (wall == 6000).all()


def test_things_between_a_camera_and_the_stage_are_left_out():
    cube = block(0, 0, 0, 1000, 1000, 1000, np.ones(3))
    thing = Thing(np.array([0.0, 0.0, 4000.0]), 0.0, (cube,), np.array([0.0, -1.0, 0.0]))
    matrix = np.array([[100.0, 0, 80.0], [0, 100.0, 45.0], [0, 0, 1]])
    # Outside the circle on the thing's own side, looking at it and at the stage beyond.
    turned_round = np.diag([-1.0, 1.0, -1.0])
    rays = rays_of(Camera("outside", SIZE, matrix, np.zeros(5), turned_round, np.zeros(3)))
    distance = np.full(SIZE, FAR_MM, np.float32)
    thing.draw(np.array([0.0, -1000.0, 9000.0]), rays, 0.01, np.zeros((*SIZE, 3)), np.zeros((*SIZE, 2)), distance)
    assert (distance == FAR_MM).all()


def test_things_stand_outside_the_cameras_circle():
    things = clutter(np.random.default_rng(0), 200, 6000.0)
    nearest = np.array([np.linalg.norm(thing.foot_mm) - thing.reach_mm for thing in things])
    assert len(nearest) == 200 and (nearest >= INNER_MM - 1e-6).all() and (nearest <= 6000).all()
    assert all(thing.foot_mm[1] == 0 for thing in things)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_seen_is_where_the_scene_says(kind, seed):
    camera, scene = look(kind, seed)
    assert scene.picture.dtype == scene.floor_mm.dtype == scene.distance_mm.dtype == np.float32
    assert (scene.picture >= 0).all() and (scene.picture <= 1).all()
    if kind != "plain":
        assert scene.picture.std() > 0.02
    points = camera.center_mm + rays_of(camera) * scene.distance_mm[..., None]
    on_floor = np.isfinite(scene.floor_mm).all(axis=-1)
    assert (on_floor == np.isfinite(scene.floor_mm).any(axis=-1)).all() and on_floor.any() and not on_floor.all()
    # The floor's rounding grows with the distance.
    off = np.abs(points[on_floor][:, [0, 2]] - scene.floor_mm[on_floor]).max(axis=1)
    assert (off <= 1e-5 * scene.distance_mm[on_floor] + 0.1).all()
    np.testing.assert_allclose(points[on_floor][:, 1], 0, atol=5)
    # What is not floor is above it, and nothing is nearer than the stage is wide.
    assert (points[~on_floor][:, 1] < 50).all()
    assert scene.distance_mm.max() <= FAR_MM and scene.distance_mm.min() > 500


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLACES)
def test_cameras_see_the_same_place(kind):
    backdrop = Backdrop(np.random.default_rng(2), kind=kind)
    # Enough pixels that both sample the full texture and no mipmap.
    first, second = (dome_cameras(np.random.default_rng(5), 9, (180, 320))[i] for i in (0, 2))
    ours, theirs = (backdrop.seen_from(each.center_mm, rays_of(each)) for each in (first, second))
    points = first.center_mm + rays_of(first) * ours.distance_mm[..., None]
    xy = second.project(points)
    shown = second.contains(xy) & second.in_front(points) & (ours.distance_mm < FAR_MM)
    column, row = np.round(xy[shown]).astype(int).T
    away = np.linalg.norm(points[shown] - second.center_mm, axis=-1)
    met = np.abs(theirs.distance_mm[row, column] / away - 1) < 0.02
    assert met.mean() > 0.5 and met.sum() > 300
    pairs = ours.picture[shown][met], theirs.picture[row, column][met]
    assert np.median(np.abs(pairs[0] - pairs[1])) < 0.04
    if kind != "plain":
        assert np.corrcoef(pairs[0].ravel(), pairs[1].ravel())[0, 1] > 0.5


def test_same_seed_same_place():
    first, again, other = (look("hall", seed)[1] for seed in (3, 3, 4))
    for field in ("picture", "floor_mm", "distance_mm"):
        np.testing.assert_array_equal(getattr(first, field), getattr(again, field))
    assert np.abs(first.picture - other.picture).mean() > 0.03


def test_kinds_are_all_drawn():
    rng = np.random.default_rng(0)
    drawn = [kind_of_place(rng) for _ in range(2000)]
    for kind, share in PLACES.items():
        assert drawn.count(kind) / 2000 == pytest.approx(share, abs=0.03)
    assert Backdrop(np.random.default_rng(2)).kind == kind_of_place(np.random.default_rng(2))
    assert sum(PLACES.values()) == pytest.approx(1)
    with pytest.raises(ValueError, match="kind must be one of studio, .*, got 'moon'"):
        Backdrop(np.random.default_rng(0), kind="moon")


@pytest.fixture
def photographs(tmp_path):
    """One red, one blue, and one that is no image."""
    paths = [tmp_path / name for name in ("broken.jpg", "red.png", "blue.png")]
    paths[0].write_bytes(b"no picture")
    for path, color in zip(paths[1:], ((0, 0, 255), (255, 0, 0)), strict=True):
        cv2.imwrite(str(path), np.full((60, 80, 3), color, np.uint8))
    return paths


def test_photographs_stand_behind_the_stage(photographs):
    floors, hues = [], set()
    for seed in range(6):
        backdrop = Backdrop(np.random.default_rng(seed), photographs)
        assert backdrop.kind == PHOTOGRAPH and [problem.what for problem in backdrop.skipped] == [str(photographs[0])]
        for number, camera in enumerate(dome_cameras(np.random.default_rng(seed), 4, SIZE)):
            scene = backdrop.seen_from(camera.center_mm, rays_of(camera))
            again = backdrop.seen_from(camera.center_mm, rays_of(camera))
            np.testing.assert_array_equal(scene.picture, again.picture)
            behind = scene.distance_mm == FAR_MM
            floors.append(np.isfinite(scene.floor_mm[..., 0]).any())
            red, green, blue = scene.picture[0, 0]
            assert behind[0, 0] and green == 0 and max(red, blue) > 0.75 and min(red, blue) == 0, number
            hues.add("red" if red else "blue")
    # Some have a floor before them and some have none; cameras have photographs of their own.
    assert any(floors) and not all(floors) and hues == {"red", "blue"}


def test_unreadable_photographs_raise(photographs):
    with pytest.raises(ValueError, match="at least one readable picture, and none of 1 is; the first: .*broken.jpg"):
        Backdrop(np.random.default_rng(0), photographs[:1])
    with pytest.raises(ValueError, match="photographs make a kind of place of their own, got kind = 'hall' too"):
        Backdrop(np.random.default_rng(0), photographs, kind="hall")


def test_textures_are_sampled_at_any_scale():
    # Black, white, black, white: a pixel's own color close by, gray from afar.
    stripes = Texture(np.tile(np.array([0, 255], np.uint8)[None, :, None], (64, 32, 3)))
    at = np.full((1, 1), 2.5 / 64, np.float32), np.full((1, 1), 0.5, np.float32)
    assert stripes.sample(*at, np.ones((1, 1), np.float32))[0, 0, 0] == 0
    assert stripes.sample(*at, np.full((1, 1), 2.0, np.float32))[0, 0, 0] == pytest.approx(0.5, abs=0.01)
    # Halfway between the two levels, in octaves, it is halfway between the colors.
    between = stripes.sample(*at, np.full((1, 1), 2**0.5, np.float32))[0, 0, 0]
    assert between == pytest.approx(0.25, abs=0.01)
    # It repeats from side to side.
    again = stripes.sample(at[0] + 3, at[1], np.ones((1, 1), np.float32))
    assert again[0, 0, 0] == pytest.approx(0, abs=0.02)


def test_noise_tiles_without_a_seam():
    noise = fractal(np.random.default_rng(0), 1.5, size=(64, 128))
    assert noise.shape == (64, 128) and noise.mean() == pytest.approx(0, abs=1e-5) and noise.std() == pytest.approx(1)
    inside, across = np.abs(np.diff(noise, axis=1)).mean(), np.abs(noise[:, 0] - noise[:, -1]).mean()
    assert across < 1.5 * inside
    np.testing.assert_array_equal(noise, fractal(np.random.default_rng(0), 1.5, size=(64, 128)))


def test_the_angle_of_a_pixel():
    # Rays through (-1, 0, 1), (0, 0, 1) and (1, 0, 1) times 0.001: 1 mrad apart in the middle.
    fan = np.stack([np.array([x, 0, 1]) / np.hypot(x, 1) for x in (-0.001, 0, 0.001)])[None]
    assert pixel_angle(fan) == pytest.approx(0.001, rel=1e-4)
    assert pixel_angle(fan[:, :1]) == 0
