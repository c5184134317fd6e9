"""The correction of latencies: from the sums of the parts of nets to whole nets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from models.latency_table import Correction


def predicted_from_others(nets: pd.DataFrame) -> pd.DataFrame:
    """The nets with "predicted_ms", each by the correction that all others of its way give.

    Args:
        nets: a row for each net and way, with "way", "sum_ms" and "blocks" of its parts, and "measured_ms".
    """
    nets = nets.assign(predicted_ms=np.nan)
    for way in nets["way"].unique():
        own = nets[nets["way"] == way]
        for index in own.index:
            correction = fitted(own.drop(index))
            nets.loc[index, "predicted_ms"] = corrected(own.loc[[index]], correction)[0]
    return nets


def fitted(nets: pd.DataFrame) -> Correction:
    """The correction with the least squares of the relative errors of nets, measured in one way."""
    from models.latency_table import Correction

    values = np.stack([np.ones(len(nets)), nets["sum_ms"], nets["blocks"]], axis=1)
    weights = 1 / nets["measured_ms"].to_numpy()
    found = np.linalg.lstsq(values * weights[:, None], np.ones(len(nets)), rcond=None)[0]
    return Correction(*map(float, found))


def corrected(nets: pd.DataFrame, correction: Correction) -> np.ndarray:
    """The ms of whole nets (N,)."""
    offset, factor, each = correction
    return (offset + factor * nets["sum_ms"] + each * nets["blocks"]).to_numpy()


def errors_of(nets: pd.DataFrame) -> pd.DataFrame:
    """A row for each way: how far predictions of nets are from what was measured."""
    rows = []
    for way, own in nets.groupby("way", sort=False):
        measured, predicted = own["measured_ms"], own["predicted_ms"]
        off, plain = abs(predicted / measured - 1), abs(own["sum_ms"] / measured - 1)
        rows.append(
            {
                "runtime": way,
                "random nets": str(len(own)),
                "measured, ms": f"{measured.min():.2f} to {measured.max():.2f}",
                "sum of the parts: mean error, %": f"{100 * plain.mean():.1f}",
                "corrected: mean error, %": f"{100 * off.mean():.1f}",
                "greatest, %": f"{100 * off.max():.1f}",
                "rank correlation": f"{measured.corr(predicted, method='spearman'):.3f}",
            }
        )
    return pd.DataFrame(rows)
