"""Drawn beetles with seven joints, labeled in a COCO file under names of their own."""

import json

import cv2
import numpy as np

#: As a label tool may write them; the wings' names do not say their side.
NAMES = ["Head", "Tail Tip", "wing alpha", "wing beta", "L-feeler", "R-feeler", "Bauch"]
#: As the skeleton has them.
JOINTS = ("head", "tail_tip", "wing_alpha", "wing_beta", "left_feeler", "right_feeler", "bauch")
EDGES = [[1, 7], [7, 2], [7, 3], [7, 4], [1, 5], [1, 6]]
# Along the body, and to its left, as shares of its length.
_PLACES = np.array([[0.3, 0], [-0.5, 0], [-0.1, 0.35], [-0.1, -0.35], [0.5, 0.2], [0.5, -0.2], [0, 0]])


def draw(picture, center, length, angle):
    """Draws a beetle and returns its joints, float (7, 2) in px."""
    forth, left = np.array([np.cos(angle), np.sin(angle)]), np.array([np.sin(angle), -np.cos(angle)])
    joints = center + length * (_PLACES[:, :1] * forth + _PLACES[:, 1:] * left)
    place, degrees = (float(center[0]), float(center[1])), float(np.degrees(angle))
    cv2.ellipse(picture, (place, (length, 0.36 * length), degrees), (40, 90, 40), cv2.FILLED, cv2.LINE_AA)
    for tip in joints[2:4]:
        cv2.line(
            picture, np.round(center).astype(int), np.round(tip).astype(int), (60, 160, 60), max(2, int(length / 9))
        )
    for tip in joints[4:6]:
        cv2.line(picture, np.round(joints[0]).astype(int), np.round(tip).astype(int), (30, 30, 30), 2, cv2.LINE_AA)
    cv2.circle(picture, np.round(joints[0]).astype(int), int(0.12 * length), (200, 60, 40), cv2.FILLED, cv2.LINE_AA)
    cv2.circle(picture, np.round(joints[1]).astype(int), int(0.06 * length), (240, 220, 60), cv2.FILLED, cv2.LINE_AA)
    return joints


def meadow(rng, height=180, width=240):
    """A blurred noisy background, uint8 RGB."""
    noise = cv2.GaussianBlur(rng.integers(90, 250, (height, width, 3)).astype(np.uint8), (0, 0), 4)
    return cv2.normalize(noise, None, 120, 240, cv2.NORM_MINMAX)


def scene(rng):
    """A picture of one beetle, uint8 RGB, and its joints."""
    picture = meadow(rng)
    center = rng.uniform((80, 60), (160, 120))
    return picture, draw(picture, center, rng.uniform(60, 100), rng.uniform(-0.6, 0.6) - np.pi / 2)


def write_beetles(root, count, *, seed=0, boxes=True):
    """Writes pictures and their file of labels; returns the folder's two options for `data_prep coco`."""
    rng = np.random.default_rng(seed)
    (root / "pictures").mkdir(parents=True)
    images, annotations = [], []
    for i in range(1, count + 1):
        picture, joints = scene(rng)
        cv2.imwrite(str(root / f"pictures/b{i}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        images.append({"id": i, "file_name": f"b{i}.png"})
        labels = np.column_stack([joints, np.full(7, 2)]).ravel().tolist()
        annotations.append({"id": i, "image_id": i, "category_id": 4, "keypoints": labels})
        if boxes:
            low, high = joints.min(axis=0) - 10, joints.max(axis=0) + 10
            annotations[-1]["bbox"] = [*low.tolist(), *(high - low).tolist()]
    categories = [{"id": 3, "name": "leaf"}, {"id": 4, "name": "beetle", "keypoints": NAMES, "skeleton": EDGES}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "labels.json").write_text(json.dumps(content))
    return "--annotations", "labels.json", "--images", "pictures"
