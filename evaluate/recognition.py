"""Recognition of walkers: who of a gallery is nearest, by view and clothes, as CASIA-B's figures are taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

#: Walks of the gallery: the first one in everybody's first clothes.
GALLERY = "nm-01"


@dataclass(frozen=True, eq=False)
class Walks:
    """What a net says of W walks.

    Attributes:
        parts: float32 (W, P, C), the outputs of `models.gaitset`.
        people: (W,) names of the walkers.
        kinds: (W,) names of the walks, such as nm-02 or cl-01.
        views: int (W,), degrees from the front.
    """

    parts: np.ndarray
    people: np.ndarray
    kinds: np.ndarray
    views: np.ndarray


def rank1(walks: Walks) -> pd.DataFrame:
    """How often the nearest of the gallery, seen from another side, is the same person.

    The gallery is everybody's walk `nm-01` from one side, the probes are the other walks from each other side; as
    usual, figures are means over the gallery's sides without the probe's own.

    Returns:
        A table with a row for each kind of clothes ("nm", "cl"): "clothes", a column for each view of the probe, and
        "mean", all shares from 0 to 1; NaN where there is no probe.

    Raises:
        ValueError: there is no gallery, or only one view.
    """
    in_gallery, views = walks.kinds == GALLERY, np.unique(walks.views)
    if not in_gallery.any() or len(views) < 2:
        raise ValueError(f"recognition needs walks {GALLERY} from two sides or more, got {len(walks.people)} walks")
    worn = np.array([kind.partition("-")[0] for kind in walks.kinds])
    rows = []
    # The gallery's own clothes come first.
    for clothes in np.unique(worn)[::-1]:
        probes = (worn == clothes) & ~in_gallery
        figures = {str(view): _mean_over_galleries(walks, probes & (walks.views == view), in_gallery) for view in views}
        rows.append({"clothes": clothes, **figures, "mean": float(np.mean(list(figures.values())))})
    return pd.DataFrame(rows)


def _mean_over_galleries(walks: Walks, probe: np.ndarray, in_gallery: np.ndarray) -> float:
    """The share of the probes of one view whose nearest is right, over the galleries from other sides."""
    if not probe.any():
        return float("nan")
    parts, hits = walks.parts.astype(np.float64), []
    for other in np.setdiff1d(walks.views, walks.views[probe]):
        gallery = in_gallery & (walks.views == other)
        if gallery.any():
            apart = np.linalg.norm(parts[probe][:, None] - parts[gallery][None], axis=-1).mean(axis=-1)
            hits.append(walks.people[gallery][apart.argmin(axis=1)] == walks.people[probe])
    return float(np.mean(hits)) if hits else float("nan")
