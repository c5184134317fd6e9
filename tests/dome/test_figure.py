"""Dressed people: coverage, cloth outside the body, and left and right of paints."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from body.human import BONES, PARTS, Human
from body.shape import Shape
from body.skinning import Skin as Skinning
from dome.dress import landmarks
from dome.dress.clothes import briefs, shirt, trousers
from dome.dress.complexion import Eyes, Skin
from dome.dress.dresser import Dresser
from dome.dress.figure import Figure
from dome.dress.hair import HeadFrame, brim, hanging, knot, tail
from dome.dress.mannequin import group_sheet, group_vertices
from dome.dress.paint import Cloth, Layers
from dome.dress.prints import Number, SideStripe
from dome.dress.sheet import Sheet, cut
from dome.dress.shoes import shoes
from dome.dress.wardrobe import Outfit

WHITE = Cloth(np.ones((3, 3), np.float32))


@cache
def random_figure(seed: int) -> Figure:
    rng = np.random.default_rng(seed)
    return Figure.random(rng, Human(Shape.random(rng)))


def average() -> Human:
    return Human(Shape())


def outward(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (points[faces[:, i]] for i in range(3))
    normals = np.cross(b - a, c - a)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def square() -> Sheet:
    """Two triangles that face z, a square of side 2 at z = 0; bone 0 moves its left half, bone 1 its right."""
    points = np.float32([(0, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0)])
    bones = np.uint8([(0, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0)])
    weights = np.float32([(1, 0, 0, 0)] * 4)
    below = points - np.float32((0, 0, 1))
    return Sheet(points, below, points, bones, weights, np.int32([(0, 1, 2), (0, 2, 3)]), np.uint8([3, 4]))


def area(points: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (points[faces[:, i]] for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def volume_cm3(sheet: Sheet) -> float:
    """What a sheet encloses: positive where its faces look outward."""
    points = sheet.rest_mm.astype(np.float64) - sheet.rest_mm.mean(axis=0)
    a, b, c = points[sheet.faces].transpose(1, 0, 2)
    return float((a * np.cross(b, c)).sum() / 6 / 1000)


class TestSheet:
    def test_cut_is_straight_and_closed(self) -> None:
        sheet = square()
        kept, hem = cut(sheet, [1.5 - sheet.canonical_mm[:, 0]])
        assert kept.rest_mm[:, 0].max() == pytest.approx(1.5)
        assert area(kept.rest_mm, kept.faces) == pytest.approx(3.0)
        assert (outward(kept.rest_mm, kept.faces)[:, 2] > 0.999).all()
        # The strip is as long as the square is high, as deep as the skin lies, and looks away from what stays.
        assert area(hem.rest_mm, hem.faces) == pytest.approx(2.0)
        np.testing.assert_allclose(
            outward(hem.rest_mm, hem.faces), np.tile([1.0, 0, 0], (len(hem.faces), 1)), atol=1e-6
        )

    def test_new_vertices_share_the_weights_of_their_edge(self) -> None:
        sheet = square()
        kept, _ = cut(sheet, [1.5 - sheet.canonical_mm[:, 0]])
        on_edge = np.flatnonzero(kept.rest_mm[:, 0] > 1.4)
        assert len(on_edge) == 3
        for vertex in on_edge:
            weights = dict(zip(kept.bones[vertex, :2].tolist(), kept.weights[vertex, :2].tolist(), strict=True))
            assert weights == pytest.approx({0: 0.25, 1: 0.75})

    def test_two_cuts_leave_a_corner(self) -> None:
        sheet = square()
        kept, hem = cut(sheet, [1.5 - sheet.canonical_mm[:, 0], sheet.canonical_mm[:, 1] - 0.5])
        assert area(kept.rest_mm, kept.faces) == pytest.approx(1.5 * 1.5)
        assert area(hem.rest_mm, hem.faces) == pytest.approx(1.5 + 1.5)


class TestFigure:
    @pytest.mark.parametrize("seed", range(8))
    def test_surface_is_sound_and_small(self, seed: int) -> None:
        figure = random_figure(seed)
        surface = figure.surface
        count, triangles = len(surface.canonical_mm), len(surface.faces)
        assert count < 20_000 and triangles < 36_000
        assert surface.faces.dtype == np.int32 and surface.canonical_mm.dtype == np.float32
        assert surface.faces.min() == 0 and surface.faces.max() == count - 1
        assert surface.part.shape == surface.material.shape == (triangles,)
        assert set(np.unique(surface.material)) == set(range(len(surface.paints)))
        assert surface.part.min() >= 1 and surface.part.max() <= len(PARTS)
        assert np.isfinite(figure.rest_mm).all() and np.isfinite(surface.canonical_mm).all()

    def test_same_seed_same_figure(self) -> None:
        first = random_figure(3)
        rng = np.random.default_rng(3)
        second = Figure.random(rng, Human(Shape.random(rng)))
        np.testing.assert_array_equal(first.rest_mm, second.rest_mm)
        np.testing.assert_array_equal(first.surface.faces, second.surface.faces)
        points = first.surface.canonical_mm[::50]
        for one, other in zip(first.surface.paints, second.surface.paints, strict=True):
            np.testing.assert_array_equal(one(points), other(points))
        assert len(random_figure(4).rest_mm) != len(first.rest_mm)

    def test_rest_pose_gives_the_vertices_at_rest(self) -> None:
        figure = random_figure(1)
        rotations = np.tile(np.eye(3), (2, 31, 1, 1))
        root = figure.human.heads_mm[:1] + np.array([(0, 0, 0), (100, 0, -50)])
        vertices = figure.vertices(rotations, root)
        assert vertices.dtype == np.float32 and vertices.shape == (2, len(figure.rest_mm), 3)
        np.testing.assert_allclose(vertices[0], figure.rest_mm, atol=0.01)
        np.testing.assert_allclose(
            vertices[1] - vertices[0], np.tile([100, 0, -50], (len(figure.rest_mm), 1)), atol=0.01
        )

    @pytest.mark.parametrize("seed", range(24))
    def test_no_bare_pelvis(self, seed: int) -> None:
        figure = random_figure(seed)
        surface = figure.surface
        skin = next(i for i, paint in enumerate(surface.paints) if isinstance(paint, Skin))
        centers = surface.canonical_mm[surface.faces].mean(axis=1)
        crotch = landmarks.crotch_y()
        # The lap and the seat, from the crotch to below the navel.
        low = (centers[:, 1] > crotch - 5) & (centers[:, 1] < crotch + 70) & (np.abs(centers[:, 0]) < 28)
        bare = low & (surface.material == skin)
        cloth = centers[low & ~bare]
        assert len(cloth) > 100
        # Skin goes on for a little under hems, but no further.
        away = np.linalg.norm(centers[bare][:, None] - cloth, axis=2).min(
            axis=1, initial=0.0 if not bare.any() else np.inf
        )
        assert (away < 15).all()

    def test_parts_of_a_sleeve_are_the_arms(self) -> None:
        dresser = Dresser(average().rest_mm[group_vertices("skin")], 0.0)
        dresser.wear(shirt(sleeve=1.9, hem_mm=900, ease_mm=10, paint=WHITE))
        ((sheet, _, _),) = dresser.pieces()
        centers = sheet.canonical_mm[sheet.faces].mean(axis=1)
        share = landmarks.arm_share(centers)
        names = np.array(PARTS)[sheet.part[(share > 1.3) & (centers[:, 0] > 0)] - 1]
        assert set(names) == {"left_forearm"}


class TestClothes:
    @pytest.mark.parametrize("sleeve", [0.5, 0.8, 1.4, 1.9])
    def test_sleeves_end_where_they_should(self, sleeve: float) -> None:
        dresser = Dresser(average().rest_mm[group_vertices("skin")], 0.0)
        dresser.wear(shirt(sleeve=sleeve, hem_mm=900, ease_mm=6, paint=WHITE))
        ((sheet, _, _),) = dresser.pieces()
        assert landmarks.arm_share(sheet.canonical_mm).max() == pytest.approx(sleeve, abs=0.03)
        assert sheet.canonical_mm[:, 1][landmarks.arm_share(sheet.canonical_mm) < 0].min() == pytest.approx(900, abs=3)

    def test_legs_end_where_they_should(self) -> None:
        dresser = Dresser(average().rest_mm[group_vertices("skin")], 0.0)
        dresser.wear(trousers(leg=0.5, ease_mm=15, paint=WHITE, waist_mm=1000))
        ((sheet, _, _),) = dresser.pieces()
        assert landmarks.leg_share(sheet.canonical_mm).max() == pytest.approx(0.5, abs=0.02)
        assert sheet.canonical_mm[:, 1].max() == pytest.approx(1000, abs=20)

    def test_cloth_lies_outside_and_loose_cloth_further(self) -> None:
        rest = average().rest_mm[group_vertices("skin")]
        heights = []
        for ease in (3, 25):
            dresser = Dresser(rest, 0.0)
            dresser.wear(trousers(leg=1.9, ease_mm=ease, paint=WHITE, waist_mm=1000))
            shaped, garment = dresser.worn[0]
            inside = garment.inside_mm() > 0
            height = ((shaped - dresser.calm_mm) * dresser.normals).sum(axis=1)[inside]
            assert height.min() > 2.4
            heights.append(np.median(height))
        assert heights[0] < 8 and 12 < heights[1] < 40

    def test_outer_garments_lie_outside_inner_ones(self) -> None:
        dresser = Dresser(average().rest_mm[group_vertices("skin")], 0.0)
        dresser.wear(trousers(leg=1.9, ease_mm=20, paint=WHITE, waist_mm=1000))
        dresser.wear(shirt(sleeve=0.6, hem_mm=880, ease_mm=3, paint=WHITE))
        (under, lower), (over, upper) = dresser.worn
        both = (lower.inside_mm() > 0) & (upper.inside_mm() > 0)
        assert both.sum() > 200
        heights = [((cloth - dresser.calm_mm) * dresser.normals).sum(axis=1)[both] for cloth in (under, over)]
        assert (heights[1] - heights[0]).min() > 2.4

    def test_skin_under_cloth_is_left_out(self) -> None:
        dresser = Dresser(average().rest_mm[group_vertices("skin")], 0.0)
        whole = len(dresser.bare().faces)
        dresser.wear(briefs(paint=WHITE, waist_mm=1000))
        bare = dresser.bare()
        assert 100 < whole - len(bare.faces) < whole / 4
        assert (dresser.covers_mm[0] > 15).sum() > 50

    @pytest.mark.parametrize("seed", [0, 2, 5])
    def test_bent_limbs_do_not_pierce_the_cloth(self, seed: int) -> None:
        human = Human(Shape.random(np.random.default_rng(seed)))
        rest = human.rest_mm[group_vertices("skin")]
        dresser = Dresser(rest, 0.0)
        dresser.wear(trousers(leg=1.9, ease_mm=10, paint=WHITE, waist_mm=1000))
        dresser.wear(shirt(sleeve=1.9, hem_mm=880, ease_mm=10, paint=WHITE))
        rotations = np.tile(np.eye(3), (1, 31, 1, 1))
        about_x = np.array([(1, 0, 0), (0, 0, -1), (0, 1, 0)], float)
        rotations[0, BONES.index("LeftLeg")] = about_x
        rotations[0, BONES.index("RightUpLeg")] = about_x.T
        rotations[0, BONES.index("LeftForeArm")] = np.array([(0, 0, -1), (0, 1, 0), (1, 0, 0)])
        heads, orientations = human.pose_bones(rotations, human.heads_mm[:1])
        skin = group_sheet("skin")
        posed = [
            Skinning(mm, skin.bones, skin.weights, human.heads_mm).posed(orientations, heads)[0]
            for mm in (dresser.calm_mm, *(w[0] for w in dresser.worn))
        ]
        away = np.zeros(len(rest))
        normals = np.zeros_like(posed[0])
        for corner in range(3):
            np.add.at(normals, skin.faces[:, corner], outward(posed[0], skin.faces))
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        for cloth, (_, garment) in zip(posed[1:], dresser.worn, strict=True):
            inside = garment.inside_mm() > 0
            away[inside] = ((cloth - posed[0]) * normals).sum(axis=1)[inside]
        covered = np.max(dresser.covers_mm, axis=0) > 0
        # In the folds of elbow, groin and knee skin and cloth meet: most of all in the elbow's.
        elbow = np.linalg.norm(rest - human.heads_mm[BONES.index("LeftForeArm")], axis=1) < 90
        assert (away[covered] < 0).mean() < 0.016
        assert (covered & elbow).sum() > 150 and (away[covered & elbow] < 0).mean() < 0.11
        assert away[covered].min() > -13


class TestOnHead:
    def test_faces_look_outward(self) -> None:
        frame = HeadFrame(average().rest_mm[group_vertices("skin")])
        sheets = {
            "hanging": hanging(frame, length_mm=250, thick_mm=10, from_degrees=80),
            "brim": brim(frame, up_mm=42, length_mm=65, drop_mm=15),
            "tail": tail(frame, height_mm=30, length_mm=250, thick_mm=22),
            "knot": knot(frame, height_mm=50, radius_mm=34),
        }
        volumes = {name: volume_cm3(sheet) for name, sheet in sheets.items()}
        assert 500 < volumes["hanging"] < 750
        # About 65 mm x 140 mm x 4 mm, and a ball.
        assert 25 < volumes["brim"] < 45
        assert volumes["tail"] > 50
        assert 0.8 < volumes["knot"] / (4 / 3 * np.pi * 3.4**3) < 1


class TestShoes:
    def test_soles_stand_on_the_floor_and_toes_are_within(self) -> None:
        rest = average().rest_mm[group_vertices("skin")]
        outer, inner = shoes(rest, 75.0)
        assert outer.rest_mm[:, 1].min() == pytest.approx(0, abs=0.5)
        foot = rest[rest[:, 1] < 30]
        for axis in (0, 2):
            assert outer.rest_mm[:, axis].max() > foot[:, axis].max()
            assert outer.rest_mm[:, axis].min() < foot[:, axis].min()
        # The heels' backs look backward, the soles downward.
        normals = outward(outer.rest_mm, outer.faces)
        centers = outer.rest_mm[outer.faces].mean(axis=1)
        assert (normals[centers[:, 1] < 0.1][:, 1] < -0.9).mean() > 0.9
        back = (centers[:, 2] < foot[:, 2].min()) & (centers[:, 1] > 20)
        assert back.sum() > 10 and (normals[back][:, 2] < 0).all()
        assert set(np.array(PARTS)[outer.part - 1]) == {"left_foot", "right_foot"}
        assert len(inner.faces) == 2 * 2 * 28


class TestPaints:
    @pytest.mark.parametrize("seed", range(6))
    def test_colors_are_from_0_to_1_and_do_not_change(self, seed: int) -> None:
        surface = random_figure(seed).surface
        points = np.random.default_rng(0).uniform((-500, -10, -200), (500, 1800, 300), (2000, 3)).astype(np.float32)
        for paint in surface.paints:
            kept = points.copy()
            first, second = paint(points), paint(points)
            np.testing.assert_array_equal(points, kept)
            np.testing.assert_array_equal(first, second)
            assert first.shape == (2000, 3)
            assert first.min() >= 0 and first.max() <= 1

    def test_eyes_look_ahead_on_both_sides(self) -> None:
        middle = landmarks.eyes_middle()
        colors = Eyes(np.float32((0.2, 0.3, 0.6)))(
            middle + np.float32([(31, 0, 14), (-31, 0, 14), (36, 0, 13), (43, 0, 9)])
        )
        np.testing.assert_allclose(colors, [(0.03,) * 3, (0.03,) * 3, (0.2, 0.3, 0.6), (0.86,) * 3], atol=1e-6)
        assert middle[2] > landmarks.head_of("Head")[2] + 40

    def test_brows_and_lips_are_on_the_face(self) -> None:
        tone = np.float32((0.8, 0.6, 0.5))
        skin = Skin(tone, hair=np.zeros(3, np.float32), lips=1.0)
        middle = landmarks.eyes_middle()
        brow, other_brow, lip, nape = skin(
            middle + np.float32([(30, 22, 10), (-30, 22, 10), (0, -72, 25), (0, -72, -130)])
        )
        assert brow.max() < 0.3 and other_brow.max() < 0.3
        assert lip[0] / lip[1] > 1.5 > nape[0] / nape[1]

    def test_numbers_read_from_outside(self) -> None:
        # The 1 stands left of the 0 for who looks at the chest, which is on the person's right.
        number = Number(np.ones(3), (1, 0), 100, (0, 1200), True)
        one, between, zero, hole = (-40, 0, 20, 40)
        points = np.float32([(x, 1200, 90) for x in (one, between, zero, hole)])
        assert number.mask(points).tolist() == [True, False, True, False]
        behind = Number(np.ones(3), (1, 0), 100, (0, 1200), False)
        assert not behind.mask(points).any()
        assert behind.mask(points * np.float32((-1, 1, -1))).tolist() == [True, False, True, False]

    def test_side_stripes_run_down_the_outer_side(self) -> None:
        hip, ankle = landmarks.head_of("LeftUpLeg"), landmarks.head_of("LeftFoot")
        middle = (hip + ankle) / 2
        points = middle + np.float32([(60, 0, 0), (-60, 0, 0), (60, 0, 60)])
        assert SideStripe(np.ones(3), 30).mask(points).tolist() == [True, False, False]

    def test_layers_by_height(self) -> None:
        paint = Layers(np.float32([(1, 0, 0), (0, 1, 0)]), (20.0,))
        np.testing.assert_array_equal(paint(np.float32([(0, 10, 0), (0, 30, 0)])), [(1, 0, 0), (0, 1, 0)])

    def test_an_unknown_pattern_raises(self) -> None:
        with pytest.raises(ValueError, match="pattern is one of plain, hoops.*not 'dots'"):
            Cloth(np.ones((3, 3), np.float32), pattern="dots")


def test_outfits_differ() -> None:
    outfits = [Outfit.random(np.random.default_rng(seed), Shape()) for seed in range(40)]
    assert 2 <= sum(outfit.shoes is None for outfit in outfits) <= 20
    assert len({len(outfit.garments) for outfit in outfits}) >= 3
    tones = np.array([outfit.skin.tone.mean() for outfit in outfits])
    assert tones.min() < 0.35 and tones.max() > 0.75
