"""Walking and running as cycles of the joint angles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dome.moves.anatomy import ANGLES, INDEX

# Degrees at every tenth of a stride, from heel strike. Walking: Perry, Gait Analysis (1992); running: Novacheck, The
# Biomechanics of Running (Gait & Posture, 1998).
_CURVES = {
    "walk": {
        "hip_flex": (28, 26, 19, 8, -2, -9, -5, 11, 24, 30),
        "knee_flex": (5, 16, 18, 10, 6, 12, 37, 60, 50, 18),
        "ankle_flex": (0, -5, 3, 8, 10, 7, -16, -9, 0, 2),
    },
    "run": {
        "hip_flex": (34, 32, 22, 6, -9, -7, 8, 30, 46, 46),
        "knee_flex": (20, 40, 40, 24, 20, 52, 88, 104, 84, 40),
        "ankle_flex": (5, 18, 22, 2, -22, -12, 0, 5, 6, 6),
    },
}
# Marching is walking with the thigh of the swinging leg raised.
_MARCH = {"hip_flex": (6, 4, 1, -3, -6, 0, 45, 80, 75, 30), "knee_flex": (4, 5, 4, 3, 4, 18, 62, 92, 80, 30)}
_CURVES["march"] = _CURVES["walk"] | _MARCH
# Seconds per stride, swing of the arms and flexion of the elbows (degrees), lean of the trunk.
_STYLE = {"walk": (1.1, 22, 18, 3), "run": (0.72, 38, 88, 9), "march": (1.15, 32, 25, 0)}
GAITS = tuple(_STYLE)
# The fraction of a stride in which a foot is on the floor, from its heel strike.
_STANCE = {"walk": 0.58, "run": 0.4, "march": 0.56}
#: The fraction of a stride that a runner is in the air before each heel strike.
_FLIGHT = (0.36, 0.5)
_FLIGHT_MM = 55.0


@dataclass(frozen=True, eq=False)
class Gait:
    """A walking, running or marching cycle.

    Attributes:
        kind: "walk", "run" or "march".
        base: (D,) degrees, constant angles of arms and trunk.
        seconds: per stride.
        phase: of the stride at the start, 0 to 1.
        size: amplitude of hips, knees and ankles, 1 on average.
        arms: degrees by which the left and right arms swing forward and back.
        held_off: degrees by which the arms are held off the trunk.
        pitch: degrees by which the pelvis leans forward.
    """

    kind: str
    base: np.ndarray
    seconds: float
    phase: float
    size: float
    arms: tuple[float, float]
    held_off: float
    pitch: float

    def angles(self, seconds: np.ndarray) -> np.ndarray:
        """Degrees (N, D) at times (N,)."""
        stride = seconds / self.seconds + self.phase
        angles = np.tile(self.base, (len(stride), 1))
        swing = np.sin(2 * np.pi * (stride + 0.22))
        for number, side in enumerate(("left", "right")):
            for name, curve in _CURVES[self.kind].items():
                angles[:, INDEX[f"{side}_{name}"]] += self.size * _periodic(curve, stride + 0.5 * number)
            angles[:, INDEX[f"{side}_hip_flex"]] += self.pitch
            # Each arm swings with the opposite leg, held off the trunk.
            forward = np.radians(self.arms[number] * swing * (-1, 1)[number] + 4)
            off = np.radians(self.held_off)
            angles[:, INDEX[f"{side}_arm_raise"]] = np.degrees(np.arccos(np.cos(off) * np.cos(forward)))
            plane = np.arctan2(np.sin(off), np.cos(off) * np.sin(forward))
            angles[:, INDEX[f"{side}_arm_plane"]] = np.degrees(plane)
            angles[:, INDEX[f"{side}_elbow_flex"]] += 0.3 * self.arms[number] * swing * (-1, 1)[number]
        turning = 5 if self.kind == "walk" else 9
        angles[:, INDEX["spine_twist"]] += turning * swing
        angles[:, INDEX["neck_twist"]] -= turning * swing
        return angles

    def bears(self, seconds: np.ndarray) -> np.ndarray:
        """How far each foot carries the body, float (N, 2), 0 to 1, at times (N,); left first."""
        ends = _STANCE[self.kind]
        stride = np.mod(seconds[:, None] / self.seconds + self.phase + np.array([0.0, 0.5]), 1)
        return np.clip((ends - stride) / 0.05, 0, 1)

    def flight_mm(self, seconds: np.ndarray) -> np.ndarray:
        """Height of the lower foot above the floor at times (N,); above 0 only when running."""
        if self.kind != "run":
            return np.zeros(len(seconds))
        half = np.mod(seconds / self.seconds + self.phase, 0.5)
        share = np.clip((half - _FLIGHT[0]) / (_FLIGHT[1] - _FLIGHT[0]), 0, 1)
        return _FLIGHT_MM * self.size * 4 * share * (1 - share)


def draw_gait(rng: np.random.Generator, kind: str | None = None) -> Gait:
    """Draws a gait of one of the `GAITS`; by default half of them are walks."""
    kind = kind or str(rng.choice(GAITS, p=(0.5, 0.35, 0.15)))
    seconds, swing, elbow, lean = _STYLE[kind]
    base = np.zeros(len(ANGLES))
    noise = np.clip(rng.normal(size=len(ANGLES)), -2, 2)
    base += noise * 2
    base[INDEX["neck_twist"]] += 8 * noise[0]
    for side in ("left", "right"):
        for name, value in (("elbow_flex", elbow), ("arm_rotate", 14)):
            base[INDEX[f"{side}_{name}"]] += value
        base[INDEX[f"{side}_hip_rotate"]] -= 4
        base[INDEX[f"{side}_hip_abduct"]] = 1 + abs(noise[1])
        base[INDEX[f"{side}_fingers"]] = 30 + 10 * noise[2]
    busy = rng.uniform(size=2) < 0.12
    arms = tuple(0.0 if still else swing * rng.uniform(0.5, 1.3) for still in busy)
    return Gait(
        kind=kind,
        base=base,
        seconds=seconds * rng.uniform(0.88, 1.15),
        phase=rng.uniform(),
        size=rng.uniform(0.85, 1.12),
        arms=arms,
        held_off=rng.uniform(9, 16),
        pitch=lean * rng.uniform(0.3, 1.6),
    )


def _periodic(curve: tuple[float, ...], stride: np.ndarray) -> np.ndarray:
    """A closed curve through values at equal parts of the stride: their Fourier series."""
    series = np.fft.rfft(curve) / len(curve)
    orders = np.arange(len(series))
    # The highest order of an even count has no sine of its own; gait's are over by then.
    weights = np.where(orders == 0, 1.0, 2.0) * (orders < len(curve) / 2)
    return np.real(np.exp(2j * np.pi * np.outer(stride, orders)) @ (weights * series))
