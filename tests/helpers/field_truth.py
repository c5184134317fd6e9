"""Maps and fields of known people, point by point: the reference for encoders, and the truth for decoders."""

import numpy as np

SIGMA_CELLS, HALF_WIDTH_CELLS = 0.875, 1.0


def draw_truth(xy_px, visible, limbs, size, cells):
    """The maps (h, w, J) and fields (h, w, 2 L) of people (P, J, 2) in an image of `size` (height, width) px.

    Maps are the maximum of Gaussians, fields the average of the unit vectors of the limbs that a cell is near.
    """
    (height, width), (rows, columns) = size, cells
    xy = (np.asarray(xy_px, float) + 0.5) * (columns / width, rows / height) - 0.5
    inside = ((xy >= -0.5) & (xy <= (columns - 0.5, rows - 0.5))).all(axis=-1)
    known = (np.asarray(visible) > 0) & inside
    column, row = np.meshgrid(np.arange(columns), np.arange(rows))
    place = np.stack([column, row], axis=-1)
    maps = np.zeros((rows, columns, limbs.num_joints))
    fields = np.zeros((rows, columns, len(limbs.pairs), 2))
    near = np.zeros((rows, columns, len(limbs.pairs)))
    for person, labeled in zip(xy, known, strict=True):
        for joint in np.flatnonzero(labeled):
            square = ((place - person[joint]) ** 2).sum(axis=-1)
            maps[..., joint] = np.maximum(maps[..., joint], np.exp(-square / (2 * SIGMA_CELLS**2)))
        for limb, (a, b) in enumerate(limbs.pairs):
            length = np.linalg.norm(person[b] - person[a])
            if not (labeled[a] and labeled[b]) or length == 0:
                continue
            unit = (person[b] - person[a]) / length
            away = place - person[a]
            closest = person[a] + np.clip(away @ unit, 0, length)[..., None] * unit
            hit = np.linalg.norm(place - closest, axis=-1) <= HALF_WIDTH_CELLS
            near[..., limb] += hit
            fields[..., limb, :] += hit[..., None] * unit
    fields /= np.maximum(near, 1)[..., None]
    return maps, fields.reshape(rows, columns, -1)
